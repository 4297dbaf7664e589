"""A paper as PDF: what was handed in or signed, to read later. Text stays text, Arabic joined.

fpdf2 shapes with HarfBuzz and orders by the Unicode bidirectional algorithm; the fonts are DejaVu
Sans, cut down to the scripts of our patients' names (`data/fonts`). Whoever prints imports this
when it prints: fpdf2 and its fonts' library take two fifths of the time in which all else loads.
"""

import logging
from functools import cache
from importlib.resources import as_file, files

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from scheduling.core.languages import bare, direction
from scheduling.papers.sheets import Paper

FONT = "DejaVu"
MARGIN = 20.0
"""Millimetres of paper around the text."""

SMALL, PLAIN, HEAD, TITLE = 9, 11, 12, 18
SOFT, INK = (86, 102, 107), (31, 42, 46)

# the shaper tells of every table of a font that it leaves alone
logging.getLogger("fontTools").setLevel(logging.ERROR)


class _Sheet(FPDF):
    """A4 sheets of one paper, its clinic above and its page below."""

    def __init__(self, paper: Paper) -> None:
        super().__init__(format="A4")
        self.paper = paper
        self.right_to_left = direction(paper.language) == "rtl"
        regular, bold = _fonts()
        self.add_font(FONT, fname=regular)
        self.add_font(FONT, style="B", fname=bold)
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=MARGIN)
        self.set_title(bare(paper.title))
        self.set_lang(paper.language)
        self.set_creation_date(paper.at)
        self.set_text_shaping(use_shaping_engine=True, direction=direction(paper.language))

    def line(self, text: str, size: int = PLAIN, style: str = "", *, soft: bool = False) -> None:  # type: ignore[override]
        self.set_font(FONT, style=style, size=size)
        self.set_text_color(*(SOFT if soft else INK))
        self.multi_cell(
            w=0,
            h=size * 0.52,
            text=bare(text),
            align="R" if self.right_to_left else "L",
            new_x=XPos.LMARGIN,
            new_y=YPos.NEXT,
        )

    def header(self) -> None:
        self.line(self.paper.clinic, SMALL, soft=True)
        self.ln(2)

    def footer(self) -> None:
        self.set_y(-MARGIN + 5)
        self.line(f"{self.paper.page} {self.page_no()}", SMALL, soft=True)


def pdf_of(paper: Paper) -> bytes:
    """Make the PDF of a paper; the same paper gives the same bytes."""
    sheet = _Sheet(paper)
    sheet.add_page()
    sheet.line(paper.title, TITLE, "B")
    sheet.ln(3)
    for label, value in paper.facts:
        sheet.line(f"{label}: {value}")
    sheet.ln(3)
    for heading, body in paper.parts:
        sheet.line(heading, HEAD, "B")
        for paragraph in body.replace("\r\n", "\n").split("\n"):
            if paragraph.strip():
                sheet.line(paragraph)
        sheet.ln(2.5)
    return bytes(sheet.output())


@cache
def _fonts() -> tuple[str, str]:
    names = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")
    paths = []
    for name in names:
        with as_file(files("scheduling").joinpath("data", "fonts", name)) as path:
            paths.append(str(path))
    return paths[0], paths[1]

"""How large a picture is, and where its words stand: one frame a place in which it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from unicodedata import east_asian_width


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A sheet to draw on; every figure in units of the view box.

    `gutter` is the room for names left of the axis; without one they stand above their lanes.
    `rows` tells whether each session has a row; else all share one lane and nothing is written.
    """

    name: str
    width: int
    font: int
    radius: int
    gutter: int = 0
    rows: bool = True

    @property
    def margin(self) -> int:
        """Room left and right of the axis, so that no mark is cut."""
        return self.radius + 3

    def width_of(self, text: str) -> int:
        """Answer about how much a text takes, a little more than common fonts do."""
        return sum(_hundredths(letter) for letter in text) * self.font // 100 + 1


def _hundredths(letter: str) -> int:
    """Answer about how wide a letter is, in hundredths of the font's size."""
    if letter in NARROW:
        return 36
    if letter in BROAD or east_asian_width(letter) in {"W", "F"}:
        return 102
    return 72 if letter.isupper() else 62


NARROW = frozenset(" iljtfrI.,;:'|!()[]-")
BROAD = frozenset("MWmw@%…—")

FRAMES: Mapping[str, Frame] = {
    frame.name: frame
    for frame in (
        Frame(name="wide", width=900, font=12, radius=7, gutter=200),
        Frame(name="narrow", width=380, font=12, radius=7),
        Frame(name="strip", width=560, font=11, radius=6, rows=False),
    )
}
"""For a desk and print; for a phone; for a line in a list."""

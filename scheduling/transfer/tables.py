"""A CSV file as people send it: bytes become a table of texts, or a sentence says why not.

No rows of ours, no clock. Nothing is guessed that could be read in two ways without anybody
noticing: bytes that are no UTF-8 are read only in the encoding that was declared, and a file whose
separator is not clear is refused.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from scheduling.errors import Malformed

MOST_BYTES = 10 * 2**20
MOST_ROWS = 100_000
LONGEST_CELL = 20_000
MOST_COLUMNS = 200
"""Columns of a file: more than any kind here has many times over; each that is unknown is guessed at."""


DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
ENCODINGS = ("utf-8", "windows-1252")

ASIDE = ("line", "verdict", "why")
"""Columns that a table of verdicts has beside those of the file; read again, they are left out."""

LEFT_OUT = "-"
"""What a column is called here that is not to be read."""

NOTHING: Mapping[str, str] = MappingProxyType({})

BOM = b"\xef\xbb\xbf"

_TRIGGERS = "=+\\-@\t\r\n＝＋－＠"
_START = r"(?:^|(?<=[;,\t\r\n]))( *)"
_DANGEROUS = re.compile(rf"{_START}(?='*[{_TRIGGERS}])")
_QUOTED = re.compile(rf"{_START}'(?='*[{_TRIGGERS}])")
_QUOTED_AT_FIRST = re.compile(rf"^'(?='*[{_TRIGGERS}])")
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t])"?(?=\r|\n)', re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"-?\d+(\.\d+)?|\+\d{6,15}")


@dataclass(frozen=True, slots=True)
class Table:
    """A file that could be read: its header, and its rows by line number, the header being line 1."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    delimiter: str
    encoding: str


def read(
    content: bytes,
    *,
    encoding: str = "",
    delimiter: str = "",
    columns: Sequence[str],
    called: Mapping[str, str] = NOTHING,
    ours: bool,
) -> Table:
    """Read a file whose header names some of `columns`; `ours` was written by `written` below.

    `called` are names that the file has, spelled by `plain`, to names of ours or `LEFT_OUT`.
    Empty `encoding` takes UTF-8 (with or without a byte order mark) and nothing else; empty
    `delimiter` takes the one of comma, semicolon and tab by which the header has known columns.

    Raises:
        Malformed: too large, an encoding that is not what was said, a NUL byte, a header that names
            a column twice, one that is not known (the fact `unknown` lists them), or a row with
            more cells than the header.

    """
    text, used = decoded(content, encoding)
    text, said = _without_separator_line(text)
    separator = delimiter or said or separator_of(text, columns, called)
    lines = _lines(text, separator)
    first = next(lines, None)
    if first is None:
        raise Malformed("The file is empty.")
    told = {plain(cell) for cell in first[1]} >= set(ASIDE)
    aside = {LEFT_OUT, *ASIDE} if told else {LEFT_OUT}
    # verdicts have our names, whatever the file was like that they are about
    header = _header(first[1], [*columns, *aside], NOTHING if told else called)
    rows = tuple(_rows(lines, header, ours=ours or told))
    if not rows:
        raise Malformed("The file has a header and no rows.")
    return _without(Table(header, rows, separator, used), aside)


def _without(table: Table, aside: Container[str]) -> Table:
    """Leave columns out: those that nobody wants, and what verdicts put beside those of the file."""
    kept = [index for index, name in enumerate(table.header) if name not in aside]
    rows = tuple((line, tuple(cells[index] for index in kept)) for line, cells in table.rows)
    return Table(tuple(table.header[i] for i in kept), rows, table.delimiter, table.encoding)


def _without_separator_line(text: str) -> tuple[str, str]:
    """Read the line “sep=;” that some spreadsheets put first; the lines keep their numbers."""
    match = _SEPARATOR_LINE.match(text)
    return (text[match.end() :], match[1]) if match else (text, "")


def decoded(content: bytes, encoding: str = "") -> tuple[str, str]:
    """Read bytes as text, and say in which encoding.

    Raises:
        Malformed: too large, a NUL byte, or not in the encoding that was declared.

    """
    if len(content) > MOST_BYTES:
        raise Malformed(
            f"The file has {len(content) / 2**20:.1f} MB; at most {MOST_BYTES // 2**20} MB are read at"
            " once. Cut it into several files."
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Malformed("The file is in UTF-16. Save it as “CSV UTF-8” and hand it in again.")
    if content.startswith(b"PK\x03\x04"):
        raise Malformed("This is a spreadsheet or a zip file, not CSV. Save it as “CSV UTF-8”.")
    if (where := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, where) + 1
        raise Malformed(f"Line {line} holds a NUL byte: the file is damaged, or no text.")
    return _decoded(content, encoding or "utf-8")


def _decoded(content: bytes, encoding: str) -> tuple[str, str]:
    if encoding not in ENCODINGS:
        raise Malformed(f"Files are read in {' or '.join(ENCODINGS)}.")
    if content.startswith(BOM):  # says itself what it is, whatever was said of it
        encoding = "utf-8"
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding), encoding
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = " If it comes from an older Windows program, say that it is Windows-1252."
        raise Malformed(
            f"Line {line} is not in {encoding.upper()}.{hint if encoding == 'utf-8' else ''}"
        ) from error


def separator_of(text: str, columns: Sequence[str], called: Iterable[str] = ()) -> str:
    """Find the separator by which the first line names known columns.

    Raises:
        Malformed: by none, or by more than one equally well.

    """
    first = next((line for line in text.splitlines() if line.strip(" ,;\t")), "")
    _not_too_wide(max(first.count(each) for each in DELIMITERS))
    known = {*columns, *called}
    try:
        cuts = {
            each: [plain(cell) for cell in next(csv.reader([first], delimiter=each), [])]
            for each in DELIMITERS
        }
    except csv.Error as error:  # a cell longer than Python reads
        raise Malformed(_too_long(1)) from error
    found = {each: sum(cell in known for cell in cells) for each, cells in cuts.items()}
    best = max(found.values())
    winners = [each for each, hits in found.items() if hits == best]
    if not best:
        raise Malformed(
            "The first line names none of the columns that are expected: "
            f"{', '.join(columns)}. The template shows them.",
            unknown=max(cuts.values(), key=len),
        )
    if len(winners) > 1 and best == 1 and len(plain(first).split()) == 1:
        return ","  # one column alone needs no separator
    if len(winners) > 1:
        raise Malformed("It is not clear what separates the columns; say it.")
    return winners[0]


def plain(name: str) -> str:
    """Spell a column's name as here: small letters, underscores."""
    return re.sub(r"[\s-]+", "_", name.strip().casefold())


def _lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Give the rows that are not empty, with the line on which each begins."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                raise Malformed(_too_long(before + 1)) from error
            raise Malformed(f"Line {reader.line_num} cannot be read as CSV: {error}.") from error
        if any(cell.strip() for cell in cells):
            yield before + 1, cells
        before = reader.line_num


def _too_long(line: int) -> str:
    return f"Line {line} has a cell of more than {LONGEST_CELL:,} characters."


def _header(
    cells: Sequence[str], columns: Sequence[str], called: Mapping[str, str]
) -> tuple[str, ...]:
    _not_too_wide(len(cells))
    there = [plain(cell) for cell in cells]
    names = tuple(called.get(name, name) for name in there)
    twice = [n for n, times in Counter(names).items() if times > 1 and n and n != LEFT_OUT]
    if twice:
        raise Malformed(f"The header names {_and(twice)} twice.")
    unknown = [name for name in names if name not in columns]
    if unknown:
        said = _and([name or "a column without a name" for name in unknown])
        raise Malformed(
            f"The header has {said}, which no column here is called. Say what it is called here, or"
            f" rename or remove it; the columns are {', '.join(c for c in columns if c != LEFT_OUT)}.",
            unknown=[name for name in unknown if name],
            known=len(names) - len(unknown),
        )
    return names


def _not_too_wide(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise Malformed(
            f"The first line has more than {MOST_COLUMNS} columns. Leave out those that are not needed."
        )


def _rows(
    lines: Iterable[tuple[int, list[str]]], header: Sequence[str], *, ours: bool
) -> Iterator[tuple[int, tuple[str, ...]]]:
    width = len(header)
    for count, (line, cells) in enumerate(lines, 1):
        if count > MOST_ROWS:
            raise Malformed(
                f"The file has more than {MOST_ROWS:,} rows. Cut it into several files."
            )
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            raise Malformed(f"Line {line} has {len(cells)} cells, and the header {width}.")
        if any(len(cell) > LONGEST_CELL for cell in cells):
            raise Malformed(_too_long(line))
        given = [unquoted(cell, ours=ours) for cell in cells[:width]]
        yield line, (*given, *[""] * (width - len(given)))


def _and(words: Sequence[str]) -> str:
    said = [f"“{word}”" for word in words]
    return " and ".join(filter(None, [", ".join(said[:-1]), said[-1]]))


def missing(header: Sequence[str], required: Sequence[str]) -> str:
    """Say which columns a file has to have and has not; empty when it has them all."""
    lacking = [name for name in required if name not in header]
    return f"The file has no column {_and(lacking)}." if lacking else ""


# ---------------------------------------------------------------- out


def inert(cell: str) -> str:
    """Quote what a spreadsheet could take for a formula, at the start or behind a separator.

    OWASP, “CSV Injection”: a leading = + - @, tab, line break or their full-width forms. A plain
    number and a telephone number in E.164 stay as they are: they compute nothing. `unquoted` takes
    back exactly this.
    """
    return cell if _PLAIN_NUMBER.fullmatch(cell) else _DANGEROUS.sub(r"\1'", cell)


def unquoted(cell: str, *, ours: bool) -> str:
    """Take back the quoting of formulas: all of ours, of other programs the leading one."""
    return _QUOTED.sub(r"\1", cell) if ours else _QUOTED_AT_FIRST.sub("", cell)


def written(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, delimiter: str = ","
) -> Iterator[bytes]:
    """Write a table as CSV: UTF-8, every cell in quotes, no formula."""
    pipe = io.StringIO(newline="")
    writer = csv.writer(pipe, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    for count, row in enumerate(rows, 1):
        writer.writerow([inert(cell.replace("\0", "")) for cell in row])
        if count % 500 == 0:
            yield _drained(pipe)
    yield _drained(pipe)


def _drained(pipe: io.StringIO) -> bytes:
    text = pipe.getvalue()
    pipe.seek(0)
    pipe.truncate()
    return text.encode("utf-8")

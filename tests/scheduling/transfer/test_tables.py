"""A CSV file as people send it: read exactly, or refused in a sentence."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.errors import Malformed
from scheduling.transfer import tables

COLUMNS = ("external_id", "name", "note")
VECTORS = json.loads(
    (Path(__file__).parents[2] / "facts" / "csv_formula_vectors.json").read_text("utf-8")
)["vectors"]


def read(content: bytes, **how: Any) -> tables.Table:
    """Read a file of another system with the test's columns."""
    return tables.read(content, columns=COLUMNS, ours=False, **how)


@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["bare", "byte order mark"])
def test_separators_and_the_byte_order_mark_are_found(separator: str, mark: bytes) -> None:
    text = f"External ID{separator}Name\n1{separator}Ádám\n\n2{separator}B"
    table = read(mark + text.encode())
    assert table.header == ("external_id", "name")
    assert table.rows == ((2, ("1", "Ádám")), (4, ("2", "B")))


def test_empty_lines_and_a_line_with_the_separator_may_come_first() -> None:
    table = read(b"\r\n;;\r\nexternal_id;name\r\n1;B\r\n\r\n;\r\n")
    assert (table.header, table.rows) == (("external_id", "name"), ((4, ("1", "B")),))
    table = read(b"sep=;\nname;external_id\nA,B;1\n")
    assert (table.delimiter, table.rows) == (";", ((3, ("A,B", "1")),))


def test_a_byte_order_mark_says_what_it_is_whatever_was_declared() -> None:
    content = b"\xef\xbb\xbfexternal_id,name\n1,Jos\xc3\xa9\n"
    assert read(content, encoding="windows-1252").rows == ((2, ("1", "José")),)


def test_windows_1252_is_read_only_when_it_is_said() -> None:
    content = "external_id,name\n1,José\n".encode("windows-1252")
    with pytest.raises(Malformed, match=r"Line 2 is not in UTF-8.*Windows-1252"):
        read(content)
    assert read(content, encoding="windows-1252").rows == ((2, ("1", "José")),)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "names none of the columns"),
        (b"external_id,name\n", "a header and no rows"),
        (b"external_id,name,Name\n1,2,3", "names “name” twice"),
        (b"external_id,colour\n1,red", "“colour”, which no column"),
        (b"external_id,name\n1,a\0b", "Line 2 holds a NUL byte"),
        (b"external_id,name\n1,2,3", "Line 2 has 3 cells"),
        (b'external_id,name\n1,"a', "Line 2 cannot be read as CSV"),
        ("external_id,name\n1,2".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04rest", "spreadsheet or a zip"),
        (b"external_id,name\n1," + b"a" * 20_001, "more than 20,000 characters"),
        (b"external_id,name" + b",x" * 10**6 + b"\n1,2", "more than 200 columns"),
        (b"a" * 200_000, "Line 1 has a cell of more than 20,000 characters"),
        (b"a" * (10 * 2**20 + 1), "at most 10 MB"),
        (b"external_id,name\n" + b"1,2\n" * 100_001, "more than 100,000 rows"),
    ],
    ids=["empty", "no rows", "twice", "unknown", "nul", "wide", "open quote", "utf-16", "zip", "long cell", "many columns", "long header", "large", "many rows"],
)  # fmt: skip
def test_what_cannot_be_read_is_said(content: bytes, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        read(content)


THEIRS = {"nr": "external_id", "vorname": "name", "farbe": "-"}


def test_columns_are_read_by_the_names_that_they_have_there() -> None:
    table = read(b"Nr;Vorname;Farbe\n1;Ada;red\n", called=THEIRS)
    assert (table.header, table.rows) == (("external_id", "name"), ((2, ("1", "Ada")),))


def test_a_name_of_ours_may_mean_another_column_there() -> None:
    swapped = {"name": "note", "note": "name"}
    table = read(b"external_id,name,note\n1,a,b\n", called=swapped)
    assert table.header == ("external_id", "note", "name")


def test_verdicts_are_read_by_our_names_whatever_the_file_was_like() -> None:
    away = {"external_id": "-", "nr": "external_id"}
    table = read(b"line,verdict,why,external_id,name\n2,new,,1,Ada\n", called=away)
    assert table.rows == ((2, ("1", "Ada")),)


@pytest.mark.parametrize(
    "text", [b"external_id,Farbe,Gr\xc3\xb6sse\n1,2,3", b"Farbe;Gr\xc3\xb6sse\n1;2"]
)
def test_columns_that_nobody_knows_are_facts_of_the_refusal(text: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(text)
    assert refused.value.facts["unknown"] == ["farbe", "grösse"]


def test_missing_columns_are_named() -> None:
    assert tables.missing(("a",), ("a", "b", "c")) == "The file has no column “b” and “c”."


@pytest.mark.parametrize("cell", VECTORS, ids=repr)
def test_no_formula_leaves_the_house(cell: str) -> None:
    left = tables.inert(cell)
    assert left == cell if cell == "-5" else left != cell
    assert tables.unquoted(left, ours=True) == cell


def test_numbers_and_phones_stay_as_they_are() -> None:
    assert [tables.inert(cell) for cell in ("-5", "+447700900123", "+44=1")] == [
        "-5",
        "+447700900123",
        "'+44=1",
    ]


hostile = st.text(
    st.one_of(st.sampled_from("=+-@\t\r\n';,\"|＝ 0"), st.characters(exclude_characters="\0", codec="utf-8")),
    max_size=12,
)  # fmt: skip


@given(st.lists(st.tuples(hostile.map("x{}".format), hostile, hostile), min_size=1, max_size=5))
def test_what_is_written_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    content = b"".join(tables.written(COLUMNS, rows))
    table = tables.read(content, columns=COLUMNS, ours=True)
    assert [cells for _, cells in table.rows] == rows


@given(hostile)
def test_no_cell_begins_as_a_formula(cell: str) -> None:
    left = tables.inert(cell).lstrip(" ")
    number = re.fullmatch(r"-?\d+(\.\d+)?|\+\d{6,15}", left)
    assert left == "" or number or left[0] not in "=+-@\t\r\n＝＋－＠"


def test_a_declared_separator_takes_no_more_columns() -> None:
    with pytest.raises(Malformed, match="more than 200 columns"):
        read(b"external_id,name" + b",x" * 300 + b"\n1,2", delimiter=",")

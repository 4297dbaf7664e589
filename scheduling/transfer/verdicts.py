"""The verdicts on a file as a table: its own columns, and beside them the line, the verdict and why.

It can be mended in a spreadsheet and handed in again as it is: `tables` leaves the added columns
aside and takes the quoting of formulas away.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import NotFound
from scheduling.models import Intake, IntakeRow
from scheduling.transfer import intakes, kinds, tables

Cells = Mapping[str, str]


def told(*, intake_id: int, wanted: str, by: Actor, now: datetime) -> Iterator[bytes]:
    """Give the verdicts piece by piece, all or those `wanted`; that somebody took them is in the trail.

    The columns are in the order and behind the separator that the file had. Once a file is
    written, only rows that were flagged or refused still have their cells.

    Raises:
        NotFound: no such file.

    """
    intake = Intake.objects.filter(pk=intake_id).first()
    if intake is None:
        raise NotFound
    what = {"verdict": [None, wanted or "all"], "counts": [None, intake.counts]}
    trail.write([trail.entry(subject=intake, verb="take_verdicts", by=by, now=now, what=what)])
    return _pieces(intake, wanted)


def _pieces(intake: Intake, wanted: str) -> Iterator[bytes]:
    header = intake.declared.get("header") or list(kinds.named(intake.kind).names)
    yield tables.BOM  # spreadsheets take anything else for the letters of their own country
    yield from tables.written(
        [*tables.ASIDE, *header],
        _rows(intake, wanted, header),
        delimiter=intake.declared.get("separator", ","),
    )


def _rows(intake: Intake, wanted: str, header: Sequence[str]) -> Iterator[Sequence[str]]:
    there = _cells_there(intake)
    rows = intake.rows.filter(verdict=wanted) if wanted else intake.rows.all()
    for row in rows.order_by("line").iterator(chunk_size=2000):
        yield [str(row.line), row.verdict, row.sentence, *_cells(row, there, header)]


def _cells(row: IntakeRow, there: Mapping[int, Cells], header: Sequence[str]) -> list[str]:
    cells = row.cells or there.get(row.line) or {"external_id": row.external_id}
    return [cells.get(name, "") for name in header]


def _cells_there(intake: Intake) -> Mapping[int, Cells]:
    """Read the rows of a file whose bytes are still here."""
    if not intake.content:
        return {}
    return {row.line: row.cells for row in intakes.rows_of(intake)}

"""The work list of a move: what of a file a person has to settle, each a task for reception."""

from scheduling import todos
from scheduling.booking import Ask
from scheduling.models import Appointment, Todo
from scheduling.transfer.cells import Row
from scheduling.transfer.kinds import Desk

BREAKS_A_RULE = "imported-visit-breaks-rule"
NOT_PLACED = "imported-visit-not-placed"
NOT_MOVED = "imported-visit-not-moved"
DIFFERS = "imported-visit-differs"
STILL_BOOKED = "imported-visit-still-booked"

WAITING = "visit-tasks"
"""The subject under which a row that could not be placed remembers its task."""


def ask_reception(
    desk: Desk, ask: Ask, kind: str, text: str, visit: Appointment | None = None
) -> Todo:
    """Write a task about a visit of a file; without a visit here it is urgent."""
    return Todo.objects.create(
        site_id=ask.wish.site_id,
        patient_id=ask.wish.patient_id,
        appointment=visit,
        kind=kind,
        text=text,
        urgent=visit is None,
        created_at=desk.now,
    )


def no_longer_asked(row: Row, desk: Desk) -> None:
    """Tick the task off that an earlier version of this row left, for the row says otherwise now."""
    earlier = desk.known(WAITING).get(row.text("external_id"))
    if earlier is not None:
        todos.tick_off(todo_ids=[earlier[0]], by=desk.by, now=desk.now)


def in_words(row: Row) -> str:
    """Say which visit a row means."""
    return f"on {row.text('date')} at {row.text('time')} ({row.text('treatment')})"


def whole(row: Row) -> str:
    """Spell a row in full, without its note, which may be clinical."""
    return "; ".join(
        f"{name} {cell.strip()}"
        for name, cell in row.cells.items()
        if cell.strip() and name != "note"
    )

"""A visit that was taken in before, and of which the file now says otherwise.

It is followed by booking's own verbs: moved, cancelled, noted as it ended. What they refuse, what
was changed here meanwhile and what no verb changes stays as it is and goes on the work list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling import booking
from scheduling.booking import Ask, Past
from scheduling.core.words import Status
from scheduling.errors import Malformed, Refused
from scheduling.models import Allocation, Appointment, Change, Origin
from scheduling.transfer import worklist
from scheduling.transfer.cells import Row
from scheduling.transfer.kinds import Desk, Outcome, Verdict, said
from scheduling.transfer.naming import site_of
from scheduling.walltime import instant_of

SUBJECT = "visits"
LAST_TIME = "no other row can make room"
"""In the desk's memo once every other row of a batch has been taken in."""

IN_THE_WAY = frozenset({"resource_taken", "patient_busy"})
DESCRIBED = {
    "areas": "areas", "size": "size", "depth": "depth", "indication": "indication",
    "encounter": "encounter", "series_id": "plan", "seq": "session", "not_before": "not_before",
    "not_after": "not_after",
}  # fmt: skip
"""What a visit is of, by field, and the column that says it; no verb changes it in a booked visit."""

ENDED = frozenset({Status.FULFILLED, Status.NOSHOW, Status.CANCELLED, Status.ENTERED_IN_ERROR})


class StillTaken(Exception):
    """Another visit lies where this one goes; a later row of the file may move it away."""


@dataclass(frozen=True, slots=True)
class _Told:
    """One row that says otherwise, and the visit here of which it says it."""

    row: Row
    desk: Desk
    ask: Ask
    status: Status
    visit: Appointment

    def noted(self, sentence: str) -> Outcome:
        """Answer that the visit follows the file."""
        return Outcome(Verdict.CHANGED, sentence, (), self.visit.pk)

    def asked(self, why: str, codes: Sequence[str], kind: str = worklist.DIFFERS) -> Outcome:
        """Leave the visit as it is, and put what the file says on the work list."""
        text = f"The visit {_where(self.visit)} stays as it is. {why}"
        row = worklist.whole(self.row)
        worklist.ask_reception(self.desk, self.ask, kind, f"{text} The row: {row}", self.visit)
        return Outcome(Verdict.FLAGGED, f"On the work list: {text}", tuple(codes), self.visit.pk)


def follow(row: Row, desk: Desk, ask: Ask, status: Status) -> Outcome:
    """Let the visit that this row became follow what the row says now.

    Raises:
        Malformed: the visit is gone.
        StillTaken: another visit lies where it goes, and rows are left that may move that away.

    """
    pk = desk.known(SUBJECT)[row.text("external_id")][0]
    visit = Appointment.objects.select_related("site", "treatment").filter(pk=pk).first()
    if visit is None:
        raise Malformed("This visit was taken in before and is no longer here.")
    outcome = _followed(_Told(row, desk, ask, status, visit))
    desk.remember(SUBJECT, row, row.text("external_id"), pk)
    return outcome


def _followed(told: _Told) -> Outcome:
    visit, wish = told.visit, told.ask.wish
    mine = (visit.patient_id, visit.site_id, visit.treatment_id)
    if mine != (wish.patient_id, wish.site_id, wish.treatment_id):
        why = "The file now names another patient, site or treatment."
        return told.asked(why, ["another_visit"])
    if (step := _settled(told)) is not None:
        return step
    moved = _moved(told)
    if moved is not None and moved.verdict is Verdict.FLAGGED:
        return moved
    return _described(told, moved)


def _settled(told: _Told) -> Outcome | None:
    """Answer where the status decides alone; None where it is the same here and there."""
    here, there = Status(told.visit.status), told.status
    touched = _touched_here(told)
    if here is there:
        if here is not Status.BOOKED or not touched or _place(told) is None:
            return None
        why = f"{touched} The file now says {worklist.in_words(told.row)}."
        return told.asked(why, ["changed_here"])
    if here is not Status.BOOKED or touched:
        why = touched or f"Here it is {told.visit.get_status_display()}."
        return told.asked(f"{why} The file says “{there}”.", ["changed_here"])
    if there is Status.CANCELLED and told.visit.start > told.desk.now:
        reason = told.row.text("cancel_reason", most=200)
        booking.cancel(
            appointment_id=told.visit.pk,
            version=told.visit.version,
            by=told.desk.by,
            now=told.desk.now,
            reason=reason,
        )
        return told.noted(f"Cancels the visit {_where(told.visit)}; the patient is told.")
    return _ended(told)


def _ended(told: _Told) -> Outcome:
    """Note how a visit whose time has come ended elsewhere."""
    if told.visit.start > told.desk.now or told.status not in ENDED:
        why = f"The file says “{told.status}” of a visit that is booked here."
        return told.asked(why, ["status_differs"])
    past = Past(
        status=told.status,
        ended_at=_ended_at(told),
        cancel_reason=told.row.text("cancel_reason", most=200),
    )
    booking.note_ended(
        appointment_id=told.visit.pk,
        version=told.visit.version,
        past=past,
        by=told.desk.by,
        now=told.desk.now,
    )
    return told.noted(f"The visit {_where(told.visit)} is noted as {told.status}.")


def _ended_at(told: _Told) -> datetime | None:
    said_so = told.row.text("ended")
    zone = ZoneInfo(site_of(told.row, told.desk).zone)
    return instant_of(said_so, zone) if said_so else None


def _touched_here(told: _Told) -> str:
    """Say who changed the visit here since the row was last taken in; empty where nobody has."""
    origin = Origin.objects.get(
        source=told.desk.source, subject=SUBJECT, external_id=told.row.text("external_id")
    )
    since = Change.objects.filter(
        subject="appointment",
        subject_id=told.visit.pk,
        at__gt=origin.at,
        what__has_any_keys=["start", "end", "status"],
    )
    last = since.order_by("-at", "-pk").first()
    if last is None:
        return ""
    return f"It was changed here on {last.at:%-d %b %Y, %H:%M} UTC by {last.by} ({last.verb})."


# ---------------------------------------------------------------- moved


def _moved(told: _Told) -> Outcome | None:
    """Move the visit to where the row says; None where it lies there already.

    Raises:
        StillTaken: see `follow`.

    """
    place, visit = _place(told), told.visit
    if place is None:
        return None
    if visit.start <= told.desk.now or place.start <= told.desk.now:
        why = f"The file says {worklist.in_words(told.row)}, and one of the two is past."
        return told.asked(why, ["past"], worklist.NOT_MOVED)
    try:
        booked = booking.move(
            appointment_id=visit.pk,
            to=place,
            version=visit.version,
            by=told.desk.by,
            now=told.desk.now,
        )
    except Refused as refusal:
        codes = sorted({reason.code for reason in booking.blocking(refusal.reasons)})
        if IN_THE_WAY & set(codes) and LAST_TIME not in told.desk.memo:
            raise StillTaken from refusal
        why = (
            f"The file moves it to {_at(place.start, visit.zone)}, which is refused:"
            f" {said(booking.blocking(refusal.reasons))}"
        )
        if refusal.earliest is not None:
            why += f" The earliest that works: {_at(refusal.earliest.start, visit.zone)}."
        return told.asked(why, codes, worklist.NOT_MOVED)
    return told.noted(_move_in_words(visit, booked.appointment))


def _place(told: _Told) -> booking.Place | None:
    """Spell where the row wants the visit; None where it lies there."""
    visit, wish = told.visit, told.ask.wish
    minutes = (visit.end_q - visit.start_q) * 5
    held: dict[str, set[int]] = {}
    for each in Allocation.objects.filter(appointment=visit, active=True).select_related(
        "resource"
    ):
        held.setdefault(each.resource.kind, set()).add(each.resource_id)
    same = visit.status != Status.BOOKED or all(
        set(ids) == held.get(kind, set()) for kind, ids in wish.resources.items()
    )
    if told.ask.start == visit.start and (wish.minutes or minutes) == minutes and same:
        return None
    return booking.Place(start=told.ask.start, minutes=wish.minutes, resources=wish.resources)


def _move_in_words(before: Appointment, after: Appointment) -> str:
    old = _at(before.start, before.zone), (before.end_q - before.start_q) * 5
    new = _at(after.start, after.zone), (after.end_q - after.start_q) * 5
    if old[0] != new[0]:
        return f"Moves from {old[0]} to {new[0]}; the patient is told."
    if old[1] != new[1]:
        return f"Lasts {new[1]} minutes instead of {old[1]}, at {new[0]}."
    return f"Stays at {new[0]}, with what the file now names."


# ---------------------------------------------------------------- what it is of


def _described(told: _Told, moved: Outcome | None) -> Outcome:
    """Keep a changed note; what else the row says otherwise is reception's to settle."""
    visit, wish = told.visit, told.ask.wish
    parts = [moved.sentence] if moved else []
    if "note" in told.row.cells and visit.note != wish.note:
        booking.annotate(
            appointment_id=visit.pk,
            note=wish.note,
            version=None,
            by=told.desk.by,
            now=told.desk.now,
        )
        parts.append("Changed: note.")
    other = [
        column
        for name, column in DESCRIBED.items()
        if column in told.row.cells and _plain(getattr(visit, name)) != _plain(getattr(wish, name))
    ]
    if "ended" in told.row.cells and _ended_at(told) not in (None, visit.actual_end):
        other.append("ended")
    if not other:
        return told.noted(" ".join(parts) or "Changed: nothing here.")
    outcome = told.asked(f"The file now says otherwise: {', '.join(other)}.", ["differs"])
    return Outcome(outcome.verdict, " ".join([*parts, outcome.sentence]), outcome.codes, visit.pk)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, list | tuple) else value


def _where(visit: Appointment) -> str:
    return f"on {_at(visit.start, visit.zone)} ({visit.treatment.name})"


def _at(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%a %-d %b %Y, %H:%M}"

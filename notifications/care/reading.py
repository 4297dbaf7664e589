"""The timeline of one visit as it is read: what is in force, what was asked, what was answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notifications import carenotes
from notifications.core import care
from notifications.core.care import Note, Session
from notifications.core.policy import ADVICE, Kind
from notifications.core.states import State
from notifications.models import CareAnswer, Message
from scheduling.core.words import Status
from scheduling.models import Appointment

REPLIES_FOR = 60
"""Local days after a session in which a reply may be about it; see `rendering.CARE_LINK`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What a patient may read about a visit now.

    `day` counts local days from the session. `check` is the day of the check that an answer
    belongs to, None before the session is done.
    """

    session: Session
    notes: tuple[Note, ...]
    day: int
    check: int | None


def sheet(visit: Appointment, *, now: datetime) -> Sheet:
    """Read what is in force for a visit: what has been sent, or what its day brings."""
    reader = carenotes.readers([visit.patient_id])[visit.patient_id]
    session = carenotes.session_of(visit, reader)
    notes = carenotes.about(session)
    done = visit.status == Status.FULFILLED
    sent = [care.day_of(offset) for offset in _sent(visit, now)]
    today = session.days_since(now)
    # a message may come before its day in a demonstration, or late: what it told is shown
    day = max([today, *sent])
    day = max(day, 0) if done else min(day, -1)
    shown = care.in_force(notes, day=day, today=max(today, day) if done else min(day, -1))
    return Sheet(
        session=session,
        notes=shown,
        day=day,
        check=care.check_day(notes, day=day) if done else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a patient may read about a visit from its booking on.

    `before` is what to do before it, each with the local date from which it holds, None where it
    holds now; `after` is the sheet for the hours after it, once it is done what is in force.
    """

    before: tuple[tuple[date | None, Note], ...] = ()
    after: tuple[Note, ...] = ()


def outlook(visit: Appointment, *, now: datetime) -> Outlook:
    """Read what holds now, what is yet to come before the visit, and what follows at once."""
    if visit.status == Status.FULFILLED:
        return Outlook(after=sheet(visit, now=now).notes)
    reader = carenotes.readers([visit.patient_id])[visit.patient_id]
    session = carenotes.session_of(visit, reader)
    today = session.days_since(now)
    notes = carenotes.about(session)
    return Outlook(
        before=tuple(
            (None if note.day <= today else session.day + timedelta(days=note.day), note)
            for note in notes
            if note.day < 0 and today <= note.until
        ),
        after=tuple(note for note in notes if note.day == 0 and not note.asks),
    )


def _sent(visit: Appointment, now: datetime) -> Sequence[str]:
    kind = Kind.AFTERCARE if visit.status == Status.FULFILLED else Kind.CARE
    rows = Message.objects.filter(
        appointment=visit, kind=kind.value, told_version=visit.told_version, due_at__lte=now
    ).exclude(state=State.DROPPED.value)
    return list(rows.values_list("offset", flat=True))


def check_of(visit: Appointment, *, now: datetime) -> int:
    """Name the check that an answer about a done visit belongs to at this moment."""
    return sheet(visit, now=now).check or 0


def being_checked(*, patient_id: int, now: datetime) -> Appointment | None:
    """Find the newest done visit of a patient of which a check has been asked."""
    asked = Message.objects.filter(
        patient=patient_id,
        kind=Kind.AFTERCARE.value,
        state__in=[s.value for s in _LEFT],
        appointment__status=Status.FULFILLED.value,
    ).select_related("appointment")
    newest = asked.order_by("-appointment__start", "-pk").first()
    visit = newest.appointment if newest else None
    if visit is None:
        return None
    passed = (now.date() - visit.local_date).days
    return visit if passed <= REPLIES_FOR else None


_LEFT = (State.SENDING, State.UNKNOWN, State.ACCEPTED, State.DELIVERED, State.UNDELIVERED)


def messages_of(visit: Appointment) -> list[Message]:
    """List the timeline's messages about a visit, oldest first."""
    rows = Message.objects.filter(appointment=visit, kind__in=[k.value for k in ADVICE])
    return list(rows.order_by("due_at", "pk"))


def answers_of(visit: Appointment) -> list[CareAnswer]:
    """List what was answered about a visit, newest first."""
    return list(CareAnswer.objects.filter(appointment=visit).select_related("event"))

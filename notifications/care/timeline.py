"""The messages of the timeline, written with the visit's own change."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from django.db.models import Exists, OuterRef, Q

from notifications import carenotes, outbox
from notifications.carenotes import Reader
from notifications.core import care
from notifications.core.care import Condition, Moment
from notifications.core.policy import Channel, DropReason, Kind
from notifications.core.states import State
from notifications.models import Message
from scheduling import statements
from scheduling.core.words import Actor, Status
from scheduling.models import Appointment, Record

_Advice: TypeAlias = tuple[int, str, str]
"""A visit's pk, which day's advice, and by which channel."""


def follow(
    *, appointments: Sequence[Appointment], verb: str, told: bool, by: Actor, now: datetime
) -> int:
    """Write what a change of visits calls for; answer how many rows.

    A visit that is booked, moved or booked again gets the advice before it, counted from its new
    date; the outbox has withdrawn the earlier rows by then. One that is done gets what follows it.
    Nothing else of a visit's life writes a row, and whoever has no line that concerns them costs
    no more than reading them. Advice that is due at once waits until the change can no longer be
    undone; where it is undone, what had been said of the visit as it is again is not said twice.
    """
    fresh = [a for a in appointments if _begins(a, verb=verb, told=told)]
    _no_longer_overdue(fresh, now)
    said = _said(fresh, by.takes_back) if by.takes_back is not None else frozenset()
    return write(fresh, now=now, settled=now + by.afterthought, said=said)


def _said(visits: Sequence[Appointment], told_version: int) -> frozenset[_Advice]:
    """List the advice that has left about these visits as they stood at a version."""
    rows = Message.objects.filter(
        appointment__in=[v.pk for v in visits], told_version=told_version, kind=Kind.CARE.value
    ).exclude(state__in=[State.PENDING.value, State.CLAIMED.value, State.DROPPED.value])
    return frozenset(rows.values_list("appointment_id", "offset", "channel"))


def _begins(visit: Appointment, *, verb: str, told: bool) -> bool:
    if visit.status == Status.BOOKED:
        return told
    return verb == "complete" and visit.status == Status.FULFILLED


def write(
    visits: Sequence[Appointment],
    *,
    now: datetime,
    settled: datetime | None = None,
    said: frozenset[_Advice] = frozenset(),
) -> int:
    """Write the messages of these visits' timelines that are not written yet; answer how many.

    None leaves before `settled`, and what was `said` is left out.
    """
    concerned = [v for v in visits if carenotes.may_concern(v.procedure)]
    if not concerned:
        return 0
    readers = carenotes.readers({v.patient_id for v in concerned})
    rows = [
        row
        for v in concerned
        for row in _rows(v, readers[v.patient_id], settled or now, now)
        if (v.pk, row.offset, row.channel) not in said
    ]
    # the same moment twice writes one row: `dedupe_key` is unique
    statements.insert_all(rows)
    return len(rows)


def look_again(*, patient_id: int, record: Record | None, now: datetime) -> int:
    """Write what a patient's record newly calls for, for visits to come and sessions just done.

    `record` is None where the skin type was entered. What it no longer calls for is dropped when
    its turn comes.
    """
    if not any(_asks_for(note.condition, record) for note in carenotes.lines()):
        return 0
    coming = Q(status=Status.BOOKED.value, start__gt=now)
    followed = Q(
        Exists(Message.objects.filter(appointment=OuterRef("pk"), kind=Kind.AFTERCARE.value)),
        status=Status.FULFILLED.value,
        end__gt=now - timedelta(days=_longest()),
    )
    visits = Appointment.objects.filter(coming | followed, patient=patient_id)
    return write(list(visits.order_by("pk")), now=now)


def _asks_for(condition: Condition, record: Record | None) -> bool:
    if record is None:
        return condition.fitzpatrick_least > 0
    return condition.record == record.kind


def _longest() -> int:
    return max((note.until for note in carenotes.lines()), default=0)


def _rows(
    visit: Appointment, reader: Reader, settled: datetime, now: datetime
) -> Iterator[Message]:
    kind = Kind.AFTERCARE if visit.status == Status.FULFILLED else Kind.CARE
    for moment in moments(visit, reader, settled):
        for channel in sorted(care.by_which(moment.channels, reader.channels)):
            yield row_of(
                visit, kind=kind, moment=moment, to=(channel, reader.address(channel)), now=now
            )


def moments(visit: Appointment, reader: Reader, now: datetime) -> list[Moment]:
    """List the messages that a visit's timeline still has to come; hurried in demonstrations."""
    session = carenotes.session_of(visit, reader)
    notes = carenotes.about(session)
    be_there = visit.start - timedelta(minutes=visit.prep_minutes)
    if visit.status == Status.FULFILLED:
        found = care.after(notes, session, now=now)
    else:
        found = care.before(notes, session, be_there=be_there, now=now)
    quick = outbox.habits().quick
    return list(found) if quick is None else care.hurried(found, now=now, step=quick)


def row_of(
    visit: Appointment, *, kind: Kind, moment: Moment, to: tuple[Channel, str], now: datetime
) -> Message:
    """Spell one message of the timeline as a row of the outbox."""
    channel, address = to
    key = f"{visit.pk}:{visit.told_version}:{kind}:{moment.offset}:{channel}"
    return Message(
        appointment=visit,
        patient_id=visit.patient_id,
        site_id=visit.site_id,
        kind=kind.value,
        channel=channel.value,
        offset=moment.offset,
        told_version=visit.told_version,
        recipient=address,
        due_at=moment.due_at,
        first_due_at=moment.due_at,
        not_after=moment.not_after,
        dedupe_key=key,
        created_at=now,
    )


_TAKE_BACK = f"""
UPDATE notifications_message
SET state = 'dropped', open = FALSE, drop_reason = '{DropReason.SUPERSEDED}', settled_at = %s
WHERE patient_id = ANY(%s::bigint[]) AND kind = '{Kind.RECALL}' AND open
    AND state IN ('pending', 'claimed')
"""  # noqa: S608 - made of constants


def _no_longer_overdue(booked: Sequence[Appointment], now: datetime) -> None:
    """Withdraw recalls that wait, of patients who have just been booked."""
    patients = {a.patient_id for a in booked if a.series_id and a.status == Status.BOOKED}
    if patients:
        statements.write(_TAKE_BACK, [now, sorted(patients)])

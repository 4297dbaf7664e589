"""The outbox: rows written with the visit's own change, swept until each is settled.

`enqueue` and `withdraw` run inside booking's transaction, so that a visit and the words about it
commit together or not at all. `sweep` may be called by anyone at any time, twice at once or not
for an hour: what is due is read from the rows, never from the call.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from notifications import detours, lookups, mentions, readers, recovery, rounds
from notifications.afterthoughts import Tell, kind_of, to_tell
from notifications.core.habits import BadHabits, Habits, read
from notifications.core.policy import (
    AT_ONCE,
    OFF,
    TO_STAFF,
    TOGETHER,
    Channel,
    DropReason,
    Kind,
    Planned,
    Policy,
    Visit,
)
from notifications.core.states import State
from notifications.core.together import plan_together
from notifications.desks import Clock, Desk
from notifications.detours import Again
from notifications.mentions import Mentioned
from notifications.models import Message
from notifications.providers.chosen import provider_for
from notifications.readers import Reader
from scheduling import statements, trail
from scheduling.booking import BRING_IN
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed, NotFound, WrongState
from scheduling.models import Appointment

REPLAYABLE = frozenset({State.REJECTED.value, State.UNDELIVERED.value, State.DEAD.value})

SWEEP_FOR = timedelta(seconds=60)
"""A sweep ends well before Celery's soft limit of 90 s; the next tick goes on."""


def habits() -> Policy:
    """Answer the clinic's policy; hurried where the settings ask for a demonstration."""
    if settings.FAST_REMINDERS:
        return Policy().hurried()
    return Policy(habits=quiet_hours(settings.HABITS_FILE))


@cache
def quiet_hours(own: str) -> Habits:
    """Read the shipped quiet hours and caps, with the clinic's `own` file over them.

    Raises:
        BadHabits: the file cannot be read, or says what makes no sense.

    """
    shipped = files("notifications").joinpath("data", "habits.json").read_text("utf-8")
    try:
        said = json.loads(Path(own).read_text("utf-8")) if own else {}
    except (OSError, ValueError) as error:
        raise BadHabits(f"{own}: {error}") from error
    return read(json.loads(shipped), said, channels=list(Channel), kinds=list(Kind))


def desk(clock: Clock) -> Desk:
    """Set up what a round works with, as the settings say."""
    return Desk(clock=clock, policy=habits(), carriers=provider_for)


# ---------------------------------------------------------------- inside booking's transaction


def enqueue(
    *,
    appointments: Sequence[Appointment],
    verb: str,
    now: datetime,
    by: Actor | None = None,
) -> int:
    """Write down what the patients must be told of this change; answer how many rows.

    What was still waiting about an earlier version is withdrawn first. A patient of whom several
    visits change is told of them in one message by each channel. Nothing leaves before whoever
    acts may no longer undo it, and what is undone in time is not told at all.
    """
    changed = [a for a in appointments if a.told_version > 0]
    withdraw(appointments=changed, now=now)
    several = verb == "arrange" or len(appointments) > 1
    told = _Told(
        appointments={a.pk: a for a in appointments},
        readers=readers.readers({a.patient_id for a in appointments}),
        before=mentions.told_before(a.pk for a in changed) if several else {},
    )
    policy = habits()
    from_then = now + (by.afterthought if by else timedelta())
    back_to = by.takes_back if by else None
    written = [
        (_row(planned, told, now), planned)
        for news in (_news(told, verb) if back_to is None else _taken_back(told, verb, back_to))
        for planned in plan_together(news=news.told, now=from_then, policy=policy)
        # who was brought in was told where they came from
        if planned.offset != AT_ONCE or (news.at_once and verb != BRING_IN)
    ]
    # the same news told twice writes one row: `dedupe_key` is unique
    statements.insert_all([row for row, _ in written])
    mentions.write(m for row, planned in written for m in _mentioned(row, planned, told))
    return len(written)


def withdraw(*, appointments: Sequence[Appointment], now: datetime) -> int:
    """Take back every message about these visits that has not left; answer how many.

    A message that is being sent at this moment cannot be taken back; the message about the
    change, written in the same transaction, corrects it. One that tells of several visits stays:
    before it is sent, those that stand no longer are left out.
    """
    if not appointments:
        return 0
    waiting = Message.objects.filter(
        appointment__in=[a.pk for a in appointments],
        open=True,
        state__in=[State.PENDING.value, State.CLAIMED.value],
    ).exclude(kind__in=[*TOGETHER, *TO_STAFF, Kind.ANSWER])
    return waiting.update(
        state=State.DROPPED.value,
        open=False,
        drop_reason=DropReason.SUPERSEDED.value,
        settled_at=now,
    )


class _Told(NamedTuple):
    """The visits of one change, their readers by patient, and what these were told before."""

    appointments: Mapping[int, Appointment]
    readers: Mapping[int, Reader]
    before: Mapping[int, datetime | None]


class _News(NamedTuple):
    """What one patient is to be told; without `at_once` only the reminders are planned."""

    told: list[tuple[Kind, Visit]]
    at_once: bool = True


def _taken_back(told: _Told, verb: str, back_to: int) -> Iterator[_News]:
    """Gather what is left to be told of a step that was undone."""
    for appointment in told.appointments.values():
        visit = _visit(appointment, told.readers[appointment.patient_id])
        usual = _kind(appointment, verb, told.before)
        tell = to_tell(appointment=appointment, visit=visit, back_to=back_to)
        kind = usual and kind_of(tell, usual, off=appointment.status in OFF)
        if kind is not None:
            yield _News([(kind, visit)], at_once=tell is not Tell.NOTHING)


def _news(told: _Told, verb: str) -> Iterator[_News]:
    """Gather what each patient is to be told."""
    news: dict[int, list[tuple[Kind, Visit]]] = {}
    for appointment in told.appointments.values():
        kind = _kind(appointment, verb, told.before)
        if kind is not None:
            visit = _visit(appointment, told.readers[appointment.patient_id])
            news.setdefault(appointment.patient_id, []).append((kind, visit))
    yield from map(_News, news.values())


def _visit(appointment: Appointment, reader: Reader) -> Visit:
    return Visit(
        appointment_id=appointment.pk,
        told_version=appointment.told_version,
        be_there=appointment.start - timedelta(minutes=appointment.prep_minutes),
        site_zone=appointment.zone,
        patient_zone=reader.zone,
        channels=reader.channels,
    )


def _row(planned: Planned, told: _Told, now: datetime) -> Message:
    appointment = told.appointments[planned.visits[0].appointment_id]
    return Message(
        appointment=appointment,
        patient_id=appointment.patient_id,
        site_id=appointment.site_id,
        kind=planned.kind.value,
        channel=planned.channel.value,
        offset=planned.offset,
        told_version=appointment.told_version,
        recipient=told.readers[appointment.patient_id].address(planned.channel),
        due_at=planned.due_at,
        first_due_at=planned.due_at,
        not_after=planned.not_after,
        dedupe_key=planned.dedupe_key,
        state=State.DROPPED.value if planned.drop else State.PENDING.value,
        open=planned.drop is None,
        drop_reason=planned.drop.value if planned.drop else "",
        created_at=now,
        settled_at=now if planned.drop else None,
    )


def _mentioned(row: Message, planned: Planned, told: _Told) -> Iterator[Mentioned]:
    """List the visits of which a message about several tells."""
    for visit in planned.visits if planned.kind in TOGETHER else ():
        off = told.appointments[visit.appointment_id].status in OFF
        was = told.before.get(visit.appointment_id)
        yield Mentioned(
            ref=row.ref,
            appointment_id=visit.appointment_id,
            told_version=visit.told_version,
            channel=planned.channel.value,
            be_there=None if off else visit.be_there,
            was=None if was == visit.be_there else was,
        )


def _kind(
    appointment: Appointment, verb: str, before: Mapping[int, datetime | None]
) -> Kind | None:
    """Say what sort of news a told change is; None for a visit that is neither on nor off."""
    match appointment.status:
        case Status.BOOKED:
            moved = verb == "move" or before.get(appointment.pk) is not None
            return Kind.CHANGED if moved else Kind.BOOKED
        case Status.CANCELLED | Status.ENTERED_IN_ERROR:
            return Kind.CANCELLED
        case _:
            return None


# ---------------------------------------------------------------- at every tick


def sweep(*, clock: Clock, using: Desk | None = None) -> int:
    """Send what is due, free what dead senders held, look up what is unknown.

    `clock` answers the time, aware UTC, each time it is called. Answers how many messages were
    leased. Idle, it costs two round trips to the database, however many messages wait.
    """
    work = using or desk(clock)
    began = clock()
    found = recovery.recover(look_up_at=began + rounds.LOOK_UP_AFTER, now=began)
    for message_id in found.alarms:
        detours.alarm_waits(message_id, now=began)
    leased = rounds.try_again(work) if found.to_try else 0
    leased += _until_done(began, clock, lambda: rounds.once(work))
    if found.backlog:
        for channel in Channel:
            leased += _until_done(began, clock, partial(rounds.catch_up, work, channel))
    if found.to_look_up:
        reconcile(clock=clock, using=work)
    return leased


def _until_done(began: datetime, clock: Clock, once: Callable[[], rounds.Round]) -> int:
    leased = 0
    while clock() < began + SWEEP_FOR:
        done = once()
        leased += done.leased
        if done.down or done.leased < rounds.BATCH:
            break
    return leased


def reconcile(*, clock: Clock, using: Desk | None = None, limit: int = 20) -> int:
    """Look up messages of unknown outcome; answer how many were settled."""
    return lookups.reconcile(using or desk(clock), limit=limit)


# ---------------------------------------------------------------- the second way


def fall_back(*, message_id: int, now: datetime, why: str) -> Message | None:
    """Tell the patient by the other channel what this message could not; answer the new message.

    For a message that the provider refused, or reported as undelivered. Consent, opt-outs and
    quiet hours hold, a channel that was tried is not tried again, and where none is left
    reception is asked to phone. `why` is shown to staff. Calling twice does it once.
    """
    return detours.all_by_other_channel(message_id, now=now, why=why, policy=habits())


@transaction.atomic
def replay(*, message_id: int, reason: str, by: Actor, now: datetime) -> Message:
    """Send a message again that was given up, because a person says so and says why.

    The old row stays as it is; a new one takes its place, once, and the trail keeps who and why.
    Whoever replays a message of which nobody knows whether it arrived may send it twice.

    Raises:
        Malformed: no reason.
        NotFound: no such message, or one of a site where the actor does not work.
        WrongState: it was not given up, its news no longer holds, or it was sent again already.

    """
    said = " ".join(reason.split())
    if not said:
        raise Malformed("Say why it is to be sent again.")
    rows = Message.objects.select_for_update(of=["self"]).select_related("appointment", "offer")
    row = rows.filter(pk=message_id).first()
    if row is None or not by.works_at(row.site_id):
        raise NotFound
    if row.state not in REPLAYABLE:
        raise WrongState("Only a message that was refused, not delivered or given up goes again.")
    if not detours.still_holds(row, now):
        raise WrongState("The visit has changed or begun since: this would no longer be true.")
    again, *_ = [
        detours.once_more(each, Again.REPLAY, now=now, policy=habits())
        for each in (row, *detours.told_along(row, now))
    ]
    if again is None:
        raise WrongState("It was sent again already, or could not arrive in time.")
    what = {"reason": [None, said[:300]], "sent_again_as": [None, again.pk]}
    trail.write([trail.entry(subject=row, verb="replay", by=by, now=now, what=what)])
    return again

"""The outbox: rows written with the visit's own change, swept until each is settled.

`enqueue` and `withdraw` run inside booking's transaction, so that a visit and the words about it
commit together or not at all. `sweep` may be called by anyone at any time, twice at once or not
for an hour: what is due is read from the rows, never from the call.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction

from notifications import leases, mentions, rounds
from notifications.core.policy import (
    OFF,
    TO_STAFF,
    TOGETHER,
    Channel,
    DropReason,
    Kind,
    Planned,
    Policy,
    Visit,
    plan_together,
)
from notifications.core.states import State
from notifications.mentions import Mentioned
from notifications.models import Attempt, Message
from notifications.providers import CannotTell, ProviderId, Trace
from notifications.providers.chosen import provider_for
from notifications.rounds import Clock, Desk
from scheduling import statements
from scheduling.core.words import Status
from scheduling.models import Appointment

GRACE = timedelta(minutes=15)
"""How long an unknown outcome is looked up before a person is asked to take over."""

LOOK_UP_EVERY = timedelta(minutes=1)
SWEEP_FOR = timedelta(seconds=60)
"""A sweep ends well before Celery's soft limit of 90 s; the next tick goes on."""


def habits() -> Policy:
    """Answer the clinic's policy; hurried where the settings ask for a demonstration."""
    return Policy().hurried() if settings.FAST_REMINDERS else Policy()


def desk(clock: Clock) -> Desk:
    """Set up what a round works with, as the settings say."""
    return Desk(clock=clock, policy=habits(), carriers=provider_for)


# ---------------------------------------------------------------- inside booking's transaction


def enqueue(*, appointments: Sequence[Appointment], verb: str, now: datetime) -> int:
    """Write down what the patients must be told of this change; answer how many rows.

    What was still waiting about an earlier version is withdrawn first. A patient of whom several
    visits change is told of them in one message by each channel.
    """
    changed = [a for a in appointments if a.told_version > 0]
    withdraw(appointments=changed, now=now)
    several = verb == "arrange" or len(appointments) > 1
    told = _Told(
        appointments={a.pk: a for a in appointments},
        readers=_readers({a.patient_id for a in appointments}),
        before=mentions.told_before(a.pk for a in changed) if several else {},
    )
    policy = habits()
    written = [
        (_row(planned, told, now), planned)
        for news in _news(told, verb)
        for planned in plan_together(news=news, now=now, policy=policy)
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
    ).exclude(kind__in=TOGETHER | TO_STAFF)
    return waiting.update(
        state=State.DROPPED.value,
        open=False,
        drop_reason=DropReason.SUPERSEDED.value,
        settled_at=now,
    )


class _Reader(NamedTuple):
    id: int
    email: str
    phone: str
    channel: str
    zone: str
    do_not_contact: bool
    deceased_on: object
    guardian_email: str | None
    guardian_phone: str | None

    def address(self, channel: Channel) -> str:
        """Where this channel reaches the patient, or the guardian of one who has no address."""
        if channel is Channel.EMAIL:
            return self.email or self.guardian_email or ""
        return str(self.phone or self.guardian_phone or "")

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that the patient wants and that lead somewhere."""
        if self.do_not_contact or self.deceased_on:
            return frozenset()
        wanted = (c for c in Channel if self.channel in {"both", c.value})
        return frozenset(c for c in wanted if self.address(c))


_READERS = """
SELECT p.id, p.email, p.phone, p.channel, p.zone, p.do_not_contact, p.deceased_on, g.email, g.phone
FROM scheduling_patient p LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
WHERE p.id = ANY(%s::bigint[])
"""


def _readers(patients: Iterable[int]) -> dict[int, _Reader]:
    with statements.ahead():
        rows = statements.rows(_READERS, [list(patients)])
    return {row[0]: _Reader(*row) for row in rows}


class _Told(NamedTuple):
    """The visits of one change, their readers by patient, and what these were told before."""

    appointments: Mapping[int, Appointment]
    readers: Mapping[int, _Reader]
    before: Mapping[int, datetime | None]


def _news(told: _Told, verb: str) -> Iterable[list[tuple[Kind, Visit]]]:
    """Gather what each patient is to be told."""
    news: dict[int, list[tuple[Kind, Visit]]] = {}
    for appointment in told.appointments.values():
        kind = _kind(appointment, verb, told.before)
        if kind is not None:
            visit = _visit(appointment, told.readers[appointment.patient_id])
            news.setdefault(appointment.patient_id, []).append((kind, visit))
    return news.values()


def _visit(appointment: Appointment, reader: _Reader) -> Visit:
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
    found = leases.recover(look_up_at=began + rounds.LOOK_UP_AFTER, now=began)
    leased = 0
    while clock() < began + SWEEP_FOR:
        done = rounds.once(work)
        leased += done.leased
        if done.down or done.leased < rounds.BATCH:
            break
    if found.to_look_up:
        reconcile(clock=clock, using=work)
    return leased


def reconcile(*, clock: Clock, using: Desk | None = None, limit: int = 20) -> int:
    """Look up messages of unknown outcome; answer how many were settled.

    One that the provider has is accepted. One that it has not, or that it cannot speak of, goes
    to reception after `GRACE`; nothing is ever sent again on a guess.
    """
    work = using or desk(clock)
    settled = 0
    for message in _to_look_up(clock(), limit):
        found = _found(message, work)
        late = message.sending_at is None or clock() - message.sending_at >= GRACE
        if found is not None:
            settled += _close(message, State.ACCEPTED, found, clock())
        elif late:
            settled += _close(message, State.DEAD, ProviderId(""), clock())
    return settled


@transaction.atomic
def _to_look_up(now: datetime, limit: int) -> list[Message]:
    """Take the unknown messages whose time has come, so that nobody else looks them up."""
    due = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(open=True, due_at__lte=now, state=State.UNKNOWN.value, look_up_at__lte=now)
        .order_by("look_up_at", "pk")[:limit]
    )
    taken = list(due)
    Message.objects.filter(pk__in=[m.pk for m in taken]).update(look_up_at=now + LOOK_UP_EVERY)
    return taken


def _found(message: Message, work: Desk) -> ProviderId | None:
    trace = Trace(
        ref=message.ref.hex,
        kind=message.kind,
        to=message.recipient,
        text_hash=bytes(message.text_hash),
        since=message.sending_at or message.created_at,
    )
    with work.carriers(Channel(message.channel)) as provider:
        # another provider may have been chosen since: it knows nothing of this message
        if provider.name != message.provider:
            return None
        try:
            return provider.find(trace)
        except CannotTell:
            return None


@transaction.atomic
def _close(message: Message, state: State, found: ProviderId, now: datetime) -> int:
    """Settle an unknown message; 0 when somebody else has."""
    mine = Message.objects.filter(pk=message.pk, state=State.UNKNOWN.value)
    closed = mine.update(
        state=state.value, open=False, provider_id=found.value, settled_at=now, look_up_at=None
    )
    if closed:
        said = found.said if found.value else "nobody can say whether it was sent"
        Attempt.objects.create(
            message=message, at=now, provider=message.provider, outcome=state.value, said=said
        )
    if closed and state is State.DEAD:
        rounds.ask_reception(message, now=now, why="Nobody can say whether it was sent.")
    return closed

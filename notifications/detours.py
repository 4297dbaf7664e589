"""The second way: the same news by the other channel, once more by the same, or by a person.

Each is a new row with a key of its own, so that the database allows every one of them once: a row
that is settled is never opened again, and what became of a message can be read row by row.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from django.db import transaction

from notifications import readers
from notifications.core.letters import Letter
from notifications.core.policy import (
    ADVICE,
    ANSWERS,
    OTHER,
    STILL_ON,
    TO_STAFF,
    TOGETHER,
    Channel,
    Kind,
    Policy,
    key_by,
    when_allowed,
)
from notifications.core.states import OPEN, State
from notifications.models import KINDS, Answer, Mention, Message, OptOut
from scheduling.models import Offer, Site, Todo

TOLD = [s.value for s in (*OPEN, State.ACCEPTED, State.DELIVERED)]
"""States of a message that has told its reader, or still may."""


_ABOUT = Message.objects.select_related("appointment", "offer")


class Again(StrEnum):
    """Why a message is written once more; the word ends its key, so each happens once a row."""

    RETRY = "retry"
    REPLAY = "again"


@transaction.atomic
def by_other_channel(
    message_id: int, *, now: datetime, why: str, policy: Policy, ask: bool = True
) -> Message | None:
    """Tell the patient by the other channel what this one could not; answer the new message.

    Only where the patient wants that channel and can be reached there, the news still holds, and
    nothing by that channel tells it already. Where that channel has failed too, or cannot be
    used, reception is asked to phone, unless nobody is to `ask`.
    """
    row = _ABOUT.get(pk=message_id)
    if row.kind in TO_STAFF:
        return alarm_failed(row, now=now, why=why)
    if not still_holds(row, now):
        return None
    other = OTHER[Channel(row.channel)]
    # never back to a channel that was tried: so two broken ones cannot send to and fro for ever
    tried = Message.objects.filter(
        appointment=row.appointment,
        offer=row.offer,
        told_version=row.told_version,
        kind=row.kind,
        offset=row.offset,
        channel=other.value,
    )
    states = list(tried.values_list("state", flat=True))
    if any(state in TOLD for state in states):
        return None
    # advice goes by each channel that is wanted, and an answer by that of its question
    alone = row.kind in ADVICE | ANSWERS
    detour = None if states or alone else _written(row, other, now, policy)
    if detour is None and ask:
        ask_reception(row, now=now, why=why)
    return detour


@transaction.atomic
def all_by_other_channel(
    message_id: int, *, now: datetime, why: str, policy: Policy
) -> Message | None:
    """Tell by the other channel all that this message told; answer what takes its own place.

    A reminder of a day's visits spoke for several rows: each goes the second way by itself, and
    they meet again in one message there. Reception is asked once a patient.
    """
    row = _ABOUT.get(pk=message_id)
    detour = by_other_channel(message_id, now=now, why=why, policy=policy)
    asked = {row.patient_id} if still_holds(row, now) else set()
    for other in told_along(row, now):
        ask = other.patient_id not in asked
        by_other_channel(other.pk, now=now, why=why, policy=policy, ask=ask)
        asked.add(other.patient_id)
    return detour


def told_along(row: Message, now: datetime) -> list[Message]:
    """List the reminders that this one spoke for, by id: closed by it, or about to be.

    Those whose visit has changed since are not among them: they have news of their own.
    """
    others = Message.objects.filter(told_in=row.pk, state__in=_SPOKEN_FOR)
    rows = others.select_related("appointment").order_by("pk")
    return [m for m in rows if still_holds(m, now)]


_SPOKEN_FOR = [State.DROPPED.value, State.CLAIMED.value]


def _written(row: Message, other: Channel, now: datetime, policy: Policy) -> Message | None:
    reader = readers.readers([row.patient_id])[row.patient_id]
    address = reader.address(other)
    if other not in reader.channels or _opted_out(other, address):
        return None
    zone = reader.zone or _zone(row)
    due = when_allowed((Kind(row.kind), other), now, zone, policy)
    if due > row.not_after:
        return None
    detour = _copy(row, channel=other, recipient=address, due=due, now=now)
    if detour is not None:
        _mention_too(row, detour)
    return detour


@transaction.atomic
def once_more(row: Message, why: Again, *, now: datetime, policy: Policy) -> Message | None:
    """Write the same message once more by its own channel; None when that was done already.

    It is looked at again before it is sent, as every message is.
    """
    reader = readers.readers([row.patient_id])[row.patient_id]
    channel = Channel(row.channel)
    zone = reader.zone or _zone(row)
    due = when_allowed((Kind(row.kind), channel), now, zone, policy)
    if due > row.not_after:
        return None
    again = _copy(row, why, channel=channel, recipient=reader.address(channel), due=due, now=now)
    if again is not None:
        # a visit is mentioned once by each channel: what tells of it now is the new message
        row.mentions.update(message=again)
        _say_too(row, again)
    return again


def _say_too(row: Message, again: Message) -> None:
    """Give the new row of an answer the same words."""
    for said in Answer.objects.filter(message=row):
        Answer.objects.create(message=again, reply_id=said.reply_id, said=said.said, by=said.by)


def _copy(row: Message, why: Again | None = None, **new: Any) -> Message | None:
    """Write a new row that tells the same; None when its key is there already."""
    channel: Channel = new["channel"]
    key = f"{row.dedupe_key}:{why}"
    if why is None:
        key = key_by(row.dedupe_key, Channel(row.channel), channel)
    made = Message(
        appointment_id=row.appointment_id,
        offer_id=row.offer_id,
        patient_id=row.patient_id,
        site_id=row.site_id,
        kind=row.kind,
        channel=channel.value,
        offset=row.offset,
        told_version=row.told_version,
        recipient=new["recipient"],
        due_at=new["due"],
        first_due_at=new["due"],
        not_after=new.get("not_after", row.not_after),
        dedupe_key=key,
        instead_of=row,
        created_at=new["now"],
    )
    Message.objects.bulk_create([made], ignore_conflicts=True)
    return Message.objects.filter(ref=made.ref).first()


def _mention_too(row: Message, detour: Message) -> None:
    mentions = [
        Mention(
            message=detour,
            appointment_id=m.appointment_id,
            told_version=m.told_version,
            channel=detour.channel,
            be_there=m.be_there,
            was=m.was,
        )
        for m in row.mentions.all()
    ]
    Mention.objects.bulk_create(mentions, ignore_conflicts=True)


def still_holds(row: Message, now: datetime) -> bool:
    """Tell whether the news is still true and its visit still to come.

    News of several visits is looked at visit by visit before it is sent.
    """
    if row.kind in TO_STAFF:
        return now <= row.not_after
    visit = row.appointment
    if visit is None:
        return _is_open(row, now)
    soon = visit.start - timedelta(minutes=visit.prep_minutes)
    if now > row.not_after and now >= soon:
        return False
    if row.kind in TOGETHER:
        return True
    return visit.told_version == row.told_version and visit.status in STILL_ON[Kind(row.kind)]


def _is_open(row: Message, now: datetime) -> bool:
    offer = row.offer
    return offer is not None and offer.state == Offer.State.OPEN and now < offer.answer_by


def _zone(row: Message) -> str:
    return row.appointment.zone if row.appointment else row.site.zone


def _opted_out(channel: Channel, address: str) -> bool:
    spelt = (address, address.lower())
    living = OptOut.objects.filter(channel=channel.value, address__in=spelt, ended_at=None)
    return living.exists()


class About(Protocol):
    """What a task for reception needs to know of a message."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def channel(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def site_id(self) -> int: ...  # noqa: D102
    @property
    def patient_id(self) -> int: ...  # noqa: D102
    @property
    def appointment_id(self) -> int | None: ...  # noqa: D102


@transaction.atomic
def alarm_failed(row: Message, *, now: datetime, why: str) -> Message | None:
    """See that people hear of a call to the clinician that did not get through, at any hour.

    There is an urgent task at once, and the site's own address gets the call by e-mail, once;
    answers that e-mail.
    """
    way = _WAYS[Channel(row.channel)]
    whom = "the clinician on call" if row.channel == Channel.SMS else "the clinic"
    said = f"{way}: the alarm did not reach {whom}. Please tell a clinician now. {why}"
    _task(row, ALARM, said[:500], now=now, even_if_done=True)
    site = Site.objects.only("email").get(pk=row.site_id)
    if row.channel == Channel.EMAIL or not site.email:
        return None
    until = max(row.not_after, now + ALARM_FOR)
    return _copy(
        row, channel=Channel.EMAIL, recipient=site.email, due=now, now=now, not_after=until
    )


def alarm_waits(message_id: int, *, now: datetime) -> None:
    """Tell people of a call that has waited too long: the provider is down, or nobody sends."""
    row = Message.objects.get(pk=message_id)
    alarm_failed(row, now=now, why="It waits: the provider does not take it.")


ALARM = "alarm-failed"
ALARM_FOR = timedelta(hours=12)
"""How long the e-mail is tried that takes the place of a call."""

_WAYS = {Channel.EMAIL: "E-mail", Channel.SMS: "SMS"}


def ask_reception(message: About, *, now: datetime, why: str) -> None:
    """Ask a person to tell the patient what the message could not; asking twice asks once."""
    if message.kind in TO_STAFF:
        alarm_failed(Message.objects.get(pk=message.id), now=now, why=why)
        return
    what = dict(KINDS)[message.kind]
    way = _WAYS[Channel(message.channel)]
    text = f"{way} ({what}) may not have reached the patient: please phone. {why}"[:500]
    _task(message, "message-not-delivered", text, now=now)


def _task(
    message: About, kind: str, text: str, *, now: datetime, even_if_done: bool = False
) -> None:
    """Write a task once; `even_if_done`: not again either where somebody has seen to it."""
    asked = {
        "site_id": message.site_id,
        "patient_id": message.patient_id,
        "appointment_id": message.appointment_id,
        "kind": kind,
        "text": text,
    }
    same = Todo.objects.filter(**asked)
    if not (same if even_if_done else same.filter(done_at=None)).exists():
        urgent = message.kind != Kind.REMINDER
        Todo.objects.create(**asked, urgent=urgent, created_at=now)


def note_opt_out(letter: Letter, now: datetime) -> None:
    """Write down that this address wants nothing more on this channel."""
    OptOut.objects.bulk_create(
        [
            OptOut(
                channel=letter.channel.value,
                address=letter.facts.address,
                at=now,
                source="provider",
                message_id=letter.id,
            )
        ],
        ignore_conflicts=True,
    )

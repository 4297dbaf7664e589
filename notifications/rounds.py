"""One round of the outbox: lease what is due, look again, mark, send, settle."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from logging import getLogger
from typing import Protocol

from django.db import transaction
from phonenumbers import NumberParseException

from notifications import leases, rendering
from notifications.core import policy as rules
from notifications.core.letters import Letter
from notifications.core.policy import Channel, Defer, Drop, DropReason, Kind, Policy, Send
from notifications.core.states import State
from notifications.leases import Mark, Outcome
from notifications.marking import Marking
from notifications.models import KINDS, OptOut
from notifications.providers import (
    OutcomeUnknown,
    Outgoing,
    Provider,
    ProviderDown,
    ProviderId,
    RecipientOptedOut,
    SendFailed,
    Withheld,
    text_hash,
)
from scheduling import links
from scheduling.errors import ClinicError
from scheduling.models import Todo

BATCH = 100
PAUSE = timedelta(seconds=30)
"""How long a channel rests when its provider is down; the messages lose no attempt."""

LOOK_UP_AFTER = timedelta(minutes=1)
"""How long an unknown outcome waits before the provider is asked: time for it to arrive there."""

UNWRITABLE = (ValueError, TypeError, LookupError, ClinicError, NumberParseException)
"""What a fact without sense raises: a zone that no longer exists, a telephone that is none."""

log = getLogger(__name__)

Clock = Callable[[], datetime]


class Carriers(Protocol):
    """Gives the provider of a channel."""

    def __call__(self, channel: Channel, /) -> Provider:
        """Make one, to be entered for a batch."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a round works with; `draw` gives the jitter of retries, from 0 to 1."""

    clock: Clock
    policy: Policy
    carriers: Carriers
    draw: Callable[[], float] = random.random


@dataclass(slots=True)
class _Batch:
    """The messages of one channel on one connection; `last` is sent and not yet settled."""

    desk: Desk
    provider: Provider
    words: rendering.Words
    last: Outcome | None = None
    down: bool = False
    waiting: list[Letter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Round:
    """How many messages were leased, and whether a provider was down."""

    leased: int
    down: bool = False


def once(desk: Desk, *, limit: int = BATCH) -> Round:
    """Lease up to `limit` due messages and send those that it is still right to send."""
    letters = leases.lease(now=desk.clock(), limit=limit)
    if not letters:
        return Round(0)
    words = rendering.words()
    down = [_send_all(mine, words, desk) for mine in _by_channel(letters)]
    return Round(len(letters), any(down))


def _by_channel(letters: Iterable[Letter]) -> list[list[Letter]]:
    kept: dict[Channel, list[Letter]] = {}
    for letter in letters:
        kept.setdefault(letter.channel, []).append(letter)
    return list(kept.values())


def _send_all(letters: Sequence[Letter], words: rendering.Words, desk: Desk) -> bool:
    """Send one channel's messages on one connection; answer whether the provider is down."""
    addresses = _links(letters, desk.clock())
    with desk.carriers(letters[0].channel) as provider:
        batch = _Batch(desk=desk, provider=provider, words=words)
        try:
            for letter, link in zip(letters, addresses, strict=True):
                _one(batch, letter, link)
        finally:
            # a round that breaks off must still say what came of the call it made
            _settle_last(batch)
    leases.put_back(batch.waiting, until=desk.clock() + PAUSE)
    return batch.down


def _links(letters: Iterable[Letter], now: datetime) -> list[str]:
    """Make each message a link of its own; staff get the address of a page that asks who they are."""
    known = [letter.as_of(now) for letter in letters]
    opened = [rendering.opened_by(x, now) for x in known if x.kind not in rules.TO_STAFF]
    tokens = iter(links.issue_many(visits=opened, now=now))
    return [
        rendering.staff_link(x) if x.kind in rules.TO_STAFF else rendering.link_of(x, next(tokens))
        for x in known
    ]


def _one(batch: _Batch, letter: Letter, link: str) -> None:
    if batch.down:
        batch.waiting.append(letter)
        return
    for known in _as_long_as_it_is_held(letter):
        if known.visits and known is not letter:
            # another visit may lead now, and the link opens that of the first
            (link,) = _links([known], batch.desk.clock())
        outgoing = _written(batch, known, link)
        if outgoing is None:
            return
        marking = leases.mark(_mark(batch, known, outgoing), after=batch.last)
        batch.last = None
        if _sent(batch, known, outgoing, marking):
            return


def _as_long_as_it_is_held(letter: Letter) -> Iterable[Letter]:
    """Give the letter as leased, and, should it have changed meanwhile, once more as it is."""
    yield letter
    fresh = leases.read_again(letter)
    if fresh is not None:
        yield fresh


def _written(batch: _Batch, letter: Letter, link: str) -> Outgoing | None:
    """Decide and write; a message that cannot be written must not hold up those behind it."""
    try:
        return _decided(batch, letter, link)
    except UNWRITABLE:
        log.exception("message %s cannot be written", letter.ref)
        now = batch.desk.clock()
        with transaction.atomic():
            leases.drop(letter, reason=DropReason.UNWRITABLE, now=now)
            ask_reception(letter, now=now, why=DropReason.UNWRITABLE.sentence)
        return None


def _decided(batch: _Batch, letter: Letter, link: str) -> Outgoing | None:
    now = batch.desk.clock()
    letter = letter.as_of(now)
    verdict = rules.look_again(letter.circumstances, now=now, policy=batch.desk.policy)
    match verdict:
        case Drop(reason):
            leases.drop(letter, reason=reason, now=now)
            return None
        case Defer(until):
            leases.put_back([letter], until=until)
            return None
        case Send():
            pass
    wording = batch.words.of(letter.kind, letter.channel, letter.facts.language)
    return rendering.write(letter, wording=wording, link=link, at=now)


def _mark(batch: _Batch, letter: Letter, outgoing: Outgoing) -> Mark:
    return Mark(
        letter=letter,
        provider=batch.provider.name,
        text_hash=text_hash(outgoing.text),
        at=outgoing.at,
    )


def _sent(batch: _Batch, letter: Letter, outgoing: Outgoing, marking: Marking) -> bool:
    """Make the call; False when the mark was not granted, and nothing was sent."""
    try:
        taken = batch.provider.send(outgoing, permit=marking.granted)
    except Withheld:
        return False
    except (SendFailed, OutcomeUnknown) as error:
        if not marking.granted():
            return False
        batch.down = isinstance(error, ProviderDown)
        _give_account(_failed(batch, letter, error), letter, error)
    except BaseException:
        marking.granted()  # the connection is free again for what follows
        raise
    else:
        batch.last = _accepted(batch, letter, taken)
    return True


def _accepted(batch: _Batch, letter: Letter, taken: ProviderId) -> Outcome:
    return Outcome(
        letter=letter,
        provider=batch.provider.name,
        at=batch.desk.clock(),
        state=State.ACCEPTED,
        provider_id=taken.value,
        said=taken.said,
    )


def _settle_last(batch: _Batch) -> None:
    if batch.last is not None:
        leases.settle(batch.last)
        batch.last = None


def _failed(batch: _Batch, letter: Letter, error: SendFailed | OutcomeUnknown) -> Outcome:
    now = batch.desk.clock()
    state, again = _what_follows(batch.desk, letter, error, now)
    return Outcome(
        letter=letter,
        provider=batch.provider.name,
        at=now,
        state=state,
        code=getattr(error, "provider_code", ""),
        said=error.sentence,
        due_at=again,
        look_up_at=now + LOOK_UP_AFTER if state is State.UNKNOWN else None,
    )


def _what_follows(
    desk: Desk, letter: Letter, error: SendFailed | OutcomeUnknown, now: datetime
) -> tuple[State, datetime | None]:
    if isinstance(error, OutcomeUnknown):
        return State.UNKNOWN, None
    if error.permanent:
        return State.REJECTED, None
    again = rules.retry_at(
        attempts=letter.attempts,
        due_at=letter.first_due_at,
        not_after=letter.not_after,
        now=now,
        draw=desk.draw(),
        policy=desk.policy,
    )
    return (State.DEAD, None) if again is None else (State.PENDING, again)


@transaction.atomic
def _give_account(outcome: Outcome, letter: Letter, error: Exception) -> None:
    """Settle a failed call, and tell reception when a person must take over."""
    if not leases.settle(outcome):
        return
    log.info("message %s: %s by %s", letter.ref, outcome.state, outcome.provider)
    if isinstance(error, RecipientOptedOut):
        note_opt_out(letter, outcome.at)
    if outcome.state in {State.REJECTED, State.DEAD}:
        ask_reception(letter, now=outcome.at, why=outcome.said)


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


class About(Protocol):
    """What a task for reception needs to know of a message."""

    @property
    def channel(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def site_id(self) -> int: ...  # noqa: D102
    @property
    def patient_id(self) -> int: ...  # noqa: D102
    @property
    def appointment_id(self) -> int: ...  # noqa: D102


def ask_reception(message: About, *, now: datetime, why: str) -> None:
    """Ask a person to tell the patient what the message could not."""
    way = {Channel.EMAIL: "E-mail", Channel.SMS: "SMS"}[Channel(message.channel)]
    what = dict(KINDS)[message.kind]
    whom = "the clinician on call" if message.kind in rules.TO_STAFF else "the patient"
    Todo.objects.create(
        site_id=message.site_id,
        patient_id=message.patient_id,
        appointment_id=message.appointment_id,
        kind="message-not-delivered",
        text=f"{way} ({what}) may not have reached {whom}: please phone. {why}"[:500],
        urgent=message.kind != Kind.REMINDER,
        created_at=now,
    )

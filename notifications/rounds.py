"""One round of the outbox: lease what is due, look again, mark, send, settle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from logging import getLogger

from django.db import transaction
from phonenumbers import NumberParseException

from notifications import breakers, bundles, detours, leases, rendering
from notifications.batches import AHEAD, Batch
from notifications.breakers import Failure, Sender
from notifications.core import policy as rules
from notifications.core import sms
from notifications.core.letters import Letter
from notifications.core.policy import Channel, Defer, Drop, DropReason, Kind, Send
from notifications.core.resting import Trouble
from notifications.core.states import State
from notifications.desks import Desk
from notifications.leases import Mark, Only, Outcome
from notifications.marking import Marking
from notifications.providers import (
    OutcomeUnknown,
    Outgoing,
    ProviderDown,
    ProviderId,
    RecipientOptedOut,
    SendFailed,
    Withheld,
    text_hash,
)
from scheduling import links
from scheduling.errors import ClinicError

BATCH = 100
PAUSE = timedelta(seconds=30)
"""When the rest of a batch is looked at again after a closed door; its breaker may rest longer."""

SILENCES = 3
"""So many unclear answers in a row count as a closed door: each may cost a person a call."""

AT_MOST_STALE = 20
"""How many messages a try may find useless before it leaves the rest to the next tick."""

LOOK_UP_AFTER = timedelta(minutes=1)
"""How long an unknown outcome waits before the provider is asked: time for it to arrive there."""

UNWRITABLE = (ValueError, TypeError, LookupError, ClinicError, NumberParseException)
"""What a fact without sense raises: a zone that no longer exists, a telephone that is none."""

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """How many messages were leased, and whether a provider was down."""

    leased: int
    down: bool = False


def once(desk: Desk, *, limit: int = BATCH) -> Round:
    """Lease up to `limit` due messages and send those that it is still right to send."""
    letters = _leased(desk, limit)
    if not letters:
        return Round(0)
    words = rendering.words()
    sent = [_send_all(mine, words, desk) for mine in _by_channel(letters)]
    return Round(len(letters), any(batch.down for batch in sent))


def _leased(desk: Desk, limit: int, only: Only | None = None) -> list[Letter]:
    capped = desk.policy.habits.capped
    return leases.lease(now=desk.clock(), limit=limit, capped=capped, only=only)


def catch_up(desk: Desk, channel: Channel) -> Round:
    """Take up a channel's backlog, no more of it than this minute's share allows."""
    with breakers.pace(channel, most=BATCH, now=desk.clock()) as share:
        letters = []
        if share.left:
            letters = _leased(desk, share.left, Only(channel=channel))
        share.taken = len(letters)
    down = bool(letters) and _send_all(letters, rendering.words(), desk).down
    return Round(len(letters), down)


def try_again(desk: Desk) -> int:
    """Try the senders whose rest is over with one message each; answer how many were leased."""
    return sum(_try(desk, sender) for sender in breakers.take_tries(now=desk.clock()))


def _try(desk: Desk, sender: Sender) -> int:
    only = Only(channel=sender.channel, site_id=sender.site_id, held=True)
    for leased in range(AT_MOST_STALE):
        letters = _leased(desk, 1, only)
        if not letters:
            breakers.give_back(sender, now=desk.clock())
            return leased
        batch = _send_all(letters, rendering.words(), desk, trying=True)
        if batch.answered:
            breakers.close(sender, now=desk.clock())
        if batch.answered or batch.down:
            return leased + 1
    breakers.give_back(sender, now=desk.clock())
    return AT_MOST_STALE


def _by_channel(letters: Iterable[Letter]) -> list[list[Letter]]:
    kept: dict[Channel, list[Letter]] = {}
    for letter in letters:
        kept.setdefault(letter.channel, []).append(letter)
    return list(kept.values())


def _send_all(
    letters: Sequence[Letter], words: rendering.Words, desk: Desk, *, trying: bool = False
) -> Batch:
    """Send one channel's messages on one connection."""
    turns = list(zip(letters, _links(letters, desk.clock()), strict=True))
    with desk.carriers(letters[0].channel) as provider:
        batch = Batch(desk=desk, provider=provider, words=words, trying=trying)
        try:
            for n, (letter, link) in enumerate(turns):
                if n % AHEAD == 0:
                    batch.go_on(turns[n : n + AHEAD])
                _one(batch, letter, link)
        finally:
            # a round that breaks off must still say what came of the call it made
            batch.settle()
    leases.put_back(batch.waiting, until=desk.clock() + PAUSE)
    return batch


def _links(letters: Iterable[Letter], now: datetime) -> list[str]:
    """Make each message a link of its own; staff get the address of a page that asks who they are."""
    known = [letter.as_of(now) for letter in letters]
    opened = [rendering.opened_by(x, now) for x in known if x.kind not in rules.TO_STAFF]
    tokens = iter(links.issue_many(visits=opened, now=now))
    return [
        rendering.staff_link(x) if x.kind in rules.TO_STAFF else rendering.link_of(x, next(tokens))
        for x in known
    ]


def _one(batch: Batch, letter: Letter, link: str) -> None:
    if letter.id in batch.taken:
        return
    if batch.down:
        batch.waiting.append(letter)
        return
    _tell(batch, letter, link)
    if letter.kin:
        bundles.close(letter, now=batch.desk.clock())


def _tell(batch: Batch, letter: Letter, link: str) -> None:
    for known in _as_long_as_it_is_held(letter):
        if known.visits and known is not letter:
            # another visit may lead now, and the link opens that of the first
            (link,) = _links([known], batch.desk.clock())
        if known.kin:
            known = _with_kin(batch, known, link)  # noqa: PLW2901 - the same letter, now complete
        outgoing = batch.drafted(known) or _written(batch, known, link)
        if outgoing is None:
            return
        wanted = _mark(batch, known, outgoing)
        if _sent(batch, wanted, outgoing, leases.mark(wanted)):
            return
    # another's claim stands in the way of a cap, or the visit changes again and again: not a lease long
    leases.put_back([letter], until=batch.desk.clock() + bundles.YIELD)


def _with_kin(batch: Batch, letter: Letter, link: str) -> Letter:
    """Take along the other reminders of the day, each with a link of its own."""
    now, policy = batch.desk.clock(), batch.desk.policy
    if rules.look_again(letter.circumstances, now=now, policy=policy) != Send():
        return letter
    letter, taken = bundles.gather(letter, now=now, policy=policy)
    batch.taken.update(x.id for x in taken)
    told = {p.message_id for p in letter.parts}
    others = [x for x in taken if x.id in told]
    found = dict(zip([x.id for x in others], _links(others, now), strict=True)) if others else {}
    parts = (replace(p, link=found.get(p.message_id, link)) for p in letter.parts)
    return replace(letter, parts=tuple(parts))


def _as_long_as_it_is_held(letter: Letter) -> Iterable[Letter]:
    """Give the letter as leased, and, should it have changed meanwhile, once more as it is."""
    yield letter
    fresh = leases.read_again(letter)
    if fresh is not None:
        yield fresh


def _written(batch: Batch, letter: Letter, link: str) -> Outgoing | None:
    """Decide and write; a message that cannot be written must not hold up those behind it."""
    try:
        return _decided(batch, letter, link)
    except UNWRITABLE:
        log.exception("message %s cannot be written", letter.ref)
        now = batch.desk.clock()
        with transaction.atomic():
            leases.drop(letter, reason=DropReason.UNWRITABLE, now=now)
            detours.ask_reception(letter, now=now, why=DropReason.UNWRITABLE.sentence)
        return None


def _decided(batch: Batch, letter: Letter, link: str) -> Outgoing | None:
    now = batch.desk.clock()
    letter = letter.as_of(now)
    verdict = rules.look_again(letter.circumstances, now=now, policy=batch.desk.policy)
    match verdict:
        case Drop(reason):
            _leave_out(batch, letter, reason, now)
            return None
        case Defer(until):
            leases.put_back([letter], until=until)
            return None
        case Send():
            pass
    wording = batch.words.of(letter.worded_as, letter.channel, letter.facts.language)
    return rendering.write(letter, wording=wording, link=link, at=now)


SILENT_DROPS = {DropReason.SUPERSEDED, DropReason.VISIT_STARTED, DropReason.DECEASED}
"""After these nobody needs to be told."""


_WHY_NO_CALL = {DropReason.OPTED_OUT: "The provider says that this number takes no texts from us."}
"""What a reason means of the clinic's own telephone."""


def _leave_out(batch: Batch, letter: Letter, reason: DropReason, now: datetime) -> None:
    """Drop a message; where only its channel is at fault, it goes by the other, or by a person."""
    if letter.kind in rules.TO_STAFF:
        with transaction.atomic():
            leases.drop(letter, reason=reason, now=now)
            detours.ask_reception(letter, now=now, why=_WHY_NO_CALL.get(reason, reason.sentence))
        return
    if reason not in rules.OTHERWISE and not letter.detour:
        leases.drop(letter, reason=reason, now=now)
        return
    with transaction.atomic():
        leases.drop(letter, reason=reason, now=now)
        if letter.detour:
            # the first way had failed already, and this was the second
            if reason not in SILENT_DROPS:
                detours.ask_reception(letter, now=now, why=reason.sentence)
            return
        detours.by_other_channel(
            letter.id,
            now=now,
            why=reason.sentence,
            policy=batch.desk.policy,
            ask=letter.kind is not Kind.REMINDER,
        )


def _mark(batch: Batch, letter: Letter, outgoing: Outgoing) -> Mark:
    now = batch.desk.clock()
    return Mark(
        letter=letter,
        provider=batch.provider.name,
        text_hash=text_hash(outgoing.text),
        at=now,
        room=rules.room_for(letter.circumstances, now=now, policy=batch.desk.policy),
        provider_id=batch.provider.foretold(outgoing),
        after=batch.taken_in[-1].letter.id if batch.taken_in else None,
        segments=sms.measure(outgoing.text).segments if letter.channel is Channel.SMS else None,
    )


def _sent(batch: Batch, wanted: Mark, outgoing: Outgoing, marking: Marking) -> bool:
    """Make the call; False when the mark was not granted, and nothing was sent."""
    letter = wanted.letter
    try:
        taken = batch.provider.send(outgoing, permit=marking.granted)
    except Withheld:
        return False
    except (SendFailed, OutcomeUnknown) as error:
        if not marking.granted():
            return False
        closed = _closed_door(batch, error)
        batch.down = closed is not None
        _give_account(batch, _failed(batch, letter, error), letter, error)
        if closed is not None:
            breakers.trip(_failure(batch, letter, closed), now=batch.desk.clock())
    except BaseException:
        marking.granted()  # the connection is free again for what follows
        raise
    else:
        batch.answered, batch.silences = True, 0
        batch.take(_accepted(batch, letter, taken), wanted)
    return True


def _closed_door(batch: Batch, error: SendFailed | OutcomeUnknown) -> ProviderDown | None:
    """Tell whether a failure is the provider's own, so that nobody should knock just now."""
    if isinstance(error, ProviderDown):
        return error
    if isinstance(error, SendFailed):
        batch.answered, batch.silences = True, 0
        return None
    batch.silences += 1
    if batch.silences < SILENCES and not batch.trying:
        return None
    return ProviderDown(error.sentence, trouble=Trouble.SILENT)


def _failure(batch: Batch, letter: Letter, error: ProviderDown) -> Failure:
    return Failure(
        channel=letter.channel,
        site_id=letter.site_id,
        provider=batch.provider.name,
        error=error,
        trying=batch.trying,
    )


def _accepted(batch: Batch, letter: Letter, taken: ProviderId) -> Outcome:
    return Outcome(
        letter=letter,
        provider=batch.provider.name,
        at=batch.desk.clock(),
        state=State.ACCEPTED,
        provider_id=taken.value,
        said=taken.said,
    )


def _failed(batch: Batch, letter: Letter, error: SendFailed | OutcomeUnknown) -> Outcome:
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
def _give_account(batch: Batch, outcome: Outcome, letter: Letter, error: Exception) -> None:
    """Settle a failed call, and go the second way when this one is closed for good."""
    batch.settle()
    if not leases.settle(outcome):
        return
    log.info("message %s: %s by %s", letter.ref, outcome.state, outcome.provider)
    if isinstance(error, RecipientOptedOut):
        detours.note_opt_out(letter, outcome.at)
    if outcome.state in {State.REJECTED, State.DEAD}:
        policy = batch.desk.policy
        detours.by_other_channel(letter.id, now=outcome.at, why=outcome.said, policy=policy)

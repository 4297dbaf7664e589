"""What providers report of messages that they took, kept and merged."""

from dataclasses import dataclass
from datetime import datetime
from logging import getLogger

from django.db import transaction

from notifications import detours, optouts, outbox
from notifications.core import receipts
from notifications.core.policy import Channel
from notifications.core.receipts import Merged
from notifications.core.states import OPEN, State
from notifications.models import Message, Receipt

NEVER_LEFT = frozenset({State.PENDING, State.CLAIMED, State.DROPPED})

log = getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One report, in words that all providers share (`core.receipts.RANKS`, or another).

    `ref` is our own id, which wins over the provider's where it came along. `said_at` is the
    provider's own time, aware UTC. `stops`: the person wants nothing more at `address`.
    """

    provider: str
    provider_id: str
    status: str
    ref: str = ""
    code: str = ""
    said_at: datetime | None = None
    address: str = ""
    stops: bool = False


@transaction.atomic
def record_receipt(*, event: Event, now: datetime) -> Merged:
    """Keep a report and move its message on, never back; a repetition does nothing.

    A report may overtake the sender: it settles what is `sending` or `unknown` too.
    """
    message = _message_of(event)
    merged = _merged(message, event)
    row, fresh = Receipt.objects.get_or_create(
        provider=event.provider[:16],
        provider_id=(event.provider_id or event.ref)[:255],
        event=event.status[:24],
        said_at=event.said_at,
        defaults={
            "message": message,
            "provider_code": event.code[:16],
            "at": now,
            "merged": merged.value,
        },
    )
    if not fresh:
        return Merged(row.merged)
    if message is not None:
        _follow(message, event, merged, now)
    if event.stops:
        _stop(message, event, now)
    return merged


def _message_of(event: Event) -> Message | None:
    """Find and lock the message, so that its reports are merged one after another."""
    rows = Message.objects.select_for_update(of=("self",))
    if event.ref:
        return rows.filter(ref=event.ref).first()
    if not event.provider_id:
        return None
    return rows.filter(provider_id=event.provider_id).order_by("-pk").first()


def _merged(message: Message | None, event: Event) -> Merged:
    if message is None or State(message.state) in NEVER_LEFT:
        return Merged.UNMATCHED
    if event.status not in receipts.RANKS:
        return Merged.ASIDE
    came = message.receipts.order_by("pk").values_list("event", flat=True)
    return receipts.merge(receipts.standing_of(came), event.status).merged


def _follow(message: Message, event: Event, merged: Merged, now: datetime) -> None:
    if merged is Merged.CONFLICT:
        why = "Its provider has said both that it arrived and that it did not."
        detours.ask_reception(message, now=now, why=why)
    if merged is not Merged.MOVED:
        return
    for state in receipts.steps(State(message.state), receipts.state_of(event.status)):
        if not _moved(message, state, event, now):
            return
        message.state = state.value
        if state is State.UNDELIVERED:
            _fall_back(message, event, now)


def _moved(message: Message, state: State, event: Event, now: datetime) -> int:
    """Take one step of the table of states, if the message still stands where it was read."""
    log.info("message %s: %s by %s's report", message.ref.hex, state, event.provider)
    return Message.objects.filter(pk=message.pk, state=message.state).update(
        state=state.value,
        open=state in OPEN,
        provider_id=event.provider_id[:255] or message.provider_id or message.ref.hex,
        leased_until=None,
        look_up_at=None,
        settled_at=now,
    )


def _fall_back(message: Message, event: Event, now: datetime) -> None:
    """Reach the patient in another way, for this one has failed for good."""
    said = f"{event.provider}: {event.status}{f', error {event.code}' if event.code else ''}."
    outbox.fall_back(message_id=message.pk, now=now, why=said)


def _stop(message: Message | None, event: Event, now: datetime) -> None:
    # as we spell it: providers return addresses in lower case
    address = (message.recipient if message is not None else event.address)[:254]
    if not address:
        return
    channel = Channel.EMAIL if "@" in address else Channel.SMS
    evidence = optouts.Evidence(source=optouts.PROVIDER, message=message)
    optouts.opt_out(channel=channel, address=address, evidence=evidence, now=now)

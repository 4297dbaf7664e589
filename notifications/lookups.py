"""Messages of unknown outcome: looked up with the provider, never sent again on a guess."""

from datetime import datetime, timedelta
from enum import Enum

from django.db import transaction

from notifications import detours
from notifications.core.policy import SAFE_TWICE, Channel
from notifications.core.states import State
from notifications.desks import Desk
from notifications.detours import Again
from notifications.models import Attempt, Message
from notifications.providers import CannotTell, ProviderId, Trace

GRACE = timedelta(minutes=15)
"""How long an unknown outcome is looked up before a person is asked to take over."""

LOOK_UP_EVERY = timedelta(minutes=1)


class Missing(Enum):
    """Why a message of unknown outcome was not found."""

    ABSENT = "The provider does not have it."
    NOBODY_KNOWS = "Nobody can say whether it was sent."

    @property
    def sentence(self) -> str:
        """Say it on the screen."""
        return self.value


def reconcile(work: Desk, *, limit: int = 20) -> int:
    """Look up messages of unknown outcome; answer how many were settled.

    One that the provider has is accepted. One that it certainly has not after `GRACE` is sent
    once more, if that is safe and still of use; what is left goes to reception. Nothing is ever
    sent again on a guess.
    """
    settled = 0
    for message in _to_look_up(work.clock(), limit):
        found, now = _found(message, work), work.clock()
        late = message.sending_at is None or now - message.sending_at >= GRACE
        if isinstance(found, ProviderId):
            settled += _close(message, State.ACCEPTED, found, now)
        elif late:
            settled += _give_up(message, found, work, now)
    return settled


@transaction.atomic
def _give_up(message: Message, found: Missing, work: Desk, now: datetime) -> int:
    """Settle a message that was never found: send it once more where that is safe, or ask a person.

    So with each of a day's reminders that it spoke for: nobody was told of those either.
    """
    if not _close(message, State.DEAD, ProviderId("", found.sentence), now):
        return 0
    asked: set[int] = set()
    for each in (message, *detours.told_along(message, now)):
        if _again(each, found, work, now) is None and each.patient_id not in asked:
            detours.ask_reception(each, now=now, why=found.sentence)
            asked.add(each.patient_id)
    return 1


def _again(message: Message, found: Missing, work: Desk, now: datetime) -> Message | None:
    if found is not Missing.ABSENT or not _may_go_once_more(message, now):
        return None
    return detours.once_more(message, Again.RETRY, now=now, policy=work.policy)


def _may_go_once_more(message: Message, now: datetime) -> bool:
    """Allow one retry of a first message that harms nobody when it is read twice."""
    first = message.instead_of_id is None
    return first and message.kind in SAFE_TWICE and detours.still_holds(message, now)


@transaction.atomic
def _to_look_up(now: datetime, limit: int) -> list[Message]:
    """Take the unknown messages whose time has come, so that nobody else looks them up."""
    due = (
        Message.objects.select_for_update(skip_locked=True, of=["self"])
        .select_related("appointment", "offer")
        .filter(open=True, due_at__lte=now, state=State.UNKNOWN.value, look_up_at__lte=now)
        .order_by("look_up_at", "pk")[:limit]
    )
    taken = list(due)
    Message.objects.filter(pk__in=[m.pk for m in taken]).update(look_up_at=now + LOOK_UP_EVERY)
    return taken


def _found(message: Message, work: Desk) -> ProviderId | Missing:
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
            return Missing.NOBODY_KNOWS
        try:
            return provider.find(trace) or Missing.ABSENT
        except CannotTell:
            return Missing.NOBODY_KNOWS


@transaction.atomic
def _close(message: Message, state: State, found: ProviderId, now: datetime) -> int:
    """Settle an unknown message; 0 when somebody else has."""
    mine = Message.objects.filter(pk=message.pk, state=State.UNKNOWN.value)
    closed = mine.update(
        state=state.value, open=False, provider_id=found.value, settled_at=now, look_up_at=None
    )
    if closed:
        Attempt.objects.create(
            message=message,
            at=now,
            provider=message.provider,
            outcome=state.value,
            said=found.said[:300],
        )
    return closed

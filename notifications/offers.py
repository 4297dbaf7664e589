"""The words about an offer of the waiting list: written with it, of use until it is to be answered.

They leave by the outbox as every message does. Before each call the offer is read again: one that was
answered, taken back or is over has its message dropped.
"""

from datetime import datetime

from notifications import outbox
from notifications.core.policy import AT_ONCE, Channel, DropReason, Kind, when_allowed
from notifications.core.states import State
from notifications.models import Message
from notifications.readers import Reader, readers
from scheduling.models import Offer, Todo

TODO = "offer-by-phone"


def write_down(*, offer: Offer, now: datetime) -> int:
    """Write an offer's messages, one by each channel that the patient wants; answer how many wait.

    What would only reach the patient after the time to answer is written as dropped. Where nothing
    can tell them, reception is asked to phone. The same offer twice writes nothing more.
    """
    reader = readers([offer.entry.patient_id])[offer.entry.patient_id]
    rows = [_row(offer, reader, channel, now) for channel in sorted(reader.channels)]
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    waiting = sum(row.open for row in rows)
    if not waiting:
        _ask_to_phone(offer, now)
    return waiting


def _row(offer: Offer, reader: Reader, channel: Channel, now: datetime) -> Message:
    entry = offer.entry
    zone = reader.zone or entry.site.zone
    due = when_allowed((Kind.OFFER, channel), now, zone, outbox.habits())
    in_time = due < offer.answer_by
    return Message(
        offer=offer,
        patient_id=entry.patient_id,
        site_id=entry.site_id,
        kind=Kind.OFFER.value,
        channel=channel.value,
        offset=AT_ONCE,
        told_version=0,
        recipient=reader.address(channel),
        due_at=due,
        first_due_at=due,
        not_after=offer.answer_by,
        dedupe_key=f"offer {offer.pk}:{Kind.OFFER}:{AT_ONCE}:{channel}",
        state=State.PENDING.value if in_time else State.DROPPED.value,
        open=in_time,
        drop_reason="" if in_time else DropReason.QUIET_HOURS.value,
        created_at=now,
        settled_at=None if in_time else now,
    )


def _ask_to_phone(offer: Offer, now: datetime) -> None:
    """Leave reception a task: an offer of which nobody hears would run out unread."""
    entry = offer.entry
    asked = {"site_id": entry.site_id, "patient_id": entry.patient_id, "kind": TODO}
    if not Todo.objects.filter(**asked, done_at=None).exists():
        text = "A free time is offered, and no message can tell of it now: please phone."
        Todo.objects.create(**asked, text=text, urgent=True, created_at=now)

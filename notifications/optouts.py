"""Who wants no messages on a channel, with the evidence."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from notifications.core.policy import Channel
from notifications.mentions import LEFT
from notifications.models import Message, OptOut, Reply

REPLY, PROVIDER, PAGE = "reply", "provider", "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Who told us (`reply`, `provider`, `page`), by which message, and after which of ours."""

    source: str
    reply: Reply | None = None
    message: Message | None = None


@transaction.atomic
def opt_out(*, channel: Channel, address: str, evidence: Evidence, now: datetime) -> bool:
    """Send nothing more to this address by this channel; False when it was so already."""
    standing = OptOut.objects.filter(channel=channel.value, address=address, ended_at=None)
    if standing.exists():
        return False
    row = OptOut(
        channel=channel.value,
        address=address,
        at=now,
        source=evidence.source,
        reply=evidence.reply,
        message=evidence.message or _last_to(channel, evidence.reply),
    )
    # somebody else may write the same at this moment: it stands once
    OptOut.objects.bulk_create([row], ignore_conflicts=True)
    return True


@transaction.atomic
def opt_in(
    *, channel: Channel, address: str, now: datetime, reply: Reply | None = None, how: str = ""
) -> int:
    """Write to this address again; answer how many opt-outs that ends.

    The evidence is the `reply` that asked for it, or `how`: who did, on which page.
    """
    standing = OptOut.objects.filter(channel=channel.value, address=address, ended_at=None)
    return standing.update(ended_at=now, ended_by=reply, ended_how=how)


def _last_to(channel: Channel, reply: Reply | None) -> Message | None:
    """Find the last message to whoever wrote: what they had before their eyes."""
    if reply is None or reply.patient_id is None:
        return None
    return last_to(channel=channel, address=reply.sender, patient_id=reply.patient_id)


def last_to(*, channel: Channel, address: str, patient_id: int) -> Message | None:
    """Find the last message about a patient that went, or may have gone, to an address."""
    gone = Message.objects.filter(
        patient=patient_id, channel=channel.value, state__in=LEFT, recipient=address
    )
    return gone.order_by("-sending_at", "-pk").first()

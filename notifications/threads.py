"""What passed between the clinic and a person: what we sent, what they wrote, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from notifications import rereading
from notifications.core.policy import ANSWERS, TO_STAFF
from notifications.mentions import LEFT
from notifications.models import Message, Reply
from scheduling.models import Site

MOST = 20
"""Messages that a thread shows; older ones are on the patient's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a thread, `at` aware UTC; `ours` are the clinic's, with how each fared.

    `turn` orders what has the same moment: news, what was written to it, the answer.
    """

    at: datetime
    ours: bool
    channel: str
    text: str
    note: str = ""
    tone: str = ""
    turn: int = 0
    message_id: int = 0
    reply_id: int = 0


def thread(reply: Reply, *, sites: QuerySet[Site], now: datetime) -> list[Said]:
    """List what was written either way, newest last, as those who work at `sites` may see it.

    A stranger's thread is what came from the same number. Ours read as they would now.
    """
    said = [*_ours(reply, sites, now), *_theirs(reply, sites)]
    return sorted(said, key=lambda each: (each.at, each.turn, each.message_id))[-MOST:]


def _ours(reply: Reply, sites: QuerySet[Site], now: datetime) -> Sequence[Said]:
    if reply.patient_id is None:
        return ()
    gone = Message.objects.filter(
        Q(state__in=LEFT) | Q(open=True, due_at__lte=now), patient=reply.patient_id, site__in=sites
    ).exclude(kind__in=[k.value for k in TO_STAFF])
    rows = list(gone.order_by("-due_at", "-pk")[:MOST])
    texts = rereading.as_they_read_now([row.pk for row in rows], now=now)
    return [
        Said(
            at=row.sending_at or row.due_at,
            ours=True,
            channel=row.get_channel_display(),
            text=texts[row.pk].text if row.pk in texts else f"({row.get_kind_display()})",
            note=f"{row.get_kind_display()}, {row.get_state_display()}",
            tone="bad" if row.state in {"undelivered", "rejected", "dead"} else "",
            turn=2 if row.kind in ANSWERS else 0,
            message_id=row.pk,
        )
        for row in rows
    ]


def _theirs(reply: Reply, sites: QuerySet[Site]) -> Sequence[Said]:
    whose = Q(patient=reply.patient_id) if reply.patient_id else Q(sender=reply.sender)
    rows = Reply.objects.filter(Q(appointment=None) | Q(appointment__site__in=sites), whose)
    return [
        Said(
            at=row.at,
            ours=False,
            channel=row.get_channel_display(),
            text=row.shown,
            note="this message" if row.pk == reply.pk else row.get_state_display(),
            turn=1,
            reply_id=row.pk,
        )
        for row in rows.order_by("-at", "-pk")[:MOST]
    ]

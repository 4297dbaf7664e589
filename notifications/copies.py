"""What messages put into the copy of their data that a patient takes along."""

from typing import Any

from notifications.core.policy import Kind
from notifications.models import CareAnswer, Message, Reply
from scheduling.copies import minute
from scheduling.models import Patient


def messages_of(patient: Patient) -> list[dict[str, Any]]:
    """List what was sent to a patient or waits; alarms to a clinician are none of these.

    The number or address stays out: it may be a guardian's. Texts are not kept once they are sent.
    """
    rows = Message.objects.filter(patient=patient).exclude(kind=Kind.ALERT.value)
    return [
        {
            "kind": row.get_kind_display(),
            "channel": row.get_channel_display(),
            "visit": row.appointment.local_date if row.appointment else None,
            "state": row.get_state_display(),
            "at": minute(row.settled_at or row.sending_at or row.due_at),
        }
        for row in rows.select_related("appointment").order_by("-created_at", "-pk")
    ]


def replies_of(patient: Patient) -> list[dict[str, Any]]:
    """List the texts that came from a patient."""
    rows = Reply.objects.filter(patient=patient).order_by("-pk")
    return [{"at": minute(row.at), "words": row.body} for row in rows]


def answers_of(patient: Patient) -> list[dict[str, Any]]:
    """List what a patient answered to checks; photos are told of, and given by the clinic."""
    rows = CareAnswer.objects.filter(appointment__patient=patient)
    return [
        {
            "at": minute(row.at),
            "visit": row.appointment.local_date,
            "answer": row.answer,
            "words": row.said,
            "photos": len(row.photos.all()),
        }
        for row in rows.select_related("appointment").prefetch_related("photos")
    ]

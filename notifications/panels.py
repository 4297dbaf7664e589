"""What the messages floor shows on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string

from notifications.models import Message
from scheduling.models import Appointment, Patient

MOST = 12

TONES = {
    "accepted": "good",
    "delivered": "good",
    "rejected": "bad",
    "undelivered": "bad",
    "dead": "bad",
    "unknown": "warn",
}
"""How a state looks; the rest is plain."""


def of_patient(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw a patient's newest messages."""
    return _drawn(Message.objects.filter(patient=subject), context) if _is(subject, Patient) else ""


def of_appointment(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw the messages about one visit."""
    mine = Message.objects.filter(appointment=subject)
    return _drawn(mine, context) if _is(subject, Appointment) else ""


def _is(subject: object, kind: type) -> bool:
    return isinstance(subject, kind)


def _drawn(messages: Any, context: Mapping[str, Any]) -> str:
    request = context.get("request")
    if request is not None and not request.user.has_perm("notifications.view_message"):
        return ""
    rows = [
        {"row": row, "tone": TONES.get(row.state, "")}
        for row in messages.select_related("site").order_by("-due_at", "-pk")[:MOST]
    ]
    return render_to_string("notifications/panel.html", {"rows": rows}) if rows else ""

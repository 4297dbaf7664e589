"""What the messages floor shows on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import F
from django.template.loader import render_to_string
from django.utils.html import format_html_join

from notifications.core.states import State
from notifications.models import Message
from scheduling import access
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


FAILED = (State.REJECTED, State.UNDELIVERED, State.DEAD, State.UNKNOWN)
"""States in which somebody should pick up the phone."""


def of_desk(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw the messages about coming visits that did not, or may not, have arrived."""
    if not isinstance(subject, User) or not subject.has_perm("notifications.view_message"):
        return ""
    rows = (
        Message.objects.filter(
            state__in=FAILED,
            site__in=access.visible_sites(subject),
            appointment__end__gte=context["now"],
            told_version=F("appointment__told_version"),
        )
        .select_related("patient", "appointment")
        .order_by("appointment__start", "pk")[:MOST]
    )
    shown = [{"row": row, "tone": TONES.get(row.state, "")} for row in rows]
    return render_to_string("notifications/panel_failed.html", {"rows": shown}) if shown else ""


def marks(visits: Sequence[Any]) -> dict[int, str]:
    """Say of each visit on a list how its newest message by each channel fares; one query."""
    newest = (
        Message.objects.filter(
            appointment__in=[visit.pk for visit in visits],
            told_version=F("appointment__told_version"),
        )
        .exclude(state__in=(State.PENDING, State.CLAIMED, State.DROPPED))
        .order_by("appointment_id", "channel", "-due_at", "-pk")
        .distinct("appointment_id", "channel")
    )
    found: dict[int, list[tuple[str, str, str]]] = {}
    for m in newest:
        words = (TONES.get(m.state, ""), m.get_channel_display(), m.get_state_display())
        found.setdefault(m.appointment_id, []).append(words)
    tag = '<span class="desk-tag {}">{} {}</span>'
    return {pk: format_html_join(" ", tag, rows) for pk, rows in found.items()}


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

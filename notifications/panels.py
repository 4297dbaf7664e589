"""What the messages floor shows on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q
from django.template.loader import render_to_string
from django.utils.html import format_html_join

from notifications import mentions
from notifications.core.states import State
from notifications.models import CHANNELS, STATES, Mention, Message
from scheduling import access, statements
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
    return (
        _drawn(Message.objects.filter(patient=subject), context)
        if isinstance(subject, Patient)
        else ""
    )


def of_appointment(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw the messages about one visit."""
    if not isinstance(subject, Appointment):
        return ""
    return _drawn(Message.objects.filter(mentions.about(subject.pk)), context)


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
        )
        .filter(_still_counts(context["now"]))
        .select_related("patient", "appointment")
        .order_by("appointment__start", "pk")[:MOST]
    )
    shown = [{"row": row, "tone": TONES.get(row.state, "")} for row in rows]
    return render_to_string("notifications/panel_failed.html", {"rows": shown}) if shown else ""


def _still_counts(now: Any) -> Q:
    """Choose messages of which at least one visit is to come as it was told."""
    as_told = {"told_version": F("appointment__told_version"), "appointment__end__gte": now}
    return Q(**as_told) | Q(Exists(Mention.objects.filter(message=OuterRef("pk"), **as_told)))


_NEWEST = """
WITH told AS (
    SELECT appointment_id AS visit, told_version, id AS message FROM notifications_message
    WHERE appointment_id = ANY(%s) AND kind NOT IN ('several', 'all_off')
    UNION ALL
    SELECT appointment_id, told_version, message_id FROM notifications_mention
    WHERE appointment_id = ANY(%s)
    UNION ALL
    SELECT appointment_id, told_version, told_in_id FROM notifications_message
    WHERE appointment_id = ANY(%s) AND told_in_id IS NOT NULL
)
SELECT DISTINCT ON (told.visit, m.channel) told.visit, m.state, m.channel
FROM told
JOIN scheduling_appointment a ON a.id = told.visit AND a.told_version = told.told_version
JOIN notifications_message m ON m.id = told.message
WHERE m.state <> ALL(%s)
ORDER BY told.visit, m.channel, m.due_at DESC, m.id DESC
"""
_NOT_GONE = [s.value for s in (State.PENDING, State.CLAIMED, State.DROPPED)]


def marks(visits: Sequence[Any]) -> dict[int, str]:
    """Say of each visit on a list how its newest message by each channel fares; one query."""
    ids = [visit.pk for visit in visits]
    channels, states = dict(CHANNELS), dict(STATES)
    found: dict[int, list[tuple[str, str, str]]] = {}
    for visit, state, channel in statements.rows(_NEWEST, [ids, ids, ids, _NOT_GONE]):
        words = (TONES.get(state, ""), channels[channel], states[state])
        found.setdefault(visit, []).append(words)
    tag = '<span class="desk-tag {}">{} {}</span>'
    return {pk: format_html_join(" ", tag, rows) for pk, rows in found.items()}


def _drawn(messages: Any, context: Mapping[str, Any]) -> str:
    request = context.get("request")
    if request is not None and not request.user.has_perm("notifications.view_message"):
        return ""
    rows = [
        {"row": row, "tone": TONES.get(row.state, "")}
        for row in messages.select_related("site").order_by("-due_at", "-pk")[:MOST]
    ]
    return render_to_string("notifications/panel.html", {"rows": rows}) if rows else ""

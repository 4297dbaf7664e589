"""What the messages floor shows on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, F, OuterRef, Q
from django.template.loader import render_to_string
from django.utils.html import format_html_join

from notifications import health, mentions
from notifications.core.policy import Channel
from notifications.core.states import State
from notifications.models import CHANNELS, STATES, Mention, Message, OptOut, Reply
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


def of_opt_outs(subject: Any, context: Mapping[str, Any]) -> str:
    """Say, before anybody phones, what the patient wants no more, since when, and how we know."""
    if not isinstance(subject, Patient) or not _may(context, "notifications.view_optout"):
        return ""
    addresses = Q()
    for channel, address in _addresses(subject):
        addresses |= Q(channel=channel.value, address=address)
    rows = OptOut.objects.filter(addresses, ended_at=None) if addresses else OptOut.objects.none()
    shown = list(rows.select_related("message__site", "reply").order_by("-at", "-pk"))
    return render_to_string("notifications/panel_opt_outs.html", {"rows": shown}) if shown else ""


def _addresses(patient: Patient) -> list[tuple[Channel, str]]:
    """List where messages to a patient go, or may come from."""
    guardian = patient.guardian
    phones = {str(patient.phone or (guardian.phone if guardian else "")), str(patient.other_phone)}
    email = patient.email or (guardian.email if guardian else "")
    found = [(Channel.SMS, phone) for phone in sorted(phones) if phone]
    return [*found, (Channel.EMAIL, email)] if email else found


def of_replies(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw what a patient wrote lately."""
    if not isinstance(subject, Patient) or not _may(context, "notifications.view_reply"):
        return ""
    rows = Reply.objects.filter(patient=subject).select_related("appointment__site")
    shown = [_reply(row) for row in rows.order_by("-at", "-pk")[:MOST]]
    context = {"title": "What the patient wrote", "rows": shown}
    return render_to_string("notifications/panel_replies.html", context) if shown else ""


def of_inbox(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw what came in and waits for a person, save that of which there is a task."""
    if not isinstance(subject, User) or not subject.has_perm("notifications.view_reply"):
        return ""
    rows = Reply.objects.filter(state=Reply.State.OPEN).filter(
        Q(appointment=None) | Q(appointment__site__in=access.visible_sites(subject))
    )
    rows = rows.filter(todo=None).select_related("patient", "appointment__site")
    shown = [_reply(row) for row in rows.order_by("at", "pk")[:MOST]]
    context = {"title": "Messages to be read", "rows": shown, "names": True}
    return render_to_string("notifications/panel_replies.html", context) if shown else ""


_REPLY_TONES = {"open": "warn", "acted": "good", "answered": "good"}


def _reply(row: Reply) -> dict[str, Any]:
    zone = row.appointment.site.zone if row.appointment else "UTC"
    return {"row": row, "zone": zone, "tone": _REPLY_TONES.get(row.state, "")}


def _may(context: Mapping[str, Any], permission: str) -> bool:
    request = context.get("request")
    return request is None or bool(request.user.has_perm(permission))


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


def of_health(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw how e-mail and SMS leave the house: what rests, why, since when, and what lately left."""
    if not isinstance(subject, User) or not subject.has_perm("notifications.view_message"):
        return ""
    shown = health.ways(sites=list(access.visible_sites(subject)), now=context["now"])
    return render_to_string("notifications/panel_health.html", {"ways": shown})


def _still_counts(now: Any) -> Q:
    """Choose messages of which at least one visit is to come as it was told."""
    as_told = {"told_version": F("appointment__told_version"), "appointment__end__gte": now}
    open_offer = Q(offer__state="open", offer__answer_by__gt=now)
    return (
        open_offer
        | Q(**as_told)
        | Q(Exists(Mention.objects.filter(message=OuterRef("pk"), **as_told)))
    )


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

"""What the care timeline shows on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.template.loader import render_to_string

from notifications.care import reading
from notifications.models import CareAnswer
from scheduling import access
from scheduling.models import Appointment, Patient, Record

MOST = 12
TONES = {"better": "good", "same": "", "worse": "bad"}
"""How an answer looks."""

STATES = {
    "accepted": "good",
    "delivered": "good",
    "rejected": "bad",
    "undelivered": "bad",
    "dead": "bad",
    "unknown": "warn",
}
"""How a message's state looks; the rest is plain."""


def of_patient(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw what a patient has answered lately, newest first."""
    user = _reader(context)
    if not isinstance(subject, Patient) or user is None:
        return ""
    rows = CareAnswer.objects.filter(
        appointment__patient=subject, appointment__site__in=access.visible_sites(user)
    )
    return _drawn("Answers to checks", rows)


def of_appointment(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw a visit's timeline: its messages, and what was answered to each check."""
    user = _reader(context)
    if not isinstance(subject, Appointment) or user is None:
        return ""
    answers = [{"row": a, "tone": TONES[a.answer]} for a in reading.answers_of(subject)]
    messages = [{"row": m, "tone": STATES.get(m.state, "")} for m in reading.messages_of(subject)]
    if not answers and not messages:
        return ""
    facts = {"answers": answers, "messages": messages, "zone": subject.zone}
    return render_to_string("notifications/care_panel_visit.html", facts)


def of_desk(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw the patients who said “worse” and whose event no clinician has closed."""
    if not isinstance(subject, User) or not subject.has_perm("notifications.view_careanswer"):
        return ""
    still = Record.objects.filter(kind=Record.Kind.ADVERSE_EVENT, end_date=None, withdrawn_at=None)
    rows = CareAnswer.objects.filter(
        answer="worse", event__in=still, appointment__site__in=access.visible_sites(subject)
    )
    return _drawn("Worse after a visit, to be reviewed", rows)


def _drawn(title: str, answers: Any) -> str:
    rows = [
        {"row": row, "tone": TONES[row.answer]}
        for row in answers.select_related("appointment__patient", "event").order_by("-at", "-pk")[
            :MOST
        ]
    ]
    facts = {"title": title, "answers": rows}
    return render_to_string("notifications/care_panel.html", facts) if rows else ""


def _reader(context: Mapping[str, Any]) -> User | None:
    """Answer who looks at the page, if they may read answers."""
    user = getattr(context.get("request"), "user", None)
    may = isinstance(user, User) and user.has_perm("notifications.view_careanswer")
    return user if may else None

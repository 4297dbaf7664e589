"""What the desk sees of forms and consents, on the pages of a patient, a visit and the morning."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.template.loader import render_to_string

from scheduling import access
from scheduling.models import Appointment, Patient, SignedConsent
from scheduling.papers import consents, history, reviewing
from scheduling.screens.frame import now

MOST = 12


def of_patient(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw a patient's allergies, newest history, signatures, and the answers to be reviewed."""
    if not isinstance(subject, Patient) or not _may(context, "scheduling.view_submission"):
        return ""
    last = history.last_of(subject.pk)
    signed = SignedConsent.objects.filter(patient=subject).select_related("text", "record")
    facts = {
        "last": last,
        "waiting": reviewing.waiting().filter(patient=subject),
        "signed": signed[:MOST],
    }
    return render_to_string("scheduling/desk/_papers.html", facts) if last or signed else ""


def of_appointment(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw whether the forms of a visit are filled in, who signed, and what to be careful of."""
    if not isinstance(subject, Appointment) or not _may(context, "scheduling.view_submission"):
        return ""
    stands = consents.standing(visit=subject, language="en", now=now())
    last = history.last_of(subject.patient_id)
    facts = {
        "visit": subject,
        "last": last,
        "due": history.due(subject.patient_id, subject),
        "consent": stands,
        "waiting": reviewing.waiting().filter(patient_id=subject.patient_id),
    }
    return render_to_string("scheduling/desk/_papers_visit.html", facts)


def of_desk(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw the answers that a clinician has not reviewed yet."""
    if not isinstance(subject, User) or not subject.has_perm("scheduling.change_record"):
        return ""
    waiting = reviewing.waiting().select_related("patient")
    if access.actor_of(subject).sites == frozenset():
        return ""
    rows = list(waiting[: MOST + 1])
    facts = {"waiting": rows[:MOST], "more": len(rows) > MOST}
    return render_to_string("scheduling/desk/_papers_desk.html", facts) if rows else ""


def _may(context: Mapping[str, Any], permission: str) -> bool:
    user = getattr(context.get("request"), "user", None)
    return isinstance(user, User) and user.has_perm(permission)

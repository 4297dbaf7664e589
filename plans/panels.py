"""What plans show on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.template.loader import render_to_string

from plans import courses, rearranging
from plans.courses import PlanView
from plans.models import Plan
from plans.picture import drawn, words
from scheduling import access
from scheduling.models import Absence, Appointment, Patient
from scheduling.screens.frame import now


def of_patient(subject: Any, context: Mapping[str, Any]) -> str:
    """Draw all plans of a patient at the user's sites, each with its progress and a small picture."""
    user = _reader(context)
    if not isinstance(subject, Patient) or user is None:
        return ""
    rows = Plan.objects.filter(patient=subject, site__in=access.visible_sites(user))
    rows = rows.select_related("patient", "site")
    plans = [_told(plan) for plan in courses.views(list(rows), now=now())]
    may_make = user.has_perm("plans.make_plan")
    if not plans and not may_make:
        return ""
    facts = {"plans": plans, "patient": subject, "may_make": may_make}
    return render_to_string("plans/desk/panel.html", facts)


def of_appointment(subject: Any, context: Mapping[str, Any]) -> str:
    """Say of which plan a visit is a session, and how far that is."""
    if not isinstance(subject, Appointment) or subject.series_id is None:
        return ""
    user = _reader(context)
    if user is None:
        return ""
    sites = access.visible_sites(user)
    plan = Plan.objects.filter(series=subject.series_id, site__in=sites).first()
    if plan is None:
        return ""
    facts = {"plan": plan, "visit": subject, "count": plan.sessions.count()}
    return render_to_string("plans/desk/panel_visit.html", facts)


def of_absence(subject: Any, context: Mapping[str, Any]) -> str:
    """Offer to arrange anew what an absence hits, to those who work with plans."""
    user = _reader(context)
    if not isinstance(subject, Absence) or user is None or not user.has_perm("plans.work_plan"):
        return ""
    by = access.actor_of(user)
    hit = rearranging.affected(absence_id=subject.pk, by=by, now=now())
    facts = {"absence": subject, "hit": hit, "first": hit[0].breaks_on if hit else None}
    return render_to_string("plans/desk/panel_absence.html", facts) if hit else ""


def _reader(context: Mapping[str, Any]) -> User | None:
    """Answer who looks at the page, if they may look at plans."""
    request = context.get("request")
    user = getattr(request, "user", None)
    return user if isinstance(user, User) and user.has_perm("plans.view_plan") else None


def _told(plan: PlanView) -> dict[str, Any]:
    return {
        "view": plan,
        "tone": words.TONES[plan.standing],
        "standing": words.STANDING[plan.standing],
        "progress": words.progress(plan.progress),
        "picture": drawn(plan, "strip"),
    }

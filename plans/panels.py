"""What plans show on the ground floor's pages, registered from `apps.py`."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.template.loader import render_to_string

from plans import courses, rearranging
from plans.courses import PlanView
from plans.models import Plan
from plans.picture import drawn, words
from scheduling import access, statements
from scheduling.core.words import COUNTED
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


_COURSES = """
SELECT p.series_id, s.seq, s.name, s.skipped_at IS NOT NULL, (
    SELECT min(a.local_date) FROM scheduling_appointment a
    WHERE a.series_id = p.series_id AND a.seq = s.seq AND a.status = ANY(%s)), (
    SELECT json_object_agg(f.seq, l.least) FROM plans_sessionlag l
    JOIN plans_session f ON f.id = l.after_id WHERE l.session_id = s.id AND l.unit = 'days')
FROM plans_plan p JOIN plans_session s ON s.plan_id = p.id
WHERE p.series_id = ANY(%s) ORDER BY p.series_id, s.seq
"""


def hints(visits: Sequence[Any], context: Mapping[str, Any]) -> dict[int, str]:
    """Say which session of its plan each visit is, and what comes next and when; one query."""
    series = sorted({visit.series_id for visit in visits if visit.series_id is not None})
    if not series or _reader(context) is None:
        return {}
    steps: dict[int, list[_Step]] = {}
    for course, *row in statements.rows(_COURSES, [sorted(COUNTED), series]):
        steps.setdefault(course, []).append(_Step(*row))
    return {
        visit.pk: _hint(steps[visit.series_id], visit)
        for visit in visits
        if visit.series_id in steps and visit.seq is not None
    }


class _Step(NamedTuple):
    """One session of a course: its number and name, its date if it is booked, least days by seq."""

    seq: int
    name: str
    skipped: bool
    booked: date | None
    lags: Mapping[str, int] | None


def _hint(steps: Sequence[_Step], visit: Any) -> str:
    said = f"session {visit.seq} of {len(steps)}"
    coming = next((each for each in steps if each.seq > visit.seq and not each.skipped), None)
    if coming is None:
        return said
    if coming.booked is not None:
        return f"{said}; {coming.name} on {_short(coming.booked)}"
    least = (coming.lags or {}).get(str(visit.seq))
    if least is None:
        return f"{said}; then {coming.name}"
    return f"{said}; {coming.name} from {_short(visit.local_date + timedelta(days=least))}"


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


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

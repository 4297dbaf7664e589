"""How plans are kept to: sessions done within their windows, overdue, dropped out.

Windows are worked out by the plans' own reading, plan by plan, which is too slow for a page over
thousands of plans. So each plan is read once a day, and what was read is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min, Q

from plans import courses
from plans.courses import PlanView, SessionView, Standing, State
from plans.models import Adherence, Plan
from scheduling.reports import Page, Scope, asked

STALE = timedelta(hours=20)
"""How old a reading may be before a plan is read again."""

A_TICK, TOGETHER = 4000, 200
"""Plans read at one tick, and at once."""

Outcome = Adherence.Outcome


def read(*, now: datetime) -> int:
    """Read the plans that were not read for a day; answer how many."""
    rows = (
        Plan.objects.filter(sessions__isnull=False)
        .annotate(read_at=Min("sessions__adherence__read_at"))
        .filter(Q(read_at=None) | Q(read_at__lte=now - STALE))
        .select_related("patient", "site")
        .order_by("pk")
    )
    plans = list(rows[:A_TICK])
    for at in range(0, len(plans), TOGETHER):
        some = plans[at : at + TOGETHER]
        views = courses.views(some, now=now)
        Adherence.objects.bulk_create(
            [row for plan, view in zip(some, views, strict=True) for row in _rows(plan, view, now)],
            update_conflicts=True,
            unique_fields=["session"],
            update_fields=["site", "outcome", "counted_on", "due_first", "due_last", "read_at"],
        )
    return len(plans)


def _rows(plan: Plan, view: PlanView, now: datetime) -> Iterator[Adherence]:
    gone = plan.abandoned_at
    left = gone.astimezone(ZoneInfo(view.zone)).date() if gone else None
    for session in view.sessions:
        outcome, counted_on = judged(session, view.standing, left)
        yield Adherence(
            session_id=session.id,
            site_id=view.site_id,
            outcome=outcome.value,
            counted_on=counted_on,
            due_first=session.due_first,
            due_last=session.due_last,
            read_at=now,
        )


def judged(
    session: SessionView, standing: Standing, left: date | None
) -> tuple[Adherence.Outcome, date | None]:
    """Judge a session against its window; `left` is the day on which the course was given up."""
    if session.state is State.DONE and session.visit is not None:
        return _done(session, session.visit.local_date)
    if session.state is State.SKIPPED:
        return Outcome.OPEN, None
    if standing is Standing.ABANDONED:
        return Outcome.DROPPED, left
    if session.overdue:
        return Outcome.OVERDUE, session.due_last
    return Outcome.OPEN, None


def _done(session: SessionView, day: date) -> tuple[Adherence.Outcome, date]:
    if session.due_first is not None and day < session.due_first:
        return Outcome.EARLY, day
    if session.due_last is not None and day > session.due_last:
        return Outcome.LATE, day
    return Outcome.WITHIN, day


_COUNTED = """
FROM plans_adherence d
JOIN plans_session n ON n.id = d.session_id
JOIN plans_plan p ON p.id = n.plan_id
LEFT JOIN plans_plantemplate t ON t.id = p.template_id
WHERE d.site_id = ANY(%(sites)s) AND d.counted_on BETWEEN %(first)s AND %(last)s
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many sessions of one template and treatment came to one outcome."""

    template_id: int | None
    template: str | None
    treatment_id: int
    outcome: str
    sessions: int


def adherence(scope: Scope) -> list[Kept]:
    """Count the sessions whose outcome belongs to a date of the scope."""
    rows = asked(
        f"""SELECT t.id, t.name, n.treatment_id, d.outcome, count(*) {_COUNTED}
        GROUP BY 1, 2, 3, 4 ORDER BY 2, 3, 4""",
        scope.params(),
    )
    return [Kept(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session and its outcome, for a list."""

    plan_id: int
    patient: str
    site: str
    plan: str
    session: str
    outcome: str
    counted_on: date
    due_first: date | None
    due_last: date | None


def adherence_rows(
    scope: Scope,
    *,
    template: int | None = None,
    treatment: int | None = None,
    outcome: str = "",
    page: Page | None = None,
) -> list[SessionRow]:
    """List the sessions behind a count; `template` 0 is none."""
    page = page or Page()
    rows = asked(
        f"""SELECT p.id, trim(a.given_name || ' ' || a.family_name), s.name, p.name, d.session,
        d.outcome, d.counted_on, d.due_first, d.due_last
        FROM (SELECT d.*, n.plan_id, n.name AS session {_COUNTED}
          AND (%(template)s::bigint IS NULL OR coalesce(p.template_id, 0) = %(template)s::bigint)
          AND (%(treatment)s::bigint IS NULL OR n.treatment_id = %(treatment)s::bigint)
          AND (%(outcome)s = '' OR d.outcome = %(outcome)s)) d
        JOIN plans_plan p ON p.id = d.plan_id
        JOIN scheduling_patient a ON a.id = p.patient_id
        JOIN scheduling_site s ON s.id = d.site_id
        ORDER BY d.counted_on, d.id OFFSET %(skip)s LIMIT %(most)s""",  # noqa: S608
        scope.params()
        | {
            "template": template,
            "treatment": treatment,
            "outcome": outcome,
            "skip": page.skip,
            "most": page.most,
        },
    )
    return [SessionRow(*row) for row in rows]


def read_until(scope: Scope) -> datetime | None:
    """Answer when the oldest reading at these sites was made."""
    rows = asked(
        "SELECT min(read_at) FROM plans_adherence WHERE site_id = ANY(%(sites)s)", scope.params()
    )
    found: datetime | None = rows[0][0]
    return found

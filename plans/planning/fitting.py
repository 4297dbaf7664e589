"""Whether plans fit their own lags after a change, compared with before it."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from plans.courses import views
from plans.courses.misfits import OUTSIDE_LAG, WITHOUT_DATE
from plans.models import Plan
from scheduling.core.words import Reason
from scheduling.errors import Refused
from scheduling.models import WaitingEntry

Unfit = dict[tuple[int, str, str], Reason]
"""Reasons by plan, code and the sessions that they are between."""


def unfit(plan_ids: Collection[int], *, now: datetime) -> Unfit:
    """Read which lags are broken, and which sessions lack a date before a booked one."""
    plans = Plan.objects.filter(pk__in=plan_ids).select_related("patient", "site").order_by("pk")
    return {
        (view.id, reason.code, reason.other): reason
        for view in views(plans, now=now)
        for reason in view.needs_reflow
        if reason.code in {OUTSIDE_LAG, WITHOUT_DATE}
    }


def must_fit(plan_ids: Collection[int], before: Unfit, *, now: datetime) -> None:
    """Let through what fits the sessions that stayed, wherever they were moved since.

    Raises:
        Refused: a lag is broken that was not before, or a session has lost its date.

    """
    fresh = [reason for key, reason in unfit(plan_ids, now=now).items() if key not in before]
    if fresh:
        raise Refused(fresh)


@contextmanager
def keeps_its_course(entry: WaitingEntry, now: datetime) -> Iterator[None]:
    """Let who waits take a time when the later sessions of the course stay valid.

    Raises: see `must_fit`.
    """
    visit = entry.appointment
    plan_ids = Plan.objects.filter(series=visit.series_id) if visit and visit.series_id else None
    ids = list(plan_ids.values_list("pk", flat=True)) if plan_ids is not None else []
    before = unfit(ids, now=now) if ids else {}
    yield
    if ids:
        must_fit(ids, before, now=now)

"""What planning refused, kept for the reports once everything is rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db.models import Q

from plans.courses.misfits import OUTSIDE_LAG, WITHOUT_DATE
from plans.models import Plan, Session
from plans.planning.errors import ProposalLost
from plans.planning.refusing import AWAY, ELSEWHERE, NO_PLAN, OVER, PAUSED
from scheduling import refusals
from scheduling.core.words import Actor
from scheduling.errors import Refused
from scheduling.models import Refusal

OWN = frozenset({NO_PLAN, PAUSED, OVER, AWAY, ELSEWHERE, OUTSIDE_LAG, WITHOUT_DATE})
"""Codes under which the plan itself speaks; all others are the diary's or the protocol's."""


@contextmanager
def noting(
    by: Actor,
    now: datetime,
    *,
    plan_id: int | None = None,
    proposal_id: int | None = None,
    session_id: int | None = None,
) -> Iterator[None]:
    """Keep what a verb refuses, and what refuses a proposal as it was read out; once an ask.

    Name the plan or its proposal; `session_id` where one session alone was asked for.
    """
    try:
        yield
    except (Refused, ProposalLost) as error:
        plans = Plan.objects.filter(Q(proposals=proposal_id) if proposal_id else Q(pk=plan_id or 0))
        site_id = plans.values_list("site_id", flat=True).first()
        if site_id is not None:
            one = Session.objects.filter(pk=session_id or 0).values_list("treatment_id", flat=True)
            asked = refusals.Asked(
                verb=Refusal.Verb.PLAN,
                site_id=site_id,
                treatment_id=one.first(),
                own=OWN,
            )
            refusals.note(error, asked=asked, by=by, now=now)
        raise

"""One plan on one page: how far it is, what is proposed, its picture, its sessions, its reasons."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from plans import courses
from plans.admin.plans_door import LOOK, context_of, plan_of
from plans.admin.plans_lines import facts_of, history_of, lines_of, offer_of
from plans.courses import PlanView, Standing, State
from plans.models import Plan
from plans.picture import drawn, words
from scheduling.screens import door, refusing
from scheduling.screens.frame import now

TO_PLAN = frozenset({State.UNPLANNED, State.PROPOSED, State.MISSED})


def plan_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one plan."""
    door.needs(request, LOOK)
    return shown(request, plan_of(request, pk), now())


def shown(
    request: HttpRequest, row: Plan, moment: datetime, status: int = 200, **more: Any
) -> HttpResponse:
    """Draw the page of a plan, with whatever a step left to say."""
    plan = courses.view(row.pk, now=moment)
    lines = lines_of(plan)
    context = context_of(
        request,
        f"{plan.patient}: {plan.name}",
        plan=plan,
        row=row,
        standing=words.STANDING[plan.standing],
        tone=words.TONES[plan.standing],
        progress=words.progress(plan.progress),
        facts=facts_of(plan),
        lines=lines,
        offer=offer_of(plan, lines, moment),
        picture=drawn(plan, "wide", "narrow"),
        steps=steps_for(plan),
        unfit=refusing.told(plan.needs_reflow),
        history=history_of(row, plan),
        **more,
    )
    return render(request, "plans/desk/plan.html", context, status=status)


def steps_for(plan: PlanView) -> frozenset[str]:
    """Name the steps worth a button at this moment; the verbs still decide."""
    if plan.standing.over:
        return frozenset()
    if plan.standing is not Standing.RUNNING:
        return frozenset({"abandon"} | ({"resume"} if plan.standing is Standing.PAUSED else set()))
    states = {session.state for session in plan.sessions}
    steps = {"pause", "abandon"}
    if states & TO_PLAN:
        steps |= {"propose", "propose-held"}
    if states & {State.BOOKED, State.MISSED}:
        steps |= {"reflow"}
    if plan.proposal:
        steps |= {"accept", "decline"}
    return frozenset(steps)

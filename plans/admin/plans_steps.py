"""What may be done with a plan, as buttons: each a POST with what the page showed, each one verb."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from plans import planning
from plans.admin.plans_door import (
    MAKE,
    STALE,
    WORK,
    page_of,
    plan_of,
    proposal_in,
    session_in,
    unchanged,
)
from plans.admin.plans_page import shown
from plans.models import Plan, Proposal
from plans.picture import words
from plans.planning import ProposalLost, ProposalOver
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, Malformed, NotFound, Refused, StaleVersion
from scheduling.screens import door, refusing
from scheduling.screens.frame import actor, now
from scheduling.screens.times import wall

Step = Callable[[HttpRequest, Plan, Actor, datetime], str]
"""Calls one verb with what the form holds, and answers what to tell."""


def _propose(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    return _told(planning.propose(plan_id=plan.pk, by=by, now=moment), plan)


def _propose_held(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    return _told(planning.propose_held(plan_id=plan.pk, by=by, now=moment), plan)


def _reflow(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    made = planning.reflow(plan_id=plan.pk, by=by, now=moment)
    return _told(made, plan) if made else "The plan fits as it is booked: nothing needs to move."


def _told(made: Proposal, plan: Plan) -> str:
    kept = ""
    if made.held_until:
        kept = f" The times are kept until {wall(made.held_until, ZoneInfo(plan.site.zone)):%H:%M}."
    return f"These dates can be had. Nothing is booked or moved until they are accepted.{kept}"


def _accept(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    proposal = proposal_in(plan, request.POST.get("proposal"))
    booked = planning.accept(
        proposal_id=proposal.pk, first=_first(request.POST.get("first")), by=by, now=moment
    )
    cautions = dict.fromkeys(
        f"{reason.sentence} {reason.arithmetic}".strip()
        for each in booked
        for reason in each.advisories
    )
    for caution in cautions:
        messages.warning(request, caution)
    last = max((each.appointment.local_date for each in booked), default=None)
    visits = "1 visit is" if len(booked) == 1 else f"{len(booked)} visits are"
    return f"{visits} booked as read out{f', the last on {words.full_day(last)}' if last else ''}."


def _first(text: str | None) -> int | None:
    """Read how many sessions are accepted; None for all.

    Raises:
        Malformed: it is no such number.

    """
    if not text:
        return None
    count = door.whole(text)
    if not count:
        raise Malformed("Say how many sessions are accepted: 1, 2 and so on.")
    return count


def _decline(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    proposal = proposal_in(plan, request.POST.get("proposal"))
    planning.decline(proposal_id=proposal.pk, by=by, now=moment)
    return "Declined. What it kept is free again; nothing was booked or moved."


def _pause(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    planning.pause(
        plan_id=plan.pk, reason=_reason(request), by=by, now=moment, version=plan.version
    )
    return "Paused. Visits that are booked stay."


def _resume(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    planning.resume(
        plan_id=plan.pk, reason=_reason(request), by=by, now=moment, version=plan.version
    )
    return "The plan goes on."


def _abandon(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    planning.abandon(
        plan_id=plan.pk, reason=_reason(request), by=by, now=moment, version=plan.version
    )
    return "Abandoned. Its coming visits are cancelled."


def _skip(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    session = session_in(plan, request.POST.get("session"))
    planning.skip(session_id=session.pk, reason=_reason(request), by=by, now=moment)
    return f"Session {session.seq}, {session.name}, is left out."


def _fix(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    session = session_in(plan, request.POST.get("session"))
    planning.fix(session_id=session.pk, by=by, now=moment)
    return f"Session {session.seq}, {session.name}, stays where it is in every re-flow."


def _unfix(request: HttpRequest, plan: Plan, by: Actor, moment: datetime) -> str:
    session = session_in(plan, request.POST.get("session"))
    planning.unfix(session_id=session.pk, by=by, now=moment)
    return f"Session {session.seq}, {session.name}, may move again."


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


STEPS: Mapping[str, tuple[str, Step]] = {
    "propose": (WORK, _propose),
    "propose-held": (WORK, _propose_held),
    "reflow": (WORK, _reflow),
    "accept": (WORK, _accept),
    "decline": (WORK, _decline),
    "fix": (WORK, _fix),
    "unfix": (WORK, _unfix),
    "pause": (MAKE, _pause),
    "resume": (MAKE, _resume),
    "abandon": (MAKE, _abandon),
    "skip": (MAKE, _skip),
}
"""Each step with the permission it asks: clinicians make plans, reception works with them."""


def step_view(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Do one step with one plan, by POST only."""
    if step not in STEPS:
        raise Http404
    door.needs(request, STEPS[step][0])
    plan = plan_of(request, pk)
    if request.method != "POST":
        # Somebody reloaded a refused step: nothing is done, and the plan is shown as it stands.
        return HttpResponseRedirect(page_of(plan.pk))
    return _taken(request, plan, step, now())


def _taken(request: HttpRequest, plan: Plan, step: str, moment: datetime) -> HttpResponse:
    try:
        unchanged(request, plan)
        messages.success(request, STEPS[step][1](request, plan, actor(request), moment))
    except ProposalLost as lost:
        facts = {"lost": lost, "lost_changes": _changes(lost, plan)}
        return shown(request, plan, moment, 409, **facts, lost_reasons=refusing.told(lost.reasons))
    except Refused as refused:
        return shown(request, plan, moment, 409, refusal=refusing.of_error(refused, plan.site))
    except StaleVersion:
        messages.warning(request, STALE)
    except ProposalOver as over:
        messages.warning(request, f"{over.sentence} Nothing was done; this is how it stands now.")
    except NotFound:
        raise
    except ClinicError as error:
        messages.error(request, error.sentence)
    return HttpResponseRedirect(door.back_of(request, page_of(plan.pk)))


def _changes(lost: ProposalLost, plan: Plan) -> list[dict[str, Any]]:
    """Spell what lies elsewhere now, in the site's time."""
    zone = ZoneInfo(plan.site.zone)
    return [
        {
            "name": each.name,
            "old": wall(each.old, zone) if each.old else None,
            "new": wall(each.new, zone) if each.new else None,
        }
        for each in lost.changes
    ]

"""One session of a proposal put elsewhere: the starts that can be had, or a time that is typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from plans import courses, planning
from plans.admin.plans_door import STALE, WORK, context_of, page_of, plan_of, proposal_in
from plans.courses import PlanView, ProposedView, SessionView
from plans.models import Plan, Proposal
from plans.picture import words
from plans.planning import ProposalOver
from scheduling.errors import ClinicError, NotFound, Refused
from scheduling.screens import door, refusing, times
from scheduling.screens.frame import actor, now

BEFORE = timedelta(days=2)
"""How long before its own date a page of other starts begins."""


@dataclass(slots=True)
class Adjusting:
    """What stands on the screen."""

    plan: PlanView
    session: SessionView
    proposed: ProposedView
    page: times.Page | None = None
    asked: datetime | None = None
    refusal: refusing.Refusal | None = None
    error: str = ""


def adjust_view(request: HttpRequest, pk: int, proposal: int, session: int) -> HttpResponse:
    """Show where a session could go instead (GET), or put it there (POST)."""
    door.needs(request, WORK)
    row, moment = plan_of(request, pk), now()
    offered = proposal_in(row, str(proposal))
    plan = courses.view(row.pk, now=moment)
    if plan.proposal is None or plan.proposal.id != offered.pk:
        messages.warning(request, STALE)
        return HttpResponseRedirect(page_of(row.pk))
    desk = _desk(plan, session)
    if request.method == "POST":
        return _adjust(request, row, offered, desk, moment)
    _fill(request, row, offered, desk, moment)
    return _shown(request, row, desk)


def _desk(plan: PlanView, session_id: int) -> Adjusting:
    for session in plan.sessions:
        if session.id == session_id and session.proposed:
            return Adjusting(plan, session, session.proposed)
    raise Http404


def _fill(
    request: HttpRequest, row: Plan, offered: Proposal, desk: Adjusting, moment: datetime
) -> None:
    """Read the starts, or the one that was chosen."""
    try:
        if request.GET.get("start"):
            desk.asked = door.start_in(request.GET["start"], desk.plan.zone)
        if desk.asked is None:
            _page(request, row, offered, desk, moment)
    except ClinicError as error:
        desk.error = error.sentence


def _page(
    request: HttpRequest, row: Plan, offered: Proposal, desk: Adjusting, moment: datetime
) -> None:
    today = times.wall(moment, ZoneInfo(row.site.zone)).date()
    # From its window's first date on, or shortly before its own: that is where the rest fits.
    near = max(desk.proposed.local_date - BEFORE, desk.proposed.window_first or today)
    first = max(door.day_in(request.GET.get("from")) or near, today)
    found = planning.starts(
        proposal_id=offered.pk,
        session_id=desk.session.id,
        first=first,
        last=first + timedelta(days=times.WEEK - 1),
        by=actor(request),
        now=moment,
    )
    others = [start for start in found.starts if start.start != desk.proposed.start]
    desk.page = times.week(starts=others, hidden=found.hidden, site=row.site, first=first)


def _adjust(
    request: HttpRequest, row: Plan, offered: Proposal, desk: Adjusting, moment: datetime
) -> HttpResponse:
    try:
        desk.asked = door.start_in(request.POST.get("start", ""), desk.plan.zone)
        planning.adjust(
            proposal_id=offered.pk,
            session_id=desk.session.id,
            start=desk.asked,
            by=actor(request),
            now=moment,
        )
    except Refused as refused:
        _fill(request, row, offered, desk, moment)
        desk.refusal = refusing.of_error(refused, row.site)
        return _shown(request, row, desk, 409)
    except ProposalOver as over:
        messages.warning(request, f"{over.sentence} Nothing was done; this is how it stands now.")
        return HttpResponseRedirect(page_of(row.pk))
    except NotFound:
        raise
    except ClinicError as error:
        desk.error = error.sentence
        return _shown(request, row, desk, 400)
    _tell(request, desk, courses.view(row.pk, now=moment))
    return HttpResponseRedirect(page_of(row.pk))


def _tell(request: HttpRequest, desk: Adjusting, after: PlanView) -> None:
    """Say where the session is now, and what moved along with it."""
    before = _starts(desk.plan)
    moved = {
        pk: f"{session.seq}. {session.name} to {words.at(session.proposed.local_start)}"
        for pk, session in ((each.id, each) for each in after.sessions)
        if session.proposed and before.get(pk) != session.proposed.start
    }
    own = moved.pop(desk.session.id, "")
    messages.success(request, f"Proposed now: {own}." if own else "It is proposed as it was.")
    if moved:
        messages.info(request, f"So that the rest fits: {'; '.join(moved.values())}.")


def _starts(plan: PlanView) -> Mapping[int, datetime]:
    return {each.id: each.proposed.start for each in plan.sessions if each.proposed}


def _shown(request: HttpRequest, row: Plan, desk: Adjusting, status: int = 200) -> HttpResponse:
    zone = ZoneInfo(desk.plan.zone)
    context = context_of(
        request,
        f"{desk.plan.patient}: another time for session {desk.session.seq}, {desk.session.name}",
        desk=desk,
        plan=desk.plan,
        row=row,
        now_at=times.wall(desk.proposed.start, zone),
        asked=times.wall(desk.asked, zone) if desk.asked else None,
        asked_iso=desk.asked.astimezone(zone).isoformat() if desk.asked else "",
        window=words.window(desk.session),
        lags=[words.lag(each) for each in desk.session.lags],
    )
    return render(request, "plans/desk/adjust.html", context, status=status)

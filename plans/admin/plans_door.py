"""What every screen of plans does at the door: who may, which plan, and is the page still true."""

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from plans.models import Plan, Proposal, Session
from scheduling.errors import StaleVersion
from scheduling.screens import door

LOOK = "plans.view_plan"
WORK = "plans.work_plan"
MAKE = "plans.make_plan"

STALE = (
    "Somebody else changed this plan a moment ago, so nothing was done. "
    "This is how it stands now: please look, and press again if it is still right."
)


def plan_of(request: HttpRequest, pk: int) -> Plan:
    """Read a plan at one of the user's sites; elsewhere it is not there."""
    found = (
        Plan.objects.filter(pk=pk, site__in=door.sites_of(request))
        .select_related("site", "patient", "practitioner", "template")
        .first()
    )
    if found is None:
        raise Http404
    return found


def proposal_in(plan: Plan, text: str | None) -> Proposal:
    """Read a proposal of a plan by what a form or an address says."""
    return _of(Proposal.objects.filter(plan=plan), text)


def session_in(plan: Plan, text: str | None) -> Session:
    """Read a session of a plan by what a form or an address says."""
    return _of(Session.objects.filter(plan=plan), text)


def _of(rows: Any, text: str | None) -> Any:
    found = rows.filter(pk=door.whole(text) or 0).first()
    if found is None:
        raise Http404
    return found


def unchanged(request: HttpRequest, plan: Plan) -> None:
    """Ask that the page which was sent shows the plan as it is.

    Raises:
        StaleVersion: the plan was changed since.

    """
    if door.whole(request.POST.get("version")) != plan.version:
        raise StaleVersion(STALE)


def page_of(plan_id: int) -> str:
    """Answer the address of a plan's page."""
    return reverse("admin:plans_plan_change", args=[plan_id])


def context_of(request: HttpRequest, title: str, **facts: Any) -> dict[str, Any]:
    """Dress a page as one of the admin's, with what this user may do with plans."""
    return door.context_of(
        request,
        title,
        may_plan=request.user.has_perm(WORK),
        may_make=request.user.has_perm(MAKE),
        **facts,
    )

"""A patient's whole course: as a picture and a list; a proposal accepted, all of it or nothing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse

from plans import courses, planning
from plans.courses import PlanView
from plans.models import Plan, Proposal
from plans.pages import staying
from plans.pages.sessions import lines, next_of, offer_of
from plans.pages.sketch import sketch
from plans.pages.telling import Voice
from plans.planning import ProposalLost, ProposalOver
from scheduling.doors import Page, Visitor, language_of, of_a_visit, show, signed_in, words_of
from scheduling.errors import ClinicError, NotFound, Refused
from scheduling.models import Patient

CONFLICT = 409
DONE = "done"
LONGEST_ID = 15


@of_a_visit
def of_visit(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the course that a visit is of; by POST accept what is proposed for it."""
    series = visitor.visit.series_id
    plan = _plans(visitor.patient).filter(series=series).first() if series else None
    return _course(request, visitor, now, plan, "plan/")


@signed_in
def of_patient(request: HttpRequest, visitor: Visitor, now: datetime, plan_id: int) -> HttpResponse:
    """Show one of the patient's courses; by POST accept what is proposed for it."""
    plan = _plans(visitor.patient).filter(pk=plan_id).first()
    return _course(request, visitor, now, plan, f"plans/{plan_id}/")


def _plans(patient: Patient) -> Any:
    return Plan.objects.select_related("site").filter(patient=patient)


def _course(
    request: HttpRequest, visitor: Visitor, now: datetime, plan: Plan | None, path: str
) -> HttpResponse:
    if plan is None:
        raise NotFound
    if request.method != "POST":
        notice = "accepted" if request.GET.get(DONE) == "accepted" else ""
        return _shown(request, visitor, now, plan, notice)
    why: list[str] = []
    proposal_id = _proposal(request, plan)
    try:
        _accept_once(proposal_id, visitor, now)
        return staying.on(request, visitor, f"{path}?{DONE}=accepted", now)
    except ProposalLost as lost:
        notice = "lost" if lost.proposal else "fits"
        reasons = lost.reasons
    except ProposalOver:
        notice, reasons = "gone", ()
    except NotFound:
        raise
    except Refused as refusal:
        notice, reasons = "refused", refusal.reasons
    except ClinicError:
        notice, reasons = "busy", ()
    why = _voice(request, visitor, plan).why(reasons)
    return _shown(request, visitor, now, plan, notice, why)


def _accept_once(proposal_id: int, visitor: Visitor, now: datetime) -> None:
    try:
        planning.accept(proposal_id=proposal_id, by=visitor.by, now=now)
    except ProposalOver:
        # pressed twice: what was to be accepted is
        if not Proposal.objects.filter(pk=proposal_id, state=Proposal.State.ACCEPTED).exists():
            raise


def _proposal(request: HttpRequest, plan: Plan) -> int:
    """Read which proposal was on the page; one of another plan is none.

    Raises:
        NotFound: it is no proposal of this plan.

    """
    named = request.POST.get("proposal", "")
    if not (named.isascii() and named.isdigit() and len(named) <= LONGEST_ID):
        raise NotFound
    if not plan.proposals.filter(pk=int(named)).exists():
        raise NotFound
    return int(named)


def _voice(request: HttpRequest, visitor: Visitor, plan: Plan) -> Voice:
    return Voice(language_of(request, visitor.patient), plan.site, visitor.patient)


def _shown(
    request: HttpRequest,
    visitor: Visitor,
    now: datetime,
    plan: Plan,
    notice: str = "",
    why: list[str] | None = None,
) -> HttpResponse:
    voice = _voice(request, visitor, plan)
    words = words_of("plans", "plan_page", voice.language)
    view = courses.view(plan.pk, now=now)
    good = notice == "accepted"
    patient = visitor.patient
    quiet = good and (patient.do_not_contact or patient.channel == Patient.Channel.NONE)
    facts: dict[str, Any] = {
        "notice": words["accepted_quiet" if quiet else notice] if notice else "",
        "good": good,
        "why": why or [],
        "counts": _counts(view, words),
        "standing": words["standing"][view.standing],
        "unfit": bool(view.needs_reflow) and view.proposal is None,
        "sketch": sketch(view, voice.language, words),
        "offer": offer_of(view, voice, words, now),
        "next": next_of(view, voice, words, now),
        "sessions": lines(view, voice, words),
        "name": view.name,
        "home": visitor.home,
    }
    page = Page(
        template="plans/patient/plan.html",
        title=words["title"],
        words=words,
        patient=visitor.patient,
        site=plan.site,
        facts=facts,
    )
    return show(request, page, CONFLICT if notice and not good else 200)


def _counts(view: PlanView, words: Mapping[str, Any]) -> str:
    of = view.progress
    return str(words["counts"]).format(done=of.done, of=of.of, booked=of.booked)

"""What of plans an actor can reach, and whether anything may be planned there now."""

from datetime import datetime

from plans.courses import rows
from plans.courses.reading import standing_of
from plans.courses.rows import Rows
from plans.courses.values import Standing
from plans.models import Plan, Proposal, Session
from plans.planning.errors import ProposalOver
from plans.planning.refusing import OVER, PAUSED, refused
from scheduling.core.words import Actor
from scheduling.errors import NotFound


def reachable(plan: Plan | None, by: Actor) -> Plan:
    """Answer a plan that this actor may see and change.

    Raises:
        NotFound: there is none, it is at a site where the actor does not work, or another's.

    """
    if plan is None or not by.works_at(plan.site_id):
        raise NotFound("There is no such plan that you can see.")
    if by.patient_id not in (None, plan.patient_id):
        raise NotFound("There is no such plan that you can see.")
    return plan


def read_plan(*, plan_id: int, by: Actor, now: datetime) -> Rows:
    """Read a plan's rows for this actor, whatever its standing.

    Raises: see `reachable`.
    """
    found = Plan.objects.select_related("patient", "site").filter(pk=plan_id).first()
    return rows.read([reachable(found, by)], now=now)[0]


def opened_plan(*, plan_id: int, by: Actor, now: datetime) -> Rows:
    """Read a plan for which something may be planned.

    Raises:
        Refused: it is paused, by a person or by an open adverse event, or it is over.
        and see `reachable`.

    """
    read = read_plan(plan_id=plan_id, by=by, now=now)
    plan = read.plan
    match standing_of(read):
        case Standing.ABANDONED | Standing.COMPLETE as over:
            raise refused(OVER, f"This plan is {over.value}; nothing more is planned for it.")
        case Standing.PAUSED_BY_EVENT:
            raise refused(
                PAUSED,
                "An open side effect pauses this plan until a clinician closes it: "
                + ", ".join(event.get_code_display() or "side effect" for event in read.events)
                + ".",
            )
        case Standing.PAUSED:
            raise refused(PAUSED, f"This plan was paused by {plan.paused_by}: {plan.pause_reason}")
        case _:
            return read


def opened_proposal(*, proposal_id: int, by: Actor, now: datetime) -> tuple[Proposal, Rows]:
    """Read a proposal that can still be accepted, and its plan.

    Raises:
        ProposalOver: it was accepted, declined or replaced.
        NotFound: no such proposal for this actor.
        and see `opened_plan`.

    """
    found = seen_proposal(proposal_id=proposal_id, by=by)
    still_open(found)
    read = opened_plan(plan_id=found.plan_id, by=by, now=now)
    if read.proposal is None or read.proposal.pk != found.pk:
        raise ProposalOver
    return read.proposal, read


def seen_proposal(*, proposal_id: int, by: Actor) -> Proposal:
    """Answer a proposal of a plan that this actor may change, whatever became of either.

    Raises:
        NotFound: no such proposal for this actor.

    """
    found = Proposal.objects.filter(pk=proposal_id).select_related("plan").first()
    if found is None:
        raise NotFound("There is no such proposal that you can see.")
    reachable(found.plan, by)
    return found


def still_open(proposal: Proposal) -> None:
    """Let through a proposal that has not ended.

    Raises:
        ProposalOver: it has; says who ended it, when and how.

    """
    if proposal.state != Proposal.State.OPEN:
        ended = proposal.ended_at.isoformat() if proposal.ended_at else ""
        raise ProposalOver(
            f"This proposal was {proposal.get_state_display()} by {proposal.ended_by or 'a newer one'}.",
            state=proposal.state,
            by=proposal.ended_by,
            at=ended,
        )


def session_of(session_id: int, by: Actor) -> Session:
    """Answer a session of a plan that this actor may change.

    Raises:
        NotFound: there is none.

    """
    found = Session.objects.filter(pk=session_id).select_related("plan", "treatment").first()
    if found is None:
        raise NotFound("There is no such session that you can see.")
    reachable(found.plan, by)
    return found

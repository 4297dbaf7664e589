"""A whole course proposed: stored, held while it is read out, adjusted, declined."""

from dataclasses import replace
from datetime import datetime, timedelta

from plans.models import Proposal
from plans.planning import keeping
from plans.planning.noting import noting
from plans.planning.offering import adjusting
from plans.planning.posing import Task, posed
from plans.planning.reach import opened_plan, opened_proposal, seen_proposal
from plans.planning.solving import solved
from scheduling import booking, diary
from scheduling.core.timeline import ceil_q, floor_q
from scheduling.core.words import Actor
from scheduling.errors import Malformed, Refused

HELD = timedelta(minutes=booking.HOLD_MINUTES)


def propose(*, plan_id: int, by: Actor, now: datetime) -> Proposal:
    """Find the best dates for every session that is neither booked nor over, and store them.

    Booked sessions stay where they are. The plan's open proposal is superseded.

    Raises:
        Refused: there is no plan, with the smallest reason; or the plan is paused or over.
        WrongState: every session is booked, done or skipped already.
        NotFound: no such plan for this actor.

    """
    with noting(by, now, plan_id=plan_id):
        return proposed(plan_id=plan_id, by=by, now=now)


def propose_held(*, plan_id: int, by: Actor, now: datetime) -> Proposal:
    """Propose, and keep every new start for 10 minutes while it is read out.

    Raises: see `propose`.
    """
    with noting(by, now, plan_id=plan_id):
        return proposed(plan_id=plan_id, by=by, now=now, until=now + HELD)


def proposed(*, plan_id: int, by: Actor, now: datetime, until: datetime | None = None) -> Proposal:
    """Propose, held `until` then, without counting what is refused.

    Raises: see `propose`.
    """
    read = opened_plan(plan_id=plan_id, by=by, now=now)
    task = Task(read=read, now=now, ignoring=keeping.holds_of(read))
    work, found = solved(keeping.something_to_place(task))
    note = keeping.Note(kind=Proposal.Kind.NEW, by=by, held_until=until)
    return keeping.store(work=work, found=found, note=note)


def adjust(
    *, proposal_id: int, session_id: int, start: datetime, by: Actor, now: datetime
) -> Proposal:
    """Put one session of a proposal elsewhere, and solve the rest around it; a new proposal.

    `start` is aware, any zone. The others stay where they were as far as they can. What the old
    proposal held is held again where the new one has new starts.

    Raises:
        Refused: that start is not to be had, with every reason; or no plan is left around it.
        ProposalOver: the proposal is no longer open.
        Malformed: the session is not in the proposal, or the start makes no sense.
        NotFound: no such proposal for this actor.

    """
    with noting(by, now, proposal_id=proposal_id, session_id=session_id):
        return _adjusted(proposal_id, session_id, start, by, now)


def _adjusted(
    proposal_id: int, session_id: int, start: datetime, by: Actor, now: datetime
) -> Proposal:
    proposal, read = opened_proposal(proposal_id=proposal_id, by=by, now=now)
    if session_id not in read.proposed:
        raise Malformed("This session is not in the proposal.", field="session")
    if start.tzinfo is None or floor_q(start) != ceil_q(start):
        raise Malformed("A start has its zone and lies on a 5-minute mark.", field="start")
    task = replace(adjusting(read, now), wanted={session_id: floor_q(start)})
    _must_be_free(task, session_id, floor_q(start))
    work, found = solved(task)
    until = proposal.held_until
    note = keeping.Note(
        kind=Proposal.Kind(proposal.kind),
        by=by,
        held_until=now + HELD if until and until > now else None,
        why=tuple(proposal.why),
    )
    return keeping.store(work=work, found=found, note=note)


def _must_be_free(task: Task, session_id: int, start_q: int) -> None:
    """Refuse a start that the session could not have on its own, with every reason against it."""
    work = posed(replace(task, wanted={}))
    key = task.keys[session_id]
    window = work.problem.course.window
    if window.has(work.problem.openings[key].starts, start_q):
        return
    if not window.holds(start_q):
        raise Malformed("That start lies outside of the time that can be booked.", field="start")
    raise Refused(diary.told(work.looks[key], start_q))


def decline(*, proposal_id: int, by: Actor, now: datetime) -> Proposal:
    """End a proposal that nobody wants, and let go of what it holds, even where the plan rests.

    Raises:
        ProposalOver: it is no longer open.
        NotFound: no such proposal for this actor.

    """
    found = seen_proposal(proposal_id=proposal_id, by=by)
    return keeping.end(proposal_id=found.pk, state=Proposal.State.DECLINED, by=by, now=now)

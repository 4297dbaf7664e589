"""What life moved, put right: the least of the course moved again."""

from datetime import datetime

from plans.courses.reading import view
from plans.models import Proposal
from plans.planning import keeping
from plans.planning.noting import noting
from plans.planning.posing import Task
from plans.planning.reach import opened_plan
from plans.planning.solving import solved
from scheduling.core.words import Actor


def reflow(*, plan_id: int, by: Actor, now: datetime) -> Proposal | None:
    """Propose the fewest and smallest moves that make the plan fit again; None when it fits.

    What is done, fixed or under way stays. Sessions that were missed or cancelled get dates
    again. Nothing moves until the proposal is accepted.

    Raises: see `propose`; a plan without anything to place fits.
    """
    with noting(by, now, plan_id=plan_id):
        return reflowed(plan_id=plan_id, by=by, now=now)


def reflowed(*, plan_id: int, by: Actor, now: datetime) -> Proposal | None:
    """Re-flow without counting what is refused.

    Raises: see `propose`.
    """
    read = opened_plan(plan_id=plan_id, by=by, now=now)
    task = Task(
        read=read, now=now, moving=keeping.movable(read, now), ignoring=keeping.holds_of(read)
    )
    if not task.open:
        return None
    work, found = solved(task)
    if keeping.changes_nothing(work, found):
        return None
    why = tuple(reason.as_dict() for reason in view(plan_id, now=now).needs_reflow)
    note = keeping.Note(kind=Proposal.Kind.REFLOW, by=by, why=why)
    return keeping.store(work=work, found=found, note=note)

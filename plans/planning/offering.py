"""Where else one session of a proposal could go: what is offered before `adjust` is asked."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from plans.courses.rows import Rows
from plans.planning import keeping
from plans.planning.posing import Task, posed
from plans.planning.reach import opened_proposal
from plans.planning.refusing import away
from scheduling.core.words import Actor, FreeStart
from scheduling.diary import FreeStarts, HiddenDay
from scheduling.errors import Malformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The starts that a session could have on its own, and the dates without one, with reasons."""

    starts: tuple[FreeStart, ...]
    hidden: tuple[HiddenDay, ...]


def starts(
    *, proposal_id: int, session_id: int, first: date, last: date, by: Actor, now: datetime
) -> Offered:
    """Search local dates, both inclusive, for starts that diary and rules leave to one session.

    What the plan itself holds or would move does not count, and what its earlier sessions will
    leave on file (a patch test) does. Whether the others then fit around it, `adjust` tells.

    Raises:
        Malformed: the session is not in the proposal.
        ProposalOver, Refused, NotFound: see `adjust`.

    """
    _, read = opened_proposal(proposal_id=proposal_id, by=by, now=now)
    if session_id not in read.proposed:
        raise Malformed("This session is not in the proposal.", field="session")
    task = adjusting(read, now)
    work = posed(task)
    first, last = max(first, work.setting.first), min(last, work.setting.last)
    if last < first:
        return Offered(starts=(), hidden=())
    key = task.keys[session_id]
    plain = replace(work.looks[key], first=first, last=last)
    free = FreeStarts(replace(plain, search=work.problem.openings[key].search))
    found = FreeStarts(plain)
    here = {start.start.date() for start in free.starts}
    gone = {start.start.date() for start in found.starts} - here
    away_days = [HiddenDay(day, (away(),)) for day in gone]
    return Offered(starts=tuple(free.starts), hidden=(*found.hidden, *away_days))


def adjusting(read: Rows, now: datetime) -> Task:
    """Answer the task in which everything stays where the open proposal has it, if it can."""
    task = Task(
        read=read,
        now=now,
        moving=keeping.moving_in(read, now),
        ignoring=keeping.holds_of(read),
    )
    kept = {pk: keeping.place_of(row, task.keys[pk]) for pk, row in read.proposed.items()}
    return replace(task, was=kept)

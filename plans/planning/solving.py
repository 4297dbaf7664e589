"""A task solved, and held to the rules once more before anybody reads it.

What two sessions ask of each other is compiled before the search; what the rules would still say
of the whole (a patch test that grows too old before it is renewed) is asked of the plan found, and
what they refuse is taken out of the problem. So no plan is proposed that booking would refuse.
"""

from collections.abc import Sequence
from dataclasses import replace

from plans.core.course import Apart, Placement
from plans.core.course import Proposal as Found
from plans.core.openings import opened
from plans.core.reasons import why_not
from plans.core.sittings import date_of, dates
from plans.core.solver import Problem, propose, reflow
from plans.planning.posing import WANTED, Posed, Task, posed
from plans.planning.refusing import NO_PLAN, no_plan, refused
from plans.planning.spacing import breaches
from scheduling import diary
from scheduling.core.hours import days_window
from scheduling.core.timeline import Timeline, bits
from scheduling.core.words import Reason

TRIES = 25
"""How often the rules may still find something in a plan before the search is given up."""

_CLINICAL = "clinical"


def solved(task: Task) -> tuple[Posed, Found]:
    """Place a course; with `was` in its problem, move as little of it as possible.

    Raises:
        Refused: there is no plan, with the smallest reason found.
        and see `posed`.

    """
    work, against = posed(task), dict[str, Sequence[Reason]]()
    for _ in range(TRIES):
        # What the rules refused once may stand against those that stayed: then all may move.
        found = _anew(work.problem) if against else placed(work.problem)
        if found is None:
            why = why_not(work.problem)
            if why.relaxed == WANTED:
                raise refused(NO_PLAN, "The other sessions have no dates around that start.")
            raise no_plan(why, *_beside(work))
        against = _refused(work, found)
        if not against:
            return work, found
        work = replace(work, problem=_cut(work, found, against))
    key, reasons = next(iter(against.items()))
    raise refused(NO_PLAN, f"The rules refuse {key} wherever it was tried.", *reasons)


def placed(problem: Problem) -> Found | None:
    """Place a course around all that can stay as it is, else with the least moved; None if it cannot."""
    return _around(problem) or _anew(problem)


def _anew(problem: Problem) -> Found | None:
    return reflow(problem) if problem.was else propose(problem)


def _around(problem: Problem) -> Found | None:
    """Place what has no place around everything that can stay exactly as it is; None if that fails.

    Only then may visits move, or change hands, that nothing speaks against: to a patient another
    practitioner is a change like another hour.
    """
    staying = {key: place for key, place in problem.was.items() if _can_stay(problem, place)}
    pins = {**problem.pins, **staying}
    if not staying or any(breaches(problem.course, pins)):
        return None
    rest = {key: place for key, place in problem.was.items() if key not in staying}
    return reflow(replace(problem, pins=pins, was=rest))


def _can_stay(problem: Problem, place: Placement) -> bool:
    """Tell whether diary and rules leave a session where it is, with what it holds, taken alone."""
    opening, window = problem.openings[place.key], problem.course.window
    if not window.has(opening.starts, place.start_q):
        return False
    mine = {held.resource_id for held in place.held}
    return all(
        any(p.resource in mine and window.has(p.fits, place.start_q) for p in need)
        for need in opening.needs
    )


def _refused(work: Posed, found: Found) -> dict[str, Sequence[Reason]]:
    """Ask the rules about every session placed anew, among all the others."""
    placed = [p for p in found.placements if p.key in work.looks]
    answers = diary.against(
        seen=[work.looks[p.key] for p in placed],
        starts=[p.start_q for p in placed],
        setting=work.setting,
        now=work.task.now,
    )
    return {p.key: reasons for p, reasons in zip(placed, answers, strict=True) if reasons}


def _cut(work: Posed, found: Found, against: dict[str, Sequence[Reason]]) -> Problem:
    """Take what the rules refuse out of the problem: a gap too short, or else the date."""
    placed = [p for p in found.placements if p.key in work.looks]
    problem = work.problem
    key, reasons = next(iter(against.items()))
    mine = found.at(key)
    other = reasons[0].other
    if other.startswith(":"):
        one, two = sorted((mine, placed[int(other[1:])]), key=lambda p: p.start_q)
        rule = Apart(
            first=one.key, then=two.key, days=_gap(work, one, two) + 1, code=reasons[0].code
        )
        course = replace(problem.course, aparts=(*problem.course.aparts, rule))
        return replace(problem, course=course)
    day = dates(mine.start_q, 1, problem.course.zone)[0]
    gone = days_window(date_of(day), date_of(day), problem.course.zone)
    opening = problem.openings[key]
    window = problem.course.window
    left = opening.allowed.get(_CLINICAL, window.full) & ~window.between(gone.q0, gone.q1)
    search = replace(opening.search, allowed={**opening.search.allowed, _CLINICAL: left})
    return replace(problem, openings={**problem.openings, key: opened(search)})


def _gap(work: Posed, one: Placement, two: Placement) -> int:
    zone = work.problem.course.zone
    ended = dates(one.start_q, one.end_q - one.start_q, zone)[1]
    return dates(two.start_q, 1, zone)[0] - ended


def _beside(work: Posed) -> tuple[Reason, ...]:
    """Tell what diary and rules say of the first session that has no start at all, if one has none."""
    for key, opening in work.problem.openings.items():
        if opening.starts or work.sessions[key].optional:
            continue
        look = work.looks[key]
        quiet = _quietest([*opening.allowed.values()], look.dates & look.grid)
        if quiet is not None:
            return tuple(diary.told(look, look.window.q0 + quiet))
    return ()


def _quietest(masks: Sequence[Timeline], dates: Timeline) -> int | None:
    """Return a start that as many masks as possible leave, so that what is told is to the point."""
    best = dates
    for mask in masks:
        best = best & mask or best
    found = bits(best)
    return int(found[0]) if len(found) else None

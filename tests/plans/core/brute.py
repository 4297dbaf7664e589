"""Every plan of a small course, one after another: what the solver is held against."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations, product

from plans.core.course import Course, Lag, Placement, Proposal, Step, Unit
from plans.core.solver import Problem
from scheduling.core.availability import Search
from scheduling.core.words import Held

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Rank = tuple[object, ...]


def local(quantum: int, course: Course) -> datetime:
    return (EPOCH + timedelta(minutes=5 * quantum)).astimezone(course.zone)


def start_date(place: Placement, course: Course) -> date:
    return local(place.start_q, course).date()


def end_date(place: Placement, course: Course) -> date:
    end = EPOCH + timedelta(minutes=5 * place.end_q) - timedelta(microseconds=1)
    return end.astimezone(course.zone).date()


def placements(step: Step, search: Search) -> Iterator[Placement]:
    """List every start with every assignment of resources, taken alone."""
    for bit in range(search.window.length):
        start = search.window.q0 + bit
        if not all(line >> bit & 1 for line in search.allowed.values()):
            continue
        choices = [
            [
                Held(r, option.kind, *option.held(start, search.length))
                for option in need
                for r in option.candidates
                if is_free(search, option.skill, r, option.held(bit, search.length))
            ]
            for need in search.needs
        ]
        for held in product(*choices):
            if not any(clash(a, b) for a, b in combinations(held, 2)):
                yield Placement(
                    key=step.key, start_q=start, end_q=start + step.length, held=tuple(held)
                )


def is_free(search: Search, skill: str, resource: int, span: tuple[int, int]) -> bool:
    line = search.free.get(resource, 0) & search.able.get((skill, resource), -1)
    return span[0] >= 0 and all(line >> bit & 1 for bit in range(*span))


def clash(one: Held, other: Held) -> bool:
    same = one.resource_id == other.resource_id
    return same and one.start_q < other.end_q and other.start_q < one.end_q


def lag_holds(lag: Lag, earlier: Placement, later: Placement, course: Course) -> bool:
    if lag.least >= 0 and lag.unit is Unit.DAYS and later.start_q < earlier.end_q:
        return False
    gap = counted(lag, earlier, later, course)
    return lag.least <= gap and (lag.most is None or gap <= lag.most)


def counted(lag: Lag, earlier: Placement, later: Placement, course: Course) -> int:
    if lag.unit is Unit.MINUTES:
        return (later.start_q - earlier.start_q) * 5
    return (start_date(later, course) - end_date(earlier, course)).days


def off_target(lag: Lag, earlier: Placement, later: Placement, course: Course) -> int:
    if lag.target is None:
        return 0
    off = abs(counted(lag, earlier, later, course) - lag.target)
    return off if lag.unit is Unit.MINUTES else off * 1440


def holds(course: Course, plan: dict[str, Placement], pins: frozenset[str] = frozenset()) -> bool:
    """Tell whether a plan breaks nothing."""
    for one, two in combinations(plan.values(), 2):
        if {one.key, two.key} <= pins:
            continue
        if any(clash(a, b) for a in one.held for b in two.held):
            return False
        if course.one_place and one.start_q < two.end_q and two.start_q < one.end_q:
            return False
    steps = [step for step in course.steps if step.key in plan]
    return all(step_holds(course, step, plan, pins) for step in steps) and rules_hold(
        course, plan, pins
    )


def step_holds(
    course: Course, step: Step, plan: dict[str, Placement], pins: frozenset[str]
) -> bool:
    own = plan[step.key]
    if step.same_as in plan and hands(own) != hands(plan[step.same_as]):
        return False
    return all(
        {step.key, lag.after} <= pins or lag_holds(lag, plan[lag.after], own, course)
        for lag in step.lags
        if lag.after in plan
    )


def hands(place: Placement) -> int:
    return next(h.resource_id for h in place.held if h.kind == "practitioner")


def rules_hold(course: Course, plan: dict[str, Placement], pins: frozenset[str]) -> bool:
    for rule in course.aparts:
        one, two = plan.get(rule.first), plan.get(rule.then)
        if one is None or two is None or {rule.first, rule.then} <= pins:
            continue
        gap = (start_date(two, course) - end_date(one, course)).days
        if one.start_q < two.start_q and gap < rule.days:
            return False
    for crowd in course.crowds:
        days = [start_date(plan[k], course) for k in sorted(crowd.steps) if k in plan]
        days += list(crowd.taken)
        for day in days:
            if sum(0 <= (other - day).days < crowd.days for other in days) > crowd.count:
                return False
    return True


def rank(course: Course, plan: dict[str, Placement], was: dict[str, Placement] | None) -> Rank:
    """Return what plans are compared by."""
    required = [s.key for s in course.steps if not s.optional]
    end = max(start_date(plan[key], course) for key in required)
    off = sum(
        off_target(lag, plan[lag.after], plan[step.key], course)
        for step in course.steps
        for lag in step.lags
        if step.key in plan and lag.after in plan
    )
    waste = sum(course.worth.get(h.resource_id, 0) for p in plan.values() for h in p.held)
    unmet = sum(unmet_by(place, course) for place in plan.values())
    if was is None:
        return (end, off, unmet, waste)
    moved = [key for key in plan if key in was and plan[key].start_q != was[key].start_q]
    days = sum(abs((start_date(plan[k], course) - start_date(was[k], course)).days) for k in moved)
    changed = sum(
        h.resource_id not in {w.resource_id for w in was[k].held}
        for k in plan
        if k in was
        for h in plan[k].held
    )
    return (len(moved), days, off, changed, unmet, waste)


def unmet_by(place: Placement, course: Course) -> int:
    wish = course.preference
    begins = local(place.start_q, course)
    count = int(bool(wish.weekdays) and begins.weekday() not in wish.weekdays)
    count += bool(wish.times) and not any(
        low <= begins.time() and (begins.time() < high or high.hour == high.minute == 0)
        for low, high in wish.times
    )
    return count + sum(
        bool(wish.practitioners)
        and h.kind == "practitioner"
        and h.resource_id not in wish.practitioners
        for h in place.held
    )


def plans(
    course: Course, steps: Sequence[Step], searches: dict[str, Search]
) -> Iterator[dict[str, Placement]]:
    for chosen in product(*(list(placements(step, searches[step.key])) for step in steps)):
        plan = {place.key: place for place in chosen}
        if holds(course, plan):
            yield plan


def best(
    course: Course, searches: dict[str, Search], was: dict[str, Placement] | None = None
) -> Rank | None:
    """Return the rank of the best plan, the number of optional sessions first; None without one."""
    required = [s for s in course.steps if not s.optional]
    optional = [s for s in course.steps if s.optional]
    bare = [rank(course, plan, was) for plan in plans(course, required, searches)]
    if not bare:
        return None
    ahead = 1 if was is None else 2
    for count in range(len(optional), 0, -1):
        found = [
            rank(course, plan, was)
            for some in combinations(optional, count)
            for plan in plans(
                course, [s for s in course.steps if s in required or s in some], searches
            )
        ]
        good = [each for each in found if each[:ahead] <= min(bare)[:ahead]]
        if good:
            return (count, *min(good))
    return (0, *min(bare))


def ranked(problem: Problem, proposal: Proposal, was: dict[str, Placement] | None = None) -> Rank:
    plan = {place.key: place for place in proposal.placements}
    assert holds(problem.course, plan, frozenset(problem.pins))
    optional = {s.key for s in problem.course.steps if s.optional}
    return (len(optional & set(plan)), *rank(problem.course, plan, was))

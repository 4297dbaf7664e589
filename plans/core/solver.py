"""Place a whole course at once, or move as little of it as possible: exact, never greedy.

`propose` finds the plan of least cost in this order: the earliest local date of the last required
session; the least sum of |lag - target|; the fewest wishes unmet; the least worth of what is held.
`reflow` keeps pins, moves the fewest sessions, by the fewest days in all, and then goes by the
same order from the second on. Optional steps are placed, as many as possible, where that costs
the course nothing of its end (`propose`) or moves nothing more (`reflow`); a lag to a step that
is left out falls away.

1. Lags and rules whose order is known push every session to its least date
   (`plans.core.gaps.Frame.lows`); the last of these is a lower bound on the plan's end, and
   nearly always the end itself.
2. Where dates alone settle the course, they are searched with the end fixed, by dynamic
   programming with exact bounds (`plans.core.agenda`), and only sittings of best plans get a time
   of day and resources.
3. Where sessions may touch in time, compete, are tied by minutes or may come in either order,
   the least end is found first, and then the least costs by that end, by relaxation and
   branching (`plans.core.branching`).

One practitioner for several steps is tried person by person, with what the best one so far costs
as the bound for the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice, product

from plans.core.course import PRACTITIONER, Cost, Placement, Proposal, Step
from plans.core.gaps import Frame, framed
from plans.core.openings import Opening, bound_to, practitioners
from plans.core.placing import Found, Placing, Problem, Rank
from plans.core.sittings import FAR, date_of
from plans.core.tables import DAY_MOVED, MOVED
from plans.core.visits import CHANGED, UNMET
from scheduling.core.words import Held

__all__ = ["Problem", "possible", "propose", "reflow", "same_groups"]


def propose(problem: Problem) -> Proposal | None:
    """Return the best plan of a course; None when it has none in its window."""
    return _solved(replace(problem, was={}), moving=False)


def reflow(problem: Problem) -> Proposal | None:
    """Return the plan that moves least from `problem.was`; None when there is none."""
    return _solved(problem, moving=True)


def _solved(problem: Problem, *, moving: bool) -> Proposal | None:
    """Place the required steps, then as many optional ones as cost nothing that counts first."""
    steps = problem.course.steps
    optional = [s for s in steps if s.optional and s.key not in problem.pins]
    if not optional:
        found = _placed(problem, steps, None, moving=moving)
        return None if found is None else _proposal(problem, found)
    required = [s for s in steps if s not in optional]
    least = _placed(problem, required, None, moving=moving)
    if least is None:
        return None
    for count in range(len(optional), 0, -1):
        best: Found | None = None
        for some in combinations(optional, count):
            chosen = [s for s in steps if s in required or s in some]
            found = _placed(problem, chosen, best.rank if best else None, moving=moving)
            if found and _worth(found, least) and (best is None or found.rank < best.rank):
                best = found
        if best is not None:
            return _proposal(problem, best)
    return _proposal(problem, least)


def _worth(found: Found, least: Found) -> bool:
    """Tell whether optional steps leave the end, and what moves, as it is without them."""
    return (found.rank[0], found.rank[1] // DAY_MOVED) <= (
        least.rank[0],
        least.rank[1] // DAY_MOVED,
    )


def _placed(
    problem: Problem,
    steps: Sequence[Step],
    limit: Rank | None,
    *,
    moving: bool,
) -> Found | None:
    """Return the best plan of these steps that ranks before `limit`, over all practitioners."""
    best: Found | None = None
    hands = _Hands.of(problem, steps, moving=moving)
    for floor, people in hands.choices(limit):
        rank = best.rank if best else limit
        if rank is not None and floor >= rank:
            break
        found = hands.placing(people).best(None if rank is None else rank[0])
        if found is not None and (rank is None or found.rank < rank):
            best = found
    return best


def possible(problem: Problem, patience: int) -> bool:
    """Tell whether the required steps have a plan at all; False also where that is not settled.

    `patience` is how many nodes of the search each choice of practitioners may take.
    """
    steps = [s for s in problem.course.steps if not s.optional or s.key in problem.pins]
    hands = _Hands.of(problem, steps, moving=False)
    people = product(*(hands.able(number) for number in range(len(hands.groups))))
    return any(hands.placing(some).possible(patience) for some in islice(people, patience))


@dataclass(frozen=True)
class _Hands:
    """The groups of steps that want one practitioner each, and who it could be."""

    problem: Problem
    frame: Frame
    openings: Mapping[str, Opening]
    groups: Sequence[Sequence[str]]
    moving: bool

    @classmethod
    def of(cls, problem: Problem, steps: Sequence[Step], *, moving: bool) -> "_Hands":
        frame = framed(problem.course, steps, frozenset(problem.pins))
        openings = {s.key: problem.openings[s.key] for s in steps if s.key not in problem.pins}
        return cls(problem, frame, openings, same_groups(steps), moving)

    def placing(self, people: Sequence[int | None]) -> Placing:
        """Return the course with one person for each group; None leaves a group unbound."""
        openings = dict(self.openings)
        for group, person in zip(self.groups, people, strict=True):
            for key in group:
                if person is not None and key in openings:
                    openings[key] = bound_to(openings[key], person)
        return Placing(self.problem, self.frame, openings, moving=self.moving)

    def _only(self, number: int, person: int) -> Placing:
        """Return the course with one group bound."""
        free: list[int | None] = [None] * len(self.groups)
        free[number] = person
        return self.placing(free)

    def able(self, number: int) -> list[int]:
        """Return who could do all sessions of one group, whoever does the others."""
        people = sorted(_people(self.problem, self.groups[number], self.openings))
        return [person for person in people if self._only(number, person).soonest < FAR]

    def choices(self, limit: Rank | None) -> Iterator[tuple[Rank, tuple[int, ...]]]:
        """Yield a person for each group, with a rank that no plan of theirs is before; ascending.

        With several groups, each is solved for itself first: what one person costs with the other
        groups unbound is such a rank, and rules out most of the combinations.
        """
        if not self.groups:
            yield _ANY, ()
            return
        floors = [self._floors(number, limit) for number in range(len(self.groups))]
        rows = (tuple(zip(*some, strict=True)) for some in product(*floors))
        yield from sorted((max(ranks), people) for ranks, people in rows)

    def _floors(self, number: int, limit: Rank | None) -> list[tuple[Rank, int]]:
        """Return each person for one group with a rank that none of their plans is before."""
        if len(self.groups) == 1:
            people = sorted(_people(self.problem, self.groups[number], self.openings))
            soonest = [(self._only(number, person).soonest, person) for person in people]
            return [((day, -1, -1), person) for day, person in soonest if day < FAR]
        found = [
            (self._only(number, person).best(None if limit is None else limit[0]), person)
            for person in self.able(number)
        ]
        return [(plan.rank, person) for plan, person in found if plan is not None]


_ANY: Rank = (-FAR, -1, -1)
"""A rank before all others."""


def same_groups(steps: Sequence[Step]) -> list[list[str]]:
    """Return the groups of steps that want one practitioner; a step left out binds nothing."""
    groups: list[list[str]] = []
    for step in steps:
        home = next((g for g in groups if step.same_as in g), None)
        if home is None:
            groups.append([step.key])
        else:
            home.append(step.key)
    return [group for group in groups if len(group) > 1]


def _people(problem: Problem, group: Sequence[str], openings: Mapping[str, Opening]) -> set[int]:
    """Return who can do all sessions of a group; a pinned one has its practitioner already."""
    able: set[int] | None = None
    for key in group:
        if key in problem.pins:
            held = problem.pins[key].held
            some = {h.resource_id for h in held if h.kind == PRACTITIONER}
        else:
            some = set(practitioners(openings[key]))
        able = some if able is None else able & some
    return able or set()


def _proposal(problem: Problem, found: Found) -> Proposal:
    """Spell a plan as its placements, in the order of the steps."""
    placements = []
    for at, step in enumerate(found.steps):
        start, holds = found.places[at]
        pin = problem.pins.get(step.key)
        placements.append(
            pin
            or Placement(
                key=step.key,
                start_q=start,
                end_q=start + step.length,
                held=tuple(Held(*hold) for hold in holds),
            )
        )
    keys = {step.key for step in found.steps}
    _, primary, secondary = found.rank
    return Proposal(
        placements=tuple(placements),
        end=date_of(max(_days(found))),
        cost=Cost(
            moved=primary // MOVED,
            days_moved=primary % MOVED // DAY_MOVED,
            off_target=primary % DAY_MOVED,
            unmet=secondary % CHANGED // UNMET,
            waste=secondary % UNMET,
        ),
        left_out=tuple(s.key for s in problem.course.steps if s.key not in keys),
    )


def _days(found: Found) -> list[int]:
    """Return the start dates of the required sessions, of all where none is required."""
    rows = list(zip(found.steps, found.days, strict=True))
    return [day for step, day in rows if not step.optional] or [day for _, day in rows]

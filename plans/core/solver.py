"""Place a whole course at once, or move as little of it as possible: exact, never greedy.

`propose` finds the plan of least cost in this order: the earliest local date of the last required
session; the least sum of |lag - target|; the fewest wishes unmet; the least worth of what is held.
`reflow` keeps pins, moves the fewest sessions, by the fewest days in all, and then goes by the
same order from the second on. Optional steps are placed, as many as possible, where that costs
the course nothing of its end (`propose`) or moves nothing more (`reflow`); a lag to a step that
is left out falls away.

1. Lags and rules whose order is known push every session to its least date
   (`plans.core.gaps.Frame.push`); the last of these is a lower bound on the plan's end, and
   nearly always the end itself.
2. With the end fixed, the dates are searched by dynamic programming with exact bounds
   (`plans.core.agenda`), and only sittings of best plans get a time of day and resources.
3. Where no plan ends on the bound, the least end is found by bisection: a later end never
   removes a plan.

One practitioner for several steps is tried person by person, with what the best one so far costs
as the bound for the others.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

from plans.core.agenda import Agenda
from plans.core.binding import bound, lag_edge, touching
from plans.core.branching import Branching, Known
from plans.core.course import PRACTITIONER, Cost, Course, Placement, Proposal, Step, Unit
from plans.core.gaps import Frame, framed
from plans.core.nearness import Nearness, Target
from plans.core.openings import Opening, bound_to, practitioners, wishes
from plans.core.sittings import FAR, Pinned, Starts, date_of
from plans.core.tables import DAY_MOVED, MOVED
from plans.core.visits import CHANGED, UNMET, Hold, Visits
from scheduling.core.words import Held


@dataclass(frozen=True)
class Problem:
    """A course with what the diary leaves of its window, and what is fixed already.

    `openings` has each step that is not pinned. `pins` are sessions that stay where they are, in
    the window or before it; `was` are the placements that a re-flow would like to keep.
    """

    course: Course
    openings: Mapping[str, Opening]
    pins: Mapping[str, Placement] = field(default_factory=dict)
    was: Mapping[str, Placement] = field(default_factory=dict)

    @cached_property
    def likes(self) -> tuple[int, ...]:
        """The starts that meet each wish about weekdays and times of day."""
        return wishes(self.course.preference, self.course.zone, self.course.window)


@dataclass(frozen=True, slots=True)
class _Found:
    """The best plan for some steps, with its rank: what is compared."""

    rank: tuple[int, int, int]
    steps: tuple[Step, ...]
    places: Mapping[int, tuple[int, tuple[Hold, ...]]]
    days: Sequence[int]


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
        best: _Found | None = None
        for some in combinations(optional, count):
            chosen = [s for s in steps if s in required or s in some]
            found = _placed(problem, chosen, best.rank if best else None, moving=moving)
            if found and _worth(found, least) and (best is None or found.rank < best.rank):
                best = found
        if best is not None:
            return _proposal(problem, best)
    return _proposal(problem, least)


def _worth(found: _Found, least: _Found) -> bool:
    """Tell whether optional steps leave the end, and what moves, as it is without them."""
    return (found.rank[0], found.rank[1] // DAY_MOVED) <= (
        least.rank[0],
        least.rank[1] // DAY_MOVED,
    )


def _placed(
    problem: Problem,
    steps: Sequence[Step],
    limit: tuple[int, int, int] | None,
    *,
    moving: bool,
) -> _Found | None:
    """Return the best plan of these steps that ranks before `limit`, over all practitioners."""
    frame = framed(problem.course, steps, frozenset(problem.pins))
    openings = {s.key: problem.openings[s.key] for s in steps if s.key not in problem.pins}
    best: _Found | None = None
    tries = [
        _Try(problem, frame, each, moving=moving) for each in _bindings(problem, steps, openings)
    ]
    for trial in sorted(tries, key=lambda one: one.soonest):
        rank = best.rank if best else limit
        if rank is not None and trial.soonest > rank[0]:
            break
        found = trial.best(None if rank is None else rank[0])
        if found is not None and (rank is None or found.rank < rank):
            best = found
    return best


def _bindings(
    problem: Problem, steps: Sequence[Step], openings: Mapping[str, Opening]
) -> Iterator[dict[str, Opening]]:
    """Yield the openings for each choice of a practitioner for each group of bound steps."""
    groups = same_groups(steps)
    choices = [dict(openings)]
    for group in groups:
        choices = [
            each | {key: bound_to(each[key], person) for key in group if key in each}
            for each in choices
            for person in sorted(_people(problem, group, each))
        ]
    yield from choices


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


class _Try:
    """One choice of practitioners: the course's dates, cut and searched."""

    def __init__(
        self, problem: Problem, frame: Frame, openings: Mapping[str, Opening], *, moving: bool
    ) -> None:
        """Group starts into sittings and push them to their least dates."""
        self.problem, self.frame, self.openings = problem, frame, openings
        self.moving = moving
        self.sets = [self._starts(step) for step in frame.steps]
        self.visits = self._visits()
        self.lows = frame.lows(self.sets)
        if self.lows is None:
            self.soonest = FAR
        else:
            self.soonest = 0 if moving else self._end(self.lows)

    def _starts(self, step: Step) -> Starts | Pinned:
        course, pin = self.problem.course, self.problem.pins.get(step.key)
        if pin is not None:
            return Pinned(pin.start_q, pin.end_q - pin.start_q, course.zone)
        return Starts(self.openings[step.key].starts, step.length, course.zone, course.window)

    def _required(self) -> list[int]:
        return [at for at, step in enumerate(self.frame.steps) if not step.optional]

    def _end(self, days: Sequence[int]) -> int:
        """Return the last date of the required steps."""
        return max([-FAR, *(days[at] for at in self._required())])

    def best(self, limit: int | None) -> _Found | None:
        """Return the best plan that ends by `limit` at the latest."""
        if self.moving:
            return self._by(self._windows(None))
        windows = self._windows(self.soonest)
        if windows is not None and self._plain(windows):
            found = self._by(windows, plain=True)
            if found is not None:
                return found
        windows = self._windows(limit)
        search = None if windows is None else self._branching(windows)
        end = None if search is None else search.least_end()
        if search is None or end is None:
            return None
        return self._by(self._windows(end), known=search.known)

    def _windows(self, last: int | None) -> list[tuple[int, int]] | None:
        """Return the dates left of each step where required ones lie on or before a date."""
        if self.lows is None:
            return None
        lows, highs = list(self.lows), [FAR] * len(self.lows)
        if last is not None:
            for at in self._required():
                if self.frame.steps[at].key not in self.problem.pins:
                    highs[at] = last
        return (
            list(zip(lows, highs, strict=True)) if self.frame.push(self.sets, lows, highs) else None
        )

    def _plain(self, windows: Sequence[tuple[int, int]]) -> bool:
        """Tell whether dates settle all but the time of day of each session alone."""
        visits = self.visits
        return (
            not self.problem.course.crowds
            and not any(lag.unit is Unit.MINUTES for p in self.frame.pairs for lag in p.lags)
            and not any(opening.clashing for opening in self.openings.values())
            and not touching(visits, windows)
        )

    def _by(
        self,
        windows: Sequence[tuple[int, int]] | None,
        known: Known | None = None,
        *,
        plain: bool = False,
    ) -> _Found | None:
        """Return the best plan within windows of dates; `known` may know one already."""
        if windows is None:
            return None
        if plain or self._plain(windows):
            sets = [
                each.within(low, high) for each, (low, high) in zip(self.sets, windows, strict=True)
            ]
            agenda = Agenda(self.visits, sets)
            alone = all(len(each) == 1 for each in sets)
            if alone or agenda.prepare():
                answer = agenda.only() if alone else agenda.best()
                return None if answer is None else self._found(*answer)
        search = self._branching(windows)
        if search is None:
            return None
        search.known = known
        best = search.least()
        return None if best is None else self._found(*best.rank, best.places)

    def _found(
        self, primary: int, secondary: int, places: Mapping[int, tuple[int, tuple[Hold, ...]]]
    ) -> _Found:
        days = [each.dated(places[at][0])[0] for at, each in enumerate(self.sets)]
        end = 0 if self.moving else self._end(days)
        return _Found((end, primary, secondary), self.frame.steps, places, days)

    def _branching(self, windows: Sequence[tuple[int, int]]) -> Branching | None:
        root = bound(self.visits, self.problem.course.crowds, windows)
        if root is None:
            return None
        targets = [
            Target(lag_edge(pair.one, pair.two, lag), lag.target)
            for pair in self.frame.pairs
            for lag in pair.lags
            if lag.target is not None
        ]
        nearness = Nearness(self.visits, targets)
        return Branching(self.visits, root, nearness, self._required())

    def _visits(self) -> Visits:
        problem = self.problem
        index = {step.key: at for at, step in enumerate(self.frame.steps)}
        return Visits(
            course=problem.course,
            frame=self.frame,
            openings={index[key]: each for key, each in self.openings.items()},
            sets=self.sets,
            wishes=problem.likes,
            pins={index[key]: pin for key, pin in problem.pins.items() if key in index},
            was={
                index[key]: was
                for key, was in problem.was.items()
                if key in index and key not in problem.pins
            },
        )


def _proposal(problem: Problem, found: _Found) -> Proposal:
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


def _days(found: _Found) -> list[int]:
    """Return the start dates of the required sessions, of all where none is required."""
    rows = list(zip(found.steps, found.days, strict=True))
    return [day for step, day in rows if not step.optional] or [day for _, day in rows]

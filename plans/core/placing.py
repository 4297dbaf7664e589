"""One choice of practitioners for a course: its dates cut, then searched by what its sessions need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from plans.core.agenda import Agenda
from plans.core.binding import bound, lag_edge, touching
from plans.core.branching import Branching, Known
from plans.core.course import Course, Placement, Step, Unit
from plans.core.gaps import Frame
from plans.core.nearness import Nearness, Target
from plans.core.openings import Opening, wishes
from plans.core.sittings import FAR, Pinned, Starts
from plans.core.visits import Hold, Visits


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


Rank: TypeAlias = tuple[int, int, int]
"""The end (0 in a re-flow), the primary and the secondary cost of a plan."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan for some steps, with its rank (what is compared) and its start dates."""

    rank: Rank
    steps: tuple[Step, ...]
    places: Mapping[int, tuple[int, tuple[Hold, ...]]]
    days: Sequence[int]


class Placing:
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

    def best(self, limit: int | None) -> Found | None:
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
    ) -> Found | None:
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
    ) -> Found:
        days = [each.dated(places[at][0])[0] for at, each in enumerate(self.sets)]
        end = 0 if self.moving else self._end(days)
        return Found((end, primary, secondary), self.frame.steps, places, days)

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

    def possible(self, patience: int) -> bool | None:
        """Tell whether there is any plan; None where so many nodes of the search do not settle it."""
        windows = self._windows(None)
        search = None if windows is None else self._branching(windows)
        return False if search is None else search.possible(patience)

"""What a session's starts cost, and which resources it holds, taken alone.

A start costs the wishes that it leaves unmet and, for each need, the cheapest place that fits it.
The cheapest starts out of thousands are found without pricing the others: wishes and needs are
levels of equal cost, taken in turn, the least sum first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from plans.core.course import PRACTITIONER, Course, Placement
from plans.core.gaps import Frame
from plans.core.openings import Opening, Place
from plans.core.sittings import Pinned, Starts
from scheduling.core.timeline import Timeline

UNMET = 1 << 24
"""A wish unmet, in units of waste: more than all that a plan could hold is worth."""
CHANGED = 1 << 34
"""A resource other than before, in units of waste: more than all wishes."""

Hold: TypeAlias = tuple[int, str, int, int]
"""Resource, kind, and the quanta it is held."""
Offer: TypeAlias = tuple[int, Hold]
"""What a hold costs, and the hold."""
Ranked: TypeAlias = Sequence[Sequence[tuple[int, Place]]]
"""The places of each need with what they cost, cheapest first."""
Level: TypeAlias = tuple[int, Timeline]
"""A cost and the starts that cost so much."""


@dataclass(slots=True)
class Visits:
    """The sessions of one frame: what each could start at and hold, and at what cost."""

    course: Course
    frame: Frame
    openings: Mapping[int, Opening]
    sets: Sequence[Starts | Pinned]
    wishes: Sequence[Timeline]
    pins: Mapping[int, Placement]
    was: Mapping[int, Placement]
    lengths: list[int] = field(init=False)
    _ranked: dict[int, Ranked] = field(default_factory=dict)
    _orders: dict[tuple[int, ...], list[tuple[int, int]]] = field(default_factory=dict)
    _levels: dict[tuple[int, int, Timeline, tuple[int, ...]], Level] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look up how long sessions are; a pin may be longer or shorter than its step."""
        self.lengths = [
            self.pins[at].end_q - self.pins[at].start_q if at in self.pins else step.length
            for at, step in enumerate(self.frame.steps)
        ]

    def day(self, step: int, start_q: int) -> int:
        """Return the date on which a start of a session lies, in the window or out of it."""
        return self.sets[step].dated(start_q)[0]

    def level(self, step: int, origin: int, line: Timeline, needs: Ranked) -> Level:
        """Return the least that some starts cost, and those of them that cost so little.

        The bits of both lines count from `origin`; all needs of each start are met.
        """
        if step in self.pins:
            return 0, line
        key = (step, origin, line, tuple(map(id, needs)))
        if key not in self._levels:
            self._levels[key] = self._least(step, origin, line, needs)
        return self._levels[key]

    def _least(self, step: int, origin: int, line: Timeline, needs: Ranked) -> Level:
        shift = origin - self.course.window.q0
        stages = [_Stage([(0, wish), (UNMET, -1)], shift, line) for wish in self.wishes]
        # Two needs that may want one resource cost at least what each costs alone.
        stages += [_Stage([(cost, p.fits) for cost, p in need], shift, line) for need in needs]
        return _cheapest(line, stages)

    def ranked(self, step: int) -> Ranked:
        """Return the places of each need, cheapest first, then by id; none for a pin."""
        if step not in self._ranked:
            needs = () if step in self.pins else self.openings[step].needs
            self._ranked[step] = [self._in_order(step, need) for need in needs]
        return self._ranked[step]

    def _in_order(self, step: int, need: Sequence[Place]) -> list[tuple[int, Place]]:
        """Sort a need's places by cost; sessions with the same candidates share the order."""
        key = (step if step in self.was else -1, *[place.resource for place in need])
        order = self._orders.get(key)
        if order is None:
            rows = [(self.price(step, p), p.resource, at) for at, p in enumerate(need)]
            order = self._orders[key] = [(cost, at) for cost, _, at in sorted(rows)]
        return [(cost, need[at]) for cost, at in order]

    def price(self, step: int, place: Place) -> int:
        """Return what it costs to hold a place: scarcity, a wish unmet, a change in a re-flow."""
        cost = self.course.worth.get(place.resource, 0)
        wanted = self.course.preference.practitioners
        if wanted and place.kind == PRACTITIONER and place.resource not in wanted:
            cost += UNMET
        if self.was:
            before = self.was.get(step)
            if before is not None and all(h.resource_id != place.resource for h in before.held):
                cost += CHANGED
        return cost

    def offers(self, step: int, start: int, needs: Ranked) -> list[list[Offer]]:
        """Return, need by need, the holds that a start offers out of some places."""
        if step in self.pins:
            held = self.pins[step].held
            return [[(0, (h.resource_id, h.kind, h.start_q, h.end_q))] for h in held]
        bit = start - self.course.window.q0
        return [
            [
                (cost, (p.resource, p.kind, start + p.low, start + p.high))
                for cost, p in need
                if p.fits >> bit & 1
            ]
            for need in needs
        ]

    def cheapest(self, step: int, start: int) -> tuple[Hold, ...]:
        """Return the cheapest hold of each need at a start, each need for itself."""
        if step in self.pins:
            return tuple(need[0][1] for need in self.offers(step, start, ()))
        bit = start - self.course.window.q0
        places = (next(p for _, p in need if p.fits >> bit & 1) for need in self.ranked(step))
        return tuple((p.resource, p.kind, start + p.low, start + p.high) for p in places)

    def wish_cost(self, step: int, start: int) -> int:
        """Return what a start costs by its weekday and time of day."""
        if step in self.pins:
            return 0
        bit = start - self.course.window.q0
        return sum(UNMET for wish in self.wishes if not wish >> bit & 1)


class _Stage:
    """One wish or one need: its levels of equal cost, each made when it is first asked for."""

    __slots__ = ("_line", "_next", "_rows", "_seen", "_shift", "levels")

    def __init__(self, rows: Sequence[Level], shift: int, line: Timeline) -> None:
        self._rows, self._shift, self._line = rows, shift, line
        self._next = self._seen = 0
        self.levels: list[Level] = []

    def cost(self, number: int) -> int | None:
        """Return what a level costs, or the one after the last made; None after the last."""
        if number < len(self.levels):
            return self.levels[number][0]
        return self._rows[self._next][0] if self._next < len(self._rows) else None

    def at(self, number: int) -> Timeline:
        """Return the starts that cost a level's cost here and no less."""
        if number == len(self.levels):
            cost, line = self._rows[self._next][0], 0
            while (
                line != self._line
                and self._next < len(self._rows)
                and self._rows[self._next][0] == cost
            ):
                line |= self._rows[self._next][1] >> self._shift & self._line
                self._next += 1
            self.levels.append((cost, line & ~self._seen))
            self._seen |= line
            if self._seen == self._line:
                self._next = len(self._rows)
        return self.levels[number][1]


def _cheapest(line: Timeline, stages: Sequence[_Stage]) -> Level:
    """Return the least sum of one level a stage that leaves a start, and all starts of that sum."""
    tie = count()
    # What it costs at least, the cost of the stages before, the stage, its level, starts left.
    heap = [(0, next(tie), 0, 0, 0, line)]
    least, found = 0, 0
    while heap:
        floor, _, cost, stage, number, left = heappop(heap)
        if found and floor > least:
            break
        if stage == len(stages):
            least, found = cost, found | left
            continue
        own = stages[stage].cost(number)
        if own is None:
            continue
        here = left & stages[stage].at(number)
        if here:
            heappush(heap, (cost + own, next(tie), cost + own, stage + 1, 0, here))
            left ^= here
        following = stages[stage].cost(number + 1) if left else None
        if following is not None:
            heappush(heap, (cost + following, next(tie), cost, stage, number + 1, left))
    return least, found

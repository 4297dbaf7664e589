"""Which start each session takes within its sitting, and which resources it holds.

Most sessions of a plan are alone: no other one can touch them, and each takes its cheapest start.
Where some may touch (one date, holds that reach over midnight, a lag in minutes) they are settled
together, depth first over starts with bounds, and resources are assigned to all of them at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from plans.core.course import PRACTITIONER, Course, Placement
from plans.core.gaps import Frame, Pair
from plans.core.openings import Opening, Place
from plans.core.sittings import Sittings, dates
from plans.core.tables import DAY_MOVED, MOVED
from scheduling.core.availability import overlap
from scheduling.core.timeline import Timeline

UNMET = 1 << 24
"""A wish unmet, in units of waste: more than all that a plan could hold is worth."""
CHANGED = 1 << 34
"""A resource other than before, in units of waste: more than all wishes."""

Members: TypeAlias = tuple[tuple[int, int], ...]
"""Steps and their sittings, ascending."""
Hold: TypeAlias = tuple[int, str, int, int]
"""Resource, kind, and the quanta it is held."""
Offer: TypeAlias = tuple[int, Hold]
"""What a hold costs, and the hold."""
Ranked: TypeAlias = list[list[tuple[int, Place]]]
"""The places of each need with what they cost, cheapest first."""
Tastes: TypeAlias = list[tuple[int, Timeline]]
"""Costs and the starts that cost so much, ascending; bits count from the sitting's first start."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The starts of some sessions, and what they cost beyond their tables' least."""

    primary: int
    secondary: int
    starts: tuple[tuple[int, int], ...]
    holds: tuple[tuple[Hold, ...], ...]


@dataclass(slots=True)
class Visits:
    """The sessions of one frame: what each could start at and hold, and at what cost."""

    course: Course
    frame: Frame
    openings: Mapping[int, Opening]
    sets: Sequence[Sittings]
    wishes: Sequence[Timeline]
    pins: Mapping[int, Placement]
    was: Mapping[int, Placement]
    pairs: dict[tuple[int, int], Pair] = field(init=False)
    _tastes: dict[tuple[int, int], Tastes] = field(default_factory=dict)
    _ranked: dict[int, Ranked] = field(default_factory=dict)
    _orders: dict[tuple[int, ...], list[tuple[int, int]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the pairs."""
        self.pairs = {(pair.one, pair.two): pair for pair in self.frame.pairs}

    def alone(self, member: tuple[int, int]) -> Settled | None:
        """Return the cheapest start of a session that no other one touches."""
        step, at = member
        first = int(self.sets[step].first[at])
        tastes = self.tastes(step, at)
        if not tastes:
            return None
        cost, line = tastes[0]
        start = first + (line & -line).bit_length() - 1
        kept = self.was.get(step)
        if kept is not None and first <= kept.start_q <= int(self.sets[step].last[at]):
            bit = 1 << (kept.start_q - first)
            stays = next((c for c, some in tastes if some & bit), None)
            if stays is not None:
                cost, start = stays, kept.start_q
        return Settled(0, cost, ((step, start),), (self.cheapest(step, start),))

    def tastes(self, step: int, at: int) -> Tastes:
        """Return the starts of one sitting by what they cost alone, cheapest first."""
        key = step, at
        if key not in self._tastes:
            self._tastes[key] = self._tasted(step, at)
        return self._tastes[key]

    def _tasted(self, step: int, at: int) -> Tastes:
        if step in self.pins:
            return [(0, 1)]
        opening, first = self.openings[step], int(self.sets[step].first[at])
        count = int(self.sets[step].last[at]) - first + 1
        shift, mask = first - self.course.window.q0, (1 << count) - 1
        line = opening.starts >> shift & mask
        levels = {0: line}
        for wish in self.wishes:
            levels = _folded(levels, [(0, wish >> shift & mask), (UNMET, mask)])
        # Two needs that may want one resource cost at least what each costs alone.
        for need in self.ranked(step):
            levels = _folded(levels, ((cost, p.fits >> shift & mask) for cost, p in need))
        return sorted(levels.items())

    def ranked(self, step: int) -> Ranked:
        """Return the places of each need, cheapest first, then by id."""
        if step not in self._ranked:
            needs = self.openings[step].needs
            self._ranked[step] = [self._in_order(step, need) for need in needs]
        return self._ranked[step]

    def _in_order(self, step: int, need: Sequence[Place]) -> list[tuple[int, Place]]:
        """Sort a need's places; sessions with the same candidates share the order."""
        key = (step if step in self.was else -1, *[p.resource for p in need])
        order = self._orders.get(key)
        if order is None:
            rows = [(self.price(step, p), p.resource, at) for at, p in enumerate(need)]
            order = self._orders[key] = [(cost, at) for cost, _, at in sorted(rows)]
        return [(cost, need[at]) for cost, at in order]

    def move_cost(self, step: int, start: int) -> int:
        """Return what a start costs in a re-flow: nothing where the session already is."""
        before = self.was.get(step)
        if before is None or before.start_q == start:
            return 0
        length = self.frame.steps[step].length
        old, new = (dates(q, length, self.course.zone)[0] for q in (before.start_q, start))
        return MOVED + abs(new - old) * DAY_MOVED

    def least_move(self, step: int, at: int) -> int:
        """Return the least that any start of a sitting costs in a re-flow."""
        before = self.was.get(step)
        if before is None:
            return 0
        first, last = int(self.sets[step].first[at]), int(self.sets[step].last[at])
        if first <= before.start_q <= last and self.can_start(step, before.start_q):
            return 0
        old = dates(before.start_q, self.frame.steps[step].length, self.course.zone)[0]
        return MOVED + abs(int(self.sets[step].start[at]) - old) * DAY_MOVED

    def can_start(self, step: int, start: int) -> bool:
        """Tell whether a start is free for a session, taken alone."""
        if step in self.pins:
            return start == self.pins[step].start_q
        return self.course.window.has(self.openings[step].starts, start)

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

    def offers(self, step: int, start: int) -> list[list[Offer]]:
        """Return, need by need, the holds that a start offers."""
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
            for need in self.ranked(step)
        ]

    def cheapest(self, step: int, start: int) -> tuple[Hold, ...]:
        """Return the cheapest hold of each need at a start, each need for itself."""
        if step in self.pins:
            return tuple(need[0][1] for need in self.offers(step, start))
        bit = start - self.course.window.q0
        places = (next(p for _, p in need if p.fits >> bit & 1) for need in self.ranked(step))
        return tuple((p.resource, p.kind, start + p.low, start + p.high) for p in places)

    def wish_cost(self, step: int, start: int) -> int:
        """Return what a start costs by its weekday and time of day."""
        if step in self.pins:
            return 0
        bit = start - self.course.window.q0
        return sum(UNMET for wish in self.wishes if not wish >> bit & 1)


def _folded(
    levels: Mapping[int, Timeline], rows: Iterable[tuple[int, Timeline]]
) -> dict[int, Timeline]:
    """Add the cheapest of some rows to each start's cost; starts without a row are lost."""
    left = 0
    for line in levels.values():
        left |= line
    found: dict[int, Timeline] = {}
    for cost, line in rows:
        fresh = line & left
        if not fresh:
            continue
        left ^= fresh
        for base, starts in levels.items():
            both = starts & fresh
            if both:
                found[base + cost] = found.get(base + cost, 0) | both
        if not left:
            break
    return found


def assigned(offers: Sequence[Sequence[Offer]]) -> tuple[int, tuple[Hold, ...]] | None:
    """Return the cheapest holds for all needs, no resource twice at once; None when none exist."""
    best: tuple[int, tuple[Hold, ...]] | None = None
    if not all(offers):
        return None
    rest = [0] * (len(offers) + 1)
    for at in range(len(offers) - 1, -1, -1):
        rest[at] = rest[at + 1] + offers[at][0][0]

    def place(at: int, cost: int, taken: tuple[Hold, ...]) -> None:
        nonlocal best
        if best is not None and cost + rest[at] >= best[0]:
            return
        if at == len(offers):
            best = (cost, taken)
            return
        for price, hold in offers[at]:
            if not any(o[0] == hold[0] and overlap(o[2:], hold[2:]) for o in taken):
                place(at + 1, cost + price, (*taken, hold))

    place(0, 0, ())
    return best

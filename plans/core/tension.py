"""The least that sessions can be off their targets together, were every start between two free.

The sum of |gap - target| over differences, under least and most and bounds on each, is convex on
the integer lattice (L-natural-convex): a point from which no set of sessions can move up or down
together at a gain is the best of all. With so few sessions all sets are tried at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]

MOST_FREE = 10
"""Sessions that may move in one relaxation: all of their sets are a thousand."""

NEVER_GAP = 1 << 40
"""A gap wider than any: no least, or no most."""

_HUGE = float(1 << 60)


@dataclass(frozen=True, slots=True)
class Pull:
    """A gap from one session to another, `least` to `most`, and what it costs.

    Each unit outside of ``[low, high]`` costs `weight`.
    """

    one: int
    two: int
    low: int
    high: int
    weight: int
    least: int
    most: int

    def cost(self, gap: int) -> int:
        """Return what a gap costs."""
        return self.weight * max(self.low - gap, gap - self.high, 0)

    def least_cost(self, shortest: int, longest: int) -> int:
        """Return the least that any gap of a range costs."""
        return self.weight * max(self.low - longest, shortest - self.high, 0)


GROUND = -1
"""The session of no session, which always lies at 0."""


def relaxed(
    pulls: Sequence[Pull], lows: Sequence[int], highs: Sequence[int]
) -> tuple[int, list[int]]:
    """Return the least cost of all pulls within bounds, and where sessions lie then.

    The least positions are a solution already. Beyond `MOST_FREE` sessions that can move, the
    rest of the pulls are taken one by one, which is a lower bound.
    """
    costly = [p for p in pulls if p.weight]
    at_lows = sum(p.cost(_gap(p, lows, lows)) for p in costly)
    floor = sum(p.least_cost(_gap(p, highs, lows), _gap(p, lows, highs)) for p in costly)
    if at_lows == floor:
        return floor, list(lows)
    free = _movable(costly, pulls, lows, highs)
    inside = {GROUND, *free, *(at for at in range(len(lows)) if lows[at] == highs[at])}
    some = [p for p in pulls if p.one in inside and p.two in inside]
    others = [p for p in costly if p.one not in inside or p.two not in inside]
    point = list(lows)
    for at, value in zip(free, _descended(some, lows, highs, free), strict=True):
        point[at] = value
    cost = sum(p.cost(_gap(p, point, point)) for p in some if p.weight)
    return cost + sum(
        p.least_cost(_gap(p, highs, lows), _gap(p, lows, highs)) for p in others
    ), point


def _gap(pull: Pull, ones: Sequence[int], twos: Sequence[int]) -> int:
    one = 0 if pull.one == GROUND else ones[pull.one]
    two = 0 if pull.two == GROUND else twos[pull.two]
    return two - one


def _movable(
    costly: Sequence[Pull], pulls: Sequence[Pull], lows: Sequence[int], highs: Sequence[int]
) -> list[int]:
    """Return the sessions that can move, those with a cost first, as many as may be."""
    order = [at for p in (*costly, *pulls) for at in (p.one, p.two)]
    free = [at for at in dict.fromkeys(order) if at != GROUND and lows[at] < highs[at]]
    return free[:MOST_FREE]


@lru_cache(maxsize=MOST_FREE + 1)
def _sets(count: int) -> Floats:
    """Return all sets of so many sessions but the empty one, a row each; the last column is GROUND."""
    numbers = np.arange(1, 1 << count)[:, None]
    return np.append(numbers >> np.arange(count) & 1, np.zeros_like(numbers), axis=1).astype(float)


def _descended(
    pulls: Sequence[Pull], lows: Sequence[int], highs: Sequence[int], free: Sequence[int]
) -> list[int]:
    """Move sets of sessions while that pays, from the least positions."""
    rows = _Rows.of(pulls, lows, free)
    floor = np.array([*(lows[at] for at in free), 0], dtype=np.int64)
    roof = np.array([*(highs[at] for at in free), 0], dtype=np.int64)
    point = floor.copy()
    while True:
        gaps = rows.gaps(point)
        grow, fall = rows.slopes(gaps)
        up = rows.moved(grow, fall, point >= roof)
        down = rows.moved(fall, grow, point <= floor)
        best_up, best_down = int(np.argmin(up)), int(np.argmin(down))
        if min(up[best_up], down[best_down]) >= 0:
            return [int(value) for value in point[: len(free)]]
        sign = 1 if up[best_up] <= down[best_down] else -1
        chosen = best_up if sign > 0 else best_down
        inside = rows.sets[chosen] > 0
        room = int((roof - point if sign > 0 else point - floor)[inside].min())
        point[inside] += sign * min(room, rows.straight(chosen, sign, gaps))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Pulls as arrays, and which sets of sessions make each of them wider or tighter."""

    one: Indexes
    two: Indexes
    shift: Indexes
    bends: Indexes
    """Low, high, least and most, a row each."""
    weight: Floats
    sets: Floats
    across: Floats
    wider: Floats
    tighter: Floats

    @classmethod
    def of(cls, pulls: Sequence[Pull], lows: Sequence[int], free: Sequence[int]) -> "_Rows":
        column = {at: number for number, at in enumerate(free)}
        count = len(free)
        base = [0 if at in column else low for at, low in enumerate(lows)]
        some = [p for p in pulls if p.one in column or p.two in column]
        one = np.array([column.get(p.one, count) for p in some], dtype=np.int64)
        two = np.array([column.get(p.two, count) for p in some], dtype=np.int64)
        shift = np.array([_gap(p, base, base) for p in some], dtype=np.int64)
        bends = np.array([(p.low, p.high, p.least, p.most) for p in some], dtype=np.int64).T
        weight = np.array([p.weight for p in some], dtype=float)
        sets = _sets(count)
        across = sets[:, two] - sets[:, one]
        wider, tighter = (across > 0).astype(float), (across < 0).astype(float)
        return cls(one, two, shift, bends, weight, sets, across, wider, tighter)

    def gaps(self, point: Indexes) -> Indexes:
        """Return all gaps at a point."""
        return point[self.two] - point[self.one] + self.shift

    def slopes(self, gaps: Indexes) -> tuple[Floats, Floats]:
        """Return what each gap costs more when it grows by one, and when it falls by one."""
        low, high, least, most = self.bends
        grow = np.where(gaps >= high, self.weight, np.where(gaps >= low, 0, -self.weight))
        fall = np.where(gaps <= low, self.weight, np.where(gaps <= high, 0, -self.weight))
        grow[gaps >= most] = _HUGE
        fall[gaps <= least] = _HUGE
        return grow, fall

    def moved(self, wider: Floats, tighter: Floats, stuck: NDArray[np.bool_]) -> Floats:
        """Return what each set costs more when it moves by one; the ground never does."""
        return (
            self.wider @ wider
            + self.tighter @ tighter
            + self.sets[:, :-1] @ np.where(stuck[:-1], _HUGE, 0.0)
        )

    def straight(self, chosen: int, sign: int, gaps: Indexes) -> int:
        """Return how far a set moves before a gap bends."""
        across = self.across[chosen] * sign
        ahead = np.where(across > 0, self.bends - gaps, gaps - self.bends)[:, across != 0]
        return int(ahead[ahead > 0].min(initial=NEVER_GAP))

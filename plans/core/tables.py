"""What each two sittings of two steps cost together, as arrays, and which may touch in time.

A cost here is the first level of a plan's cost (`PRIMARY`): what dates alone decide. Where the
times of day have a say too, a table holds the least that is possible, and `plans.core.visits`
adds what the chosen starts cost beyond it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plans.core.course import DAY_MINUTES, Lag
from plans.core.gaps import Frame, Pair
from plans.core.sittings import Sittings

Table: TypeAlias = NDArray[np.int64]
Mask: TypeAlias = NDArray[np.bool_]

NEVER = 1 << 55
"""More than any cost; a few dozen of them still fit into 64 bits."""

DAY_MOVED = 1 << 28
"""A day that a session moves, in minutes off target: more than any course can be off."""
MOVED = 1 << 44
"""A session moved: more than all the days that a course could move."""

QUANTUM_MINUTES = 5

_NIGHT_Q = 20 * 12
"""Quanta that two sessions with a whole date between them are at least apart, in any zone."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a session's holds reach from its start, ``[low, high)`` quanta, and its length."""

    low: int
    high: int
    length: int


@dataclass(frozen=True, slots=True)
class Tables:
    """The sittings of all steps, what each two cost, and which two may touch.

    `costs` has the pairs that something binds; `near` those whose sittings may share a moment of
    a resource or of the patient, or whose times a lag in minutes ties.
    """

    sets: tuple[Sittings, ...]
    costs: dict[tuple[int, int], Table]
    near: dict[tuple[int, int], Mask]


def tabled(frame: Frame, sets: Sequence[Sittings], reaches: Sequence[Reach]) -> Tables:
    """Compile the tables of one frame for what is left of each step's sittings."""
    pairs = {(pair.one, pair.two): pair for pair in frame.pairs}
    costs: dict[tuple[int, int], Table] = {}
    near: dict[tuple[int, int], Mask] = {}
    for j in range(len(sets)):
        for i in range(j):
            pair = pairs.get((i, j))
            touching = _touching(frame, pair, (i, j), sets, reaches)
            if touching is not None:
                near[i, j] = touching
                pair = pair or Pair(i, j, ())
            if pair is not None:
                costs[i, j] = _costs(frame, pair, sets, reaches)
    return Tables(tuple(sets), costs, near)


def _touching(
    frame: Frame,
    pair: Pair | None,
    at: tuple[int, int],
    sets: Sequence[Sittings],
    reaches: Sequence[Reach],
) -> Mask | None:
    """Tell which sittings of two steps may touch; None where none can."""
    i, j = at
    if pair is not None and pair.elapsed:
        return np.ones((len(sets[i]), len(sets[j])), dtype=bool)
    one, two, here, there = sets[i], sets[j], reaches[i], reaches[j]
    lag = frame.least[i][j]
    if lag is not None and lag > 1 and here.high - here.length - there.low < _NIGHT_Q:
        return None
    mask = one.first[:, None] + here.low < two.last[None, :] + there.high
    mask &= two.first[None, :] + there.low < one.last[:, None] + here.high
    return mask if mask.any() else None


def _costs(frame: Frame, pair: Pair, sets: Sequence[Sittings], reaches: Sequence[Reach]) -> Table:
    """Return the least cost of each two sittings, NEVER where they may not be together."""
    one, two = sets[pair.one], sets[pair.two]
    gap = two.start[None, :] - one.end[:, None]
    may = _orderable(frame, pair, sets, reaches)
    cost = np.zeros(gap.shape, dtype=np.int64)
    for lag in pair.lags:
        if lag in pair.elapsed:
            _add_elapsed(lag, one, two, may, cost)
            continue
        may &= gap >= lag.least
        if lag.most is not None:
            may &= gap <= lag.most
        if lag.target is not None:
            cost += np.abs(gap - lag.target) * DAY_MINUTES
    cost[~may] = NEVER
    return cost


def _orderable(
    frame: Frame, pair: Pair, sets: Sequence[Sittings], reaches: Sequence[Reach]
) -> Mask:
    """Tell for each two sittings whether rules and the clock leave an order for them."""
    one, two = sets[pair.one], sets[pair.two]
    lengths = waits(frame, pair, (reaches[pair.one].length, reaches[pair.two].length))
    forth = one.first[:, None] + lengths[0] <= two.last[None, :]
    if pair.forward is not None:
        forth &= two.start[None, :] - one.end[:, None] >= pair.forward
    if pair.ordered:
        return forth
    back = two.first[None, :] + lengths[1] <= one.last[:, None]
    if pair.backward is not None:
        back &= one.start[:, None] - two.end[None, :] >= pair.backward
    return np.asarray(forth | back)


def waits(frame: Frame, pair: Pair, lengths: tuple[int, int]) -> tuple[int, int]:
    """Return how long after the other's start each of two sessions may start, in quanta.

    Without `one_place`, only a lag in days of at least 0 makes the later one wait for an end.
    """
    if frame.one_place:
        return lengths
    ends = any(lag.least >= 0 for lag in pair.lags if lag not in pair.elapsed)
    return (lengths[0] if ends else 0), 0


def _add_elapsed(lag: Lag, one: Sittings, two: Sittings, may: Mask, cost: Table) -> None:
    """Cut what a lag in minutes cannot reach, and add the least that it can be off target."""
    longest = (two.last[None, :] - one.first[:, None]) * QUANTUM_MINUTES
    shortest = (two.first[None, :] - one.last[:, None]) * QUANTUM_MINUTES
    may &= longest >= lag.least
    if lag.most is not None:
        may &= shortest <= lag.most
    if lag.target is not None:
        cost += np.maximum(np.maximum(shortest - lag.target, lag.target - longest), 0)


def eliminate(
    sizes: Sequence[int], unary: Sequence[Table], costs: dict[tuple[int, int], Table]
) -> list[tuple[int, tuple[int, ...], Table]]:
    """Return lower bounds on what later steps cost, by eliminating steps from the last.

    Each is (step eliminated, earlier steps it depends on, table). They are exact where no step
    is bound to more than two earlier ones (Dechter's bucket elimination); where one is, its
    bucket is split, and the bounds stay lower bounds (mini-buckets).
    """
    functions: list[tuple[tuple[int, ...], Table]] = list(costs.items())
    messages: list[tuple[int, tuple[int, ...], Table]] = []
    for j in range(len(sizes) - 1, -1, -1):
        bucket = [f for f in functions if f[0] and f[0][-1] == j]
        functions = [f for f in functions if not f[0] or f[0][-1] != j]
        for number, some in enumerate(_split(bucket, j, sizes)):
            found = _summed(some, j, sizes, unary[j] if number == 0 else None)
            functions.append(found)
            messages.append((j, *found))
    return messages


_TWO = 2
_LARGEST = 4_000_000
"""Cells of a table of three steps that are still summed at once: 32 MB."""

Function: TypeAlias = tuple[tuple[int, ...], Table]


def _split(bucket: list[Function], j: int, sizes: Sequence[int]) -> list[list[Function]]:
    """Share a bucket's functions out, so that no share knows more than two earlier steps."""
    shares: list[tuple[set[int], list[Function]]] = [(set(), [])]
    for function in sorted(bucket, key=lambda f: (-len(f[0]), f[0])):
        scope = set(function[0]) - {j}
        home = next((each for each in shares if _joins(each[0], scope, j, sizes)), None)
        if home is None:
            shares.append((scope, [function]))
        else:
            home[0].update(scope)
            home[1].append(function)
    return [some for _, some in shares]


def _joins(known: set[int], scope: set[int], j: int, sizes: Sequence[int]) -> bool:
    """Tell whether a share may know these steps too: two at most, and not too many sittings."""
    both = known | scope
    if len(both) <= 1 or both == known:
        return True
    cells = int(np.prod([sizes[i] for i in (*both, j)]))
    return len(both) == _TWO and cells <= _LARGEST


def _summed(some: list[Function], j: int, sizes: Sequence[int], unary: Table | None) -> Function:
    """Add functions up and take the best sitting of step j for each choice of the others."""
    scope = tuple(sorted({i for f in some for i in f[0]} - {j}))
    axes = (*scope, j)
    total = np.zeros([sizes[i] for i in axes], dtype=np.int64)
    if unary is not None:
        total += unary
    for own, table in some:
        shape = [sizes[i] if i in own else 1 for i in axes]
        total += table.reshape(shape)
    return scope, np.minimum(total.min(axis=-1), NEVER)

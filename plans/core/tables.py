"""What each two sittings of two steps cost together, as arrays, and the least of the rest.

A cost here is the first level of a plan's cost: what dates alone decide.
"""

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from plans.core.course import DAY_MINUTES
from plans.core.gaps import Pair
from plans.core.sittings import Sittings

Table: TypeAlias = NDArray[np.int64]
Function: TypeAlias = tuple[tuple[int, ...], Table]
"""Steps, ascending, and a cost for each choice of their sittings."""

NEVER = 1 << 55
"""More than any cost; a few dozen of them still fit into 64 bits."""

DAY_MOVED = 1 << 28
"""A day that a session moves, in minutes off target: more than any course can be off."""
MOVED = 1 << 44
"""A session moved: more than all the days that a course could move."""

_TWO = 2
_LARGEST = 4_000_000
"""Cells of a table of three steps that are still summed at once: 32 MB."""


def tabled(pairs: Sequence[Pair], sets: Sequence[Sittings]) -> dict[tuple[int, int], Table]:
    """Compile the cost of each two sittings of the pairs that something binds."""
    return {(pair.one, pair.two): _costs(pair, sets) for pair in pairs}


def _costs(pair: Pair, sets: Sequence[Sittings]) -> Table:
    """Return the cost of each two sittings."""
    one, two = sets[pair.one], sets[pair.two]
    gap = two.start[None, :] - one.end[:, None]
    return np.asarray(priced(pair, gap, one.start[:, None] - two.end[None, :]))


Gap = TypeVar("Gap", int, Table)


def priced(pair: Pair, gap: Gap, back: Gap) -> Gap:
    """Return what two sittings that cannot touch cost, NEVER where they may not be together.

    `gap` are the days from the first session's end date to the second's start date, `back` those
    the other way round; of two dates, or of all at once.
    """
    may = gap >= (pair.forward or 0)
    if not pair.ordered:
        may = may | (back >= (pair.backward or 0))
    cost = gap * 0
    for lag in pair.lags:
        may = may & (gap >= lag.least)
        if lag.most is not None:
            may = may & (gap <= lag.most)
        if lag.target is not None:
            cost = cost + abs(gap - lag.target) * DAY_MINUTES
    never: Gap = (may == False) * NEVER  # noqa: E712 -- an array or one truth
    return cost + never


def eliminate(
    sizes: Sequence[int], unary: Sequence[Table], costs: dict[tuple[int, int], Table]
) -> list[tuple[int, tuple[int, ...], Table]] | None:
    """Return what later steps cost at least, by eliminating steps from the last.

    Each is (step eliminated, earlier steps it depends on, table): Dechter's bucket elimination.
    None where a step would depend on more than two earlier ones, or on too many sittings.
    """
    functions: list[Function] = list(costs.items())
    messages: list[tuple[int, tuple[int, ...], Table]] = []
    for j in range(len(sizes) - 1, -1, -1):
        bucket = [f for f in functions if f[0] and f[0][-1] == j]
        functions = [f for f in functions if not f[0] or f[0][-1] != j]
        scope = tuple(sorted({i for f in bucket for i in f[0]} - {j}))
        cells = int(np.prod([sizes[i] for i in (*scope, j)]))
        if len(scope) > _TWO or (len(scope) == _TWO and cells > _LARGEST):
            return None
        found = _summed(bucket, scope, j, sizes, unary[j])
        functions.append(found)
        messages.append((j, *found))
    return messages


def _summed(
    some: list[Function], scope: tuple[int, ...], j: int, sizes: Sequence[int], unary: Table
) -> Function:
    """Add functions up and take the best sitting of step j for each choice of the others."""
    axes = (*scope, j)
    total = unary
    for own, table in some:
        if own != axes:
            table = table.reshape([sizes[i] if i in own else 1 for i in axes])  # noqa: PLW2901
        total = total + table
    return scope, np.minimum(total.min(axis=-1), NEVER)

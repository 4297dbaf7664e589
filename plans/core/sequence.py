"""The least that sessions cost which a patient attends one after another within a few days.

Dynamic programming over which sessions are over, and when: exact where nothing but their order,
their own starts and one place binds them, and a lower bound where more does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scheduling.core.timeline import Timeline, bits

MOST_SESSIONS, WIDEST_Q = 9, 4 * 288
"""Sessions and quanta up to which it is worth its while: some hundred microseconds a session."""

Costs: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Turn:
    """One session: its length, what its starts cost, and the bits of the sessions before it.

    The costs are those of all quanta from the first of all sessions on, infinite without a start.
    """

    length: int
    costs: Costs
    before: int


def priced(levels: Sequence[tuple[int, Timeline]], width: int) -> Costs:
    """Return the cost of each start of a session out of costs and the starts that cost so much."""
    costs = np.full(width, np.inf)
    for cost, line in levels:
        costs[bits(line)] = cost
    return costs


def in_turns(turns: Sequence[Turn]) -> tuple[float, list[int]]:
    """Return the least cost of all sessions one after another, and a start of each that has it.

    Infinite where they do not fit.
    """
    width = max(len(turn.costs) + turn.length for turn in turns) + 1
    full = (1 << len(turns)) - 1
    least = np.full((full + 1, width), np.inf)
    least[0] = 0
    for mask in _masks(len(turns)):
        row = least[mask]
        for at, turn in enumerate(turns):
            rest = mask & ~(1 << at)
            if rest != mask and not turn.before & ~rest:
                some = least[rest, : len(turn.costs)] + turn.costs
                over = row[turn.length : turn.length + len(some)]
                np.minimum(over, some, out=over)
        np.minimum.accumulate(row, out=row)
    best = float(least[full, -1])
    return (best, _traced(turns, least)) if best < np.inf else (best, [])


@lru_cache(maxsize=MOST_SESSIONS + 1)
def _masks(count: int) -> tuple[int, ...]:
    return tuple(range(1, 1 << count))


def _traced(turns: Sequence[Turn], least: Costs) -> list[int]:
    """Return the starts of one sequence of least cost."""
    starts = [0] * len(turns)
    mask, end = len(least) - 1, least.shape[1] - 1
    while mask:
        cost = least[mask, end]
        end = int(np.searchsorted(-least[mask], -cost))
        at = next(at for at in range(len(turns)) if _last(turns[at], at, least, (mask, end)))
        starts[at] = end - turns[at].length
        mask, end = mask & ~(1 << at), starts[at]
    return starts


def _last(turn: Turn, at: int, least: Costs, reached: tuple[int, int]) -> bool:
    """Tell whether a session may be the last of a set that is over at a moment."""
    mask, end = reached
    rest, start = mask & ~(1 << at), end - turn.length
    if rest == mask or turn.before & ~rest or not 0 <= start < len(turn.costs):
        return False
    return bool(least[rest, start] + turn.costs[start] == least[mask, end])

"""The least that sessions cost which a patient attends one after another.

Dynamic programming over which sessions are over, and when: exact where nothing but their order,
their own starts and one place binds them, and a lower bound where more does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from plans.core.visits import Level
from scheduling.core.timeline import bits

MOST_SESSIONS = 8
"""Sessions up to which it is worth its while: there are 256 sets of them, a row each."""

Costs: TypeAlias = NDArray[np.float64]
Indexes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Turn:
    """One session: its length, its starts and what each costs, and the bits of those before it."""

    length: int
    starts: Indexes
    costs: Costs
    before: int

    @classmethod
    def of(cls, length: int, levels: Sequence[Level], origin: int, before: int) -> "Turn":
        """Sort the starts out of costs and the starts, from `origin` on, that cost so much."""
        found = [bits(line) + origin for _, line in levels]
        starts = np.concatenate(found)
        costs = np.repeat(np.array([float(cost) for cost, _ in levels]), [len(s) for s in found])
        order = np.argsort(starts)
        return cls(length, starts[order], costs[order], before)


@dataclass(frozen=True, slots=True)
class _Move:
    """A session's starts as numbers of moments: when each begins, and when it is over."""

    begins: Indexes
    over: Indexes
    """Each moment once; `firsts` are the first starts that are over then."""
    firsts: Indexes


def in_turns(turns: Sequence[Turn]) -> tuple[float, list[int]]:
    """Return the least cost of all sessions one after another, and a start of each that has it.

    Infinite where they do not fit.
    """
    moments = np.unique(np.concatenate([turn.starts for turn in turns]))
    moves = [_moved(turn, moments) for turn in turns]
    full = (1 << len(turns)) - 1
    least = np.full((full + 1, len(moments) + 1), np.inf)
    least[0] = 0
    for mask in _masks(len(turns)):
        row = least[mask]
        for at, (turn, move) in enumerate(zip(turns, moves, strict=True)):
            rest = mask & ~(1 << at)
            if rest != mask and not turn.before & ~rest:
                some = least[rest, move.begins] + turn.costs
                row[move.over] = np.minimum(row[move.over], np.minimum.reduceat(some, move.firsts))
        np.minimum.accumulate(row, out=row)
    best = float(least[full, -1])
    return (best, _traced(turns, moments, least)) if best < np.inf else (best, [])


def _moved(turn: Turn, moments: Indexes) -> _Move:
    over, firsts = np.unique(np.searchsorted(moments, turn.starts + turn.length), return_index=True)
    return _Move(np.searchsorted(moments, turn.starts), over, firsts)


@lru_cache(maxsize=MOST_SESSIONS + 1)
def _masks(count: int) -> tuple[int, ...]:
    return tuple(range(1, 1 << count))


def _traced(turns: Sequence[Turn], moments: Indexes, least: Costs) -> list[int]:
    """Return the starts of one sequence of least cost."""
    starts = [0] * len(turns)
    mask, end = len(least) - 1, least.shape[1] - 1
    while mask:
        for at, turn in enumerate(turns):
            rest = mask & ~(1 << at)
            if rest == mask or turn.before & ~rest:
                continue
            begins = np.searchsorted(moments, turn.starts)
            fits = np.searchsorted(moments, turn.starts + turn.length) <= end
            same = np.flatnonzero(fits & (least[rest, begins] + turn.costs == least[mask, end]))
            if len(same):
                starts[at] = int(turn.starts[same[0]])
                mask, end = rest, int(begins[same[0]])
                break
    return starts

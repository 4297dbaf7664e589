"""The search over dates where no two sessions can touch: dynamic programming over sittings.

What the steps still to come cost depends only on the sittings of placed ones that something still
binds (the context), so each context is answered once. What later steps cost at least is known
exactly from `plans.core.tables.eliminate`, so only sittings of best plans are ever visited, and
only they are priced by the time of day and by resources.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from plans.core.sittings import Days, Sittings
from plans.core.tables import DAY_MOVED, MOVED, NEVER, Function, Table, eliminate, priced, tabled
from plans.core.visits import Hold, Visits

Answer: TypeAlias = "tuple[int, int, _Trail | None]"
"""Primary cost, secondary cost, and what was settled on the way; costs of the rest of a course."""


Found: TypeAlias = tuple[int, int, dict[int, tuple[int, tuple[Hold, ...]]]]
"""Primary cost, secondary cost, and each step's start and holds."""


@dataclass(frozen=True, slots=True)
class _Trail:
    """The start of one session, and those of the ones after it."""

    step: int
    start: int
    rest: "_Trail | None"


@dataclass(slots=True)
class Agenda:
    """One course on one frame, to be placed at least cost."""

    visits: Visits
    sets: Sequence[Sittings]
    costs: dict[tuple[int, int], Table] = field(default_factory=dict)
    """What each two sittings of two steps cost that something binds."""
    cells: list[int] = field(default_factory=list)
    _known: dict[tuple[int, ...], "Answer | None"] = field(default_factory=dict)
    _alone: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    _bound: list[list[int]] = field(default_factory=list)
    _messages: list[list[Function]] = field(default_factory=list)
    _unary: list[Table] = field(default_factory=list)

    def prepare(self) -> bool:
        """Eliminate steps for bounds; False where they would not be exact."""
        count = len(self.sets)
        self.cells = [0] * count
        self.costs = tabled(self.visits.frame.pairs, self.sets)
        self._unary = [self._moves(step) for step in range(count)]
        messages = eliminate([len(each) for each in self.sets], self._unary, self.costs)
        if messages is None:
            return False
        self._messages = [
            [(m[1], m[2]) for m in messages if m[0] > k and all(i <= k for i in m[1])]
            for k in range(count)
        ]
        self._bound = [sorted({i for i, j in self.costs if i < k <= j}) for k in range(count + 1)]
        return True

    def only(self) -> Found | None:
        """Return what `best` would where each step has one sitting; None without a plan."""
        starts, ends = ([int(days[0]) for days in each] for each in self._days())
        primary = sum(int(self._moves(step)[0]) for step in self.visits.was)
        for pair in self.visits.frame.pairs:
            one, two = pair.one, pair.two
            primary += priced(pair, starts[two] - ends[one], starts[one] - ends[two])
        if primary >= NEVER:
            return None
        settled = [self._settled(step, 0) for step in range(len(self.sets))]
        found = {
            step: (start, self.visits.cheapest(step, start))
            for step, (_, start) in enumerate(settled)
        }
        return primary, sum(cost for cost, _ in settled), found

    def _days(self) -> tuple[list[Days], list[Days]]:
        return [each.start for each in self.sets], [each.end for each in self.sets]

    def best(self) -> Found | None:
        """Return primary and secondary cost, and each step's start and holds; None without a plan."""
        answer = self._rest(0)
        if answer is None:
            return None
        found: dict[int, tuple[int, tuple[Hold, ...]]] = {}
        trail = answer[2]
        while trail is not None:
            found[trail.step] = (trail.start, self.visits.cheapest(trail.step, trail.start))
            trail = trail.rest
        return answer[0], answer[1], found

    def _rest(self, k: int) -> "Answer | None":
        """Return the least cost of steps k and later, given the sittings of the earlier ones."""
        if k == len(self.sets):
            return (0, 0, None)
        key = (k, *(self.cells[i] for i in self._bound[k]))
        if key not in self._known:
            self._known[key] = self._searched(k)
        return self._known[key]

    def _searched(self, k: int) -> "Answer | None":
        """Take the cheapest of step k's sittings that cost least."""
        own = self._own(k)
        least = own + self._later(k)
        floor = int(least.min())
        if floor >= NEVER:
            return None
        best: Answer | None = None
        for at in np.flatnonzero(least == floor).tolist():
            self.cells[k] = at
            secondary, start = self._settled(k, at)
            rest = self._rest(k + 1)
            if rest is not None and (best is None or secondary + rest[1] < best[1]):
                best = (int(own[at]) + rest[0], secondary + rest[1], _Trail(k, start, rest[2]))
        return best

    def _own(self, k: int) -> Table:
        """Return what each sitting of step k costs with those placed so far."""
        own = self._unary[k]
        for (i, j), cost in self.costs.items():
            if j == k:
                own = own + cost[self.cells[i]]
        return own

    def _later(self, k: int) -> Table:
        """Return the least that later steps cost, for each sitting of step k."""
        later = np.zeros(len(self.sets[k]), dtype=np.int64)
        for scope, table in self._messages[k]:
            later += table[tuple(self.cells[i] if i != k else slice(None) for i in scope)]
        return later

    def _moves(self, step: int) -> Table:
        """Return the least that each sitting of a step costs in a re-flow."""
        sitting, before = self.sets[step], self.visits.was.get(step)
        if before is None:
            return np.zeros(len(sitting), dtype=np.int64)
        away = np.abs(sitting.start - self.visits.day(step, before.start_q))
        moves: Table = MOVED + away * DAY_MOVED
        stays = (sitting.first <= before.start_q) & (before.start_q <= sitting.last)
        if self._can_stay(step):
            moves[stays] = 0
        return moves

    def _can_stay(self, step: int) -> bool:
        before = self.visits.was[step]
        return self.visits.course.window.has(self.visits.openings[step].starts, before.start_q)

    def _settled(self, step: int, at: int) -> tuple[int, int]:
        """Return the other costs of a sitting and its cheapest start; in a re-flow, the old one."""
        key = step, at
        if key not in self._alone:
            self._alone[key] = self._start(step, at)
        return self._alone[key]

    def _start(self, step: int, at: int) -> tuple[int, int]:
        visits, sitting = self.visits, self.sets[step]
        first, last = int(sitting.first[at]), int(sitting.last[at])
        if step in visits.pins:
            return 0, first
        before = visits.was.get(step)
        if before is not None and first <= before.start_q <= last and self._can_stay(step):
            first = last = before.start_q
        shift = first - visits.course.window.q0
        line = visits.openings[step].starts >> shift & ((1 << (last - first + 1)) - 1)
        cost, starts = visits.level(step, first, line, visits.ranked(step))
        return cost, first + (starts & -starts).bit_length() - 1

"""The search over dates: each step's sitting in turn, every question about the rest asked once.

What the steps still to come cost depends only on the sittings of placed ones that something still
binds (the context), so each context is answered once: for a chain of lags that is dynamic
programming. Lower bounds from `plans.core.tables.eliminate` order the sittings and end the loop;
where they are exact, only sittings of best plans are ever priced by the time of day.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from plans.core.course import DAY_MINUTES, Crowd
from plans.core.knots import Knot
from plans.core.sittings import Sittings, day_of
from plans.core.tables import NEVER, Table, Tables, eliminate
from plans.core.visits import Hold, Members, Settled, Visits

Answer: TypeAlias = "tuple[int, int, _Trail | None]"
"""Primary cost, secondary cost, and what was settled on the way; costs of the rest of a course."""


@dataclass(frozen=True, slots=True)
class _Trail:
    """Groups of sessions settled, the last one first."""

    settled: tuple[Settled, ...]
    rest: "_Trail | None"


@dataclass(slots=True)
class Agenda:
    """One course on one frame, to be placed at least cost."""

    visits: Visits
    tables: Tables
    crowds: Sequence[Crowd]
    cells: list[int] = field(default_factory=list)
    _known: dict[tuple[int, Members], "tuple[Answer | None, int]"] = field(default_factory=dict)
    _settled: dict[Members, Settled | None] = field(default_factory=dict)
    _bound: list[frozenset[int]] = field(init=False)
    _messages: list[list[tuple[int, tuple[int, ...], Table]]] = field(init=False)
    _unary: list[Table] = field(init=False)

    def __post_init__(self) -> None:
        """Eliminate steps for bounds, and note what binds each step to later ones."""
        count = len(self.sets)
        self.cells = [0] * count
        visits, sets = self.visits, self.sets
        self._unary = [
            np.array([visits.least_move(step, at) for at in range(len(sets[step]))], dtype=np.int64)
            if step in visits.was
            else np.zeros(len(sets[step]), dtype=np.int64)
            for step in range(count)
        ]
        messages = eliminate([len(each) for each in sets], self._unary, self.tables.costs)
        self._messages = [
            [m for m in messages if m[0] > k and all(i <= k for i in m[1])] for k in range(count)
        ]
        ties = set(self.tables.costs) | set(self._crowded())
        self._bound = [frozenset(i for i, j in ties if i < k <= j) for k in range(count + 1)]

    @property
    def sets(self) -> tuple[Sittings, ...]:
        """The sittings of each step."""
        return self.tables.sets

    def _crowded(self) -> Iterator[tuple[int, int]]:
        for crowd in self.crowds:
            members = self._members_of(crowd)
            yield from ((i, members[-1]) for i in members[:-1])

    def _members_of(self, crowd: Crowd) -> list[int]:
        return [at for at, step in enumerate(self.visits.frame.steps) if step.key in crowd.steps]

    def best(self) -> tuple[int, int, dict[int, tuple[int, tuple[Hold, ...]]]] | None:
        """Return primary and secondary cost, and each step's start and holds; None without a plan."""
        answer, more = None, 0
        floor = int((self._own(0) + self._later(0)).min()) if self.sets else 0
        # A tight limit keeps hopeless contexts unsearched; it is widened until a plan lies within.
        while answer is None and floor < NEVER:
            answer = self._rest(0, min(floor + more, NEVER - 1))
            if floor + more >= NEVER:
                break
            more = max(DAY_MINUTES, more * 4)
        if answer is None:
            return None
        found: dict[int, tuple[int, tuple[Hold, ...]]] = {}
        trail = answer[2]
        while trail is not None:
            for settled in trail.settled:
                for (step, start), holds in zip(settled.starts, settled.holds, strict=True):
                    found[step] = (start, holds)
            trail = trail.rest
        return answer[0], answer[1], found

    def _rest(self, k: int, limit: int) -> "Answer | None":
        """Return the least cost of steps k and later, given the sittings of the earlier ones.

        None where the primary cost would be above the limit.
        """
        if k == len(self.sets):
            return (0, 0, None)
        key = (k, self._context(k))
        known = self._known.get(key)
        if known is None or (known[0] is None and known[1] < limit):
            known = self._known[key] = (self._searched(k, limit), limit)
        answer = known[0]
        return answer if answer is not None and answer[0] <= limit else None

    def _context(self, k: int) -> Members:
        """Return what the rest of the course can still see of the sittings placed so far."""
        seen = set(self._bound[k])
        for group in self._groups(k):
            if self._open(group, k):
                seen |= set(group)
        return tuple((i, self.cells[i]) for i in sorted(seen))

    def _searched(self, k: int, limit: int) -> "Answer | None":
        """Try step k's sittings in the order of what they cost at least."""
        own = self._own(k)
        least = own + self._later(k)
        best: Answer | None = None
        for at in np.argsort(least, kind="stable").tolist():
            floor = int(least[at])
            if floor > limit or (best is not None and (floor, 0) >= best[:2]):
                break
            answer = self._with(k, at, limit - int(own[at]), int(own[at]))
            if answer is not None and (best is None or answer[:2] < best[:2]):
                best, limit = answer, answer[0]
        return best

    def _with(self, k: int, at: int, left: int, own: int) -> "Answer | None":
        """Return the least cost of the rest once step k takes a sitting."""
        self.cells[k] = at
        if not all(self._uncrowded(crowd, k) for crowd in self.crowds):
            return None
        closed = self._closed(k)
        if closed is None:
            return None
        extra = sum(each.primary for each in closed)
        rest = self._rest(k + 1, left - extra)
        if rest is None:
            return None
        primary = own + rest[0] + extra
        secondary = rest[1] + sum(each.secondary for each in closed)
        return primary, secondary, _Trail(closed, rest[2])

    def _own(self, k: int) -> Table:
        """Return what each sitting of step k costs with those placed so far."""
        own = self._unary[k].copy()
        for (i, j), cost in self.tables.costs.items():
            if j == k:
                own += cost[self.cells[i]]
        return own

    def _later(self, k: int) -> Table:
        """Return the least that later steps cost, for each sitting of step k."""
        later = np.zeros(len(self.sets[k]), dtype=np.int64)
        for _, scope, table in self._messages[k]:
            later += table[tuple(self.cells[i] if i != k else slice(None) for i in scope)]
        return later

    def _uncrowded(self, crowd: Crowd, k: int) -> bool:
        """Tell whether a crowd's rule still holds once step k is placed."""
        members = [i for i in self._members_of(crowd) if i <= k]
        if k not in members:
            return True
        pins = self.visits.pins
        days = sorted(
            [(int(self.sets[i].start[self.cells[i]]), i in pins) for i in members]
            + [(day_of(day), True) for day in crowd.taken]
        )
        # What is booked or done stands, even where it breaks the rule without this course.
        return all(
            days[at + crowd.count][0] - days[at][0] >= crowd.days
            or all(fixed for _, fixed in days[at : at + crowd.count + 1])
            for at in range(len(days) - crowd.count)
        )

    def _linked(self, i: int, j: int) -> bool:
        near = self.tables.near.get((i, j))
        return near is not None and bool(near[self.cells[i], self.cells[j]])

    def _groups(self, k: int) -> list[list[int]]:
        """Group the steps before k that may touch at their sittings, directly or through others."""
        groups: list[list[int]] = []
        if not self.tables.near:
            return groups
        for j in range(k):
            touched = [g for g in groups if any(self._linked(i, j) for i in g)]
            groups = [g for g in groups if g not in touched]
            groups.append(sorted([j, *(i for g in touched for i in g)]))
        return groups

    def _open(self, group: Sequence[int], k: int) -> bool:
        """Tell whether a step from k on may still join a group."""
        return any(
            bool((near[self.cells[i]] & (self.tables.costs[i, j][self.cells[i]] < NEVER)).any())
            for (i, j), near in self.tables.near.items()
            if i in group and j >= k
        )

    def _closed(self, k: int) -> tuple[Settled, ...] | None:
        """Settle the groups that no later step can join any more; None when one has no place."""
        if not self.tables.near:
            settled = self._settle(((k, self.cells[k]),))
            return None if settled is None else (settled,)
        found = list[Settled]()
        for group in self._groups(k + 1):
            was_open = k in group or self._open(group, k)
            if not was_open or self._open(group, k + 1):
                continue
            settled = self._settle(tuple((i, self.cells[i]) for i in group))
            if settled is None:
                return None
            found.append(settled)
        return tuple(found)

    def _settle(self, members: Members) -> Settled | None:
        """Return the cheapest starts of sessions that may touch, asked once."""
        if members not in self._settled:
            opening = self.visits.openings.get(members[0][0])
            alone = len(members) == 1 and not (opening and opening.clashing)
            self._settled[members] = (
                self.visits.alone(members[0]) if alone else Knot(self.visits, members).best()
            )
        return self._settled[members]

"""Starts that are left of each session, and the differences between sessions that cut them.

Everything that binds two sessions of a course is a difference: so many quanta between starts, so
many days between dates. `State.narrow` moves the first and the last start of every session inward
until no difference cuts any more. Differences are closed under the component-wise minimum, so the
first starts that are left are themselves a plan for all of them at once, and no plan has any
session earlier. What a difference cannot say (one before the other or the other way round, at most
so many in a month) is a `Choice` between several.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import combinations
from typing import TypeAlias

from scheduling.core.timeline import Timeline


class Kind(Enum):
    """What a difference counts, from the first session to the second."""

    QUANTA = "quanta"
    """From start to start."""
    DAYS = "days"
    """From the end date to the start date."""
    DATES = "dates"
    """From the start date to the start date."""


@dataclass(frozen=True, slots=True)
class Edge:
    """Two sessions by index: the second lies `least` to `most` after the first."""

    kind: Kind
    one: int
    two: int
    least: int
    most: int | None = None


Some: TypeAlias = tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Alternatives, of which one at least holds with all its edges; these have no most."""

    alternatives: tuple[Some, ...]
    members: int = field(init=False)
    """A bit for each session that it is about."""

    def __post_init__(self) -> None:
        """Note the sessions."""
        members = 0
        for some in self.alternatives:
            for edge in some:
                members |= 1 << edge.one | 1 << edge.two
        object.__setattr__(self, "members", members)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The dates of one session's starts: from ``cuts[i]`` on they are ``starts[i]``, ``ends[i]``."""

    cuts: Sequence[int]
    starts: Sequence[int]
    ends: Sequence[int]
    nights: int = 0
    """The most midnights that a session runs over."""

    def day(self, start_q: int) -> int:
        """Return the date on which a start lies, as a day of the epoch."""
        return self.starts[bisect_right(self.cuts, start_q) - 1]

    def end(self, start_q: int) -> int:
        """Return the date on which the session ends."""
        return self.ends[bisect_right(self.cuts, start_q) - 1]

    def from_day(self, day: int) -> int:
        """Return the first quantum on that date or later."""
        return _first(self.cuts, bisect_left(self.starts, day))

    def to_day(self, day: int) -> int:
        """Return the last quantum on that date or earlier."""
        return _first(self.cuts, bisect_right(self.starts, day)) - 1

    def from_end(self, day: int) -> int:
        """Return the first start whose session ends on that date or later."""
        return _first(self.cuts, bisect_left(self.ends, day))

    def to_end(self, day: int) -> int:
        """Return the last start whose session ends on that date or earlier."""
        return _first(self.cuts, bisect_right(self.ends, day)) - 1


_AFTER = 1 << 60
"""A quantum after all."""


def _first(cuts: Sequence[int], at: int) -> int:
    return cuts[at] if at < len(cuts) else _AFTER


_TWO = 2
_NO_PATH = -(1 << 50)
_SHORT_DAY_Q, _LONG_DAY_Q = 240, 336
"""Quanta of the shortest and of the longest date in any zone (one date may be left out)."""

Matrix: TypeAlias = list[list[int]]


def _dates_in(quanta: int) -> int:
    """Return how many dates later, at least, a start is that comes so many quanta later."""
    if quanta <= _NO_PATH:
        return _NO_PATH
    return quanta // _SHORT_DAY_Q - 1 if quanta < 0 else quanta // _LONG_DAY_Q


@dataclass(slots=True)
class State:
    """What is left of a course somewhere in the search.

    `lines` are the starts left, as bits from `origins`; all of them lie in ``[lows, highs]``.
    ``after[i][j]`` is how many quanta, at least, all differences together put j after i, and
    ``dated[i][j]`` how many dates.
    """

    calendars: Sequence[Calendar]
    origins: Sequence[int]
    lengths: Sequence[int]
    lines: list[Timeline]
    lows: list[int] = field(default_factory=list)
    highs: list[int] = field(default_factory=list)
    edges: list[Some] = field(default_factory=list)
    """By session, all differences that it is in."""
    choices: tuple[Choice, ...] = ()
    after: Matrix = field(default_factory=list)
    dated: Matrix = field(default_factory=list)
    stale: int = -1
    """A bit for each session that has moved since the choices were looked at."""

    def __post_init__(self) -> None:
        """Look the first and last starts up; every session has one."""
        if not self.lows:
            count = len(self.lines)
            self.lows, self.highs, self.edges = [0] * count, [0] * count, [()] * count
            for at, line in enumerate(self.lines):
                self.cut(at, line)
            self.after = [[0 if i == j else _NO_PATH for j in range(count)] for i in range(count)]
            self.dated = [list(row) for row in self.after]

    def copy(self) -> "State":
        """Return a state that may be cut without cutting this one."""
        return replace(
            self,
            lines=list(self.lines),
            lows=list(self.lows),
            highs=list(self.highs),
            edges=list(self.edges),
            after=[list(row) for row in self.after],
            dated=[list(row) for row in self.dated],
        )

    def with_edges(self, edges: Iterable[Edge]) -> "State | None":
        """Return what is left with more differences; None when a session has no start left."""
        left, some = self.copy(), tuple(edges)
        fits = left.add(some) and left.narrow({at for e in some for at in (e.one, e.two)})
        return left if fits else None

    def with_line(self, at: int, line: Timeline) -> "State | None":
        """Return what is left with fewer starts of one session; None when one has none left."""
        left = self.copy()
        return left if left.cut(at, line) and left.narrow({at}) else None

    def add(self, edges: Iterable[Edge]) -> bool:
        """Bind two sessions more; False when differences contradict each other."""
        for edge in edges:
            one, two = edge.one, edge.two
            self.edges[one] = (*self.edges[one], edge)
            self.edges[two] = (*self.edges[two], edge)
            quanta, dates, back, dates_back = self._apart(edge)
            if not self._path(one, two, quanta, dates) or not self._path(
                two, one, back, dates_back
            ):
                return False
        return True

    def _apart(self, edge: Edge) -> tuple[int, int, int, int]:
        """Return what an edge says at least: quanta and dates, there and back."""
        most = edge.most
        if edge.kind is Kind.QUANTA:
            back = _NO_PATH if most is None else -most
            return edge.least, _dates_in(edge.least), back, _dates_in(back)
        ends = edge.kind is Kind.DAYS
        length = self.lengths[edge.one] if ends else 0
        nights = self.calendars[edge.one].nights if ends else 0
        whole = max(edge.least - 2, 0)
        quanta = length + whole * _SHORT_DAY_Q if edge.least > 0 else _NO_PATH
        if most is None:
            return quanta, edge.least, _NO_PATH, _NO_PATH
        return quanta, edge.least, -(length + (max(most, 0) + 1) * _LONG_DAY_Q), -most - nights

    def _path(self, one: int, two: int, quanta: int, dates: int) -> bool:
        """Put two at least so far after one, with all that follows; False for a contradiction."""
        for matrix, far in ((self.after, quanta), (self.dated, dates)):
            if far <= matrix[one][two]:
                continue
            if far + matrix[two][one] > 0:
                return False
            self._spread(matrix, one, two, far)
        return True

    def _spread(self, matrix: Matrix, one: int, two: int, far: int) -> None:
        """Lengthen all paths that a longer way from one to two lengthens."""
        beyond = [(j, far + way) for j, way in enumerate(matrix[two]) if way > _NO_PATH]
        for i, row in enumerate(matrix):
            way = row[one]
            if way <= _NO_PATH:
                continue
            for j, rest in beyond:
                if way + rest > row[j]:
                    row[j] = way + rest
                    self.stale |= 1 << i | 1 << j

    def cut(self, at: int, line: Timeline) -> bool:
        """Leave one session these starts only; False when that leaves none."""
        line &= self.lines[at]
        self.lines[at] = line
        self.stale |= 1 << at
        if not line:
            return False
        origin = self.origins[at]
        self.lows[at] = origin + (line & -line).bit_length() - 1
        self.highs[at] = origin + line.bit_length() - 1
        return True

    def _weakest(self, viable: Sequence[Some]) -> list[Some]:
        """Leave out alternatives that are more than another one asks, as dates are known to be.

        These are single differences between start dates, all of them alike but for the sessions.
        """
        found = list[Some]()
        for some in viable:
            (edge,) = some
            if not any(self._asks_less(other, edge) for (other,) in found):
                found = [kept for kept in found if not self._asks_less(edge, kept[0])]
                found.append(some)
        return found

    def _asks_less(self, weak: Edge, strong: Edge) -> bool:
        return self.no_later(weak.one, strong.one) and self.no_later(strong.two, weak.two)

    def no_later(self, one: int, two: int) -> bool:
        """Tell whether one session is certain to start on the date of another or before."""
        if self.dated[one][two] >= 0:
            return True
        return self.calendars[one].day(self.highs[one]) <= self.calendars[two].day(self.lows[two])

    def open_pair(self, choice: Choice) -> tuple[int, int] | None:
        """Return two sessions of a choice of which either may be on the earlier date."""
        members = [at for at in range(len(self.lines)) if choice.members >> at & 1]
        for one, two in combinations(members, 2):
            if not self.no_later(one, two) and not self.no_later(two, one):
                return one, two
        return None

    def differences(self) -> set[Edge]:
        """Return all differences, each once."""
        return {edge for some in self.edges for edge in some}

    def narrow(self, moved: set[int]) -> bool:
        """Cut until nothing moves, after some sessions have moved; False when one has no start."""
        while True:
            while moved:
                for edge in self.edges[moved.pop()]:
                    if not self._apply(edge, moved):
                        return False
            chosen = self._chosen()
            if chosen is None or not self.add(chosen):
                return False
            if not chosen:
                return True
            moved = {at for edge in chosen for at in (edge.one, edge.two)}

    def _chosen(self) -> Some | None:
        """Drop settled choices; return the edges of those that have one alternative left."""
        left, found = list[Choice](), list[Edge]()
        stale, self.stale = self.stale, 0
        for choice in self.choices:
            if not choice.members & stale:
                left.append(choice)
                continue
            viable = [some for some in choice.alternatives if all(map(self._possible, some))]
            if len(viable) > _TWO:
                viable = self._weakest(viable)
            if not viable:
                return None
            if len(viable) == 1:
                found += viable[0]
            elif not any(all(map(self._certain, some)) for some in viable):
                whole = len(viable) == len(choice.alternatives)
                left.append(choice if whole else Choice(tuple(viable)))
        self.choices = tuple(left)
        return tuple(found)

    def gap(self, edge: Edge, starts: Sequence[int], later: Sequence[int]) -> int:
        """Return what an edge counts from one session's start to the other's."""
        one, two = starts[edge.one], later[edge.two]
        if edge.kind is Kind.QUANTA:
            return two - one
        calendar = self.calendars[edge.one]
        first = calendar.end(one) if edge.kind is Kind.DAYS else calendar.day(one)
        return self.calendars[edge.two].day(two) - first

    def _possible(self, edge: Edge) -> bool:
        if edge.kind is Kind.QUANTA:
            if edge.least + self.after[edge.two][edge.one] > 0:
                return False
        elif edge.least + self.dated[edge.two][edge.one] > 0:
            return False
        return self.gap(edge, self.lows, self.highs) >= edge.least

    def _certain(self, edge: Edge) -> bool:
        if edge.kind is Kind.QUANTA and self.after[edge.one][edge.two] >= edge.least:
            return True
        return self.gap(edge, self.highs, self.lows) >= edge.least

    def holds(self, choice: Choice) -> bool:
        """Tell whether the first starts that are left meet a choice."""
        return any(
            all(edge.least <= self.gap(edge, self.lows, self.lows) for edge in some)
            for some in choice.alternatives
        )

    def _apply(self, edge: Edge, moved: set[int]) -> bool:
        """Cut both sessions by one difference."""
        one, two = edge.one, edge.two
        low, high = self._reach(edge)
        if not self._within(two, low, high, moved):
            return False
        low, high = self._reach_back(edge)
        return self._within(one, low, high, moved)

    def _reach(self, edge: Edge) -> tuple[int, int]:
        """Return the first and last start that an edge leaves its second session."""
        low, high, most = self.lows[edge.one], self.highs[edge.one], edge.most
        if edge.kind is Kind.QUANTA:
            return low + edge.least, _AFTER if most is None else high + most
        calendar, there = self.calendars[edge.one], self.calendars[edge.two]
        dated = calendar.end if edge.kind is Kind.DAYS else calendar.day
        return (
            there.from_day(dated(low) + edge.least),
            _AFTER if most is None else there.to_day(dated(high) + most),
        )

    def _reach_back(self, edge: Edge) -> tuple[int, int]:
        """Return the first and last start that an edge leaves its first session."""
        low, high, most = self.lows[edge.two], self.highs[edge.two], edge.most
        if edge.kind is Kind.QUANTA:
            return -_AFTER if most is None else low - most, high - edge.least
        calendar, there = self.calendars[edge.one], self.calendars[edge.two]
        days = edge.kind is Kind.DAYS
        last = (calendar.to_end if days else calendar.to_day)(there.day(high) - edge.least)
        if most is None:
            return -_AFTER, last
        return (calendar.from_end if days else calendar.from_day)(there.day(low) - most), last

    def _within(self, at: int, low: int, high: int, moved: set[int]) -> bool:
        """Cut one session to starts from `low` to `high`; False when none is left."""
        line, origin = self.lines[at], self.origins[at]
        cut = False
        if low > self.lows[at]:
            if low > self.highs[at]:
                return False
            line = line >> (low - origin) << (low - origin)
            cut = True
        if high < self.highs[at]:
            if high < self.lows[at]:
                return False
            line &= (1 << (high - origin + 1)) - 1
            cut = True
        if cut:
            moved.add(at)
            return self.cut(at, line)
        return True

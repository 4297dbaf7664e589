"""How near a state of the search could come to a course's targets, and to where sessions were."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from plans.core.binding import QUANTUM_MINUTES
from plans.core.course import DAY_MINUTES
from plans.core.narrowing import Edge, Kind, State
from plans.core.tables import DAY_MOVED, MOVED
from plans.core.tension import GROUND, NEVER_GAP, Pull, relaxed
from plans.core.visits import Visits


@dataclass(frozen=True, slots=True)
class Target:
    """A lag's target; `edge` counts the gap."""

    edge: Edge
    minutes: int
    """The target in days or in minutes, as the edge counts."""

    def cost(self, gap: int) -> int:
        """Return the minutes that a gap is off the target."""
        if self.edge.kind is Kind.QUANTA:
            return abs(gap * QUANTUM_MINUTES - self.minutes)
        return abs(gap - self.minutes) * DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Nearest:
    """The least primary cost of a state, and the dates and starts that would have it."""

    cost: int
    dates: Sequence[int]
    quanta: Sequence[int]


@dataclass(slots=True)
class Nearness:
    """The targets of a course, and the sessions that would rather stay where they were."""

    visits: Visits
    targets: Sequence[Target]
    _days: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Look up on which dates sessions were."""
        visits = self.visits
        self._days = {at: visits.day(at, was.start_q) for at, was in visits.was.items()}

    def actual(self, state: State) -> int:
        """Return the primary cost of a state's first starts."""
        total = sum(t.cost(state.gap(t.edge, state.lows, state.lows)) for t in self.targets)
        for at, was in self.visits.was.items():
            start = state.lows[at]
            if start != was.start_q:
                total += MOVED + abs(state.calendars[at].day(start) - self._days[at]) * DAY_MOVED
        return total

    def least(self, state: State) -> Nearest:
        """Relax a state: every start between its first and its last might be free."""
        lows = [calendar.day(q) for calendar, q in zip(state.calendars, state.lows, strict=True)]
        dated, total = list[Pull](), 0
        for at, day in self._days.items():
            if not self.stays(state, at):
                total += MOVED
                dated.append(Pull(GROUND, at, day, day, DAY_MOVED, -NEVER_GAP, NEVER_GAP))
        dated += [self._pull(state, t) for t in self.targets if t.edge.kind is not Kind.QUANTA]
        quantal = [p for t in self.targets if t.edge.kind is Kind.QUANTA for p in _halves(t)]
        days, dates = 0, lows
        if dated:
            highs = [c.day(q) for c, q in zip(state.calendars, state.highs, strict=True)]
            edges = (e for e in state.differences() if e.kind is not Kind.QUANTA)
            dated += [self._held(state, edge) for edge in edges]
            days, dates = relaxed(dated, lows, highs)
        minutes, quanta = 0, state.lows
        if quantal:
            edges = (e for e in state.differences() if e.kind is Kind.QUANTA)
            quantal += [_bound(edge) for edge in edges]
            minutes, quanta = relaxed(quantal, state.lows, state.highs)
        return Nearest(total + days + minutes, dates, quanta)

    def stays(self, state: State, at: int) -> bool:
        """Tell whether a session may still be where it was."""
        shift = self.visits.was[at].start_q - state.origins[at]
        return shift >= 0 and bool(state.lines[at] >> shift & 1)

    def leaving(self, state: State) -> int | None:
        """Return a session that may stay where it was, and whose first start is elsewhere."""
        for at, was in self.visits.was.items():
            if state.lows[at] != was.start_q and self.stays(state, at):
                return at
        return None

    def cut(self, state: State) -> tuple[int, int]:
        """Return a session and a start of it to branch at, where a relaxation says nothing.

        Sessions that might or might not run over midnight come first, then the widest.
        """
        for at, starts in enumerate(self.visits.sets):
            near, far = _nights(state, at) if starts.span else (0, 0)
            if near != far:
                return at, _other_night(state, at)
        wide = [high - low for low, high in zip(state.lows, state.highs, strict=True)]
        at = wide.index(max(wide))
        return at, (state.lows[at] + state.highs[at] + 1) // 2

    def _pull(self, state: State, target: Target) -> Pull:
        near, far = self._midnights(state, target.edge)
        low, high = target.minutes + near, target.minutes + far
        edge = target.edge
        return Pull(edge.one, edge.two, low, high, DAY_MINUTES, -NEVER_GAP, NEVER_GAP)

    def _held(self, state: State, edge: Edge) -> Pull:
        near, far = self._midnights(state, edge)
        most = NEVER_GAP if edge.most is None else edge.most + far
        return Pull(edge.one, edge.two, 0, 0, 0, edge.least + near, most)

    def _midnights(self, state: State, edge: Edge) -> tuple[int, int]:
        """Return how many midnights an edge's first session runs over, least and most."""
        if edge.kind is not Kind.DAYS or not self.visits.sets[edge.one].span:
            return 0, 0
        return _nights(state, edge.one)


def _halves(target: Target) -> list[Pull]:
    """Return |5 gap - target|, with its bend between two quanta, as a pull at each of them."""
    edge = target.edge
    low, rest = divmod(target.minutes, QUANTUM_MINUTES)
    return [
        Pull(edge.one, edge.two, at, at, weight, -NEVER_GAP, NEVER_GAP)
        for at, weight in ((low, QUANTUM_MINUTES - rest), (low + 1, rest))
        if weight
    ]


def _bound(edge: Edge) -> Pull:
    most = NEVER_GAP if edge.most is None else edge.most
    return Pull(edge.one, edge.two, 0, 0, 0, edge.least, most)


def _nights(state: State, at: int) -> tuple[int, int]:
    """Return over how many midnights the starts that are left of a session run, least and most."""
    calendar, low, high = state.calendars[at], state.lows[at], state.highs[at]
    line, origin = state.lines[at], state.origins[at]
    found = set()
    for number in range(bisect_right(calendar.cuts, low) - 1, bisect_right(calendar.cuts, high)):
        first = max(calendar.cuts[number], low)
        last = calendar.cuts[number + 1] if number + 1 < len(calendar.cuts) else high + 1
        if line >> (first - origin) & ((1 << (last - first)) - 1):
            found.add(calendar.ends[number] - calendar.starts[number])
    return min(found), max(found)


def _other_night(state: State, at: int) -> int:
    """Return a session's first start that runs over another number of midnights than the first."""
    calendar, start = state.calendars[at], state.lows[at]
    nights = calendar.end(start) - calendar.day(start)
    while calendar.end(start) - calendar.day(start) == nights:
        rest = state.lines[at] >> (start + 1 - state.origins[at])
        start += (rest & -rest).bit_length()
    return start

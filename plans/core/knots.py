"""Sessions that may touch in time, settled together: depth first, best start first, with bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from plans.core.course import Lag
from plans.core.gaps import Pair
from plans.core.tables import QUANTUM_MINUTES, waits
from plans.core.visits import Hold, Members, Settled, Visits, assigned
from scheduling.core.availability import overlap
from scheduling.core.timeline import Timeline

Lines = dict[int, Timeline]
"""What is left of each session's starts; bits count from its sitting's first start."""


@dataclass(slots=True)
class Knot:
    """One group of sittings, while it is being settled."""

    visits: Visits
    members: Members
    found: Settled | None = None
    at: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Index the sittings."""
        self.at = dict(self.members)

    def best(self) -> Settled | None:
        """Return the cheapest starts and holds of all members; None when there are none."""
        lines: Lines = {}
        for step in self.at:
            line = 0
            for _, some in self.visits.tastes(step, self.at[step]):
                line |= some
            lines[step] = line
        if all(lines.values()) and self._tighten(lines):
            self._place({}, 0, lines)
        return self.found

    def _first(self, step: int) -> int:
        return int(self.visits.sets[step].first[self.at[step]])

    def _place(self, starts: dict[int, int], primary: int, lines: Lines) -> None:
        """Place one more session at each of its starts, cheapest first, unless it cannot pay."""
        holds = self._holds(starts)
        if holds is None:
            return
        secondary = holds[0] + sum(self.visits.wish_cost(step, s) for step, s in starts.items())
        left = {step: line for step, line in lines.items() if step not in starts}
        if self.found is not None:
            least = secondary + sum(self._cheapest(step, line) for step, line in left.items())
            if (primary, least) >= (self.found.primary, self.found.secondary):
                return
        if not left:
            order = tuple(sorted(starts.items()))
            self.found = Settled(primary, secondary, order, tuple(holds[1][s] for s, _ in order))
            return
        step = min(left, key=lambda one: (left[one].bit_count(), one))
        for extra, _, start in sorted(self._choices(step, left[step], starts)):
            rest = self._after(step, start, lines)
            if rest is not None:
                self._place({**starts, step: start}, primary + extra, rest)

    def _cheapest(self, step: int, line: Timeline) -> int:
        return next(c for c, some in self.visits.tastes(step, self.at[step]) if some & line)

    def _choices(
        self, step: int, line: Timeline, starts: Mapping[int, int]
    ) -> Iterator[tuple[int, int, int]]:
        """Yield (cost of dates and lags, other costs, start) for each start of a session."""
        first = self._first(step)
        for cost, some in self.visits.tastes(step, self.at[step]):
            here = some & line
            while here:
                low = here & -here
                start = first + low.bit_length() - 1
                yield self._extra(step, start, starts), cost, start
                here ^= low

    def _extra(self, step: int, start: int, starts: Mapping[int, int]) -> int:
        """Return what a start costs beyond the least that the tables counted."""
        extra = self.visits.move_cost(step, start) - self.visits.least_move(step, self.at[step])
        for other, other_start in starts.items():
            one, two = sorted(((step, start), (other, other_start)))
            pair = self.visits.pairs.get((one[0], two[0]))
            for lag in pair.elapsed if pair else ():
                if lag.target is not None:
                    gap = (two[1] - one[1]) * QUANTUM_MINUTES
                    extra += abs(gap - lag.target) - self._least_off(lag, lag.target, pair)
        return extra

    def _least_off(self, lag: Lag, target: int, pair: Pair | None) -> int:
        if pair is None:
            return 0
        one, two = self.visits.sets[pair.one], self.visits.sets[pair.two]
        a, b = self.at[pair.one], self.at[pair.two]
        longest = int(two.last[b] - one.first[a]) * QUANTUM_MINUTES
        shortest = int(two.first[b] - one.last[a]) * QUANTUM_MINUTES
        return max(shortest - target, target - longest, 0)

    def _after(self, step: int, start: int, lines: Lines) -> Lines | None:
        """Return what is left of the lines once a session is placed; None where one has nothing."""
        left = {**lines, step: 1 << (start - self._first(step))}
        for other in lines:
            if other != step:
                left[other] &= self._allowed(other, step, start, start)
                if not left[other]:
                    return None
        return left if self._tighten(left) else None

    def _allowed(self, other: int, step: int, low: int, high: int) -> Timeline:
        """Return the starts of `other` that may go with some start of `step` in [low, high]."""
        pins = self.visits.pins
        if other in pins and step in pins:
            return -1
        i, j = min(step, other), max(step, other)
        pair = self.visits.pairs.get((i, j)) or Pair(i, j, ())
        frame = self.visits.frame
        wait = waits(frame, pair, (frame.steps[i].length, frame.steps[j].length))
        forth, back = self._orders(pair)
        if other == i:
            forth, back, wait = back, forth, (wait[1], wait[0])
        line = 0
        if forth:
            line |= self._range(other, low + wait[0], None)
        if back:
            line |= self._range(other, None, high - wait[1])
        for lag in pair.elapsed:
            line &= self._elapsed(lag, other, (low, high), later=other == j)
        return line

    def _orders(self, pair: Pair) -> tuple[bool, bool]:
        """Tell whether the first of a pair may come first, and whether the second may."""
        one, two = self.visits.sets[pair.one], self.visits.sets[pair.two]
        a, b = self.at[pair.one], self.at[pair.two]
        forth = pair.forward is None or two.start[b] - one.end[a] >= pair.forward
        back = pair.backward is None or one.start[a] - two.end[b] >= pair.backward
        return bool(forth), bool(back) and not pair.ordered

    def _elapsed(self, lag: Lag, other: int, span: tuple[int, int], *, later: bool) -> Timeline:
        """Return the starts that a lag in minutes leaves beside a session that starts in a span."""
        least = -(-lag.least // QUANTUM_MINUTES)
        most = None if lag.most is None else lag.most // QUANTUM_MINUTES
        low, high = span
        if later:
            return self._range(other, low + least, None if most is None else high + most)
        return self._range(other, None if most is None else low - most, high - least)

    def _range(self, step: int, low: int | None, high: int | None) -> Timeline:
        """Return the starts from `low` to `high`, both inclusive, as bits of a session's sitting."""
        line = -1
        first = self._first(step)
        if low is not None and low > first:
            line &= -1 << (low - first)
        if high is not None:
            line &= (1 << (high - first + 1)) - 1 if high >= first else 0
        return line

    def _tighten(self, lines: Lines) -> bool:
        """Cut starts that nothing goes with, pair by pair, until nothing moves; False if one has none."""
        if len(lines) <= 1:
            return True
        stale = True
        while stale:
            stale = False
            for step in lines:
                low = self._first(step) + (lines[step] & -lines[step]).bit_length() - 1
                high = self._first(step) + lines[step].bit_length() - 1
                for other in lines:
                    cut = (
                        lines[other]
                        if other == step
                        else lines[other] & self._allowed(other, step, low, high)
                    )
                    if not cut:
                        return False
                    stale |= cut != lines[other]
                    lines[other] = cut
        return True

    def _holds(self, starts: Mapping[int, int]) -> tuple[int, dict[int, tuple[Hold, ...]]] | None:
        """Return the cheapest holds of the sessions placed so far; None when they clash."""
        offers = {step: self.visits.offers(step, start) for step, start in starts.items()}
        if not all(all(needs) for needs in offers.values()):
            return None
        total, found = 0, dict[int, tuple[Hold, ...]]()
        groups = self._touching(offers)
        for group in groups:
            chosen = assigned([need for step in group for need in offers[step]])
            if chosen is None:
                return None
            total += chosen[0]
            taken = list(chosen[1])
            for step in group:
                found[step] = tuple(taken[: len(offers[step])])
                del taken[: len(offers[step])]
        return total, found

    def _touching(self, offers: Mapping[int, list[list[tuple[int, Hold]]]]) -> list[list[int]]:
        """Group sessions whose holds share a moment, directly or through others."""
        spans = {
            step: [hold[2:] for need in needs for _, hold in need] for step, needs in offers.items()
        }
        reach = {
            step: (min((s for s, _ in some), default=0), max((e for _, e in some), default=0))
            for step, some in spans.items()
        }
        groups: list[list[int]] = []
        for step in sorted(offers):
            touched = [g for g in groups if any(overlap(reach[step], reach[o]) for o in g)]
            groups = [g for g in groups if g not in touched]
            groups.append(sorted([step, *(o for g in touched for o in g)]))
        return groups

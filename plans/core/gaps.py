"""What two sessions of a course ask of each other's dates: lags, the protocol's rules, order.

`Frame` holds it for all pairs. Lags and rules whose order is known bound dates from both sides;
`Frame.lows` and `Frame.push` narrow those bounds until nothing moves. A set of difference constraints is closed
under the component-wise minimum, so where all rules are such, the least bounds are themselves a
plan, and no plan has any session earlier. (Rules for either order are left to the search.)
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from plans.core.course import DAY_MINUTES, Apart, Course, Lag, Step, Unit
from plans.core.sittings import FAR, Pinned, Starts

_SHIFT_MINUTES = 180
"""More than any zone's clocks are ever moved at once."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The later start date lies `least` to `most` days after the earlier end date."""

    earlier: int
    later: int
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Pair:
    """All that binds two steps, by index, `one` < `two`.

    `lags` count from one to two. `forward` is the least days where one comes first, `backward`
    where two does, None where the protocol says nothing; `ordered` means one always comes first.
    """

    one: int
    two: int
    lags: tuple[Lag, ...]
    forward: int | None = None
    backward: int | None = None
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """The steps and what binds them, by index."""

    steps: tuple[Step, ...]
    pairs: tuple[Pair, ...]
    bounds: tuple[Bound, ...]
    least: tuple[tuple[int | None, ...], ...]
    """``least[i][j]``: the least days from i's end date to j's start date that lags imply."""
    order: tuple[tuple[bool, ...], ...]
    """``order[i][j]``: lags put i before j, directly or not."""
    one_place: bool

    def lows(self, sets: Sequence[Starts | Pinned]) -> list[int] | None:
        """Return the least start dates of all steps; None when one has none."""
        first = [each.next(-FAR) for each in sets]
        lows = [low for low in first if low is not None]
        stale = len(lows) == len(sets)
        while stale:
            stale = False
            for at, day in self._raised(sets, lows):
                low = sets[at].next(day)
                if low is None:
                    return None
                lows[at], stale = low, True
        return lows if len(lows) == len(sets) else None

    def _raised(
        self, sets: Sequence[Starts | Pinned], lows: list[int]
    ) -> Iterator[tuple[int, int]]:
        """Yield the steps that a bound puts later than they lie, and the day, as lows stand then."""
        for bound in self.bounds:
            i, j = bound.earlier, bound.later
            if lows[i] + bound.least > lows[j]:
                yield j, lows[i] + bound.least
            if bound.most is not None and lows[j] - bound.most - sets[i].span > lows[i]:
                yield i, lows[j] - bound.most - sets[i].span

    def push(self, sets: Sequence[Starts | Pinned], lows: list[int], highs: list[int]) -> bool:
        """Narrow the start dates ``[low, high]`` of all steps in place until nothing moves.

        False when a step has no date left.
        """
        spans = [each.span for each in sets]
        if not all(_snap(each, lows, highs, at) for at, each in enumerate(sets)):
            return False
        stale = True
        while stale:
            stale = False
            for bound in self.bounds:
                for at, low, high in _narrowed(bound, lows, highs, spans):
                    if low > lows[at] or high < highs[at]:
                        stale = True
                        if not _cut(sets[at], (low, high), lows, highs, at):
                            return False
        return True


def _snap(starts: Starts | Pinned, lows: list[int], highs: list[int], at: int) -> bool:
    """Move a step's bounds inward onto dates it has; False when none is left."""
    low = lows[at] if lows[at] == highs[at] else starts.next(lows[at])
    high = low if low == highs[at] else starts.previous(highs[at])
    if low is None or high is None or low > high:
        return False
    lows[at], highs[at] = low, high
    return True


def _cut(
    starts: Starts | Pinned, to: tuple[int, int], lows: list[int], highs: list[int], at: int
) -> bool:
    """Narrow a step's bounds to a range, onto dates it has; False when none is left."""
    low: int | None = lows[at]
    high: int | None = highs[at]
    if to[0] > lows[at]:
        low = starts.next(to[0])
    if to[1] < highs[at]:
        # A low that stands is a date of the step.
        high = low if low == to[1] == lows[at] else starts.previous(to[1])
    if low is None or high is None or low > high:
        return False
    lows[at], highs[at] = low, high
    return True


def _narrowed(
    bound: Bound, lows: list[int], highs: list[int], spans: list[int]
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return what a bound leaves of both steps' dates: (step, low, high) each."""
    i, j, span = bound.earlier, bound.later, spans[bound.earlier]
    later = (j, lows[i] + bound.least, highs[j])
    earlier = (i, lows[i], highs[j] - bound.least)
    if bound.most is not None:
        later = (j, later[1], highs[i] + span + bound.most)
        earlier = (i, lows[j] - bound.most - span, earlier[2])
    return earlier, later


def framed(course: Course, steps: Sequence[Step], pins: frozenset[str]) -> Frame:
    """Compile a course's lags and rules for the steps that are to be placed.

    Lags to steps that are left out fall away; nothing binds two pins to each other.
    """
    index = {step.key: at for at, step in enumerate(steps)}
    free = [step.key not in pins for step in steps]
    lags: dict[tuple[int, int], list[Lag]] = {}
    for j, step in enumerate(steps):
        for lag in step.lags:
            i = index.get(lag.after)
            if i is not None and (free[i] or free[j]):
                lags.setdefault((i, j), []).append(lag)
    bounds = [_bound(i, j, lag) for (i, j), some in lags.items() for lag in some]
    order = _orders(len(steps), lags)
    apart: dict[tuple[int, int], int] = {}
    for rule in course.aparts:
        if rule.first in index and rule.then in index:
            both = index[rule.first], index[rule.then]
            apart[both] = max(apart.get(both, 0), rule.days)
    needed = _needed(len(steps), bounds, order, apart)
    needed = {(i, j): days for (i, j), days in needed.items() if free[i] or free[j]}
    bounds += [Bound(i, j, days, None) for (i, j), days in needed.items() if order[i][j]]
    return Frame(
        tuple(steps),
        _pairs(lags, needed, order),
        tuple(bounds),
        tuple(map(tuple, _closure(len(steps), bounds))),
        tuple(map(tuple, order)),
        course.one_place,
    )


def _bound(i: int, j: int, lag: Lag) -> Bound:
    """Return a lag as a bound on dates; that of a lag in minutes is necessary, not sufficient."""
    if lag.unit is Unit.DAYS:
        return Bound(i, j, lag.least, lag.most)
    # From the earlier END date, which is at most two days past its start date.
    least = (lag.least - _SHIFT_MINUTES) // DAY_MINUTES - 2
    most = None if lag.most is None else (lag.most + _SHIFT_MINUTES) // DAY_MINUTES + 1
    return Bound(i, j, least, most)


def _orders(count: int, lags: dict[tuple[int, int], list[Lag]]) -> list[list[bool]]:
    """Tell for each pair whether lags put the first before the second, directly or not."""
    before = [[False] * count for _ in range(count)]
    # Lags name earlier steps, so all that comes before i is known before j is looked at.
    for i, j in sorted(lags, key=lambda pair: pair[1]):
        if any(lag.least >= 0 for lag in lags[i, j]):
            before[i][j] = True
            for row in before:
                row[j] |= row[i]
    return before


def _closure(count: int, bounds: Sequence[Bound]) -> list[list[int | None]]:
    """Return the longest path of leasts between all pairs; None where there is no path."""
    least: list[list[int | None]] = [[None] * count for _ in range(count)]
    for bound in sorted(bounds, key=lambda each: each.later):
        i, j = bound.earlier, bound.later
        for at, row in enumerate(least):
            way = 0 if at == i else row[i]
            known = row[j]
            if way is not None and (known is None or way + bound.least > known):
                row[j] = way + bound.least
    return least


def _needed(
    count: int,
    bounds: Sequence[Bound],
    order: list[list[bool]],
    apart: dict[tuple[int, int], int],
) -> dict[tuple[int, int], int]:
    """Return the rules that say more than lags, and shorter chains of rules, say already.

    A protocol has a rule for nearly every pair; a chain of lags settles most of them, and each
    one dropped keeps the search's tables small.
    """
    needed: dict[tuple[int, int], int] = {}
    known = list(bounds)
    for (i, j), days in sorted(
        apart.items(), key=lambda item: (abs(item[0][1] - item[0][0]), item)
    ):
        if order[j][i]:
            continue
        implied = _closure(count, known)[i][j]
        if implied is None or implied < days:
            needed[i, j] = days
            if order[i][j]:
                known.append(Bound(i, j, days, None))
    return needed


def _pairs(
    lags: dict[tuple[int, int], list[Lag]],
    needed: dict[tuple[int, int], int],
    order: list[list[bool]],
) -> tuple[Pair, ...]:
    keys = {(min(pair), max(pair)) for pair in (*lags, *needed)}
    return tuple(
        Pair(i, j, tuple(lags.get((i, j), ())), needed.get((i, j)), needed.get((j, i)), order[i][j])
        for i, j in sorted(keys)
    )


def needed(steps: Sequence[Step], rules: Sequence[Apart]) -> tuple[Apart, ...]:
    """Leave out the rules that lags and other rules along the way keep already.

    With the steps in order, days add up: 2 between each two neighbours are 4 over two of them.
    A step that may be left out adds none. What is left binds most steps to one earlier one, which
    is what the search is quick with.
    """
    at = {step.key: number for number, step in enumerate(steps)}
    days = {
        (at[lag.after], number): lag.least
        for number, step in enumerate(steps)
        for lag in step.lags
        if lag.unit is Unit.DAYS and lag.least >= 0
    }
    kept = list[Apart]()
    for rule in sorted(rules, key=lambda r: (at[r.then] - at[r.first], at[r.first])):
        one, two = at[rule.first], at[rule.then]
        for middle in range(one + 1, two):
            if not steps[middle].optional and (one, middle) in days and (middle, two) in days:
                whole = days[one, middle] + days[middle, two]
                days[one, two] = max(whole, days.get((one, two), 0))
        if rule.days > days.get((one, two), -1):
            kept.append(rule)
            days[one, two] = rule.days
    return tuple(kept)

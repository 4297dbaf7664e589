"""A course's lags, rules, order and scarce resources as differences and choices between starts."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import TypeAlias

from plans.core.course import Crowd, Lag, Unit
from plans.core.gaps import Pair
from plans.core.narrowing import Calendar, Choice, Edge, Kind, State
from plans.core.sittings import Pinned, Starts, day_of
from plans.core.visits import Visits

QUANTUM_MINUTES = 5

Hands: TypeAlias = tuple[int, int, int]
"""A resource that a session holds in any case, from when until when, counted from its start."""


def bound(
    visits: Visits, crowds: Sequence[Crowd], windows: Sequence[tuple[int, int]]
) -> State | None:
    """Return all starts of a course within windows of dates, with all that binds them.

    Dates on which a crowd is taken follow the sessions. None where a session has no start.
    """
    cut = [each.cut(low, high) for each, (low, high) in zip(visits.sets, windows, strict=True)]
    taken = [day_of(day) for crowd in crowds for day in crowd.taken]
    lines = [line for _, line in cut] + [1] * len(taken)
    if not all(lines):
        return None
    fixed = [Calendar([0], [day], [day]) for day in taken]
    state = State(
        calendars=[*(each.calendar for each in visits.sets), *fixed],
        origins=[*(origin for origin, _ in cut), *([0] * len(taken))],
        lengths=[*visits.lengths, *([0] * len(taken))],
        lines=lines,
    )
    if not state.add(_differences(visits)):
        return None
    state.choices = (*_orders(visits), *_scarce(visits), *_crowded(visits, crowds))
    return state


def lag_edge(one: int, two: int, lag: Lag) -> Edge:
    """Return a lag between two steps as a difference."""
    if lag.unit is Unit.DAYS:
        return Edge(Kind.DAYS, one, two, lag.least, lag.most)
    most = None if lag.most is None else lag.most // QUANTUM_MINUTES
    return Edge(Kind.QUANTA, one, two, -(-lag.least // QUANTUM_MINUTES), most)


def _differences(visits: Visits) -> Iterator[Edge]:
    """Yield the lags, and the waits and rules of pairs whose order is known."""
    for pair in visits.frame.pairs:
        one, two = pair.one, pair.two
        for lag in pair.lags:
            yield lag_edge(one, two, lag)
        if pair.ordered:
            yield Edge(Kind.QUANTA, one, two, _wait(visits, pair))
            if pair.forward is not None:
                yield Edge(Kind.DAYS, one, two, pair.forward)


def _wait(visits: Visits, pair: Pair) -> int:
    """Return how long after the first of an ordered pair starts the second may, in quanta.

    Without `one_place`, only a lag in days of at least 0 makes it wait for the end.
    """
    ends = any(lag.unit is Unit.DAYS and lag.least >= 0 for lag in pair.lags)
    return visits.lengths[pair.one] if visits.frame.one_place or ends else 0


def _orders(visits: Visits) -> Iterator[Choice]:
    """Yield the choices of who comes first, where the order of two sessions matters."""
    frame, pins = visits.frame, visits.pins
    pairs = {(pair.one, pair.two): pair for pair in frame.pairs}
    for i, j in combinations(range(len(frame.steps)), 2):
        pair = pairs.get((i, j))
        if frame.order[i][j] or (i in pins and j in pins):
            continue
        forward, backward = (pair.forward, pair.backward) if pair else (None, None)
        if not frame.one_place and forward is None and backward is None:
            continue
        lengths = visits.lengths if frame.one_place else [0] * len(frame.steps)
        yield Choice(
            tuple(
                (
                    Edge(Kind.QUANTA, one, two, lengths[one]),
                    *([] if days is None else [Edge(Kind.DAYS, one, two, days)]),
                )
                for one, two, days in ((i, j, forward), (j, i, backward))
            )
        )


def _scarce(visits: Visits) -> Iterator[Choice]:
    """Yield the choices of who comes first, where two sessions cannot do without one resource."""
    held = [list(_held(visits, at)) for at in range(len(visits.frame.steps))]
    for i, j in combinations(range(len(held)), 2):
        if i in visits.pins and j in visits.pins:
            continue
        for resource, low, high in held[i]:
            for other, there, until in held[j]:
                if resource == other:
                    yield Choice(
                        (
                            (Edge(Kind.QUANTA, i, j, high - there),),
                            (Edge(Kind.QUANTA, j, i, until - low),),
                        )
                    )


def _held(visits: Visits, at: int) -> Iterator[Hands]:
    """Yield what a session holds whenever it is."""
    pin = visits.pins.get(at)
    if pin is not None:
        for held in pin.held:
            yield held.resource_id, held.start_q - pin.start_q, held.end_q - pin.start_q
        return
    for need in visits.openings[at].needs:
        if len({place.resource for place in need}) == 1:
            low, high = max(p.low for p in need), min(p.high for p in need)
            if low < high:
                yield need[0].resource, low, high


def _crowded(visits: Visits, crowds: Sequence[Crowd]) -> Iterator[Choice]:
    """Yield, for each one session too many, the choices of which two lie far enough apart.

    What is booked or done stands, even where it breaks the rule without this course.
    """
    after = len(visits.frame.steps)
    for crowd in crowds:
        members = [at for at, step in enumerate(visits.frame.steps) if step.key in crowd.steps]
        taken = range(after, after + len(crowd.taken))
        after += len(crowd.taken)
        for some in combinations((*members, *taken), crowd.count + 1):
            if all(at in visits.pins or at in taken for at in some):
                continue
            yield Choice(
                tuple(
                    (Edge(Kind.DATES, one, two, crowd.days),) for one, two in permutations(some, 2)
                )
            )


def touching(visits: Visits, windows: Sequence[tuple[int, int]]) -> bool:
    """Tell whether two sessions within windows of dates might share a moment of anything."""
    spans = [_span(each, window) for each, window in zip(visits.sets, windows, strict=True)]
    reaches = [_reach(visits, at) for at in range(len(spans))]
    least, pins = visits.frame.least, visits.pins
    for i, j in combinations(range(len(spans)), 2):
        if i in pins and j in pins:
            continue
        lag = least[i][j]
        if lag is not None and lag > 1 and reaches[i][1] - reaches[j][0] < _DAY_Q:
            continue
        here = (spans[i][0] + reaches[i][0], spans[i][1] + reaches[i][1])
        there = (spans[j][0] + reaches[j][0], spans[j][1] + reaches[j][1])
        if here[0] < there[1] and there[0] < here[1]:
            return True
    return False


_DAY_Q = 20 * 12
"""Quanta that lie at least between the ends of two dates with a whole one between them."""


def _span(starts: Starts | Pinned, window: tuple[int, int]) -> tuple[int, int]:
    calendar = starts.calendar
    return (
        max(calendar.from_day(window[0]), calendar.cuts[0]),
        min(calendar.to_day(window[1]), starts.last),
    )


def _reach(visits: Visits, at: int) -> tuple[int, int]:
    """Return how far a session and its holds reach from its start."""
    length, pin = visits.lengths[at], visits.pins.get(at)
    if pin is not None:
        spans = [(h.start_q - pin.start_q, h.end_q - pin.start_q) for h in pin.held]
    else:
        needs = visits.openings[at].search.needs
        spans = [option.held(0, length) for need in needs for option in need]
    return min([0, *(s for s, _ in spans)]), max([length, *(e for _, e in spans)])

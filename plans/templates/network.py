"""Sessions and the bounds between them: which bounds, added up, cannot all hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Session `then` lies at least `least` after session `first`, both by their places.

    A negative `least` bounds the other way: `first` lies at most that long after `then`. `run` and
    `codes` name what asks for it: sessions and rules of the protocol; empty for the template's own.
    """

    first: int
    then: int
    least: int
    run: tuple[int, ...] = ()
    codes: frozenset[str] = frozenset()

    @property
    def of_template(self) -> bool:
        """Tell whether the template itself asks for it."""
        return not self.run


@dataclass(frozen=True, slots=True)
class Way:
    """Bounds that follow one another, and what they add up to."""

    length: int
    hops: tuple[Bound, ...]

    def then(self, bound: Bound) -> "Way":
        """Go one bound further."""
        return Way(self.length + bound.least, (*self.hops, bound))


Ways = Sequence[Sequence[Way | None]]


def longest(count: int, bounds: Iterable[Bound]) -> Ways:
    """Find the longest way from each session to each later one, along bounds that point forward.

    Of equally long ways the one with fewer bounds is kept: it is the one worth telling.
    """
    into: list[list[Bound]] = [[] for _ in range(count)]
    for bound in bounds:
        if bound.first < bound.then:
            into[bound.then].append(bound)
    found: list[list[Way | None]] = []
    for start in range(count):
        ways: list[Way | None] = [None] * count
        ways[start] = Way(0, ())
        for place in range(start + 1, count):
            offered = [way.then(b) for b in into[place] if (way := ways[b.first]) is not None]
            ways[place] = max(offered, key=_worth, default=None)
        found.append(ways)
    return found


def _worth(way: Way) -> tuple[int, int]:
    return way.length, -len(way.hops)


def circle(count: int, bounds: Sequence[Bound]) -> tuple[Bound, ...]:
    """Find bounds that lead back to where they began and add up to more than nothing.

    Those cannot all hold; empty where some dates keep every bound. Bellman and Ford's method.
    """
    reached = [0] * count
    came: list[Bound | None] = [None] * count
    last: int | None = None
    for _ in range(count + 1):
        last = None
        for bound in bounds:
            if reached[bound.first] + bound.least > reached[bound.then]:
                reached[bound.then] = reached[bound.first] + bound.least
                came[bound.then] = bound
                last = bound.then
        if last is None:
            return ()
    return _walked_back(came, last)


def _walked_back(came: Sequence[Bound | None], place: int | None) -> tuple[Bound, ...]:
    for _ in came:
        step = came[place] if place is not None else None
        place = step.first if step else None
    round_trip: list[Bound] = []
    at = place
    while at is not None and (step := came[at]) is not None:
        round_trip.insert(0, step)
        at = step.first
        if at == place:
            break
    return tuple(round_trip)

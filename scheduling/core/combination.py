"""Which resources a visit holds at a start: the cheapest combination, always the same one.

The cost of a hold, in quanta of clinic time that it is likely to waste:

* `UNASKED` when another resource was asked for: a person's wish outweighs all else;
* the resource's `worth`: how scarce it is, so that scarce ones are spared (`scarcity`);
* each gap of free time beside the hold that is shorter than the shortest useful visit, since
  nothing fits there any more.

The combination of least total cost wins; equal ones go to the lowest ids, need by need.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scheduling.core.availability import Option, Search, clashing, overlap
from scheduling.core.timeline import Indexes, Timeline, bits
from scheduling.core.words import Held

UNASKED = 1 << 20
"""More than any sum of gaps and worths."""

HOUR_Q = 12
"""What the only holder of a skill is worth; two holders share it."""

Costs: TypeAlias = NDArray[np.int64]
_NEVER = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """What makes one combination better than another.

    `requested` are ids that a person asked for, `worth` a price in quanta for each id, and
    `shortest` the quanta of the shortest visit that a gap could still hold.
    """

    requested: frozenset[int] = frozenset()
    worth: Mapping[int, int] = field(default_factory=dict)
    shortest: int = 1


PLAIN = Taste()


def scarcity(
    skills: Mapping[int, frozenset[str]], weekly: Mapping[int, int], asked: frozenset[str]
) -> dict[int, int]:
    """Return each resource's worth in quanta, from its skills and its open quanta a week.

    Each skill that the visit does not ask for adds an hour divided by the number of its holders,
    and time adds up to an hour: nothing for the resource that is open most, the whole of it for
    one that hardly is. Neither depends on the day's bookings, so the choice is a stable one.
    """
    holders: dict[str, int] = {}
    for held in skills.values():
        for skill in held:
            holders[skill] = holders.get(skill, 0) + 1
    most = max(weekly.values(), default=0)
    return {
        resource: sum(HOUR_Q // holders[skill] for skill in held - asked)
        + (HOUR_Q * (most - weekly.get(resource, 0)) // most if most else 0)
        for resource, held in skills.items()
    }


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """One candidate of one need at one start; the order is the order of choice."""

    cost: int
    resource: int
    option: int
    low: int
    high: int


def choose(search: Search, start_q: int, taste: Taste = PLAIN) -> tuple[Held, ...] | None:
    """Return what the visit would hold at one start, need by need; None when nothing combines.

    The search's masks are not asked: a start off the step still has a combination.
    """
    offered = [_offered(search, at, start_q, taste) for at in range(len(search.needs))]
    best = _best(offered, None, ())
    if best is None:
        return None
    return tuple(
        Held(p.resource, need[p.option].kind, p.low + search.window.q0, p.high + search.window.q0)
        for need, p in zip(search.needs, best, strict=True)
    )


_Taken: TypeAlias = tuple[_Place, ...]


def _best(offered: Sequence[Sequence[_Place]], best: _Taken | None, taken: _Taken) -> _Taken | None:
    """Return the cheapest completion of `taken`, or `best` when none is cheaper (exact)."""
    if best is not None and _key(offered, taken) > _key([], best, len(taken)):
        return best
    if len(taken) == len(offered):
        return taken if best is None or _key([], taken) < _key([], best) else best
    for place in offered[len(taken)]:
        if not any(_clash(place, other) for other in taken):
            best = _best(offered, best, (*taken, place))
    return best


_Key: TypeAlias = tuple[int, list[tuple[int, int]]]


def _key(offered: Sequence[Sequence[_Place]], taken: _Taken, ids: int | None = None) -> _Key:
    """Return what is compared: the least cost that is still possible, then the first `ids` ids."""
    rest = sum(places[0].cost for places in offered[len(taken) :] if places)
    cost = sum(place.cost for place in taken) + rest
    return cost, [(place.resource, place.option) for place in taken[:ids]]


def _clash(one: _Place, other: _Place) -> bool:
    return one.resource == other.resource and overlap((one.low, one.high), (other.low, other.high))


def _offered(search: Search, at: int, start_q: int, taste: Taste) -> list[_Place]:
    """Return the candidates that meet a need at one start, cheapest first, then by id."""
    places = []
    for number, option in enumerate(search.needs[at]):
        low, high = option.held(start_q - search.window.q0, search.length)
        if low < 0 or high > search.window.length or low >= high:
            continue
        asked = ((1 << (high - low)) - 1) << low
        for resource in option.candidates:
            line = search.free.get(resource, 0)
            able = search.able.get((option.skill, resource), asked)
            if line & able & asked == asked:
                cost = _price(resource, taste) + _waste(search, line, low, high, taste.shortest)
                places.append(_Place(cost, resource, number, low, high))
    return sorted(places)


def _price(resource: int, taste: Taste) -> int:
    asked = not taste.requested or resource in taste.requested
    return taste.worth.get(resource, 0) + (0 if asked else UNASKED)


def _waste(search: Search, line: Timeline, low: int, high: int, shortest: int) -> int:
    """Return the quanta of useless gaps beside a hold; what the window's edge cuts is no gap."""
    waste = 0
    near = max(low - shortest, 0)
    before = (line >> near) & ((1 << (low - near)) - 1)
    gap = low - near - (~before & ((1 << (low - near)) - 1)).bit_length()
    if gap < shortest and gap < low:
        waste += gap
    after = ~(line >> high) & ((1 << shortest) - 1)
    gap = (after & -after).bit_length() - 1 if after else shortest
    if gap < shortest and high + gap < search.window.length:
        waste += gap
    return waste


@dataclass(frozen=True, slots=True)
class Chosen:
    """The combination at each of many starts: per need, who, and by which option."""

    resources: tuple[Indexes, ...]
    options: tuple[Indexes, ...]


def choose_each(search: Search, starts: Timeline, taste: Taste = PLAIN) -> Chosen:
    """Return what `choose` returns, for all starts of a timeline at once.

    Needs that cannot clash are chosen each for itself, by arrays; where some may, `choose` is
    asked start by start.

    Raises:
        ValueError: there is no combination at one of the starts.

    """
    at = bits(starts)
    if clashing(search.needs, search.length):
        return _one_by_one(search, at, taste)
    columns = [_cheapest(search, number, at, taste) for number in range(len(search.needs))]
    return Chosen(tuple(c[0] for c in columns), tuple(c[1] for c in columns))


def _one_by_one(search: Search, at: Indexes, taste: Taste) -> Chosen:
    resources = np.zeros((len(search.needs), len(at)), dtype=np.int64)
    options = np.zeros((len(search.needs), len(at)), dtype=np.int64)
    for column, index in enumerate(at.tolist()):
        start_q = search.window.q0 + index
        held = choose(search, start_q, taste)
        if held is None:
            raise ValueError(f"nothing combines at {start_q}")
        for row, (need, hold) in enumerate(zip(search.needs, held, strict=True)):
            resources[row, column] = hold.resource_id
            options[row, column] = _option_of(need, hold, start_q, search.length)
    return Chosen(tuple(resources), tuple(options))


def _option_of(need: Sequence[Option], hold: Held, start_q: int, length: int) -> int:
    """Return the first option that gives this hold; equal ones cannot be told apart."""
    return next(
        number
        for number, option in enumerate(need)
        if option.kind == hold.kind
        and hold.resource_id in option.candidates
        and option.held(start_q, length) == (hold.start_q, hold.end_q)
    )


def _cheapest(search: Search, number: int, at: Indexes, taste: Taste) -> tuple[Indexes, Indexes]:
    """Return, for each start, the cheapest candidate of one need and its option."""
    places = sorted(
        (resource, index)
        for index, option in enumerate(search.needs[number])
        for resource in option.candidates
    )
    costs = np.stack(
        [_costs(search, search.needs[number][o], r, at, taste) for r, o in places]
        or [np.full(len(at), _NEVER)]
    )
    best = np.argmin(costs, axis=0)
    if np.any(costs[best, np.arange(len(at))] >= _NEVER):
        raise ValueError("nothing combines at one of the starts")
    table = np.array(places, dtype=np.int64).reshape(-1, 2)
    return table[best, 0], table[best, 1]


def _costs(search: Search, option: Option, resource: int, at: Indexes, taste: Taste) -> Costs:
    """Return one candidate's cost at each start; `_NEVER` where it does not meet the option."""
    low, high = option.held(0, search.length)
    line = search.free.get(resource, 0)
    able = search.able.get((option.skill, resource))
    if low >= high or not line:
        return np.full(len(at), _NEVER)
    begin, end = _around(line, at + low)
    costs = np.full(len(at), _price(resource, taste), dtype=np.int64)
    before, after = at + low - begin, end - at - high
    for gap, edge in ((before, begin == 0), (after, end == search.window.length)):
        costs += np.where((gap > 0) & (gap < taste.shortest) & ~edge, gap, 0)
    if able is not None and line & ~able:
        begin, end = _around(line & able, at + low)
    costs[(begin > at + low) | (end < at + high)] = _NEVER
    return costs


def _around(line: Timeline, at: Indexes) -> tuple[Indexes, Indexes]:
    """Return begin and end of the run at or before each index (the first run where none is)."""
    runs = bits(line ^ (line << 1)).reshape(-1, 2)
    if not len(runs):
        return np.full(len(at), _NEVER), np.full(len(at), -1)
    index = np.maximum(np.searchsorted(runs[:, 0], at, side="right") - 1, 0)
    return runs[index, 0], runs[index, 1]

"""What sessions hold at the first starts that a node of the search leaves them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

from plans.core.narrowing import State
from plans.core.visits import Hold, Offer, Ranked, Visits
from scheduling.core.availability import overlap
from scheduling.core.timeline import Timeline

Wanted: TypeAlias = tuple[int, int, Hold]
"""A session, the number of its need, and the hold that the need would have."""


@dataclass(frozen=True, slots=True)
class Node:
    """What is left of a course: starts, and by session the places of each need."""

    state: State
    needs: Sequence[Ranked]

    def split(self, at: int, line: Timeline) -> Iterator["Node"]:
        """Yield what is left with one session at some of its starts, then without them."""
        for part in (line, ~line):
            left = self.state.with_line(at, part)
            if left is not None:
                yield Node(left, self.needs)


def clash(visits: Visits, node: Node) -> tuple[Wanted, Wanted] | None:
    """Return two needs whose cheapest holds are of one resource at once."""
    rows = [
        (at, number, need[0][1])
        for at, needs in enumerate(_offers(visits, node))
        for number, need in enumerate(needs)
    ]
    for one, two in combinations(rows, 2):
        fixed = one[0] in visits.pins and two[0] in visits.pins
        if one[2][0] == two[2][0] and overlap(one[2][2:], two[2][2:]) and not fixed:
            return one, two
    return None


def _offers(visits: Visits, node: Node) -> list[list[list[Offer]]]:
    return [visits.offers(at, node.state.lows[at], needs) for at, needs in enumerate(node.needs)]


def _named(visits: Visits, node: Node, at: int, number: int) -> frozenset[int]:
    """Return the resources that a need may have at any start."""
    if at in visits.pins:
        return frozenset([visits.pins[at].held[number].resource_id])
    return frozenset(place.resource for _, place in node.needs[at][number])


def _steady(visits: Visits, node: Node, at: int, number: int) -> bool:
    """Tell whether a need is held equally long whatever meets it."""
    if at in visits.pins:
        return True
    return len({(place.low, place.high) for _, place in node.needs[at][number]}) == 1


def short(visits: Visits, node: Node) -> list[Wanted]:
    """Return needs that are all met at one moment by fewer resources than they are; none if none.

    One more than the resources are returned, each with the hold that it would have.
    """
    rows = [
        (at, number, need[0][1], _named(visits, node, at, number))
        for at, needs in enumerate(_offers(visits, node))
        for number, need in enumerate(needs)
        if _steady(visits, node, at, number)
    ]
    for _, _, begun, wide in rows:
        # Whoever else holds something when this hold begins, and can do with these resources only.
        held = [row[:3] for row in rows if row[2][2] <= begun[2] < row[2][3] and row[3] <= wide]
        if len(held) > len(wide):
            return held[: len(wide) + 1]
    return []


def greedy(visits: Visits, node: Node) -> tuple[int, list[tuple[Hold, ...]]] | None:
    """Give every need its cheapest hold that none before it has; None when one is left out.

    The first value is what holds and the wishes about times cost.
    """
    taken: dict[int, list[tuple[int, int]]] = {}
    for pin in visits.pins.values():
        for held in pin.held:
            taken.setdefault(held.resource_id, []).append((held.start_q, held.end_q))
    total, found = 0, list[tuple[Hold, ...]]()
    for at, needs in enumerate(_offers(visits, node)):
        total += visits.wish_cost(at, node.state.lows[at])
        holds = list[Hold]()
        for need in needs:
            offer = need[0] if at in visits.pins else _untaken(need, taken)
            if offer is None:
                return None
            total += offer[0]
            holds.append(offer[1])
            taken.setdefault(offer[1][0], []).append(offer[1][2:])
        found.append(tuple(holds))
    return total, found


def _untaken(need: Sequence[Offer], taken: dict[int, list[tuple[int, int]]]) -> Offer | None:
    for cost, hold in need:
        if not any(overlap(hold[2:], span) for span in taken.get(hold[0], ())):
            return cost, hold
    return None


def barred(visits: Visits, node: Node, wanted: Wanted) -> Node | None:
    """Return a node in which a need may not have the place that it wants."""
    return _offered(visits, node, wanted, with_it=False)


def kept(visits: Visits, node: Node, wanted: Wanted) -> Node | None:
    """Return a node in which a need has the place that it wants."""
    return _offered(visits, node, wanted, with_it=True)


def _offered(visits: Visits, node: Node, wanted: Wanted, *, with_it: bool) -> Node | None:
    at, number, (resource, _, begins, ends) = wanted
    if at in visits.pins:
        return node if with_it else None
    start = node.state.lows[at]
    place = resource, begins - start, ends - start
    places = [
        row
        for row in node.needs[at][number]
        if ((row[1].resource, row[1].low, row[1].high) == place) is with_it
    ]
    line = 0
    for _, each in places:
        line |= each.fits
    left = node.state.with_line(at, line >> (node.state.origins[at] - visits.course.window.q0))
    if left is None:
        return None
    own = [*node.needs[at][:number], places, *node.needs[at][number + 1 :]]
    return Node(left, [*node.needs[:at], own, *node.needs[at + 1 :]])

"""The search where sessions may touch: relax, find what the relaxation breaks, branch on it.

A node is what is left of every session's starts (`plans.core.narrowing.State`) and of the places
that it may hold. The first starts that are left obey every difference; what may still be wrong
with them is, in this order, that the plan could be nearer to its targets (`plans.core.nearness`
says where), that a choice is not met, that a session has a cheaper start, and that two sessions
want one resource. Each is branched on so that no plan is lost, and a node is left when even its
bound is no better than the best plan known: the answer is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import combinations
from typing import TypeAlias

from plans.core.holding import Node, Wanted, barred, clash, greedy, kept, short
from plans.core.narrowing import Choice, Edge, Kind, Some, State
from plans.core.nearness import Nearest, Nearness
from plans.core.turns import Turns
from plans.core.visits import Hold, Level, Visits

Places: TypeAlias = dict[int, tuple[int, tuple[Hold, ...]]]

_DAY_Q = 288


@dataclass(frozen=True, slots=True)
class Known:
    """A plan, with the costs that it is compared by."""

    rank: tuple[int, int]
    places: Places


@dataclass(slots=True)
class Branching:
    """One course, while it is searched; `known` is the best plan so far."""

    visits: Visits
    root: State
    nearness: Nearness
    required: Sequence[int]
    known: Known | None = None
    turns: Turns = field(init=False)
    _end: int | None = None

    def __post_init__(self) -> None:
        """Begin to count how often a sequence was asked for."""
        self.turns = Turns(self.visits)

    def least_end(self) -> int | None:
        """Return the earliest date on which the last required session can lie; None without a plan.

        A plan that ends then is known afterwards.
        """
        for _ in self._searched(ending=True):
            pass
        return self._end

    def possible(self, patience: int) -> bool | None:
        """Tell whether there is any plan; None where so many nodes do not settle it."""
        for number, _ in enumerate(self._searched(ending=True)):
            if self._end is not None:
                return True
            if number >= patience:
                return None
        return self._end is not None

    def least(self) -> Known | None:
        """Return the plan of least cost, and of those that cost the same the one known first."""
        self._nearest_first()
        if self.known is None:
            return None
        for _ in self._searched(ending=False):
            pass
        return self.known

    def _root(self) -> Node | None:
        state = self.root.copy()
        if not state.narrow(set(range(len(state.lines)))):
            return None
        return Node(state, [self.visits.ranked(at) for at in range(len(self.visits.frame.steps))])

    def _nearest_first(self) -> None:
        """Find a plan of least primary cost, whatever else it costs: the node of least bound first."""
        root, number = self._root(), 0
        heap = list[tuple[int, int, Node, Nearest]]()
        branches = iter(() if root is None else (root,))
        while True:
            for node in branches:
                nearest, number = self.nearness.least(node.state), number - 1
                heappush(heap, (nearest.cost, number, node, nearest))
            if not heap or (self.known is not None and heap[0][0] >= self.known.rank[0]):
                return
            cost, _, node, nearest = heappop(heap)
            branches = self._plans(node, cost, nearest)

    def _plans(self, node: Node, primary: int, nearest: Nearest) -> Iterator[Node]:
        """Branch until a node's first starts are as near as can be and a plan; note that."""
        if self.nearness.actual(node.state) > primary:
            yield from self._nearer(node, nearest)
            return
        broken = _broken(node.state)
        if broken is not None:
            yield from _either(node, broken)
            return
        held = greedy(self.visits, node)
        if held is not None:
            self._note(node.state, primary, held)
            return
        yield from self._shared(node)

    def _searched(self, *, ending: bool) -> Iterator[Node]:
        """Visit nodes depth first, the most promising branch first."""
        root = self._root()
        if root is None:
            return
        floor = self._last(root.state)
        stack = [iter([root])]
        while stack and not (ending and self._end == floor):
            node = next(stack[-1], None)
            if node is None:
                stack.pop()
                continue
            yield node
            stack.append(self._ended(node) if ending else self._branches(node))

    # -- the end

    def _last(self, state: State) -> int:
        """Return the earliest end that a state allows."""
        return max((state.calendars[at].day(state.lows[at]) for at in self.required), default=0)

    def _ended(self, node: Node) -> Iterator[Node]:
        """Branch while only the end counts."""
        if self._end is not None:
            sooner = self._sooner(node.state, self._end - 1)
            if sooner is None:
                return
            node = Node(sooner, node.needs)
        broken = _broken(node.state)
        if broken is None:
            if not self._ends(node):
                yield from self._shared(node)
            return
        starts = self.turns.fit(node.state)
        if starts is None or starts:
            there = _at(node, starts) if starts else None
            self.turns.helped += there is not None and self._ends(there)
            yield from _either(node, broken)

    def _ends(self, node: Node) -> bool:
        """Note the plan of a node's first starts if there is one and it ends sooner."""
        held, end = greedy(self.visits, node), self._last(node.state)
        if held is None:
            return False
        if self._end is None or end < self._end:
            self._end, self.known = end, None
            self._note(node.state, self.nearness.actual(node.state), held)
        return True

    def _sooner(self, state: State, last: int) -> State | None:
        """Return what is left of a state when the required sessions lie on or before a date."""
        late = [
            at
            for at in self.required
            if at not in self.visits.pins and state.calendars[at].day(state.highs[at]) > last
        ]
        left = state.copy()
        for at in late:
            keep = left.calendars[at].to_day(last) - left.origins[at] + 1
            if keep <= 0 or not left.cut(at, (1 << keep) - 1):
                return None
        return left if left.narrow(set(late)) and self._last(left) <= last else None

    # -- the costs

    def _branches(self, node: Node) -> Iterator[Node]:
        """Branch on what is wrong with a node's first starts; note the plan when nothing is."""
        state = node.state
        nearest = self.nearness.least(state)
        if self._hopeless(nearest.cost, 0):
            return
        if self.nearness.actual(state) > nearest.cost:
            yield from self._nearer(node, nearest)
            return
        levels = [self._level(node, at) for at in range(len(node.needs))]
        if self._hopeless(nearest.cost, self._least(node, nearest.cost, levels)):
            return
        broken = _broken(state)
        if broken is not None:
            yield from _either(node, broken)
            return
        held = greedy(self.visits, node)
        if held is not None:
            self._note(state, nearest.cost, held)
            if self._hopeless(nearest.cost, sum(cost for cost, _ in levels)):
                return
        yield from self._cheaper(node, levels)

    def _least(self, node: Node, primary: int, levels: Sequence[Level]) -> int:
        """Return the least of all other costs, also seeing that the patient is in one place."""
        total = sum(cost for cost, _ in levels)
        found = None if self._hopeless(primary, total) else self.turns.least(node, levels)
        if found is None:
            return total
        least, starts = found
        there = _at(node, starts) if starts else None
        held = None if there is None else greedy(self.visits, there)
        if there is not None and held is not None:
            self._note(there.state, self.nearness.actual(there.state), held)
        self.turns.helped += self._hopeless(primary, least)
        return least

    def _hopeless(self, primary: int, secondary: int) -> bool:
        """Tell whether no plan at these costs is better than the one known."""
        return self.known is not None and (primary, secondary) >= self.known.rank

    def _note(
        self, state: State, primary: int, held: tuple[int, Sequence[tuple[Hold, ...]]]
    ) -> None:
        """Keep the plan of a state's first starts if it is the best so far."""
        if not self._hopeless(primary, held[0]):
            places = {at: (state.lows[at], holds) for at, holds in enumerate(held[1])}
            self.known = Known((primary, held[0]), places)

    def _nearer(self, node: Node, nearest: Nearest) -> Iterator[Node]:
        """Move first starts to where the relaxation has them, or say that they do not lie there."""
        state = node.state
        leaving = self.nearness.leaving(state)
        if leaving is not None:
            shift = self.visits.was[leaving].start_q - state.origins[leaving]
            yield from node.split(leaving, 1 << shift)
            return
        cuts = [
            (at, calendar.from_day(day))
            for at, (calendar, day) in enumerate(zip(state.calendars, nearest.dates, strict=True))
            if day > calendar.day(state.lows[at])
        ] or [(at, q) for at, q in enumerate(nearest.quanta) if q > state.lows[at]]
        yield from _raised(node, cuts or [self.nearness.cut(state)])

    def _level(self, node: Node, at: int) -> Level:
        """Return the least that a session's starts cost alone, and the starts that cost so little."""
        state = node.state
        return self.visits.level(at, state.origins[at], state.lines[at], node.needs[at])

    def _cheaper(self, node: Node, levels: Sequence[Level]) -> Iterator[Node]:
        """Take the cheapest starts of a session that has not got one, or settle a clash."""
        state = node.state
        worst, most = -1, 0
        for at, (least, _) in enumerate(levels):
            bit = 1 << (state.lows[at] - state.origins[at])
            own = self.visits.level(at, state.origins[at], bit, node.needs[at])[0]
            if own - least > most:
                worst, most = at, own - least
        if worst >= 0:
            yield from node.split(worst, levels[worst][1])
            return
        yield from self._shared(node)

    def _shared(self, node: Node) -> Iterator[Node]:
        """Branch where sessions want more than there is, or the same resource."""
        held = short(self.visits, node)
        if held:
            yield from _apart(node, held)
            return
        wanted = clash(self.visits, node)
        if wanted is not None:
            yield from self._resolved(node, *wanted)

    def _resolved(self, node: Node, one: Wanted, two: Wanted) -> Iterator[Node]:
        """Bar the resource from one of two needs, or keep it for both at different times."""
        left = barred(self.visits, node, one)
        if left is not None:
            yield left
        first = kept(self.visits, node, one)
        if first is None:
            return
        left = barred(self.visits, first, two)
        if left is not None:
            yield left
        both = kept(self.visits, first, two)
        if both is None or one[0] == two[0]:
            return
        yield from _either(both, _in_order(node.state, one, two))


_TWO = 2


def _broken(state: State) -> Choice | None:
    """Return the choice that the first starts do not meet, the one between fewest, the earliest."""
    broken = [choice for choice in state.choices if not state.holds(choice)]
    if not broken:
        return None
    return min(
        broken,
        key=lambda c: (len(c.alternatives), max(state.lows[e.two] for e in c.alternatives[0])),
    )


def _at(node: Node, starts: Mapping[int, int]) -> Node | None:
    """Return a node in which some sessions have these starts, if that leaves the others a plan."""
    left: State | None = node.state
    for at, start in starts.items():
        if left is not None:
            left = left.with_line(at, 1 << (start - left.origins[at]))
    return None if left is None or _broken(left) is not None else Node(left, node.needs)


def _either(node: Node, choice: Choice) -> Iterator[Node]:
    """Yield what each alternative of a choice leaves, the one that delays least first."""
    state = node.state
    pair = state.open_pair(choice) if len(choice.alternatives) > _TWO else None
    if pair is not None:
        # Who is earlier first: most alternatives fall away with it, and no plan is found twice.
        one, two = pair
        choice = Choice(((Edge(Kind.DATES, one, two, 0),), (Edge(Kind.DATES, two, one, 1),)))

    def delay(some: Some) -> int:
        return max(
            (edge.least - state.gap(edge, state.lows, state.lows))
            * (1 if edge.kind is Kind.QUANTA else _DAY_Q)
            for edge in some
        )

    for some in sorted(choice.alternatives, key=delay):
        left = state.with_edges(some)
        if left is not None:
            yield Node(left, node.needs)


def _apart(node: Node, held: Sequence[Wanted]) -> Iterator[Node]:
    """Yield what each two of some needs leave that are met one after the other, no plan twice."""
    state = node.state
    pairs = (
        some
        for one, two in combinations(held, 2)
        if one[0] != two[0]
        for some in _in_order(state, one, two).alternatives
    )
    together = list[Edge]()
    for (edge,) in sorted(
        pairs, key=lambda some: some[0].least - state.gap(some[0], state.lows, state.lows)
    ):
        left = state.with_edges((*together, edge))
        if left is not None:
            yield Node(left, node.needs)
        # From here on these two overlap, or lie the other way round.
        together.append(Edge(Kind.QUANTA, edge.two, edge.one, 1 - edge.least))


def _in_order(state: State, one: Wanted, two: Wanted) -> Choice:
    """Return the choice between two holds of one resource, either of them first."""
    (i, _, here), (j, _, there) = one, two
    starts = state.lows
    first = Edge(Kind.QUANTA, i, j, (here[3] - starts[i]) - (there[2] - starts[j]))
    second = Edge(Kind.QUANTA, j, i, (there[3] - starts[j]) - (here[2] - starts[i]))
    return Choice(((first,), (second,)))


def _raised(node: Node, cuts: Sequence[tuple[int, int]]) -> Iterator[Node]:
    """Yield what is left with every session at or after its cut, then with one before it."""
    above: list[State] = [node.state]
    for at, q in cuts:
        left = above[-1].with_line(at, -1 << (q - node.state.origins[at]))
        if left is None:
            break
        above.append(left)
    else:
        yield Node(above[-1], node.needs)
    for (at, q), state in zip(cuts, above, strict=False):
        below = state.with_line(at, (1 << (q - state.origins[at])) - 1)
        if below is not None:
            yield Node(below, node.needs)

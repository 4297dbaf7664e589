"""The bounds of the search, each against trying everything."""

from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.core.narrowing import Calendar, Choice, Edge, Kind, State
from plans.core.sequence import Turn, in_turns
from plans.core.tension import GROUND, Pull, relaxed

SPAN = 6


@st.composite
def pulls(draw: st.DrawFn) -> list[Pull]:
    found = []
    for _ in range(draw(st.integers(0, 5))):
        one, two = draw(st.permutations([GROUND, 0, 1, 2]))[:2]
        low = draw(st.integers(-4, 4))
        high = low + draw(st.integers(0, 2))
        found.append(Pull(one, two, low, high, draw(st.integers(0, 3)), -SPAN, SPAN))
    return found


@given(pulls(), st.lists(st.integers(0, SPAN), min_size=3, max_size=3))
def test_relaxed_is_the_least_cost_of_all_positions(some: list[Pull], highs: list[int]) -> None:
    lows = [0, 0, 0]

    cost, point = relaxed(some, lows, highs)

    def total(at: tuple[int, ...] | list[int]) -> int:
        where = {GROUND: 0, **dict(enumerate(at))}
        return sum(pull.cost(where[pull.two] - where[pull.one]) for pull in some)

    assert cost == total(point)
    assert cost == min(total(at) for at in product(*(range(high + 1) for high in highs)))


def test_relaxed_obeys_least_and_most() -> None:
    some = [Pull(0, 1, 5, 5, 1, 0, 3), Pull(GROUND, 0, 4, 4, 1, -SPAN, SPAN)]

    cost, point = relaxed(some, [0, 0], [SPAN, SPAN])

    # Session 1 is never more than 3 after session 0, which would itself lie at 4.
    assert cost == 2 + 1
    assert point == [3, 6]


sessions = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.dictionaries(st.integers(0, 9), st.integers(0, 4), min_size=1, max_size=4),
    ),
    min_size=2,
    max_size=3,
)


@given(sessions, st.sampled_from(["any order", "the first before the last"]))
def test_in_turns_is_the_least_cost_of_all_sequences(
    drawn: list[tuple[int, dict[int, int]]], order: str
) -> None:
    last, first_before_last = len(drawn) - 1, order != "any order"
    turns = [
        Turn(
            length,
            np.array(sorted(costs), dtype=np.int64),
            np.array([float(costs[q]) for q in sorted(costs)]),
            int(first_before_last and at == last),
        )
        for at, (length, costs) in enumerate(drawn)
    ]

    cost, starts = in_turns(turns)

    def fits(at: tuple[int, ...]) -> bool:
        if first_before_last and at[0] >= at[last]:
            return False
        turns = sorted(range(len(at)), key=lambda one: at[one])
        return all(at[a] + drawn[a][0] <= at[b] for a, b in pairwise(turns))

    legal = [at for at in product(*(costs for _, costs in drawn)) if fits(at)]
    paid = [sum(costs[q] for (_, costs), q in zip(drawn, at, strict=True)) for at in legal]
    assert cost == (min(paid) if paid else float("inf"))
    if paid:
        assert fits(tuple(starts))
        assert sum(costs[q] for (_, costs), q in zip(drawn, starts, strict=True)) == cost


def state(count: int) -> State:
    calendar = Calendar([0, 288], [0, 1], [0, 1])
    return State([calendar] * count, [0] * count, [1] * count, [(1 << 500) - 1] * count)


def test_differences_that_contradict_each_other_are_refused_at_once() -> None:
    left = state(3)
    edges = [Edge(Kind.QUANTA, a, b, 1) for a, b in ((0, 1), (1, 2))]

    assert left.add(edges)
    assert not left.add([Edge(Kind.QUANTA, 2, 0, -1)])


def test_a_choice_with_one_alternative_left_is_taken() -> None:
    left = state(2)
    orders = [(Edge(Kind.QUANTA, a, b, 40),) for a, b in permutations((0, 1))]
    left.choices = (Choice(tuple(orders)),)
    left.add([Edge(Kind.QUANTA, 0, 1, -39)])

    assert left.narrow({0, 1})

    assert (left.lows, left.choices) == ([0, 40], ())


@pytest.mark.parametrize("kind", [Kind.DAYS, Kind.DATES])
def test_a_difference_in_dates_moves_to_the_next_date(kind: Kind) -> None:
    left = state(2)
    left.add([Edge(kind, 0, 1, 1)])

    assert left.narrow({0, 1})

    assert (left.lows, left.highs) == ([0, 288], [287, 499])

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.core import availability, combination, timeline
from scheduling.core.availability import Option, Search
from scheduling.core.combination import Taste
from scheduling.core.timeline import Window
from scheduling.core.words import Held

WINDOW = Window(5_000_000, 5_000_048)
IDS = (1, 2, 3, 4, 5)

lines = st.one_of(
    st.integers(0, WINDOW.full),
    st.lists(st.tuples(st.integers(0, 47), st.integers(1, 30)), max_size=3).map(
        lambda runs: timeline.covered([(WINDOW.q0 + a, WINDOW.q0 + a + n) for a, n in runs], WINDOW)
    ),
)
options = st.builds(
    Option,
    kind=st.sampled_from(["practitioner", "room"]),
    candidates=st.lists(st.sampled_from(IDS), max_size=4, unique=True).map(
        lambda ids: tuple(sorted(ids))
    ),
    from_q=st.integers(-4, 3),
    until_q=st.integers(-3, 4),
    skill=st.sampled_from(["", "co2"]),
)
needs = st.lists(st.lists(options, min_size=1, max_size=2).map(tuple), max_size=3).map(tuple)


@st.composite
def searches(draw):
    opened = {i: draw(lines) for i in IDS if draw(st.integers(0, 9))}
    present = {i: line & draw(st.one_of(st.just(WINDOW.full), lines)) for i, line in opened.items()}
    free = {i: line & draw(st.one_of(st.just(WINDOW.full), lines)) for i, line in present.items()}
    return Search(
        window=WINDOW,
        needs=draw(needs),
        length=draw(st.integers(1, 9)),
        free=free,
        present=present,
        opened=opened,
        able={("co2", i): draw(lines) for i in IDS if draw(st.booleans())},
        allowed={
            code: draw(lines) for code in draw(st.sets(st.sampled_from(["past", "off_step"])))
        },
    )


tastes = st.builds(
    Taste,
    requested=st.frozensets(st.sampled_from(IDS), max_size=2),
    worth=st.dictionaries(st.sampled_from(IDS), st.integers(0, 12)),
    shortest=st.integers(1, 6),
)


def quanta_free(search: Search, option: Option, resource: int) -> set[int]:
    able = search.able.get((option.skill, resource), WINDOW.full)
    line = search.free.get(resource, 0) & able
    return {WINDOW.q0 + i for i in timeline.bits(line).tolist()}


def combinations(search: Search, start: int):
    """Every combination of resources at a start, by trying them all."""
    ways = [
        [
            (Held(resource, option.kind, low, high), number)
            for number, option in enumerate(need)
            for low, high in [option.held(start, search.length)]
            for resource in option.candidates
            if low < high and set(range(low, high)) <= quanta_free(search, option, resource)
        ]
        for need in search.needs
    ]
    for way in product(*ways):
        held = [hold for hold, _ in way]
        if not any(
            a.resource_id == b.resource_id and a.start_q < b.end_q and b.start_q < a.end_q
            for i, a in enumerate(held)
            for b in held[:i]
        ):
            yield way


def cost(search: Search, taste: Taste, hold: Held) -> int:
    """The documented cost of one hold, counted quantum by quantum."""
    line = search.free[hold.resource_id]
    total = taste.worth.get(hold.resource_id, 0)
    if taste.requested and hold.resource_id not in taste.requested:
        total += combination.UNASKED
    for first, step in ((hold.start_q - 1, -1), (hold.end_q, 1)):
        at = first
        while WINDOW.has(line, at):
            at += step
        gap = abs(at - first)
        if gap < taste.shortest and WINDOW.holds(at):
            total += gap
    return total


@settings(max_examples=150, deadline=None)
@given(searches())
def test_starts_are_exactly_those_with_a_combination_and_no_mask(search):
    allowed = WINDOW.full
    for line in search.allowed.values():
        allowed &= line
    expected = {
        q
        for q in range(WINDOW.q0, WINDOW.q1)
        if WINDOW.has(allowed, q) and next(combinations(search, q), None) is not None
    }

    found = availability.starts(search)

    assert {WINDOW.q0 + i for i in timeline.bits(found).tolist()} == expected


@settings(max_examples=150, deadline=None)
@given(searches(), tastes, st.integers(WINDOW.q0, WINDOW.q1 - 1))
def test_choose_takes_the_cheapest_combination_and_then_the_lowest_ids(search, taste, start):
    ways = [
        (
            sum(cost(search, taste, hold) for hold, _ in way),
            [(hold.resource_id, number) for hold, number in way],
            tuple(hold for hold, _ in way),
        )
        for way in combinations(search, start)
    ]

    assert combination.choose(search, start, taste) == (min(ways)[2] if ways else None)


@settings(max_examples=100, deadline=None)
@given(searches(), tastes)
def test_choose_each_says_for_all_starts_what_choose_says_for_one(search, taste):
    found = availability.starts(search)

    chosen = combination.choose_each(search, found, taste)

    for column, index in enumerate(timeline.bits(found).tolist()):
        start = WINDOW.q0 + index
        assert [
            Held(
                int(who[column]),
                need[how[column]].kind,
                *need[how[column]].held(start, search.length),
            )
            for need, who, how in zip(search.needs, chosen.resources, chosen.options, strict=True)
        ] == list(combination.choose(search, start, taste))


@settings(max_examples=150, deadline=None)
@given(searches())
def test_causes_hide_exactly_the_starts_that_are_not_offered(search):
    removed = availability.causes(search)
    hidden = 0
    for line in removed.values():
        hidden |= line

    assert hidden == WINDOW.full & ~availability.starts(search)


def codes_at(removed, start_q):
    """Return the codes of `causes` that remove one start; none when it is offered."""
    return tuple(code for code, line in removed.items() if WINDOW.has(line, start_q))


@settings(max_examples=80, deadline=None)
@given(searches())
def test_obstacles_at_a_start_are_the_causes_that_no_mask_explains(search):
    removed = availability.causes(search)

    for start in range(WINDOW.q0 + 4, WINDOW.q1 - 16):
        codes = codes_at(removed, start)
        told = {obstacle.code for obstacle in availability.obstacles(search, start)}
        if all(
            o.held(0, search.length)[0] < o.held(0, search.length)[1]
            for n in search.needs
            for o in n
        ):
            assert told == set(codes) - set(search.allowed)


def one_practitioner(**lines) -> Search:
    full = WINDOW.full
    given_lines = {"free": {1: full}, "present": {1: full}, "opened": {1: full}} | lines
    return Search(window=WINDOW, needs=((Option("practitioner", (1,)),),), length=3, **given_lines)


def test_a_closed_resource_is_told_as_outside_hours_not_as_taken():
    search = one_practitioner(opened={1: 0}, present={1: 0}, free={1: 0})

    assert codes_at(availability.causes(search), WINDOW.q0) == ("outside_hours",)


def test_the_candidate_that_came_closest_is_the_one_told():
    full = WINDOW.full
    search = Search(
        window=WINDOW,
        needs=((Option("room", (1, 2, 3)),),),
        length=3,
        opened={1: full, 2: full},
        present={1: full},
        free={1: 0},
    )

    assert availability.obstacles(search, WINDOW.q0) == (
        availability.Obstacle("resource_taken", "room", "", (1,)),
    )


def test_two_needs_of_one_practitioner_have_no_combination():
    search = Search(
        window=WINDOW,
        needs=((Option("practitioner", (1,)),), (Option("practitioner", (1,), 1, 0),)),
        length=3,
        free={1: WINDOW.full},
        present={1: WINDOW.full},
        opened={1: WINDOW.full},
    )

    assert availability.starts(search) == 0
    assert codes_at(availability.causes(search), WINDOW.q0) == ("no_combination",)


def test_one_practitioner_may_come_back_after_a_need_has_ended():
    search = Search(
        window=WINDOW,
        needs=((Option("practitioner", (1,), 0, -2),), (Option("practitioner", (1,), 1, 0),)),
        length=3,
        free={1: WINDOW.full},
    )

    assert combination.choose(search, WINDOW.q0) == (
        Held(1, "practitioner", WINDOW.q0, WINDOW.q0 + 1),
        Held(1, "practitioner", WINDOW.q0 + 1, WINDOW.q0 + 3),
    )


def test_a_day_without_opening_is_hidden_by_its_hours_and_an_open_one_by_what_fills_it():
    taken = one_practitioner(
        opened={1: WINDOW.between(WINDOW.q0, WINDOW.q0 + 24)},
        present={1: WINDOW.between(WINDOW.q0, WINDOW.q0 + 24)},
        free={1: 0},
        allowed={"past": WINDOW.between(WINDOW.q0 + 6, WINDOW.q1)},
    )
    removed = availability.causes(taken)
    days = ((WINDOW.q0, WINDOW.q0 + 24), (WINDOW.q0 + 24, WINDOW.q1 - 3))

    assert [availability.codes_of_day(removed, WINDOW, day, WINDOW.full) for day in days] == [
        ("past", "resource_taken"),
        ("outside_hours",),
    ]


def test_margins_reach_as_far_as_the_widest_need():
    prepared = (
        (Option("room", (1,), -12, 2),),
        (Option("practitioner", (2,), 3, 0), Option("practitioner", (3,), 0, -1)),
    )

    assert availability.margins(prepared, 9) == (12, 11)
    assert availability.margins((), 9) == (0, 9)

import pytest

from scheduling.core import combination
from scheduling.core.availability import Option, Search
from scheduling.core.combination import Taste
from scheduling.core.timeline import Window

WINDOW = Window(100, 160)


def rooms(free: dict[int, int], length: int = 6) -> Search:
    need = (Option("room", tuple(sorted(free))),)
    return Search(window=WINDOW, needs=(need,), length=length, free=free)


def who(search: Search, start: int, taste: Taste) -> int:
    held = combination.choose(search, start, taste)
    assert held is not None
    return held[0].resource_id


def test_the_only_holder_of_another_skill_is_spared():
    worth = combination.scarcity(
        {1: frozenset({"co2", "ipl"}), 2: frozenset({"co2"})}, {1: 480, 2: 480}, frozenset({"co2"})
    )
    search = rooms({1: WINDOW.full, 2: WINDOW.full})

    assert worth == {1: 12, 2: 0}
    assert who(search, 120, Taste(worth=worth)) == 2


def test_a_rarely_open_resource_is_spared():
    assert combination.scarcity(
        {1: frozenset(), 2: frozenset(), 3: frozenset()}, {1: 120, 2: 480}, frozenset()
    ) == {1: 9, 2: 0, 3: 12}


def test_a_gap_too_short_for_any_visit_is_avoided():
    tidy = WINDOW.between(120, 126)
    gappy = WINDOW.between(118, 130)

    assert who(rooms({1: gappy, 2: tidy}), 120, Taste(shortest=3)) == 2
    assert who(rooms({1: gappy, 2: tidy}), 120, Taste(shortest=2)) == 1


def test_what_was_asked_for_outweighs_every_waste():
    search = rooms({1: WINDOW.between(120, 126), 2: WINDOW.between(118, 127)})
    taste = Taste(requested=frozenset({2}), worth={2: 500}, shortest=9)

    assert who(search, 120, taste) == 2


def test_equal_resources_go_by_id():
    assert who(rooms({9: WINDOW.full, 4: WINDOW.full}), 120, Taste()) == 4


def test_choose_each_refuses_a_start_without_a_combination():
    with pytest.raises(ValueError, match="nothing combines"):
        combination.choose_each(rooms({1: 0}), WINDOW.between(120, 121))

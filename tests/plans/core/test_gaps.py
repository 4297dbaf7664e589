"""Rules that others keep already are left out of the search."""

from plans.core.course import Apart, Lag, Step
from plans.core.gaps import needed


def steps(*optional: int) -> list[Step]:
    keys = "abcd"
    return [
        Step(key=key, length=3, lags=(Lag(after=keys[n - 1]),) if n else (), optional=n in optional)
        for n, key in enumerate(keys)
    ]


def every(days: int) -> list[Apart]:
    keys = "abcd"
    return [
        Apart(first=one, then=two, days=days) for n, one in enumerate(keys) for two in keys[n + 1 :]
    ]


def test_neighbours_keep_what_lies_further_apart() -> None:
    assert [(r.first, r.then) for r in needed(steps(), every(2))] == [
        ("a", "b"), ("b", "c"), ("c", "d"),
    ]  # fmt: skip


def test_a_step_that_may_be_left_out_keeps_nothing() -> None:
    assert ("a", "c") in [(r.first, r.then) for r in needed(steps(1), every(2))]


def test_a_longer_rule_over_two_steps_stays() -> None:
    rules = [*every(2), Apart(first="a", then="c", days=9)]
    assert ("a", "c", 9) in [(r.first, r.then, r.days) for r in needed(steps(), rules)]

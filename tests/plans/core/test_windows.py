"""Between which dates a session may lie."""

from datetime import date, timedelta

import pytest

from plans.core.course import Lag, Unit
from plans.core.windows import Due, Lain, windows

FLOOR = date(2027, 1, 4)


def day(n: int) -> date:
    return FLOOR + timedelta(days=n)


def lies(n: int, last: int | None = None) -> Lain:
    return Lain(day(n), day(n if last is None else last))


COURSE = [
    ("a", []),
    ("b", [Lag(after="a", least=28, most=42)]),
    ("c", [Lag(after="b", least=14), Lag(after="a", least=60, most=90)]),
]


@pytest.mark.parametrize(
    ("lain", "expected"),
    [
        pytest.param({}, [Due(day(0)), Due(day(28)), Due(day(60))], id="nothing booked"),
        pytest.param(
            {"a": lies(3)}, [Due(day(0)), Due(day(31), day(45)), Due(day(63), day(93))], id="first booked"
        ),
        pytest.param(
            {"a": lies(3), "b": lies(60)},
            [Due(day(0)), Due(day(31), day(45)), Due(day(74), day(93))],
            id="late second pushes the third",
        ),
        pytest.param(
            {"a": lies(3, 4)},
            [Due(day(0)), Due(day(32), day(46)), Due(day(64), day(94))],
            id="days count from the end date",
        ),
    ],
)  # fmt: skip
def test_windows_follow_what_is_fixed(lain: dict[str, Lain], expected: list[Due]) -> None:
    assert list(windows(COURSE, lain, FLOOR).values()) == expected


def test_lag_to_a_step_left_out_binds_nothing_but_the_order_stays() -> None:
    course = [("a", []), ("c", [Lag(after="b", least=14, most=20)])]
    assert windows(course, {"a": lies(5)}, FLOOR)["c"] == Due(day(5))


def test_minutes_are_read_as_the_dates_they_can_lead_to() -> None:
    course = [("a", []), ("b", [Lag(after="a", least=2925, most=4320, unit=Unit.MINUTES)])]
    assert windows(course, {"a": lies(0)}, FLOOR)["b"] == Due(day(2), day(3))

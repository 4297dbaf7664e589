"""The order of the waiting list, and what suits whom."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.core.ranking import Suits, Waiting, rank

MONDAY = datetime(2027, 1, 4, 9, tzinfo=UTC)
EARLY, LATE = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)


def test_those_who_wait_stand_in_the_stated_order() -> None:
    urgent = Waiting(id=5, since=LATE, urgent=True, has_visit=True)
    soon = Waiting(id=4, since=LATE, has_visit=True, not_after=date(2027, 1, 20))
    later = Waiting(id=3, since=EARLY, has_visit=True, not_after=date(2027, 2, 20))
    without = Waiting(id=2, since=LATE)
    longest, latest = (
        Waiting(id=1, since=EARLY, has_visit=True),
        Waiting(id=6, since=LATE, has_visit=True),
    )
    stated = [urgent, soon, later, without, longest, latest]
    assert sorted((longest, soon, urgent, latest, without, later), key=rank) == stated


@given(st.lists(st.builds(Waiting, id=st.integers(), since=st.datetimes(timezones=st.just(UTC)), urgent=st.booleans(),
                          has_visit=st.booleans(), not_after=st.none() | st.dates()), unique_by=lambda w: w.id))  # fmt: skip
def test_order_is_total_whatever_comes_first(waiting: list[Waiting]) -> None:
    turned = [*waiting]
    turned.reverse()
    assert sorted(waiting, key=rank) == sorted(turned, key=rank)


@pytest.mark.parametrize(
    ("suits", "allowed"),
    [
        (Suits(until=date(2027, 1, 4)), True),
        (Suits(until=date(2027, 1, 3)), False),
        (Suits(until=date(2027, 2, 1), weekdays=frozenset({0, 4})), True),
        (Suits(until=date(2027, 2, 1), weekdays=frozenset({1})), False),
        (Suits(until=date(2027, 2, 1), from_time=time(9), until_time=time(9)), True),
        (Suits(until=date(2027, 2, 1), from_time=time(9, 5)), False),
        (Suits(until=date(2027, 2, 1), until_time=time(8, 55)), False),
    ],
)
def test_start_suits_by_date_weekday_and_both_ends_of_the_hours(
    suits: Suits, *, allowed: bool
) -> None:
    assert suits.allows(MONDAY) is allowed

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.reports import Kind, Period

DAYS = st.dates(date(1990, 1, 1), date(2150, 1, 1))


@given(st.sampled_from([Kind.WEEK, Kind.MONTH, Kind.QUARTER]), DAYS)
def test_periods_hold_their_day_and_follow_without_a_gap(kind: Kind, day: date) -> None:
    period = Period.holding(kind, day)
    assert period.first <= day <= period.last
    assert period.before.last + timedelta(days=1) == period.first
    assert period.after.first - timedelta(days=1) == period.last
    assert period.before.after == period.after.before == period
    months = {Kind.MONTH: 1, Kind.QUARTER: 3}.get(kind)
    if months:
        assert len({(period.first + timedelta(days=n)).month for n in range(period.days)}) == months


@given(DAYS, st.integers(0, 365))
def test_dates_are_compared_with_as_many_before(first: date, more: int) -> None:
    period = Period(Kind.CUSTOM, first, first + timedelta(days=more))
    assert (period.before.days, period.before.after) == (period.days, period)


@pytest.mark.parametrize("more", [-1, 366, 5000])
def test_what_cannot_be_counted_over_is_refused(more: int) -> None:
    with pytest.raises(ValueError, match="1 to 366 days"):
        Period(Kind.CUSTOM, date(2027, 1, 1), date(2027, 1, 1) + timedelta(days=more))

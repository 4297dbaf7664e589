"""The whole core against a grid of minutes that knows nothing of integers, in eight zones."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.core import availability, hours, timeline
from scheduling.core.availability import Option, Search
from scheduling.core.hours import WeeklyHours
from scheduling.core.timeline import EPOCH, Window
from scheduling.core.words import Span
from tests.scheduling.core.test_hours import TURNS, ZONES, minute_grid

walls = st.builds(time, st.integers(0, 23), st.sampled_from([0, 10, 15, 27, 30, 45]))


@st.composite
def clinics(draw, name):
    """Three resources with hours, absences and bookings around a day when the clocks change."""
    zone = ZoneInfo(name)
    day = draw(st.sampled_from(TURNS[name])) + timedelta(days=draw(st.integers(-1, 1)))
    noon = datetime.combine(day, time(12), tzinfo=UTC)
    spans = st.builds(
        lambda start, length: Span(
            noon + timedelta(minutes=start), noon + timedelta(minutes=start + length)
        ),
        st.integers(-1500, 1500),
        st.integers(1, 400),
    )
    tables = {
        resource: tuple(
            WeeklyHours(weekday=d % 7, opens=opens, closes=closes)
            for opens, closes in draw(st.lists(st.tuples(walls, walls), min_size=1, max_size=2))
            for d in range(7)
        )
        for resource in (1, 2, 3)
    }
    taken = {resource: draw(st.lists(spans, max_size=4)) for resource in (1, 2, 3)}
    return zone, day, tables, taken


def free_minutes(zone, table, taken, window):
    opened = minute_grid(zone, table, frozenset(), window)
    return [
        is_open
        and not any(
            span.start < EPOCH + timedelta(minutes=minute + 1)
            and EPOCH + timedelta(minutes=minute) < span.end
            for span in taken
        )
        for minute, is_open in zip(range(window.q0 * 5, window.q1 * 5), opened, strict=True)
    ]


@pytest.mark.parametrize("name", ZONES)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_starts_equal_a_grid_of_minutes(name, data):
    zone, day, tables, taken = data.draw(clinics(name))
    length = data.draw(st.sampled_from([1, 3, 6, 9]))
    step = data.draw(st.sampled_from([5, 10, 15]))
    needs = ((Option("practitioner", (1, 2), 0, 0),), (Option("room", (2, 3), -3, 2),))
    start_q, end_q = hours.day_bounds(day, zone)
    window = Window(start_q - 24, end_q + 24)
    free = {
        r: hours.present(hours.opening(tables[r], frozenset(), zone, window), taken[r], window)
        for r in tables
    }
    search = Search(
        window=window,
        needs=needs,
        length=length,
        free=free,
        allowed={
            "off_step": hours.step_mask(window, zone, step),
            "day": window.between(start_q, end_q),
        },
    )

    found = {window.q0 + i for i in timeline.bits(availability.starts(search)).tolist()}

    minutes = {r: free_minutes(zone, tables[r], taken[r], window) for r in tables}

    def holds(resource: int, low: int, high: int) -> bool:
        return all(minutes[resource][(low - window.q0) * 5 : (high - window.q0) * 5])

    assert found == {
        q
        for q in range(start_q, end_q)
        if timeline.instant(q).astimezone(zone).minute % step == 0
        and any(
            p != r and holds(p, q, q + length) and holds(r, q - 3, q + length + 2)
            for p in (1, 2)
            for r in (2, 3)
        )
    }

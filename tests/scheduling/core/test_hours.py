import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.core import hours, timeline
from scheduling.core.hours import WeeklyHours
from scheduling.core.timeline import EPOCH, Window
from scheduling.core.words import Span

ZONES = [
    "Europe/London",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Santiago",
    "Africa/Cairo",
]
TURNS = {  # local dates around which each zone's clocks change, 2026-2028
    "Europe/London": [date(2027, 3, 28), date(2027, 10, 31)],
    "America/New_York": [date(2027, 3, 14), date(2027, 11, 7)],
    "Asia/Kolkata": [date(2027, 3, 14)],
    "Asia/Kathmandu": [date(2027, 3, 14)],
    "Australia/Lord_Howe": [date(2027, 4, 4), date(2027, 10, 3)],
    "Pacific/Chatham": [date(2027, 4, 4), date(2027, 9, 26)],
    "America/Santiago": [date(2027, 4, 3), date(2027, 9, 5)],
    "Africa/Cairo": [date(2027, 4, 30), date(2027, 10, 28)],
    "Atlantic/Azores": [date(2027, 3, 28), date(2027, 10, 31)],
    "Pacific/Apia": [date(2011, 12, 30)],
}
FACTS = json.loads(Path(__file__).with_name("days_without_midnight.json").read_text())

walls = st.builds(time, st.integers(0, 23), st.sampled_from([0, 5, 15, 20, 30, 33, 45, 58]))


@st.composite
def rows(draw, around):
    dates = st.one_of(st.none(), st.integers(-4, 4).map(lambda d: around + timedelta(days=d)))
    low, high = draw(dates), draw(dates)
    if low and high and low > high:
        low, high = high, low
    return WeeklyHours(
        weekday=draw(st.integers(0, 6)),
        opens=draw(walls),
        closes=draw(walls),
        valid_from=low,
        valid_until=high,
        lunch=draw(st.booleans()) and draw(st.booleans()),
    )


@st.composite
def weeks(draw):
    name = draw(st.sampled_from(sorted(TURNS)))
    around = draw(st.sampled_from(TURNS[name]))
    table = tuple(draw(st.lists(rows(around), max_size=8)))
    closed = frozenset(
        around + timedelta(days=d) for d in draw(st.sets(st.integers(-4, 4), max_size=3))
    )
    return ZoneInfo(name), around, table, closed


def says_open(wall: datetime, row: WeeklyHours, closed: frozenset[date]) -> bool:
    """The promise itself, for one wall-clock minute: did a date begin a row that holds it?"""
    for back in (0, 1):
        day = wall.date() - timedelta(days=back)
        begins = (
            day.weekday() == row.weekday
            and (row.valid_from or day) <= day <= (row.valid_until or day)
            and day not in closed
        )
        opens = datetime.combine(day, row.opens)
        closes = datetime.combine(day, row.closes)
        if closes <= opens:
            closes += timedelta(days=1)
        if begins and opens <= wall < closes:
            return True
    return False


def minute_grid(zone, table, closed, window):
    """Whether each minute of the window is open, by the clock on the wall."""
    for minute in range(window.q0 * 5, window.q1 * 5):
        wall = (EPOCH + timedelta(minutes=minute)).astimezone(zone).replace(tzinfo=None)
        lunch = any(says_open(wall, row, closed) for row in table if row.lunch)
        yield not lunch and any(says_open(wall, row, closed) for row in table if not row.lunch)


@settings(max_examples=120, deadline=None)
@given(weeks())
def test_opening_equals_the_wall_clock_minute_by_minute(week):
    zone, around, table, closed = week
    window = hours.days_window(around - timedelta(days=1), around + timedelta(days=1), zone)
    minutes = list(minute_grid(zone, table, closed, window))

    line = hours.opening(table, closed, zone, window)

    assert [bool(line >> i & 1) for i in range(window.length)] == [
        all(minutes[i * 5 : i * 5 + 5]) for i in range(window.length)
    ]


def night(weekday):
    return (WeeklyHours(weekday=weekday, opens=time(1), closes=time(4)),)


@pytest.mark.parametrize(
    ("day", "real_hours"),
    [(date(2027, 3, 28), 2), (date(2027, 10, 31), 4), (date(2027, 5, 2), 3)],
    ids=["spring forward", "fall back", "any other Sunday"],
)
def test_one_to_four_in_the_morning_has_as_many_hours_as_the_clocks_give(day, real_hours):
    zone = ZoneInfo("Europe/London")
    window = hours.days_window(day, day, zone)

    line = hours.opening(night(6), frozenset(), zone, window)

    assert line.bit_count() == real_hours * 12


def test_a_night_shift_belongs_to_the_date_on_which_it_begins():
    zone = ZoneInfo("Europe/London")
    christmas_eve = date(2026, 12, 24)
    shift = WeeklyHours(
        weekday=3,
        opens=time(22),
        closes=time(2),
        valid_from=christmas_eve,
        valid_until=christmas_eve,
    )
    window = hours.days_window(date(2026, 12, 24), date(2026, 12, 26), zone)

    line = hours.opening((shift,), frozenset({date(2026, 12, 25)}), zone, window)

    assert [
        (timeline.instant(a), timeline.instant(b)) for a, b in timeline.spans(line, window)
    ] == [(datetime(2026, 12, 24, 22, tzinfo=UTC), datetime(2026, 12, 25, 2, tzinfo=UTC))]


def test_midnight_to_midnight_is_the_whole_day():
    zone = ZoneInfo("Africa/Cairo")
    day = date(2027, 4, 30)  # 23 hours without a midnight
    row = WeeklyHours(weekday=4, opens=time(0), closes=time(0))
    window = hours.days_window(day - hours.DAY, day + hours.DAY, zone)

    line = hours.opening((row,), frozenset(), zone, window)

    assert timeline.spans(line, window) == [hours.day_bounds(day, zone)]
    assert line.bit_count() == 23 * 12


def test_no_hours_means_closed():
    zone = ZoneInfo("Europe/London")
    window = hours.days_window(date(2027, 1, 1), date(2027, 1, 7), zone)

    assert hours.opening((), frozenset(), zone, window) == 0


def test_an_absence_takes_every_quantum_that_it_touches():
    start = datetime(2027, 1, 4, 9, tzinfo=UTC)
    window = Window(timeline.floor_q(start), timeline.floor_q(start) + 12)
    away = Span(start + timedelta(minutes=12), start + timedelta(minutes=18))

    assert timeline.spans(hours.present(window.full, [away], window), window) == [
        (window.q0, window.q0 + 2),
        (window.q0 + 4, window.q1),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"weekday": 7},
        {"valid_from": date(2027, 1, 2), "valid_until": date(2027, 1, 1)},
        {"opens": time(9, 0, 0, 1)},
    ],
    ids=["no such weekday", "reversed dates", "finer than a second"],
)
def test_hours_that_would_never_open_cannot_exist(bad):
    fields = {"weekday": 0, "opens": time(9), "closes": time(17)}

    with pytest.raises(ValueError, match=r"weekday|hours"):
        WeeklyHours(**(fields | bad))


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(TURNS)).flatmap(
        lambda name: st.tuples(
            st.just(ZoneInfo(name)),
            st.sampled_from(TURNS[name]),
            st.integers(-2 * 24 * 60, 2 * 24 * 60),
        )
    )
)
def test_resolve_finds_exactly_the_instants_that_show_the_wall_time(case):
    zone, around, minutes = case
    wall = datetime.combine(around, time()) + timedelta(minutes=minutes)
    nearby = (
        datetime.combine(wall, wall.time(), tzinfo=UTC) + timedelta(minutes=m)
        for m in range(-26 * 60, 26 * 60, 15)
    )
    shown = [t for t in nearby if t.astimezone(zone).replace(tzinfo=None, fold=0) == wall]

    assert hours.resolve(wall, zone) == tuple(shown)


@pytest.mark.parametrize("fact", FACTS["days"], ids=lambda f: f"{f['zone']} {f['local_date']}")
def test_day_start_is_the_end_of_the_gap_where_there_is_no_midnight(fact):
    zone = ZoneInfo(fact["zone"])
    day = date.fromisoformat(fact["local_date"])

    start = hours.day_start(day, zone)

    assert start == datetime.fromisoformat(fact["first_instant_utc"])
    assert start.astimezone(zone).replace(tzinfo=None) == datetime.fromisoformat(fact["first_wall"])
    assert hours.resolve(datetime.combine(day, time()), zone) == ()


@given(
    st.sampled_from(sorted(TURNS)).flatmap(
        lambda name: st.tuples(st.just(ZoneInfo(name)), st.sampled_from(TURNS[name]))
    ),
    st.integers(-3, 3),
)
def test_day_bounds_hold_exactly_the_instants_of_that_date(case, days):
    zone, around = case
    day = around + timedelta(days=days)
    start, end = hours.day_bounds(day, zone)

    assert all(hours.local_date(q, zone) == day for q in range(start, end))
    assert hours.local_date(start - 1, zone) < day
    assert hours.local_date(end, zone) > day
    assert hours.day_bounds(day + hours.DAY, zone)[0] == end


def test_a_skipped_date_is_empty():
    zone = ZoneInfo("Pacific/Apia")

    start, end = hours.day_bounds(date(2011, 12, 30), zone)

    assert start == end


@settings(deadline=None)
@given(
    st.sampled_from(sorted(TURNS)).flatmap(
        lambda name: st.tuples(st.just(ZoneInfo(name)), st.sampled_from(TURNS[name]))
    ),
    st.sampled_from([5, 10, 15, 20, 30, 60]),
)
def test_step_mask_follows_the_minute_hand(case, step):
    zone, around = case
    window = hours.days_window(around - hours.DAY, around + hours.DAY, zone)

    line = hours.step_mask(window, zone, step)

    assert [bool(line >> i & 1) for i in range(window.length)] == [
        timeline.instant(q).astimezone(zone).minute % step == 0 for q in range(window.q0, window.q1)
    ]


@pytest.mark.parametrize("step", [0, -5, 7, 25, 45])
def test_a_step_divides_the_hour(step):
    with pytest.raises(ValueError, match="divides the hour"):
        hours.step_mask(Window(0, 10), ZoneInfo("Europe/London"), step)


@pytest.mark.parametrize("name", [*ZONES, "Africa/Casablanca", "Africa/Monrovia", "Pacific/Apia"])
def test_offsets_agree_with_the_zone_at_every_hour(name):
    zone = ZoneInfo(name)
    for year in (1971, 2011, 2027):
        first = timeline.floor_q(datetime(year, 12, 1, tzinfo=UTC))
        window = Window(first - 300 * hours.DAY_Q, first + 60 * hours.DAY_Q)
        stretches = hours.offsets(zone, window)

        assert stretches[0].start == window.q0 * 300
        assert stretches[-1].end == window.q1 * 300
        assert all(a.end == b.start for a, b in pairwise(stretches))
        for stretch in stretches:
            for moment in (*range(stretch.start, stretch.end, 3600), stretch.end - 1):
                at = (EPOCH + timedelta(seconds=moment)).astimezone(zone)
                assert at.utcoffset() == timedelta(seconds=stretch.offset)


def test_rows_that_meet_off_the_grid_leave_no_quantum_out() -> None:
    """Until 14:27 and from 14:27 on is open at 14:25, as the minutes say."""
    london = ZoneInfo("Europe/London")
    day = date(2027, 1, 12)
    whole = tuple(
        WeeklyHours(weekday=1, opens=time(*opens), closes=time(*closes))
        for opens, closes in (((9, 0), (14, 27)), ((14, 27), (18, 0)))
    )
    window = hours.days_window(day, day, london)
    plain = (WeeklyHours(weekday=1, opens=time(9), closes=time(18)),)
    assert hours.opening(whole, frozenset(), london, window) == hours.opening(
        plain, frozenset(), london, window
    )
    apart = (whole[0], WeeklyHours(weekday=1, opens=time(14, 28), closes=time(18)))
    assert hours.opening(apart, frozenset(), london, window) != hours.opening(
        plain, frozenset(), london, window
    )

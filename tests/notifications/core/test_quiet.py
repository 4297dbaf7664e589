"""Hours of quiet over every change of the clocks, caps by local dates, habits as data."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifications.core.caps import Cap, has_room, next_room
from notifications.core.habits import BadHabits, Habits, read
from notifications.core.policy import (
    Channel,
    Defer,
    Drop,
    DropReason,
    Kind,
    Policy,
    Send,
    look_again,
    plan,
)
from notifications.core.quiet import Window, country_of, first_instant
from tests import facts
from tests.notifications.core.test_policy import circumstances, utc, visit, wall

MIDNIGHTS = facts.read("days_without_midnight_2026_2028.json")["days"]
TURNS = [
    (zone, turn["utc"])
    for zone, told in facts.read("dst_transitions_2026_2028.json")["iana_2026f"].items()
    for turn in told["transitions"]
]
WINDOWS = [
    Window(),
    Window(opens=time(0, 30), closes=time(1, 45)),
    Window(opens=time(2), closes=time(23, 30)),
]
SHIPPED = json.loads(files("notifications").joinpath("data", "habits.json").read_text("utf-8"))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def habits(**countries: Any) -> Habits:
    return read(SHIPPED, {"countries": countries}, channels=list(Channel), kinds=list(Kind))


# ---------------------------------------------------------------- the clocks


@pytest.mark.parametrize("told", MIDNIGHTS, ids=lambda d: f"{d['zone']} {d['local_date']}")
def test_a_day_without_midnight_begins_at_the_jump(told: dict[str, str]) -> None:
    zone, day = ZoneInfo(told["zone"]), date.fromisoformat(told["local_date"])
    begins = first_instant(day, zone)
    assert begins == instant(told["first_instant_utc"])
    assert f"{begins.astimezone(zone):%Y-%m-%dT%H:%M:%S}" == told["first_wall"]
    # a window that would open in the hour that is not there opens at the jump
    early = Window(opens=time(0, 30), closes=time(20))
    assert early.next_open(begins - timedelta(minutes=1), zone) == begins


@pytest.mark.parametrize("window", WINDOWS, ids=lambda w: f"{w.opens:%H%M}-{w.closes:%H%M}")
def test_the_next_open_hour_is_that_of_a_walk_by_minutes(window: Window) -> None:
    """From hours before each change of 2026 to 2028 the answer is the first open minute."""
    assert len(TURNS) > 50
    for name, turn in TURNS:
        zone, at = ZoneInfo(name), instant(turn) - timedelta(hours=5)
        minutes = [at + n * timedelta(minutes=5) for n in range(12 * 34)]
        walls = [m.astimezone(zone).time() for m in minutes]
        following = None
        for minute, on_wall in reversed(list(zip(minutes, walls, strict=True))):
            following = minute if window.opens <= on_wall < window.closes else following
            if following is not None and minute.minute % 30 == 0:
                assert window.next_open(minute, zone) == following, (name, minute)


@pytest.mark.parametrize("window", WINDOWS[:2], ids=str)
def test_the_last_chance_is_open_and_before(window: Window) -> None:
    for name, turn in TURNS:
        zone = ZoneInfo(name)
        for hours in range(-3, 30, 3):
            at = instant(turn) + timedelta(hours=hours)
            chance = window.last_chance(at, zone, timedelta(hours=1))
            assert chance < at
            assert window.is_open(chance, zone)


def test_a_window_opens_before_it_closes() -> None:
    with pytest.raises(ValueError, match="open before"):
        Window(opens=time(20), closes=time(8))


@pytest.mark.parametrize(
    ("zone", "country"),
    [("Europe/London", "GB"), ("America/New_York", "US"), ("America/Toronto", "CA"), ("UTC", "")],
)
def test_the_country_is_that_of_the_zone(zone: str, country: str) -> None:
    assert country_of(zone) == country


# ---------------------------------------------------------------- caps


def days(zone: str, *texts: str) -> list[datetime]:
    return [wall(text, zone) for text in texts]


def test_a_day_is_a_local_date_even_one_of_23_or_25_hours() -> None:
    zone, cap = ZoneInfo("Europe/London"), Cap(day=1)
    # 25 October 2026 has 25 hours
    sent = days("Europe/London", "2026-10-25T00:15")
    assert not has_room(cap, sent, utc("2026-10-25T23:45"), zone)
    assert has_room(cap, sent, utc("2026-10-26T00:00"), zone)
    assert next_room(cap, sent, utc("2026-10-25T12:00"), zone) == utc("2026-10-26T00:00")


@pytest.mark.parametrize("told", MIDNIGHTS, ids=lambda d: f"{d['zone']} {d['local_date']}")
def test_room_comes_back_when_a_day_without_midnight_begins(told: dict[str, str]) -> None:
    zone, begins = ZoneInfo(told["zone"]), instant(told["first_instant_utc"])
    before = begins - timedelta(hours=3)
    assert next_room(Cap(day=1), [before], before, zone) == begins
    # and what is sent on that day counts from its first instant
    assert not has_room(Cap(day=1), [begins], begins + timedelta(hours=1), zone)


def test_a_week_is_any_seven_local_dates() -> None:
    zone, cap = ZoneInfo("Europe/London"), Cap(week=3)
    sent = days("Europe/London", "2026-10-20T08:00", "2026-10-22T08:00", "2026-10-26T19:59")
    assert not has_room(cap, sent, wall("2026-10-26T20:00", "Europe/London"), zone)
    assert next_room(cap, sent, wall("2026-10-26T20:00", "Europe/London"), zone) == wall(
        "2026-10-27T00:00", "Europe/London"
    )


def test_no_cap_has_room_for_nothing() -> None:
    assert has_room(Cap(), [utc("2026-10-20T08:00")] * 99, utc("2026-10-20T09:00"), ZoneInfo("UTC"))


# ---------------------------------------------------------------- habits as data


def test_the_shipped_habits_are_read_and_name_their_sources() -> None:
    found = habits()
    assert found.capped == ["sms"]
    assert found.of("sms", "US").cap("reminder") == Cap(day=1, week=3)
    assert found.of("sms", "FR").window("reminder") == Window()
    assert found.of("email", "US").window("reminder") is None
    assert "47 CFR 64.1200(a)(9)(iv)" in " ".join(SHIPPED["sources"])
    vectors = facts.read("quiet_hours_and_caps.json")
    exempt = vectors["us"]["healthcare_exemption"]
    assert SHIPPED["countries"]["US"]["sms"]["caps"]["reminder"] == {
        "day": exempt["max_per_day"],
        "week": exempt["max_per_week"],
    }
    assert (
        SHIPPED["countries"]["any"]["sms"]["windows"]["any"]
        == vectors["suggested_policy"]["window_local"]
    )


def test_the_clinics_own_habits_go_before_the_shipped_ones() -> None:
    found = habits(
        any={"sms": {"windows": {"any": ["09:00", "18:00"], "cancelled": None}}},
        ES={"email": {"windows": {"any": ["09:00", "22:00"]}}},
    )
    assert found.of("sms", "US").window("reminder") == Window(opens=time(9), closes=time(18))
    assert found.of("sms", "US").window("cancelled") is None
    assert found.of("sms", "ES").cap("booked") == Cap(day=8, week=25)
    assert found.of("email", "ES").window("booked") == Window(opens=time(9), closes=time(22))


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ({"country": {}}, "country: no such key"),
        ({"countries": {"usa": {}}}, "“usa” is no country"),
        ({"countries": {"US": {"fax": {}}}}, "US: “fax” is no channel"),
        ({"countries": {"US": {"sms": {"hours": {}}}}}, "US.sms: “hours” is no key"),
        ({"countries": {"US": {"sms": {"windows": {"remind": None}}}}}, "“remind” is no kind"),
        ({"countries": {"any": {"sms": {"windows": {"any": ["8", "x"]}}}}}, "are no hours"),
        ({"countries": {"any": {"sms": {"windows": {"any": ["20:00", "08:00"]}}}}}, "no hours"),
        ({"countries": {"any": {"sms": {"caps": {"any": {"day": 0}}}}}}, "is no bound"),
        ({"countries": {"any": {"sms": {"caps": {"any": {"month": 9}}}}}}, "is no bound"),
    ],
)
def test_what_makes_no_sense_is_refused(own: dict[str, Any], why: str) -> None:
    with pytest.raises(BadHabits, match=why):
        read(SHIPPED, own, channels=list(Channel), kinds=list(Kind))


# ---------------------------------------------------------------- what the policy makes of them

POLICY = Policy(habits=habits())


def rows(be_there: str, now: str, **more: Any) -> Iterator[tuple[str, str, str, str]]:
    planned = plan(
        kind=Kind.BOOKED,
        visit=visit(wall(be_there, "Europe/London"), **more),
        now=utc(now),
        policy=POLICY,
    )
    for r in planned:
        if r.offset != "now":
            yield r.offset, str(r.channel), f"{r.due_at:%m-%d %H:%M}", str(r.drop or "")


def test_a_reminder_that_morning_makes_useless_goes_the_evening_before() -> None:
    found = list(rows("2026-12-14T08:30", "2026-12-10T10:00"))
    assert found == [("48h", "sms", "12-12 08:30", ""), ("3h", "sms", "12-13 19:00", "")]


def test_one_for_which_the_evening_is_past_goes_by_email() -> None:
    assert list(rows("2026-12-14T08:30", "2026-12-13T19:30")) == [
        ("3h", "email", "12-14 05:30", "")
    ]


def test_one_that_has_no_other_way_is_written_down_as_dropped() -> None:
    only_sms = frozenset({Channel.SMS})
    found = list(rows("2026-12-14T08:30", "2026-12-13T19:30", channels=only_sms))
    assert found == [("3h", "sms", "12-14 08:00", "quiet_hours")]


def test_one_that_morning_leaves_useful_waits_for_it() -> None:
    found = list(rows("2026-12-14T10:00", "2026-12-13T19:30"))
    assert found == [("3h", "sms", "12-14 08:00", "")]


@pytest.mark.parametrize(
    ("kind", "sent", "verdict"),
    [
        (Kind.REMINDER, 0, Send()),
        (Kind.REMINDER, 1, Defer(utc("2026-11-25T13:00"))),
        (Kind.CHANGED, 1, Send()),
        (Kind.CHANGED, 8, Drop(DropReason.CAPPED)),
    ],
)
def test_what_is_one_too_many_waits_or_goes_another_way(
    kind: Kind, sent: int, verdict: object
) -> None:
    """In New York; where the day's room is used up, a reminder waits for the next open hour."""
    now = utc("2026-11-24T15:00")
    told = circumstances(
        kind=kind,
        quiet_zone="America/New_York",
        sent=[now] * sent,
        not_after=now + timedelta(days=3),
    )
    assert look_again(told, now=now, policy=POLICY) == verdict


def test_the_profile_is_that_of_where_the_telephone_sounds() -> None:
    now = utc("2026-11-24T15:00")
    told = {"kind": Kind.REMINDER, "sent": [now], "not_after": now + timedelta(hours=3)}
    here = circumstances(quiet_zone="Europe/London", country="US", **told)
    assert look_again(here, now=now, policy=POLICY) == Send()
    nowhere = circumstances(quiet_zone="UTC", country="US", **told)
    assert look_again(nowhere, now=now, policy=POLICY) == Drop(DropReason.CAPPED)

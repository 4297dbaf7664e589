"""What is written when: offsets over clock changes, quiet hours, last looks, retries."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.core.policy import (
    AT_ONCE,
    TOGETHER,
    Channel,
    Circumstances,
    Defer,
    Drop,
    DropReason,
    Kind,
    Planned,
    Policy,
    Send,
    Visit,
    look_again,
    plan,
    retry_at,
)
from notifications.core.quiet import Window
from notifications.core.together import plan_together
from scheduling.core.words import Status
from tests import facts

POLICY = Policy()
VECTORS = facts.read("quiet_hours_and_caps.json")["suggested_policy"]["vectors"]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def visit(be_there: datetime, zone: str = "Europe/London", **more: object) -> Visit:
    said: dict[str, object] = {
        "appointment_id": 42,
        "told_version": 3,
        "be_there": be_there,
        "site_zone": zone,
    }
    return Visit(**(said | more))  # type: ignore[arg-type]


def times(rows: tuple[Planned, ...], zone: str) -> list[tuple[str, str, str]]:
    return [
        (str(r.kind), str(r.channel), f"{r.due_at.astimezone(ZoneInfo(zone)):%m-%d %H:%M}")
        for r in rows
    ]


def test_booking_plans_the_default_schedule() -> None:
    rows = plan(
        kind=Kind.BOOKED,
        visit=visit(wall("2026-12-14T14:00", "Europe/London")),
        now=utc("2026-11-24T10:00"),
        policy=POLICY,
    )
    assert times(rows, "Europe/London") == [
        ("booked", "email", "11-24 10:00"),
        ("booked", "sms", "11-24 10:00"),
        ("reminder", "email", "12-07 14:00"),
        ("reminder", "sms", "12-12 14:00"),
        ("reminder", "sms", "12-14 11:00"),
    ]
    assert [r.dedupe_key for r in rows] == [
        "42:3:booked:now:email",
        "42:3:booked:now:sms",
        "42:3:reminder:7d:email",
        "42:3:reminder:48h:sms",
        "42:3:reminder:3h:sms",
    ]
    assert [f"{r.not_after:%m-%d %H:%M}" for r in rows] == [
        "12-14 14:00",
        "12-14 14:00",
        "12-13 14:00",
        "12-14 02:00",
        "12-14 13:00",
    ]


@pytest.mark.parametrize(
    ("zone", "be_there", "due"),
    [
        # over the end of summer time the same wall time is 169 hours earlier
        ("Europe/London", "2026-10-28T10:00", "2026-10-21T09:00"),
        ("Europe/London", "2027-03-30T10:00", "2027-03-23T10:00"),
        # 01:30 does not exist on 2027-03-28 in London: the moment after the jump
        ("Europe/London", "2027-04-04T01:30", "2027-03-28T01:30"),
        # and exists twice on 2026-10-25: the first
        ("Europe/London", "2026-11-01T01:30", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "2026-10-07T10:00", "2026-09-29T23:30"),
    ],
)
def test_seven_days_before_is_the_same_wall_time(zone: str, be_there: str, due: str) -> None:
    rows = plan(
        kind=Kind.BOOKED,
        visit=visit(wall(be_there, zone), zone),
        now=utc("2026-09-01T10:00"),
        policy=POLICY,
    )
    assert [r.due_at for r in rows if r.offset == "7d"] == [utc(due)]


def test_forty_eight_hours_before_is_elapsed_time() -> None:
    be_there = wall("2026-10-26T14:00", "Europe/London")
    rows = plan(kind=Kind.BOOKED, visit=visit(be_there), now=utc("2026-10-01T10:00"), policy=POLICY)
    assert [r.due_at for r in rows if r.offset == "48h"] == [be_there - timedelta(hours=48)]
    assert ("reminder", "sms", "10-24 15:00") in times(rows, "Europe/London")


def test_an_offset_already_past_writes_no_row() -> None:
    rows = plan(
        kind=Kind.BOOKED,
        visit=visit(wall("2026-11-25T14:00", "Europe/London")),
        now=utc("2026-11-24T10:00"),
        policy=POLICY,
    )
    assert [(r.kind, r.offset) for r in rows] == [
        ("booked", "now"),
        ("booked", "now"),
        ("reminder", "3h"),
    ]


def test_nothing_is_written_about_a_visit_whose_time_has_come() -> None:
    at = utc("2026-11-24T10:00")
    assert plan(kind=Kind.CANCELLED, visit=visit(at), now=at, policy=POLICY) == ()


def test_cancelling_writes_the_news_and_no_reminder() -> None:
    rows = plan(
        kind=Kind.CANCELLED,
        visit=visit(wall("2026-12-14T14:00", "Europe/London")),
        now=utc("2026-11-24T10:00"),
        policy=POLICY,
    )
    assert [r.dedupe_key for r in rows] == ["42:3:cancelled:now:email", "42:3:cancelled:now:sms"]


def test_only_channels_that_reach_the_patient_are_planned() -> None:
    reach = visit(wall("2026-12-14T14:00", "Europe/London"), channels=frozenset({Channel.EMAIL}))
    rows = plan(kind=Kind.BOOKED, visit=reach, now=utc("2026-11-24T10:00"), policy=POLICY)
    assert {r.channel for r in rows} == {Channel.EMAIL}


def together(*news: tuple[Kind, datetime], now: str = "2026-11-24T10:00") -> tuple[Planned, ...]:
    visits = [(kind, visit(at, appointment_id=n)) for n, (kind, at) in enumerate(news)]
    return plan_together(news=visits, now=utc(now), policy=POLICY)


def test_several_visits_are_news_once_a_channel_and_the_first_that_is_on_leads() -> None:
    rows = together(
        (Kind.CHANGED, wall("2027-01-14T14:00", "Europe/London")),
        (Kind.CANCELLED, wall("2026-12-10T14:00", "Europe/London")),
        (Kind.BOOKED, wall("2026-12-14T14:00", "Europe/London")),
    )
    news = [r for r in rows if r.offset == AT_ONCE]
    assert [r.dedupe_key for r in news] == ["2:3:several:now:email", "2:3:several:now:sms"]
    assert {tuple(v.appointment_id for v in r.visits) for r in news} == {(2, 0, 1)}
    assert {r.not_after for r in news} == {wall("2027-01-14T14:00", "Europe/London")}


def test_several_cancelled_visits_are_told_as_such() -> None:
    at = wall("2026-12-14T14:00", "Europe/London")
    rows = together((Kind.CANCELLED, at + timedelta(days=1)), (Kind.CANCELLED, at))
    assert [r.dedupe_key for r in rows] == ["1:3:all_off:now:email", "1:3:all_off:now:sms"]


def test_news_that_the_night_makes_useless_stays_by_itself() -> None:
    early = (Kind.BOOKED, wall("2026-11-25T07:00", "Europe/London"))
    later = [(Kind.BOOKED, wall(f"2027-01-{day}T14:00", "Europe/London")) for day in (14, 15)]
    rows = together(early, *later, now="2026-11-24T22:00")
    news = [(r.dedupe_key, r.drop) for r in rows if r.offset == AT_ONCE]
    assert news == [
        ("0:3:several:now:email", None),
        ("0:3:booked:now:sms", DropReason.QUIET_HOURS),
        ("1:3:several:now:sms", None),
    ]


@given(
    days=st.lists(st.integers(-1, 20), min_size=1, max_size=6),
    kinds=st.lists(
        st.sampled_from([Kind.BOOKED, Kind.CHANGED, Kind.CANCELLED]), min_size=6, max_size=6
    ),
    hour=st.integers(0, 23),
)
def test_together_tells_of_each_visit_what_it_would_be_told_apart(
    days: list[int], kinds: list[Kind], hour: int
) -> None:
    now = utc("2026-11-24T00:30") + timedelta(hours=hour)
    news = [
        (kind, visit(now + timedelta(days=day, hours=5), appointment_id=n))
        for n, (kind, day) in enumerate(zip(kinds, days, strict=False))
    ]
    apart = [p for k, v in news for p in plan(kind=k, visit=v, now=now, policy=POLICY)]
    rows = plan_together(news=news, now=now, policy=POLICY)
    assert len({r.dedupe_key for r in rows}) == len(rows)
    assert sorted(told(rows)) == sorted(told(apart))
    at_once = [r.channel for r in rows if r.offset == AT_ONCE and not r.drop]
    assert len(set(at_once)) == len(at_once)
    assert all((len(r.visits) > 1) == (r.kind in TOGETHER) for r in rows)


def told(rows: Iterable[Planned]) -> list[tuple[int, str, str, str, datetime]]:
    """List which visit is told of by which channel, when, and whether it is dropped."""
    return [
        (v.appointment_id, r.channel, r.offset, str(r.drop), r.due_at)
        for r in rows
        for v in r.visits
    ]


def test_a_booking_at_night_mails_now_and_texts_in_the_morning() -> None:
    rows = plan(
        kind=Kind.BOOKED,
        visit=visit(wall("2026-11-26T14:00", "Europe/London")),
        now=utc("2026-11-24T22:15"),
        policy=POLICY,
    )
    assert times(rows, "Europe/London")[:2] == [
        ("booked", "email", "11-24 22:15"),
        ("booked", "sms", "11-25 08:00"),
    ]


def test_the_night_is_where_the_patient_lives() -> None:
    lisbon = visit(
        wall("2026-12-14T09:00", "Europe/Madrid"),
        "Europe/Madrid",
        patient_zone="America/New_York",
    )
    rows = plan(kind=Kind.BOOKED, visit=lisbon, now=utc("2026-11-24T10:00"), policy=POLICY)
    assert [(r.offset, r.due_at) for r in rows if r.channel is Channel.SMS] == [
        ("now", utc("2026-11-24T13:00")),
        ("48h", utc("2026-12-12T13:00")),
    ]
    # the 3 h reminder would come in the night there, and goes by e-mail
    assert [(r.channel, r.due_at) for r in rows if r.offset == "3h"] == [
        ("email", utc("2026-12-14T05:00"))
    ]


def test_a_night_reminder_that_morning_makes_useless_is_written_down_as_dropped() -> None:
    rows = plan(
        kind=Kind.BOOKED,
        visit=visit(wall("2026-12-14T08:30", "Europe/London"), channels=frozenset({Channel.SMS})),
        now=utc("2026-12-13T10:00"),
        policy=POLICY,
    )
    assert [(r.offset, r.drop) for r in rows] == [
        ("now", None),
        ("3h", DropReason.QUIET_HOURS),
    ]


def test_hurried_policy_counts_every_offset_in_seconds() -> None:
    now = utc("2026-11-24T23:00")
    rows = plan(
        kind=Kind.BOOKED,
        visit=visit(now + timedelta(days=1)),
        now=now,
        policy=POLICY.hurried(timedelta(seconds=5)),
    )
    assert [(r.offset, (r.due_at - now).seconds, r.drop) for r in rows] == [
        ("now", 0, None),
        ("now", 0, None),
        ("7d", 5, None),
        ("48h", 10, None),
        ("3h", 15, None),
    ]


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_quiet_hours_agree_with_the_shared_vectors(vector: dict[str, str]) -> None:
    zone = vector["zone"]
    now = utc(vector["now_utc"][:-1]) if "now_utc" in vector else wall(vector["now_local"], zone)
    until = (
        wall(vector["appointment_local"], zone)
        if "appointment_local" in vector
        else now + timedelta(days=5)
    )
    verdict = look_again(circumstances(quiet_zone=zone, not_after=until), now=now, policy=POLICY)
    assert verdict == expected_verdict(vector)


def expected_verdict(vector: dict[str, str]) -> Send | Defer | Drop:
    said = vector.get("send", "")
    if said == "now":
        return Send()
    if said.startswith("drop"):
        return Drop(DropReason.QUIET_HOURS)
    return Defer(wall(said or vector["send_local"], vector["zone"]))


def circumstances(**more: object) -> Circumstances:
    said: dict[str, object] = {
        "kind": Kind.REMINDER,
        "channel": Channel.SMS,
        "not_after": utc("2026-12-01T10:00"),
        "quiet_zone": "Europe/London",
        "same_version": True,
        "status": Status.BOOKED,
    }
    return Circumstances(**(said | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, Send()),
        ({"same_version": False}, Drop(DropReason.SUPERSEDED)),
        ({"status": Status.CANCELLED}, Drop(DropReason.SUPERSEDED)),
        ({"status": Status.PENDING}, Drop(DropReason.SUPERSEDED)),
        ({"status": Status.ARRIVED}, Drop(DropReason.VISIT_STARTED)),
        ({"status": Status.NOSHOW}, Drop(DropReason.VISIT_STARTED)),
        ({"kind": Kind.CANCELLED}, Drop(DropReason.SUPERSEDED)),
        ({"kind": Kind.CANCELLED, "status": Status.CANCELLED}, Send()),
        ({"kind": Kind.SEVERAL}, Send()),
        ({"kind": Kind.SEVERAL, "status": Status.CANCELLED}, Send()),
        ({"kind": Kind.ALL_OFF}, Drop(DropReason.SUPERSEDED)),
        ({"opted_out": True}, Drop(DropReason.OPTED_OUT)),
        ({"do_not_contact": True}, Drop(DropReason.DO_NOT_CONTACT)),
        ({"deceased": True}, Drop(DropReason.DECEASED)),
        ({"has_address": False}, Drop(DropReason.NO_ADDRESS)),
        ({"not_after": utc("2026-11-24T09:59")}, Drop(DropReason.TOO_LATE)),
        ({"not_after": utc("2026-11-24T10:00")}, Send()),
        ({"quiet_zone": "America/New_York"}, Defer(utc("2026-11-24T13:00"))),
        ({"quiet_zone": "America/New_York", "channel": Channel.EMAIL}, Send()),
    ],
    ids=str,
)
def test_look_again_decides_on_what_is_true_now(
    changed: dict[str, object], verdict: Send | Defer | Drop
) -> None:
    now = utc("2026-11-24T10:00")
    assert look_again(circumstances(**changed), now=now, policy=POLICY) == verdict


@given(
    at=st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001 - made UTC below
    zone=st.sampled_from(
        ["Europe/London", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe"]
    ),
)
def test_next_open_is_never_at_night_and_never_a_day_away(at: datetime, zone: str) -> None:
    instant = at.replace(tzinfo=UTC)
    opened = Window().next_open(instant, ZoneInfo(zone))
    assert 8 <= opened.astimezone(ZoneInfo(zone)).hour < 20
    assert instant <= opened <= instant + timedelta(hours=13)


@pytest.mark.parametrize(
    ("attempts", "draw", "seconds"),
    [(0, 1.0, 30), (1, 1.0, 60), (3, 0.5, 120), (6, 1.0, 1800), (500, 1.0, 1800), (4, 0.0, 0)],
)
def test_retry_draws_a_share_of_a_doubling_ceiling(
    attempts: int, draw: float, seconds: int
) -> None:
    now = utc("2026-11-24T10:00")
    again = retry_at(
        attempts=attempts,
        due_at=now,
        not_after=now + timedelta(days=9),
        now=now,
        draw=draw,
        policy=POLICY,
    )
    assert again == now + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("due_ago", "useful_for"), [(timedelta(), timedelta(seconds=9)), (timedelta(1), timedelta(9))]
)
def test_retry_gives_up_at_the_deadline(due_ago: timedelta, useful_for: timedelta) -> None:
    now = utc("2026-11-24T10:00")
    again = retry_at(
        attempts=0,
        due_at=now - due_ago,
        not_after=now + useful_for,
        now=now,
        draw=1.0,
        policy=POLICY,
    )
    assert again is None

"""Beat that is absent for an hour, or runs twice; clocks that jump, and those that change by law."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from notifications.models import Message
from scheduling.models import Patient
from tests.faults import invariants
from tests.faults.crowd import NOW, Scene
from tests.faults.senders import Life

MINUTE = timedelta(minutes=1)
ZONES = (
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "Africa/Cairo",
    "Australia/Lord_Howe",
    "Asia/Beirut",
    "Pacific/Chatham",
    "Atlantic/Azores",
)


def lost_hour(rng: random.Random) -> Iterator[tuple[int, int]]:
    """Tick every five minutes, but for an hour; each is (minutes from now, how many at once)."""
    away = rng.randrange(6) * 10
    yield from ((m, 1) for m in range(0, 240, 5) if not away <= m < away + 60)


def doubled(rng: random.Random) -> Iterator[tuple[int, int]]:
    yield from ((m, 2) for m in range(0, 180, 10))


def late(rng: random.Random) -> Iterator[tuple[int, int]]:
    """Let ticks come out of order, up to five minutes back."""
    yield from ((m - rng.randrange(6), 1 + rng.randrange(2)) for m in range(6, 240, 10))


@pytest.mark.parametrize("ticks", [lost_hour, doubled, late])
def test_ticks_of_beat_that_are_lost_doubled_or_late(
    scene: Scene,
    times: Callable[[int], int],
    ticks: Callable[[random.Random], Iterator[tuple[int, int]]],
) -> None:
    rng = random.Random(6)  # noqa: S311 - a fixed seed
    for _ in range(times(10)):
        scene.truth.clock.now = NOW
        fails = {n: rng.choice(["503", "timeout after", "dot 451", "rcpt 421"]) for n in range(3)}
        scene.truth.plan = (
            lambda to, attempt, f=fails: (
                f.get(  # type: ignore[misc]
                    int(to[-3:]) % 9 if to[0] == "+" else 9, "ok"
                )
                if attempt == 1
                else "ok"
            )
        )
        scene.crowd(12)
        for minutes, at_once in ticks(rng):
            scene.truth.clock.now = NOW + minutes * MINUTE
            if at_once == 1:
                scene.sweep()
            else:
                life = Life(now=scene.truth.clock.now)
                assert scene.nursery.run(life, life) == [0, 0]
    due = Message.objects.filter(offset="now", instead_of=None).count()
    assert due == 24 * times(10)
    horizon = scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, due) == []


def changes(zone: str, year: int = 2027) -> list[datetime]:
    """Find the instants (UTC, to the minute) at which a zone's clocks change in a year."""
    place, found = ZoneInfo(zone), []
    hour = datetime(year, 1, 1, tzinfo=UTC)
    while hour.year == year:
        after = hour + timedelta(hours=1)
        if hour.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            found.append(after)
        hour = after
    return found


@pytest.mark.parametrize("zone", ZONES)
def test_clocks_that_jump_over_both_changes(
    scene: Scene, times: Callable[[int], int], zone: str
) -> None:
    """Visits all round the clock, swept through the days of a change by a clock that jumps.

    It goes back five minutes now and then, and an hour forth, as a host's clock that is set does.
    """
    rng = random.Random(zone)  # noqa: S311 - a fixed seed
    scene.house.site.zone = zone
    scene.house.site.save()
    both = changes(zone)
    assert len(both) == 2
    for change in both:
        for _ in range(times(10)):
            through(scene, rng, change)
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.at_night(scene.truth) == []
    assert scene.truth.taken


def through(scene: Scene, rng: random.Random, change: datetime) -> None:
    begin = change - timedelta(hours=30)
    scene.truth.clock.now = begin
    for _ in range(6):
        scene.crowd(1, start=change + timedelta(minutes=5 * rng.randrange(120, 900)))
    now = begin
    while now < change + timedelta(hours=75):
        scene.truth.clock.now = now
        scene.sweep()
        now += rng.choice([-5 * MINUTE, 25 * MINUTE, 60 * MINUTE, 180 * MINUTE])
    scene.truth.clock.now = now
    open_rows = Message.objects.filter(open=True)
    assert not open_rows.exists(), list(open_rows.values_list("state", "due_at"))


def test_texts_at_night_turn_the_invariants_red(scene: Scene) -> None:
    (visit,) = scene.crowd(1, zone="Pacific/Auckland", email="")
    people = Patient.objects.filter(pk=visit.patient_id)
    people.update(zone="")
    Message.objects.filter(offset="now").update(due_at=NOW)
    scene.sweep()
    assert invariants.at_night(scene.truth) == []
    people.update(zone="Pacific/Auckland")
    assert invariants.at_night(scene.truth) != []

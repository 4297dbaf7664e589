"""Senders killed by SIGKILL: at nine named points, at random, and stopped for longer than a lease."""

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from notifications.models import Message
from tests.faults import crowd, guards, invariants, points
from tests.faults.crowd import Scene
from tests.faults.senders import KILLED, Life

ROUND = 10
"""So many deaths before the survivors clear up."""


def check(scene: Scene, due: int) -> None:
    horizon = scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, due) == []
    assert invariants.at_night(scene.truth) == []


@pytest.mark.parametrize("point", points.POINTS)
def test_a_sender_killed_at_a_named_point(
    scene: Scene, times: Callable[[int], int], point: str
) -> None:
    rng = random.Random(point)  # noqa: S311 - a fixed seed
    due = 0
    for death in range(times(100)):
        scene.crowd(3)
        due += 6
        life = Life(
            now=scene.truth.clock.now,
            point=point,
            channel=("email", "sms")[death % 2],
            nth=1 if point == points.CONNECTED else rng.randint(1, 3),
            survives=point == points.OVERTAKEN and death % 4 > 1,
        )
        assert scene.nursery.run(life) == [0 if life.survives else KILLED]
        if death % ROUND == ROUND - 1:
            check(scene, due)
    check(scene, due)


def test_senders_killed_at_random(scene: Scene, times: Callable[[int], int]) -> None:
    """Three at once, each killed within the time that a sweep takes; the fourth lives."""
    rng = random.Random(20)  # noqa: S311 - a fixed seed
    deaths, due, wanted = 0, 0, times(200)
    scene.truth.wait = 0.002
    while deaths < wanted:
        scene.crowd(15)
        due += 30
        lives = [
            Life(now=scene.truth.clock.now, kill_after=rng.uniform(0.01, 0.15)) for _ in range(3)
        ]
        deaths += scene.nursery.run(*lives).count(KILLED)
        if rng.random() < 0.3:
            check(scene, due)
    check(scene, due)


FAMILY = "+447700900321"
OF_A_DAY = 8
"""As many texts as a telephone in Britain may get in a day (`notifications/data/habits.json`)."""


def of_one_telephone(scene: Scene, *removed: str) -> None:
    """Let three senders at once send the news of twenty visits to one telephone."""
    scene.crowd(20, phone=FAMILY, email="")
    now = scene.truth.clock.now
    scene.nursery.run(*[Life(now=now, removed=removed)] * 3)


def test_one_telephone_gets_no_more_than_its_cap_whoever_dies(
    scene: Scene, times: Callable[[int], int]
) -> None:
    """What is one too many is a task; the next day has room again."""
    rng = random.Random(21)  # noqa: S311 - a fixed seed
    for day in range(times(20)):
        scene.truth.clock.now = crowd.NOW + 9 * day * timedelta(days=1)
        start = scene.truth.clock.now + timedelta(days=14)
        before = len(scene.truth.taken)
        scene.crowd(20, phone=FAMILY, email="", start=start)
        now = scene.truth.clock.now
        lives = [Life(now=now, kill_after=rng.uniform(0.01, 0.15)) for _ in range(2)]
        scene.nursery.run(*lives, Life(now=now))
        scene.come_to_rest()
        assert OF_A_DAY - 4 < len(scene.truth.taken) - before <= OF_A_DAY
        assert invariants.over_cap(scene.truth) == []
        assert invariants.sent_twice(scene.truth) == []
        Message.objects.filter(open=True).delete()  # their reminders are another day's matter


def test_without_the_guard_of_the_cap_the_invariants_turn_red(scene: Scene) -> None:
    scene.uncapped, scene.truth.wait = True, 0.005
    of_one_telephone(scene, guards.CAP)
    assert invariants.over_cap(scene.truth) != []


@pytest.mark.parametrize("point", [points.CLAIMED, points.BEGUN, points.GRANTED, points.HALF])
def test_a_sender_that_slept_longer_than_its_lease(
    scene: Scene, times: Callable[[int], int], point: str
) -> None:
    """It wakes up when another has taken its messages, and must not send them too."""
    for _ in range(times(20)):
        scene.crowd(2)
        slept(scene, point)
    check(scene, 4 * times(20))


def slept(scene: Scene, point: str, *removed: str) -> None:
    now, channel = scene.truth.clock.now, "email" if point == points.HALF else "sms"
    sleeper = Life(now=now, point=point, channel=channel, sleeps=True, removed=removed)
    scene.nursery.run(sleeper)


def test_without_the_guard_of_the_lease_the_invariants_turn_red(scene: Scene) -> None:
    scene.crowd(2)
    slept(scene, points.CLAIMED, guards.LEASE)
    scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) != []


def test_without_the_dedupe_key_the_invariants_turn_red(scene: Scene) -> None:
    with guards.without_dedupe():
        scene.tell(scene.crowd(2))
        scene.come_to_rest()
        assert invariants.sent_twice(scene.truth) != []


def test_with_blind_resending_the_invariants_turn_red(scene: Scene) -> None:
    scene.crowd(2)
    now = scene.truth.clock.now
    assert scene.nursery.run(Life(now=now, point=points.ANSWERED)) == [KILLED]
    with guards.removed(guards.UNKNOWN):
        scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) != []


def test_without_the_next_marks_word_the_invariants_turn_red(scene: Scene) -> None:
    """What a dead sender may not have sent is not to be called taken."""
    visits = scene.crowd(2)
    now = scene.truth.clock.now
    assert scene.nursery.run(Life(now=now, point=points.GRANTED, channel="email")) == [KILLED]
    with guards.removed(guards.TAKEN):
        horizon = scene.come_to_rest()
    assert invariants.unaccounted(scene.truth, horizon, 2 * len(visits)) != []


def test_a_message_that_vanishes_turns_the_invariants_red(scene: Scene) -> None:
    scene.crowd(2)
    horizon = scene.come_to_rest()
    Message.objects.filter(offset="now").first().delete()  # type: ignore[union-attr]
    with pytest.raises(KeyError):
        invariants.sent_twice(scene.truth)
    assert invariants.unaccounted(scene.truth, horizon, 4) != []

"""Senders killed by SIGKILL: at nine named points, at random, and stopped for longer than a lease."""

import random
from collections.abc import Callable

import pytest

from tests.faults import invariants, points
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

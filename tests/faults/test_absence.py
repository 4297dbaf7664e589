"""Redis away for longer than anything that lives in it: ticks, what is unacknowledged, its memory."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.utils import timezone

from tests.faults import invariants
from tests.faults.crowd import DAYS_14, Scene
from tests.faults.impatient import VISIBLE
from tests.faults.test_servers import Bell, ring_until_sent

LONG = 2.5 * VISIBLE
"""Longer than a tick is valid and than a task stays out of sight."""


@pytest.fixture
def bell(scene: Scene, tmp_path: Path) -> Iterator[Bell]:
    made = Bell(tmp_path, scene, app="tests.faults.impatient", expires=VISIBLE)
    made.hire()
    yield made
    made.stop()


def dead(bell: Bell) -> None:
    """Lose all that was in it."""
    bell.kill()
    time.sleep(LONG)
    bell.restart()


def frozen(bell: Bell) -> None:
    """Keep all that was in it, and answer nobody: what wakes up finds its time over."""
    os.kill(bell.server.process.pid, signal.SIGSTOP)
    time.sleep(LONG)
    os.kill(bell.server.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("away", [dead, frozen])
def test_redis_away_longer_than_what_lives_in_it(
    scene: Scene, bell: Bell, times: Callable[[int], int], away: Callable[[Bell], None]
) -> None:
    """A sweep takes longer than a task stays out of sight, so it is handed over while it runs."""
    scene.truth.wait = 0.12
    start = timezone.now().replace(microsecond=0) + (DAYS_14 - DAYS_14.replace(day=4))
    for _ in range(times(10)):
        scene.truth.clock.now = timezone.now()
        scene.crowd(12, phone="", start=start)
        for _ in range(3):
            bell.ring()
        time.sleep(0.6)
        away(bell)
        scene.crowd(6, phone="", start=start)
        ring_until_sent(bell)
    scene.truth.clock.now = timezone.now()
    horizon = scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, 18 * times(10)) == []

"""Redis killed, emptied and away; PostgreSQL that ends its connections in the middle of a sweep."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from celery import Celery
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from clinic import embedded, programs
from notifications.models import Message
from tests.faults import invariants
from tests.faults.crowd import DAYS_14, Scene
from tests.faults.senders import Life

PATIENCE = 60
"""Seconds within which a worker finds its broker again and sends what is due."""


# ---------------------------------------------------------------- PostgreSQL


def test_connections_that_postgresql_ends(scene: Scene, times: Callable[[int], int]) -> None:
    rng = random.Random(5)  # noqa: S311 - a fixed seed
    ended, due = 0, 0
    while ended < times(20):
        scene.crowd(15)
        due += 30
        scene.nursery.begin(*[Life(now=scene.truth.clock.now)] * 2)
        time.sleep(rng.uniform(0.02, 0.12))
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()"""
            )
            ended += bool(cursor.fetchone()[0])
        scene.nursery.end()
    horizon = scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, due) == []


# ---------------------------------------------------------------- Redis


@dataclass
class Bell:
    """A Redis of the test's own, with a Celery worker that listens to it."""

    base: Path
    scene: Scene
    app: str = "clinic"
    expires: float = 60
    server: embedded.Server = field(init=False)
    worker: "subprocess.Popen[bytes]" = field(init=False)

    def __post_init__(self) -> None:
        self.start()
        # not the house's own: the tests that follow ring theirs
        self.rope = Celery(broker=self.server.url, set_as_current=False)

    def start(self, port: int | None = None) -> None:
        sources = programs.order(os.environ.get("FALLOW_SERVERS"), first="installed")
        self.server = embedded.start_redis(
            base=self.base, sources=sources, durable=False, port=port
        )

    def hire(self) -> None:
        """Start the worker; it sends e-mail to the scene's server."""
        name = connection.settings_dict["NAME"]
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        more = {
            "DATABASE_URL": url,
            "REDIS_URL": self.server.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.scene.letters.port}",
        }
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        command = [sys.executable, "-m", "celery", "-A", self.app, "worker", "--concurrency", "2"]
        with self.scene.nursery.log.open("ab") as lines:
            self.worker = subprocess.Popen(
                [*command, *quiet],
                env=os.environ | more,
                stdout=lines,
                stderr=lines,
                start_new_session=True,
            )

    def supervise(self) -> None:
        """Start the worker again when it has ended, as whatever keeps services running does.

        It does end: Celery gives up when its broker goes away while a task acknowledges its end
        (`docs/reliability.md`, "Found").
        """
        if self.worker.poll() is not None:
            self.hire()

    def ring(self) -> None:
        """Tick, as beat does; a tick that cannot be sent is lost."""
        with suppress(OperationalError, redis.RedisError, OSError):
            self.rope.send_task("notifications.tasks.sweep", expires=self.expires, retry=False)

    def kill(self) -> None:
        self.server.process.kill()
        self.server.process.wait()

    def restart(self) -> None:
        self.start(urlsplit(self.server.url).port)

    def flush(self) -> None:
        with redis.Redis.from_url(self.server.url) as line:
            line.flushall()

    def stop(self) -> None:
        if self.worker.poll() is None:
            os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait()
        self.rope.close()
        self.kill()


@pytest.fixture
def bell(scene: Scene, tmp_path: Path) -> Iterator[Bell]:
    made = Bell(tmp_path, scene)
    made.hire()
    yield made
    made.stop()


def killed(bell: Bell, book: Callable[[], None]) -> None:
    bell.kill()
    book()
    bell.restart()


def flushed(bell: Bell, book: Callable[[], None]) -> None:
    for _ in range(5):
        bell.ring()
    bell.flush()
    book()


def away(bell: Bell, book: Callable[[], None]) -> None:
    """Stay away for two seconds: five minutes differ only in what waits."""
    bell.kill()
    book()
    bell.ring()
    time.sleep(2)
    bell.restart()


@pytest.mark.parametrize("fault", [killed, flushed, away])
def test_redis(
    scene: Scene,
    bell: Bell,
    times: Callable[[int], int],
    fault: Callable[[Bell, Callable[[], None]], None],
) -> None:
    """Visits are booked in spite of it, and all is sent once ticks come again."""
    rng = random.Random(4)  # noqa: S311 - a fixed seed
    scene.truth.wait = 0.005
    scene.truth.clock.now = timezone.now().replace(microsecond=0)
    start = scene.truth.clock.now + (DAYS_14 - DAYS_14.replace(day=4))

    def book() -> None:
        scene.crowd(10, phone="", start=start)

    for _ in range(times(20)):
        scene.truth.clock.now = timezone.now()
        book()
        bell.ring()
        time.sleep(rng.uniform(0, 0.1))
        fault(bell, book)
        ring_until_sent(bell)
    scene.truth.clock.now = timezone.now()
    horizon = scene.come_to_rest()
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, 20 * times(20)) == []


def ring_until_sent(bell: Bell) -> None:
    """Tick until nothing waits; a task that was cut off holds its messages until its lease ends."""
    until = time.monotonic() + PATIENCE
    while Message.objects.filter(offset="now", state="pending").exists():
        assert time.monotonic() < until, "the worker did not come back"
        bell.supervise()
        bell.ring()
        time.sleep(0.2)

"""PostgreSQL itself is restarted, in three ways, while senders work: a server of the test's own."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection

from clinic import embedded, programs
from tests.faults import crowd, invariants
from tests.faults.crowd import Scene
from tests.faults.senders import Life, Nursery
from tests.faults.stub import Letters, Texts, Truth

WAYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL)
"""Fast shutdown; immediate, as a crash; and killed, as a machine that runs out of memory does."""

AGAIN = 20
"""Seconds within which a server comes up: one that was killed waits for its children to notice."""


@dataclass
class Own:
    """A PostgreSQL that writes through to its log: `QUICK` would forget what it has committed."""

    base: Path
    server: embedded.Server

    @property
    def port(self) -> int:
        return int(urlsplit(self.server.url).port or 0)

    def restart(self, way: signal.Signals) -> None:
        port = self.port
        os.kill(self.server.process.pid, way)
        self.server.process.wait()
        until = time.monotonic() + AGAIN
        while True:
            with suppress(programs.NoServer):
                self.server = started(self.base, port)
                return
            assert time.monotonic() < until, "PostgreSQL did not come back"


def started(base: Path, port: int | None = None) -> embedded.Server:
    sources = programs.order(os.environ.get("FALLOW_SERVERS"), first="installed")
    return embedded.start_postgres(base=base, sources=sources, durable=True, port=port)


@pytest.fixture
def own(django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Own]:
    """Give a server of its own with all tables, and Django's connection to it."""
    base = embedded.home(Path(os.environ["FALLOW_VAR"]) / f"restart-{os.getpid()}")
    made = Own(base, started(base))
    before = dict(connection.settings_dict)
    with django_db_blocker.unblock():
        connection.close()
        address = urlsplit(made.server.url)
        connection.settings_dict.update(
            HOST=address.hostname, PORT=address.port, USER=address.username,
            PASSWORD=address.password, NAME=address.path[1:],
        )  # fmt: skip
        monkeypatch.setenv("DATABASE_URL", made.server.url)
        try:
            call_command("migrate", verbosity=0)
            yield made
        finally:
            connection.close()
            connection.settings_dict.clear()
            connection.settings_dict.update(before)
            embedded.stop_all([made.server])
            embedded.forget(Path(os.environ["FALLOW_VAR"]) / f"restart-{os.getpid()}")


@pytest.fixture
def apart(own: Own, tmp_path: Path) -> Iterator[Scene]:
    """Give a scene on that server, with senders of its own."""
    truth = Truth()
    texts, letters, nursery = Texts(truth), Letters(truth), Nursery(tmp_path / "log")
    made = Scene(truth, texts, letters, nursery)
    yield made
    words = crowd.canaries(truth)
    nursery.close()
    texts.close()
    letters.close()
    assert invariants.leaked((tmp_path / "log").read_text("utf-8", "replace"), words) == []


def test_postgresql_restarted_while_senders_work(
    own: Own, apart: Scene, times: Callable[[int], int]
) -> None:
    rng = random.Random(7)  # noqa: S311 - a fixed seed
    apart.truth.wait = 0.01
    rounds = max(len(WAYS), times(20))
    hit = 0
    for n in range(rounds):
        apart.crowd(15)
        apart.nursery.begin(*[Life(now=apart.truth.clock.now)] * 2)
        time.sleep(rng.uniform(0.05, 0.2))
        own.restart(WAYS[n % len(WAYS)])
        hit += sum(code != 0 for code in apart.nursery.end())
        connection.close()
    assert hit > 0
    horizon = apart.come_to_rest()
    assert invariants.sent_twice(apart.truth) == []
    assert invariants.unaccounted(apart.truth, horizon, 30 * rounds) == []
    assert invariants.over_cap(apart.truth) == []

"""Processes of their own that sweep the outbox, each a fork of one that has loaded the house.

`bare` takes the guard of a lease away, to show that the tests would see it missing.
"""

import os
import subprocess
import sys
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from typing import Any
from urllib.parse import urlsplit

ENOUGH = 60
"""Seconds after which a process that should have ended is at fault."""

running: list["subprocess.Popen[bytes]"] = []
swept: list[BaseProcess] = []

_CRADLE = get_context("forkserver")
_CRADLE.set_forkserver_preload(["tests.notifications.loaded"])


def started(*, port: int, now: datetime, bare: bool = False) -> BaseProcess:
    """Start one on the test's own database, sending to an SMTP server on `port`."""
    from django.conf import settings
    from django.db import connection

    house = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": port,
        "CATCH_UP_A_MINUTE": settings.CATCH_UP_A_MINUTE,
    }
    asked = (connection.settings_dict["NAME"], house, now, bare)
    swept.append(_CRADLE.Process(target=_sweep, args=asked))
    swept[-1].start()
    return swept[-1]


def ended(process: BaseProcess) -> int | None:
    """Wait for the end of one, and answer its exit code."""
    process.join(ENOUGH)
    return process.exitcode


def celery_worker(*, port: int) -> "subprocess.Popen[bytes]":
    """Start Celery with two worker processes on the test's own database and broker."""
    from django.db import connection

    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
    command = [sys.executable, "-m", "celery", "-A", "clinic", "worker", "--concurrency", "2"]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{connection.settings_dict['NAME']}"
    )
    environment = os.environ | {
        "DATABASE_URL": database.geturl(),
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    running.append(subprocess.Popen([*command, *quiet], env=environment))
    return running[-1]


def end() -> None:
    """End every process that a failed test left behind."""
    while running:
        with running.pop() as process:
            process.kill()
    while swept:
        process = swept.pop()
        process.kill()
        process.join()
        process.close()


def _sweep(database: str, house: dict[str, Any], now: datetime, bare: bool) -> None:  # noqa: FBT001
    """Sweep once, by a clock that stands."""
    from django.conf import settings
    from django.db import connection

    from notifications import leases, outbox

    connection.settings_dict["NAME"] = database
    for name, value in house.items():
        setattr(settings, name, value)
    if bare:
        leases.GUARD = "TRUE"
        # else the row's own check would stop a settled message in the guard's place
        opens = "SET state = 'sending', open = TRUE"
        leases._MARK = leases._MARK.replace("SET state = 'sending'", opens)
    outbox.sweep(clock=lambda: now)

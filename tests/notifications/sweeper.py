"""A process of its own that sweeps the outbox: `python -m tests.notifications.sweeper NOW [bare]`.

`bare` takes the guard of a lease away, to show that the tests would see it missing.
"""

import os
import subprocess
import sys
from datetime import datetime
from urllib.parse import urlsplit

import django

running: list["subprocess.Popen[bytes]"] = []


def started(*, port: int, now: datetime, bare: bool = False) -> "subprocess.Popen[bytes]":
    """Start one on the test's own database, sending to an SMTP server on `port`."""
    command = [sys.executable, "-m", "tests.notifications.sweeper", now.isoformat()]
    return _process([*command, *(["bare"] if bare else [])], port)


def celery_worker(*, port: int) -> "subprocess.Popen[bytes]":
    """Start Celery with two worker processes on the test's own database and broker."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
    command = [sys.executable, "-m", "celery", "-A", "clinic", "worker", "--concurrency", "2"]
    return _process([*command, *quiet], port)


def _process(command: list[str], port: int) -> "subprocess.Popen[bytes]":
    from django.db import connection

    database = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{connection.settings_dict['NAME']}"
    )
    environment = os.environ | {
        "DATABASE_URL": database.geturl(),
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
    }
    running.append(subprocess.Popen(command, env=environment))
    return running[-1]


def end() -> None:
    """End every process that a failed test left behind."""
    while running:
        with running.pop() as process:
            process.kill()


def main() -> None:
    """Sweep once, by a clock that stands."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    django.setup()
    from notifications import leases, outbox

    now = datetime.fromisoformat(sys.argv[1])
    if "bare" in sys.argv:
        leases.GUARD = "TRUE"
        # else the row's own check would stop a settled message in the guard's place
        opens = "SET state = 'sending', open = TRUE"
        leases._MARK = leases._MARK.replace("SET state = 'sending'", opens)
    outbox.sweep(clock=lambda: now)


if __name__ == "__main__":
    main()

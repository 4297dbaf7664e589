"""The database that those of the workers are copied from: migrated once, while tests are collected.

`python -m tests.migrated` makes it, as a process of its own that the controller starts beside its
servers; a copy takes a moment where migrating takes ten seconds of every worker.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from clinic import embedded

PATIENCE = 280
"""Seconds that a worker waits for it; on a busy machine migrating takes its time."""


def begin() -> "subprocess.Popen[bytes]":
    """Make the database and start to migrate it; workers find its name in the environment."""
    name = f"template_of_tests_{os.getpid()}"
    _admin(f'DROP DATABASE IF EXISTS "{name}"')
    _admin(f'CREATE DATABASE "{name}"')
    os.environ["MIGRATED_DATABASE"] = name
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    with _note("says").open("wb") as says:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.migrated"],
            env=os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "clinic.settings"},
            cwd=Path(__file__).resolve().parent.parent,
            stdout=subprocess.DEVNULL,
            stderr=says,
            preexec_fn=embedded.dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 -- no threads yet
        )


def end(process: "subprocess.Popen[bytes]") -> None:
    """Stop it, done or not, and drop the database."""
    process.kill()
    process.wait()
    with suppress(psycopg.OperationalError):  # the server may be gone already, and all with it
        _admin(f'DROP DATABASE IF EXISTS "{os.environ["MIGRATED_DATABASE"]}" WITH (FORCE)')


def name() -> str:
    """Wait for the database and answer its name.

    Raises:
        RuntimeError: it could not be migrated; what was said about it is quoted.

    """
    until = time.monotonic() + PATIENCE
    while not _note("done").exists():
        if time.monotonic() > until or _note("failed").exists():
            raise RuntimeError(f"no migrated database: {_note('says').read_text()[-2000:]}")
        time.sleep(0.1)
    return os.environ["MIGRATED_DATABASE"]


def _note(about: str) -> Path:
    return Path(os.environ["FALLOW_VAR"]) / f"migrated-{about}"


def _admin(statement: str) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def main() -> None:
    """Migrate the database of `DATABASE_URL`, and leave word of how that ended."""
    import django
    from django.core.management import call_command
    from django.db import connections

    try:
        django.setup()
        call_command("migrate", verbosity=0)
        connections.close_all()  # nobody may be in a database that is copied
    except BaseException:
        _note("failed").touch()
        raise
    _note("done").touch()


if __name__ == "__main__":
    main()

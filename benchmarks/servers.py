"""The servers and databases that measurements run on, started and thrown away with the run.

PostgreSQL runs as a clinic would run it: `fsync` and `synchronous_commit` on. Each scale of W has
a database of its own, so that small and large are measured in turns, in the same minute.
"""

import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import psycopg

from clinic import embedded, programs

PREFIX = f"fallow_bench_{os.getpid()}"


@contextmanager
def running(*, durable: bool) -> Iterator[str]:
    """Start what no address is configured for, and give back what runs.

    The addresses stand in the environment as `DATABASE_URL` and `REDIS_URL` while it lasts. A
    server that is not `durable` will do for a smoke test.
    """
    signal.signal(signal.SIGTERM, _end)  # so that the servers are stopped by `finally` below
    var = Path(tempfile.mkdtemp(prefix="fallow-bench-"))
    os.environ.update(FALLOW_VAR=str(var), FALLOW_OUTBOX=str(var / "outbox"), FALLOW_LOG="plain")
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(48))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
    sources = programs.order(os.environ.get("FALLOW_SERVERS"), first="installed")
    started: list[embedded.Server] = []
    base = embedded.home(var)
    try:
        if not os.environ.get("DATABASE_URL"):
            started.append(embedded.start_postgres(base=base, sources=sources, durable=durable))
            os.environ["DATABASE_URL"] = started[-1].url
        if not os.environ.get("REDIS_URL"):
            started.append(embedded.start_redis(base=base, sources=sources, durable=False))
            os.environ["REDIS_URL"] = started[-1].url
        if durable:
            _check_durable()
        yield ", ".join(server.title for server in started) or "servers of DATABASE_URL, REDIS_URL"
    finally:
        _drop_all()
        for server in started:
            server.stop()
        shutil.rmtree(base, ignore_errors=True)
        shutil.rmtree(var, ignore_errors=True)


def _end(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _check_durable() -> None:
    """Refuse to measure on a server that forgets: its figures would flatter."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        for name in ("fsync", "synchronous_commit"):
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            if row != ("on",):
                sys.exit(f"The server has {name}={row}; figures need it on.")


def _admin(statement: str) -> None:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path="/postgres").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def _drop_all() -> None:
    """Drop the databases of this run; on servers of our own they vanish anyway."""
    url = os.environ.get("DATABASE_URL")
    if url:
        with psycopg.connect(url) as connection:
            found = connection.execute(
                "SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"]
            ).fetchall()
        for (name,) in found:
            _admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def create(name: str, *, template: str | None = None) -> str:
    """Create a database of this run, anew, empty or as a copy of another; give its name."""
    made = f"{PREFIX}_{name}"
    leave()
    _admin(f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')
    _admin(f'CREATE DATABASE "{made}"' + (f' TEMPLATE "{template}"' if template else ""))
    return made


def use(database: str) -> None:
    """Turn this process's Django to another database."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()


def facts() -> str:
    """Name the kind of machine: cores, memory, PostgreSQL, Python; no host and no path."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        postgres = connection.info.parameter_status("server_version") or "?"
        row = connection.execute("SHOW fsync").fetchone()
    python = ".".join(str(part) for part in sys.version_info[:3])
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {sys.platform}, PostgreSQL {postgres.split()[0]} "
        f"(fsync {row[0] if row else '?'}), Python {python}"
    )


def leave() -> None:
    """Close this process's connections, so that a database may be a template or be dropped."""
    from django.db import connections

    connections.close_all()

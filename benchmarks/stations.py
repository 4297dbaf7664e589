"""Processes that measure: one per database, so that databases are asked in turns.

A station is forked from a process with Django set up; it has a connection and memos of its own,
as a web server's process has. It calls the functions it is asked for and sends back what they say.
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from benchmarks import servers

FORK = multiprocessing.get_context("fork")


@dataclass(slots=True)
class Station:
    """A process at work on one database."""

    database: str
    process: BaseProcess
    wire: Connection

    @classmethod
    def at(cls, database: str) -> "Station":
        """Start a station on a database."""
        from django.db import connections

        connections.close_all()  # a forked connection would be two processes' voice
        here, there = FORK.Pipe()
        process = FORK.Process(target=_serve, args=(database, there), daemon=True)
        process.start()
        there.close()
        return cls(database, process, here)

    def ask(self, what: Callable[..., Any], *args: Any) -> Any:
        """Call a function of a module there, and give back what it returns.

        Raises:
            RuntimeError: it raised; its words are passed on.

        """
        self.wire.send((what, args))
        fine, answer = self.wire.recv()
        if not fine:
            raise RuntimeError(answer)
        return answer

    def close(self) -> None:
        """End the process."""
        self.wire.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _serve(database: str, wire: Connection) -> None:
    import traceback

    servers.use(database)
    while True:
        try:
            what, args = wire.recv()
        except EOFError:
            return
        try:
            wire.send((True, what(*args)))
        except Exception:  # noqa: BLE001 -- whatever it is, the asker must hear of it
            wire.send((False, traceback.format_exc()))


def timed(work: Callable[[], object]) -> float:
    """Take the milliseconds of one call."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def in_turns(rounds: int, *works: Callable[[], float]) -> list[float]:
    """Ask each for its milliseconds in turns, and give the medians."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for found, work in zip(taken, works, strict=True):
            found.append(work())
    return [statistics.median(found) for found in taken]


def percentile(values: list[float], share: float) -> float:
    """Give the value below which a share of the values lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def trips(work: Callable[[], object]) -> int:
    """Count the round trips to the database that one call makes, in libpq's own trace."""
    import tempfile

    from django.db import connection

    connection.ensure_connection()
    wire = connection.connection.pgconn
    with tempfile.TemporaryFile() as trace:
        wire.trace(trace.fileno())
        try:
            work()
        finally:
            wire.untrace()
        trace.seek(0)
        return trace.read().count(b"ReadyForQuery")

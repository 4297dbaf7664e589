"""A mark on its way to the database, while the mail server is already being greeted.

The mark of a message must be committed before its letter can leave, and not a moment earlier: so
it is sent to PostgreSQL without waiting, the SMTP envelope is spoken meanwhile, and the answer is
read before the letter's first byte. The statement is planned once a connection (named statements
pass through PgBouncer since its version 1.21).
"""

import re
import select
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary
from zlib import crc32

from django.db import OperationalError, connection
from psycopg import Connection
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

_GONE = b"26000"
"""SQLSTATE: no prepared statement of that name."""

_BLANK = re.compile(r"%\((\w+)\)s")
_known: "WeakKeyDictionary[Connection[Any], set[bytes]]" = WeakKeyDictionary()


class Marking:
    """One statement under way; `found` waits for it, and `granted` tells whether it found its row."""

    def __init__(self, sql: str, values: dict[str, Any]) -> None:
        """Send the statement and return at once.

        `values` are text, numbers, truth, moments, lengths of time, ids, bytes, lists of words.
        """
        connection.ensure_connection()
        self._raw = connection.connection
        self._wire = self._raw.pgconn
        self._answer: int | None = None
        self._text, names = _numbered(sql)
        self._values = [_spelt(values[n]) for n in names]
        self._send()

    def granted(self) -> bool:
        """Answer whether the row is marked; the answer stays the same. Raises as `found` does."""
        return self.found() > 0

    def found(self) -> int:
        """Answer how many rows the statement found; the answer stays the same.

        Raises:
            OperationalError: the database refused, or is gone.

        """
        if self._answer is None:
            self._answer = 0
            self._answer = self._read()
        return self._answer

    def _send(self) -> None:
        name = self._prepared(self._raw, self._text)
        self._wire.send_query_prepared(name, self._values)
        self._wire.flush()

    def _read(self) -> int:
        result = self._result()
        if result.error_field(DiagnosticField.SQLSTATE) == _GONE:
            # nothing was done: after a rollback, psycopg may have said DEALLOCATE ALL
            _known[self._raw].clear()
            self._send()
            result = self._result()
        if result.status != ExecStatus.TUPLES_OK:
            raise OperationalError(result.error_message.decode("utf-8", "replace"))
        return result.ntuples

    def _result(self) -> PGresult:
        while self._wire.is_busy():
            select.select([self._wire.socket], [], [])
            with connection.wrap_database_errors:
                self._wire.consume_input()
        first: PGresult = self._wire.get_result()
        while self._wire.get_result() is not None:
            pass
        return first

    def _prepared(self, raw: "Connection[Any]", text: bytes) -> bytes:
        # in a transaction that somebody else began, a statement that is gone could not be sent again
        name = b"" if connection.in_atomic_block else b"fallow_%08x" % crc32(text)
        known = _known.setdefault(raw, set())
        if name not in known:
            result = self._wire.prepare(name, text)
            if result.status != ExecStatus.COMMAND_OK:
                raise OperationalError(result.error_message.decode("utf-8", "replace"))
            known.update({name} - {b""})
        return name


@cache
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Write ``%(name)s`` as ``$1``, ``$2`` ..., the same name the same number."""
    names = tuple(dict.fromkeys(_BLANK.findall(sql)))
    return _BLANK.sub(lambda m: f"${names.index(m[1]) + 1}", sql).encode(), names


def _spelt(value: object) -> bytes | None:
    """Write a value as PostgreSQL reads it."""
    return None if value is None else _WRITERS[type(value)](value).encode()


_WRITERS: dict[type, Callable[[Any], str]] = {
    bool: str,
    int: str,
    str: str,
    UUID: str,
    bytes: lambda value: "\\x" + value.hex(),
    datetime: datetime.isoformat,
    timedelta: lambda value: f"{value.total_seconds()} seconds",
    list: lambda value: "{" + ",".join(value) + "}",
}

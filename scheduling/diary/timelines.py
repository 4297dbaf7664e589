"""When each resource is busy: one query, and a memo validated by `Resource.diary_version`.

A memo entry is one timeline of one resource at one diary version. It is written only outside of
transactions: a version drawn in a transaction that rolls back may come again with other rows.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from psycopg import Cursor

from scheduling.catalogue import COUNTER
from scheduling.core.timeline import Timeline, Window, covered, shifted, unpacked_each
from scheduling.models import Allocation
from scheduling.models.appointments import LONGEST_Q

KEPT = 4096
"""Resources remembered by one process; a year of one is 13 kB."""

WIDEST_Q = 400 * 288
"""A remembered timeline grows with neighbouring questions up to this many quanta."""

# A scalar subquery per resource keeps each on its own index-only scan of the covering btree, in
# order; the exclusion constraint's GiST index must never be read here (260 ms against 1.9 ms).
# Two int4 side by side are the bytes of one int8 (quanta count from 1970: none is negative): one
# call and one string a row, where two and a concatenation took a fifth longer.
_BUSY = f"""
SELECT r.id, r.diary_version, ({COUNTER}), (
  SELECT string_agg(int8send(a.start_q::bigint << 32 | a.end_q), ''::bytea)
  FROM (SELECT start_q, end_q FROM scheduling_allocation
        WHERE active AND resource_id = r.id AND start_q >= %s AND start_q < %s
        ORDER BY start_q) a)
FROM scheduling_resource r WHERE r.id = """  # noqa: S608 - no text of anybody's
_VERSIONS = f"""
SELECT id, diary_version, ({COUNTER}) FROM scheduling_resource WHERE id = """  # noqa: S608
# Of one id PostgreSQL knows that it is one row, and keeps its plan; of an array it guesses ten, and
# plans anew at every turn, which takes a tenth of a millisecond.
_ONE, _SOME = "%s::bigint", "ANY(%s::bigint[])"


@dataclass(frozen=True, slots=True)
class _Entry:
    version: int
    window: Window
    line: Timeline


@dataclass(frozen=True, slots=True)
class Busy:
    """Busy timelines by resource, and the versions at which they were read.

    `ground` is the catalogue's counter in the same snapshot; None when nothing was read.
    """

    lines: dict[int, Timeline]
    versions: dict[int, int]
    ground: int | None = None


_memo: dict[int, _Entry] = {}
_writing = Lock()


def forget() -> None:
    """Drop what this process remembers of any diary."""
    _memo.clear()


def busy(
    resource_ids: Collection[int],
    window: Window,
    *,
    moving: int | None = None,
) -> Busy:
    """Answer when each resource is busy; expired holds count until they are swept.

    What the appointment `moving` holds itself does not count.
    """
    ids = list(resource_ids)
    # Read before the diaries: a hold that is swept in between is then free, not somebody else's.
    mine = held_by([moving], window) if moving is not None else {}
    held = {r: entry for r in ids if (entry := _memo.get(r)) and _holds(entry, window)}
    rows = _rows(_VERSIONS, [], held) if held else []
    versions = {row[0]: row[1] for row in rows}
    ground = rows[0][2] if rows else None
    lines = {
        resource_id: _cut(held[resource_id], window)
        for resource_id, version in versions.items()
        if held[resource_id].version == version
    }
    missing = [resource_id for resource_id in ids if resource_id not in lines]
    if missing:
        fetched = fetch(missing, window)
        lines |= fetched.lines
        versions |= fetched.versions
        ground = fetched.ground if ground in (None, fetched.ground) else None
        if not connection.in_atomic_block:
            _remember(fetched, window)
    for resource_id, own in mine.items():
        if resource_id in lines:
            lines[resource_id] &= ~own
    return Busy(lines, versions, ground)


def fetch(resource_ids: Collection[int], window: Window) -> Busy:
    """Read busy timelines from the rows, whatever is remembered."""
    low = window.q0 - LONGEST_Q
    packed: dict[int, bytes] = {}
    versions: dict[int, int] = {}
    ground = None
    for resource_id, version, ground, raw in _rows(_BUSY, [low, window.q1], resource_ids):  # noqa: B007
        packed[resource_id] = raw or b""
        versions[resource_id] = version
    return Busy(unpacked_each(packed, window), versions, ground)


def _rows(sql: str, params: list[Any], ids: Collection[int]) -> list[tuple[Any, ...]]:
    """Run a read of some resources in binary: Django's own cursor would send bytes as hex.

    It is prepared on the server, which saves planning, unless the settings say that a pooler
    gives each transaction another connection.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.ensure_connection()
    which = (_ONE, next(iter(ids))) if len(ids) == 1 else (_SOME, _array(ids))
    with database.wrap_database_errors, Cursor(database.connection) as cursor:
        cursor.execute(sql + which[0], [*params, which[1]], binary=True, prepare=True)
        return cursor.fetchall()


def _array(ids: Iterable[int]) -> str:
    """Spell ids as PostgreSQL's own array literal: a third of what the adapter takes."""
    return "{" + ",".join(map(str, ids)) + "}"


def _holds(entry: _Entry, window: Window) -> bool:
    return entry.window.q0 <= window.q0 and window.q1 <= entry.window.q1


def _cut(entry: _Entry, window: Window) -> Timeline:
    if entry.window == window:
        return entry.line
    return (entry.line >> (window.q0 - entry.window.q0)) & window.full


def _remember(fetched: Busy, window: Window) -> None:
    with _writing:
        for resource_id, line in fetched.lines.items():
            entry = _Entry(fetched.versions[resource_id], window, line)
            known = _memo.pop(resource_id, None)
            _memo[resource_id] = _joined(known, entry) if known else entry
        while len(_memo) > KEPT:
            del _memo[next(iter(_memo))]


def _joined(known: _Entry, entry: _Entry) -> _Entry:
    """Join two stretches of one version that touch; otherwise the newer one stays."""
    low = min(known.window.q0, entry.window.q0)
    high = max(known.window.q1, entry.window.q1)
    apart = known.window.q1 < entry.window.q0 or entry.window.q1 < known.window.q0
    if known.version != entry.version or apart or high - low > WIDEST_Q:
        return entry
    window = Window(low, high)
    line = shifted(known.line, known.window.q0 - low, window)
    return _Entry(entry.version, window, line | shifted(entry.line, entry.window.q0 - low, window))


def held_by(appointment_ids: Collection[int], window: Window) -> dict[int, Timeline]:
    """Return what some appointments hold; their spans overlap nobody else's (the constraint)."""
    held: dict[int, Timeline] = {}
    rows = Allocation.objects.filter(appointment_id__in=appointment_ids, active=True)
    for resource_id, start_q, end_q in rows.values_list("resource_id", "start_q", "end_q"):
        held[resource_id] = held.get(resource_id, 0) | covered([(start_q, end_q)], window)
    return held

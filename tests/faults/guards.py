"""Takes one guard away, to show that the invariants would see it missing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from notifications import counting, leases, outbox, recovery
from notifications.models import Message

VERSION = "version check"
LEASE = "lease guard"
UNKNOWN = "what may have been sent is unknown"
TAKEN = "only what the next mark names was taken"
DEDUPE = "dedupe key"
CAP = "cap"
BREAKER = "breaker"

# else the row's own check would stop a settled message in the guard's place
_OPENS = leases._MARK.replace("SET state = 'sending'", "SET state = 'sending', open = TRUE")


def remove(name: str) -> Callable[[], None]:
    """Take a guard away; answer what puts it back."""
    changed: list[tuple[Any, str, Any]] = {
        VERSION: [
            (leases, "_MAY_BE_MARKED", "m.id = %(id)s AND {guard}"),
            (leases, "GUARD", "m.token = %(token)s AND m.leased_until > now()"),
            (leases, "_MARK", _OPENS),
            (outbox, "withdraw", lambda **_: 0),
        ],
        LEASE: [(leases, "GUARD", "TRUE"), (leases, "_MARK", _OPENS)],
        CAP: [(counting, "ROOM", "TRUE OR %(day_from)s < %(week_from)s")],
        BREAKER: [
            (leases, name, getattr(leases, name).replace(leases._NOT_HELD, "TRUE"))
            for name in ("_LEASE_FRESH", "_LEASE_BACKLOG")
        ],
        TAKEN: [
            (
                recovery,
                "_RECOVER",
                recovery._RECOVER.replace(recovery._TAKEN, "provider_id <> ''"),
            )
        ],
        UNKNOWN: [
            (
                recovery,
                "_RECOVER",
                recovery._RECOVER.replace(
                    "WHEN lost.state = 'sending' THEN 'unknown'",
                    "WHEN lost.state = 'sending' THEN 'pending'",
                ).replace(
                    "token = CASE lost.state WHEN 'claimed' THEN NULL ELSE m.token END",
                    "token = NULL",
                ),
            )
        ],
    }[name]
    before = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in changed]
    _set(changed)
    return lambda: _set(before)


def _set(values: list[tuple[Any, str, Any]]) -> None:
    for owner, attribute, value in values:
        setattr(owner, attribute, value)
    leases._statement.cache_clear()


@contextmanager
def removed(name: str) -> Iterator[None]:
    """Take a guard away in this process, and put it back."""
    put_back = remove(name)
    try:
        yield
    finally:
        put_back()


@contextmanager
def without_dedupe() -> Iterator[None]:
    """Let the database take the same message twice."""
    rule = next(c for c in Message._meta.constraints if c.name == "message_dedupe_key")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Message, rule)
    try:
        yield
    finally:
        Message.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(Message, rule)

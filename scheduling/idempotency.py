"""A repeated POST answers as the first did: one key, one execution, one answer, for a day.

The answer is a row written in the transaction of the change it tells of, so both are there or
neither: a crash before the commit leaves nothing and the retry executes, a crash after it leaves
the answer and the retry reads it. Method: draft-ietf-httpapi-idempotency-key-header-07, and
docs.stripe.com/api/idempotent_requests for what is kept (24 h, from when execution begins).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from scheduling import refusals
from scheduling.errors import ClinicError, Malformed
from scheduling.integrity import named_constraints, retrying
from scheduling.models import IdempotencyRecord

KEPT = timedelta(hours=24)
LONGEST = 255
PURGE_ROWS = 5000


class KeyReused(ClinicError):
    """The same key came with another body."""

    code = "key_reused"
    sentence = (
        "This Idempotency-Key came before with another body. Use a new key for a new request."
    )


class StillRunning(ClinicError):
    """The first request with this key has not been answered yet."""

    code = "still_running"
    sentence = (
        "The first request with this Idempotency-Key is still running. Try again in a moment."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What makes two requests the same: who asks, at which door, with which key and body."""

    principal: str
    endpoint: str
    key: str
    body_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What went out, to the byte; `repeated` is true when it went out before."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: bool = False


def asked(*, principal: str, endpoint: str, key: str, body: Any) -> Asked:
    """Name a request by its key and the SHA-256 of its body, member order and blanks aside.

    Raises:
        Malformed: the key is empty, longer than 255 characters or not printable ASCII.

    """
    if not 1 <= len(key) <= LONGEST or not (key.isascii() and key.isprintable()):
        raise Malformed(f"An Idempotency-Key has 1 to {LONGEST} printable ASCII characters.")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).digest()
    return Asked(principal=principal, endpoint=endpoint, key=key, body_hash=digest)


@retrying
def once(
    *,
    request: Asked,
    verb: Callable[[], Answer],
    refusal: Callable[[ClinicError], Answer | None],
    now: datetime,
) -> Answer:
    """Execute the verb, or answer what it answered before; this is the outermost transaction.

    `refusal` spells a ClinicError as the answer to keep; None lets it pass and leaves the key
    unused, as for input that could not be read.

    Raises:
        StillRunning: another request with this key is at it now.
        KeyReused: the key came with another body.
        ClinicError: the verb's own, where nothing is to be kept.

    """
    _alone(request)
    kept = _kept(request, now)
    if kept is not None:
        return kept
    answer = _executed(verb, refusal)
    _keep(request, answer, now)
    return answer


def _keep(request: Asked, answer: Answer, now: datetime) -> None:
    IdempotencyRecord.objects.create(
        principal=request.principal,
        endpoint=request.endpoint,
        key=request.key,
        body_hash=request.body_hash,
        status=answer.status,
        headers=dict(answer.headers),
        body=answer.text,
        created_at=now,
    )


@retrying
def pressed(*, request: Asked, press: Callable[[], Answer | None], now: datetime) -> Answer | None:
    """Do what a form asks, unless this very form did it before; then answer what it answered.

    `press` answers None where nothing came of it: the form is shown again, and may come again. Two
    at once: the second waits, as the browser shows only what is answered last.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [_lock(request)])
    kept = _kept(request, now)
    if kept is not None:
        return kept
    answer = press()
    if answer is not None:
        _keep(request, answer, now)
    return answer


def _alone(request: Asked) -> None:
    """Take the key's lock for this transaction.

    A statement of its own, because the next one must see what the previous holder committed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s::bigint)", [_lock(request)])
        (free,) = cursor.fetchone()
    if not free:
        raise StillRunning


def _lock(request: Asked) -> int:
    name = json.dumps([request.principal, request.endpoint, request.key]).encode()
    return int.from_bytes(hashlib.sha256(name).digest()[:8], signed=True)


def _kept(request: Asked, now: datetime) -> Answer | None:
    rows = IdempotencyRecord.objects.filter(
        principal=request.principal, endpoint=request.endpoint, key=request.key
    )
    row = rows.first()
    if row is None:
        return None
    if row.created_at <= now - KEPT:
        rows.delete()
        return None
    if bytes(row.body_hash) != request.body_hash:
        raise KeyReused
    return Answer(status=row.status, text=row.body, headers=row.headers, repeated=True)


def _executed(
    verb: Callable[[], Answer], refusal: Callable[[ClinicError], Answer | None]
) -> Answer:
    """Run the verb in a savepoint, so that a refusal leaves nothing but its answer."""
    try:
        with transaction.atomic(), named_constraints():
            return replace(verb(), repeated=False)
    except ClinicError as error:
        answer = refusal(error)
        if answer is None:
            raise
        refusals.note_again(error)
        return answer


def forget_old(*, now: datetime) -> int:
    """Delete answers older than 24 h, oldest first and at most 5,000 a call; answer how many."""
    old = IdempotencyRecord.objects.filter(created_at__lte=now - KEPT).order_by("created_at", "pk")
    count, _ = IdempotencyRecord.objects.filter(pk__in=old.values("pk")[:PURGE_ROWS]).delete()
    return count

"""How often something may be asked for: several limits in one atomic check, exact for all processes.

The counts lie in Redis, where one script looks at all of them and counts in all of them, or in
none. While Redis does not answer, the same limits are kept in a table of the database: a server
that is away never opens a door. A window begins with the first request that it counts.

DRF's own throttle reads, then writes: of 50 requests at once 18 to 50 passed a limit of 5.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from logging import getLogger
from math import ceil

import redis
from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from scheduling import statements
from scheduling.errors import ClinicError
from scheduling.models import Tally

REST_SECONDS = 15.0
"""How long Redis is left alone after it failed: a hanging one would cost each request its time-out."""

PATIENCE_SECONDS = 2

_COUNT = """
local now, wait, till = tonumber(ARGV[1]), 0, {}
for i, key in ipairs(KEYS) do
    local seen = redis.call('HMGET', key, 'taken', 'until')
    till[i] = tonumber(seen[2] or '0')
    if till[i] > now and tonumber(seen[1]) >= tonumber(ARGV[2 * i]) then
        wait = math.max(wait, till[i] - now)
    end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
    if till[i] > now then
        redis.call('HINCRBY', key, 'taken', 1)
    else
        local span = tonumber(ARGV[2 * i + 1])
        redis.call('HSET', key, 'taken', 1, 'until', string.format('%.0f', now + span))
        redis.call('PEXPIRE', key, span)
    end
end
return 0
"""
"""Look at every count, then count in every one; Redis runs a script alone. Times in milliseconds."""

_UPSERT = """
    INSERT INTO scheduling_tally AS t (key, taken, most, until)
    SELECT key, 1, most, until
    FROM unnest(%s::text[], %s::int[], %s::timestamptz[]) AS asked (key, most, until)
    ORDER BY key
    ON CONFLICT (key) DO UPDATE
    SET taken = CASE WHEN t.until > %s THEN t.taken + 1 ELSE 1 END, most = excluded.most,
        until = CASE WHEN t.until > %s THEN t.until ELSE excluded.until END
    WHERE t.until <= %s OR t.taken < excluded.most
    RETURNING key"""
"""Rows are taken in the order of their keys, so that two requests never wait for each other."""

_FULL = "SELECT max(until) FROM scheduling_tally WHERE key = ANY(%s)"

log = getLogger(__name__)
_away = {"until": 0.0}


class TooMany(ClinicError):
    """Somebody asked too often; `retry_after` says in how many seconds it may be again."""

    code = "too_many"
    sentence = "This was asked for too often. Please wait a little."

    @property
    def retry_after(self) -> int:
        """Whole seconds until the next request may pass; at least one."""
        return int(self.facts["retry_after"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` (1 or more) within `within`, for all who share `key`; the key is kept hashed."""

    key: str
    most: int
    within: timedelta

    @property
    def name(self) -> str:
        """Name the counter; a telephone or an address cannot be read from it."""
        what = f"{self.key} {self.within.total_seconds():.0f}"
        return "limit:" + salted_hmac("scheduling.limits", what, algorithm="sha256").hexdigest()


def take(*, limits: Sequence[Limit], now: datetime) -> None:
    """Count one request in every limit, or in none when one of them is full.

    To be called outside a transaction, which could take the count back.

    Raises:
        TooMany: at least one is full; it says when the last of those has room again.

    """
    wait = _by_redis(limits, now)
    if wait is None:
        _by_database(limits, now)
    elif wait:
        raise TooMany(retry_after=ceil(wait / 1000))


def forget_old(*, now: datetime) -> int:
    """Delete the counters whose window is over; answer how many. Redis does so by itself."""
    return Tally.objects.filter(until__lte=now).delete()[0]


def ask_again() -> None:
    """End the rest: the next request asks Redis."""
    _away["until"] = 0.0


def _by_redis(limits: Sequence[Limit], now: datetime) -> int | None:
    """Ask Redis: 0 when counted, else the milliseconds to wait; None while it does not answer."""
    if time.monotonic() < _away["until"]:
        return None
    figures = [f for x in limits for f in (x.most, round(x.within.total_seconds() * 1000))]
    names = [x.name for x in limits]
    try:
        script = _server(settings.REDIS_URL).register_script(_COUNT)
        return int(script(keys=names, args=[round(now.timestamp() * 1000), *figures]))
    except (RedisError, OSError):
        # a call that timed out may have been counted there: so it is counted twice, never not at all
        log.warning("limits: Redis does not answer; the database counts", exc_info=True)
        _away["until"] = time.monotonic() + REST_SECONDS
        return None


@cache
def _server(url: str) -> "redis.Redis":
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=PATIENCE_SECONDS,
        socket_timeout=PATIENCE_SECONDS,
        # a repeated call would count twice
        retry=Retry(NoBackoff(), 0),
    )


@transaction.atomic
def _by_database(limits: Sequence[Limit], now: datetime) -> None:
    names = [x.name for x in limits]
    asked = [names, [x.most for x in limits], [now + x.within for x in limits]]
    counted = {key for (key,) in statements.rows(_UPSERT, [*asked, now, now, now])}
    full = [name for name in names if name not in counted]
    if full:
        until = statements.rows(_FULL, [full])[0][0]
        # raised inside the transaction: what was counted beside the full one is taken back
        raise TooMany(retry_after=max(1, ceil((until - now).total_seconds())))

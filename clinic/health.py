"""Is the house alive, and is it ready? `/livez` and `/readyz`, without sign-in or details.

A check is a function of `now` that raises `NotReady` or returns a short remark. Every check runs,
so that one answer names all that is wrong.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from logging import getLogger

from celery import current_app
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from clinic.tasks import PULSE
from notifications import health as sending
from notifications.core.states import State
from notifications.models import Message

BEAT_LATE = timedelta(seconds=60)
"""Four missed ticks of 15 s."""

MESSAGE_LATE = timedelta(minutes=5)
"""Twenty sweeps of 15 s: far beyond a retry, long before a reminder loses its use."""

log = getLogger(__name__)


class NotReady(Exception):
    """A check failed; the text holds no address and no data."""


Check = Callable[[datetime], str]


def database(now: datetime) -> str:
    """Ask PostgreSQL for a row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def migrations(now: datetime) -> str:
    """Compare the migrations on disk with those applied."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if waiting:
        raise NotReady(f"{len(waiting)} migrations are not applied")
    return "applied"


def broker(now: datetime) -> str:
    """Open a connection to the broker, without retries."""
    with current_app.connection_for_read(
        connect_timeout=2, transport_options={"socket_connect_timeout": 2, "socket_timeout": 2}
    ) as connecting:
        connecting.ensure_connection(max_retries=1, timeout=2)
    return "answers"


def beat(now: datetime) -> str:
    """Look how long ago a worker did beat's last tick."""
    last = cache.get(PULSE)
    if last is None:
        raise NotReady("no tick yet")
    age = now - datetime.fromtimestamp(last, tz=UTC)
    if age > BEAT_LATE:
        raise NotReady(f"last tick {age.total_seconds():.0f} s ago")
    return f"last tick {age.total_seconds():.0f} s ago"


def messages(now: datetime) -> str:
    """Look how long the oldest due message has waited."""
    waiting = Message.objects.filter(state=State.PENDING, due_at__lte=now)
    oldest = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    if oldest is None:
        return "none is overdue"
    if now - oldest > MESSAGE_LATE:
        raise NotReady(f"oldest due message waits for {(now - oldest).total_seconds():.0f} s")
    return f"oldest due message waits for {(now - oldest).total_seconds():.0f} s"


def providers(now: datetime) -> str:
    """Look whether a provider has been closed to us for long."""
    if rests := sending.long_rests(now):
        raise NotReady("; ".join(rests))
    return "none rests"


CHECKS: Mapping[str, Check] = {
    "database": database,
    "migrations": migrations,
    "broker": broker,
    "beat": beat,
    "messages": messages,
    "providers": providers,
}


def ask(name: str, check: Check, now: datetime) -> tuple[bool, str]:
    """Run one check; whatever it raises is an answer, and the log keeps where it came from."""
    try:
        return True, check(now)
    except NotReady as late:
        return False, str(late)
    except Exception as fault:
        log.warning("readyz: %s failed", name, exc_info=True)
        return False, type(fault).__name__


@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """Answer while the process can answer at all."""
    return JsonResponse({"live": True})


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when everything behind works, else 503; both name each check."""
    now = timezone.now()
    found = {name: ask(name, check, now) for name, check in CHECKS.items()}
    ready = all(good for good, _ in found.values())
    checks = {name: {"ok": good, "remark": remark} for name, (good, remark) in found.items()}
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)

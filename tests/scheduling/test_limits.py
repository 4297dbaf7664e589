"""Limits are exact: 50 requests at once, with Redis, without it, and whatever headers they invent."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_address

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.db import connection, connections
from django.test import RequestFactory

from clinic import embedded
from scheduling import limits, tasks
from scheduling.doors import network_of
from scheduling.limits import Limit, TooMany
from scheduling.models import Tally
from tests.cast import NOW

CLIENTS = 50
ROUNDS = 10
MOST = 5
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _redis_is_asked() -> Iterator[None]:
    limits.ask_again()
    yield
    limits.ask_again()


@pytest.fixture
def redis_is_down(settings: LazySettings) -> None:
    """Point the limits at a port where nobody listens."""
    settings.REDIS_URL = f"redis://127.0.0.1:{embedded.free_port()}/0"


def limit(key: str, most: int = MOST, within: timedelta = HOUR) -> Limit:
    return Limit(key=key, most=most, within=within)


def admitted(*wanted: Limit) -> bool:
    try:
        limits.take(limits=wanted, now=NOW)
    except TooMany:
        return False
    return True


def at_once(ask: Callable[[int], bool]) -> int:
    """Let all clients ask in the same moment; answer how many were admitted."""
    gun = threading.Barrier(CLIENTS)

    def client(number: int) -> bool:
        gun.wait()
        try:
            return ask(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(client, range(CLIENTS)))


def test_exactly_the_limit_is_admitted() -> None:
    rounds = [at_once(lambda _, n=n: admitted(limit(f"a{n}"))) for n in range(ROUNDS)]
    assert rounds == [MOST] * ROUNDS


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_is_down")
def test_exactly_the_limit_is_admitted_while_redis_is_down() -> None:
    rounds = [at_once(lambda _, n=n: admitted(limit(f"b{n}"))) for n in range(ROUNDS)]
    assert rounds == [MOST] * ROUNDS


@pytest.mark.parametrize("down", [False, True], ids=["redis", "database"])
@pytest.mark.django_db(transaction=True)
def test_the_tightest_of_several_limits_is_exact_and_leaves_the_others_uncounted(
    *, down: bool, request: pytest.FixtureRequest
) -> None:
    if down:
        request.getfixturevalue("redis_is_down")
    # each client has a telephone of its own; one network, and one house for all
    whole, network = limit("house", 40), limit("network", 7)
    assert at_once(lambda n: admitted(limit(f"phone {n}"), network, whole)) == 7
    # had a refused request been counted for the house, fewer than 33 would be left of its 40
    assert at_once(lambda n: admitted(limit(f"another {n}"), whole)) == 33


def naive(key: str) -> bool:
    """Get, look, then set: what limits must not do."""
    taken = cache.get(key, 0)
    if taken >= MOST:
        return False
    cache.set(key, taken + 1, 60)
    return True


def test_control_a_count_that_is_read_and_then_written_admits_more() -> None:
    rounds = [at_once(lambda _, n=n: naive(f"naive-{n}")) for n in range(ROUNDS)]
    assert max(rounds) > MOST


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("redis_is_down")
def test_control_without_the_guard_of_the_statement_the_table_refuses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    open_statement = limits._UPSERT.partition("WHERE t.until")[0]
    open_statement += "WHERE %s IS NOT NULL RETURNING key"
    monkeypatch.setattr(limits, "_UPSERT", open_statement)
    for _ in range(MOST):
        assert admitted(limit("c"))
    with pytest.raises(Exception, match="limit_kept"):
        admitted(limit("c"))


ODD = [
    "{}",
    "203.0.113.1, {}",
    "{}, {}",
    "127.0.0.1,{}",
    "<script>, {}",
    ", , ,{}",
]


@pytest.mark.parametrize("down", [False, True], ids=["redis", "database"])
@pytest.mark.django_db(transaction=True)
def test_invented_forwarders_buy_nothing(
    *, down: bool, request: pytest.FixtureRequest, settings: LazySettings
) -> None:
    if down:
        request.getfixturevalue("redis_is_down")
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    make = RequestFactory()
    invented = itertools.cycle(ODD)
    said = [next(invented).replace("{}", str(ip_address(n + 2**24))) for n in range(CLIENTS)]

    def ask(number: int) -> bool:
        # the trusted proxy adds whom it sees: somebody in 198.51.100.0/24
        forwarded = f"{said[number]}, 198.51.100.{number}"
        return admitted(limit(network_of(make.get("/", headers={"X-Forwarded-For": forwarded}))))

    assert at_once(ask) == MOST


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, "203.0.113.9", "192.0.2.0/24"),
        (1, "203.0.113.9", "203.0.113.0/24"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.0/24"),
        (2, "6.6.6.6, 198.51.100.1, 203.0.113.9", "198.51.100.0/24"),
        (2, "203.0.113.9", "192.0.2.0/24"),
        (1, "203.0.113.9:4711", "203.0.113.0/24"),
        (1, "2001:db8:1:2:3::9", "2001:db8:1:2::/64"),
        (1, "[2001:db8:1:2:3::9]:4711", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.0/24"),
        (1, "unknown", "nowhere"),
    ],
)
def test_network_is_the_one_that_trusted_proxies_vouch_for(
    proxies: int, forwarded: str, found: str, settings: LazySettings
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    asked = RequestFactory().get(
        "/", headers={"X-Forwarded-For": forwarded}, REMOTE_ADDR="192.0.2.7"
    )
    assert network_of(asked) == found


@pytest.mark.parametrize("down", [False, True], ids=["redis", "database"])
@pytest.mark.django_db
def test_a_window_begins_with_its_first_request_and_says_when_it_ends(
    *, down: bool, request: pytest.FixtureRequest
) -> None:
    if down:
        request.getfixturevalue("redis_is_down")
    pair = [limit("minute", 1, timedelta(seconds=60)), limit("day", 2, timedelta(days=1))]
    limits.take(limits=pair, now=NOW)
    with pytest.raises(TooMany) as early:
        limits.take(limits=pair, now=NOW + timedelta(seconds=59))
    assert early.value.retry_after == 1
    limits.take(limits=pair, now=NOW + timedelta(seconds=60))
    with pytest.raises(TooMany) as late:
        limits.take(limits=pair, now=NOW + timedelta(hours=1))
    assert late.value.retry_after == 23 * 3600
    limits.take(limits=pair, now=NOW + timedelta(days=1))


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_is_down")
def test_counters_name_nobody_and_are_swept(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits.take(limits=[limit("+447911123456")], now=NOW)
    row = Tally.objects.get()
    assert "447911123456" not in f"{row.key} {caplog.text}"
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW + timedelta(minutes=59))
    tasks.forget_old_answers()
    assert Tally.objects.count() == 1
    monkeypatch.setattr(tasks.timezone, "now", lambda: NOW + HOUR)
    tasks.forget_old_answers()
    assert Tally.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.usefixtures("redis_is_down")
def test_redis_is_left_alone_for_a_while_after_it_failed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for _ in range(3):
        limits.take(limits=[limit("rest")], now=NOW)
    assert caplog.text.count("Redis does not answer") == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT taken FROM scheduling_tally")
        assert cursor.fetchone() == (3,)

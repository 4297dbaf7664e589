"""The twelve vectors of tests/facts/idempotency_vectors.json, over the API and PostgreSQL."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.dispatch import Signal
from rest_framework.test import APIClient

from clinic import groups
from scheduling import access
from scheduling.models import Appointment, IdempotencyRecord
from scheduling.signals import appointment_changed
from tests import cast
from tests.scheduling.api.conftest import caller

VECTORS = json.loads(
    (Path(__file__).parents[2] / "facts" / "idempotency_vectors.json").read_text("utf-8")
)["vectors"]
URL = "/api/v1/appointments/"

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """A clinic, two people at its desk, and what they may ask for."""

    def __init__(self, member: Callable[..., Any]) -> None:
        self.clinic = cast.build()
        self.user = member(access.RECEPTION, self.clinic.site)
        self.colleague = member(access.RECEPTION, self.clinic.site, name="colleague")
        self.desk = caller(self.user)

    def body(self, hour: int = 10, **changes: Any) -> dict[str, Any]:
        return {
            "site": self.clinic.site.pk,
            "patient": self.clinic.patient.pk,
            "treatment": self.clinic.review.pk,
            "start": f"2027-01-05T{hour}:00",
            **changes,
        }

    def post(self, key: str | None, body: dict[str, Any], client: APIClient | None = None) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        return (client or self.desk).post(URL, body, headers=headers)


@pytest.fixture
def stage() -> Stage:
    made = groups.ensure()

    def member(group: str, *sites: Any, name: str = "") -> Any:
        user = cast.staff_user(name or group, *sites)
        user.groups.add(made[group])
        return user

    return Stage(member)


@pytest.fixture
def during_booking() -> Iterator[Callable[[Callable[[], None]], None]]:
    """Do something within the transaction of the next booking, as a floor above might."""
    kept: list[Any] = []

    def once(act: Callable[[], None]) -> None:
        def receiver(sender: object, **_: object) -> None:
            disconnect(appointment_changed, receiver)
            act()

        kept.append(receiver)
        appointment_changed.connect(receiver)

    yield once
    for receiver in kept:
        disconnect(appointment_changed, receiver)


def disconnect(signal: Signal, receiver: Any) -> None:
    signal.disconnect(receiver)


def visits() -> int:
    return Appointment.objects.count()


def first_request(stage: Stage, _: Any) -> None:
    assert stage.post("K1", stage.body()).status_code == 201
    assert visits() == 1


def retry_after_completion(stage: Stage, _: Any) -> None:
    first = stage.post("K1", stage.body())
    again = stage.post("K1", dict(reversed(stage.body().items())))
    assert (again.status_code, again.content) == (201, first.content)
    assert (again["ETag"], again["Idempotency-Replayed"]) == ('"1"', "true")
    assert "Idempotency-Replayed" not in first
    assert visits() == 1


def retry_of_a_stored_409(stage: Stage, _: Any) -> None:
    taken = stage.post("K0", stage.body()).json()["id"]
    other = cast.patient("Bea", "Oak", consulted=True)
    body = stage.body(patient=other.pk)
    first = stage.post("K2", body)
    assert (first.status_code, first.json()["code"]) == (409, "refused")
    stage.desk.post(f"{URL}{taken}/cancel/")
    again = stage.post("K2", body)
    assert (again.status_code, again.content) == (409, first.content)
    assert again["Content-Type"] == "application/problem+json"
    assert Appointment.objects.filter(patient=other).count() == 0


def concurrent_duplicate(stage: Stage, during: Any) -> None:
    running, may_end = threading.Event(), threading.Event()

    def wait() -> None:
        running.set()
        assert may_end.wait(10)

    during(wait)
    statuses: list[int] = []

    def first() -> None:
        try:
            statuses.append(stage.post("K3", stage.body(), caller(stage.user)).status_code)
        finally:
            connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert running.wait(10)
    duplicate = stage.post("K3", stage.body())
    may_end.set()
    thread.join()
    assert (duplicate.status_code, duplicate.json()["code"]) == (409, "still_running")
    assert (statuses, visits()) == ([201], 1)
    assert stage.post("K3", stage.body()).status_code == 201
    assert visits() == 1


def other_body(stage: Stage, _: Any) -> None:
    stage.post("K1", stage.body())
    answer = stage.post("K1", stage.body(hour=11))
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    assert visits() == 1


def other_caller(stage: Stage, _: Any) -> None:
    mine = stage.post("K1", stage.body())
    theirs = stage.post("K1", stage.body(hour=12), caller(stage.colleague))
    assert (mine.status_code, theirs.status_code) == (201, 201)
    assert visits() == 2


def missing_key(stage: Stage, _: Any) -> None:
    """No endpoint of this API requires a key; one that is sent empty is a mistake."""
    assert stage.post("", stage.body()).status_code == 400
    assert visits() == 0
    assert stage.post(None, stage.body()).status_code == 201
    assert IdempotencyRecord.objects.count() == 0


def validation_error(stage: Stage, _: Any) -> None:
    for broken in ({"start": "soon"}, {"start": "2027-03-28T01:30"}, {"area": "wings"}):
        assert stage.post("K4", stage.body(**broken)).status_code == 400
    assert stage.post("K4", stage.body()).status_code == 201
    assert visits() == 1


class Crash(Exception):
    pass


def crash_after_commit(stage: Stage, during: Any) -> None:
    def crash() -> None:
        raise Crash

    during(lambda: transaction.on_commit(crash))
    with pytest.raises(Crash):
        stage.post("K5", stage.body())
    assert visits() == 1
    answer = stage.post("K5", stage.body())
    assert (answer.status_code, answer.json()["id"]) == (201, Appointment.objects.get().pk)
    assert visits() == 1


def crash_before_commit(stage: Stage, during: Any) -> None:
    def die() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    during(die)
    assert stage.post("K5b", stage.body()).status_code == 503
    connection.close()
    assert visits() == 0
    assert stage.post("K5b", stage.body()).status_code == 201
    assert visits() == 1


def reuse_after_expiry(stage: Stage, _: Any) -> None:
    body = stage.body()
    body["start"] = "2027-01-06T10:00"
    assert stage.post("K1", body).status_code == 201
    with time_machine.travel(cast.NOW + timedelta(hours=24), tick=False):
        late = stage.post("K1", body)
    assert (late.status_code, late.json()["code"]) == (409, "refused")
    assert visits() == 1


def key_length(stage: Stage, _: Any) -> None:
    assert stage.post("x" * 256, stage.body()).status_code == 400
    assert visits() == 0
    assert stage.post("x" * 255, stage.body()).status_code == 201


TOLD: dict[str, Callable[[Stage, Any], None]] = {
    "first request": first_request,
    "retry after completion": retry_after_completion,
    "retry of a stored 4xx from execution (slot taken)": retry_of_a_stored_409,
    "concurrent duplicate while first is running": concurrent_duplicate,
    "same key, other body": other_body,
    "same key, other caller": other_caller,
    "missing key where required": missing_key,
    "validation error does not burn the key": validation_error,
    "crash after commit, before response": crash_after_commit,
    "crash before commit": crash_before_commit,
    "key reuse after expiry (>=24 h)": reuse_after_expiry,
    "key length": key_length,
}


def test_every_vector_is_told() -> None:
    assert [v["name"] for v in VECTORS] == list(TOLD)


@pytest.mark.parametrize("name", [v["name"] for v in VECTORS])
def test_vector(name: str, stage: Stage, during_booking: Any) -> None:
    TOLD[name](stage, during_booking)


def test_steps_and_other_posts_take_a_key_too(stage: Stage) -> None:
    visit = stage.post("K", stage.body()).json()["id"]
    url = f"{URL}{visit}/move/"
    body = {"start": "2027-01-05T12:00", "version": 1}
    first = stage.desk.post(url, body, headers={"Idempotency-Key": "K"})
    again = stage.desk.post(url, body, headers={"Idempotency-Key": "K"})
    assert (first.status_code, again.content) == (200, first.content)
    assert Appointment.objects.get().version == 2
    person = {"given_name": "Bea", "family_name": "Oak"}
    one = stage.desk.post("/api/v1/patients/", person, headers={"Idempotency-Key": "K"})
    two = stage.desk.post("/api/v1/patients/", person, headers={"Idempotency-Key": "K"})
    assert (one.status_code, one.json()["id"]) == (201, two.json()["id"])


def test_twelve_at_once_with_one_key_book_once(stage: Stage) -> None:
    gate = threading.Barrier(12)
    answers: list[tuple[int, bytes]] = []

    def one() -> None:
        try:
            gate.wait(10)
            answer = stage.post("K6", stage.body(), caller(stage.user))
            answers.append((answer.status_code, answer.content))
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    booked = {content for status, content in answers if status == 201}
    assert {status for status, _ in answers} <= {201, 409}
    assert (len(answers), len(booked), visits()) == (12, 1, 1)

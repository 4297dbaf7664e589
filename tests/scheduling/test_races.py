"""Promise 1: never a double booking, with 50 clients and real threads on real PostgreSQL.

The three controls show that the test can fail: without the constraint the locks still hold the
promise, without locks and check the constraint does, and without all three it breaks.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections

from scheduling import booking, diary
from scheduling.core.words import Wish
from scheduling.errors import ClinicError, Refused
from scheduling.models import Allocation, Need, Patient, Resource, Treatment
from tests import cast
from tests.scheduling import unguarded

CLIENTS = 50
ROUNDS = 40
CONTROL_ROUNDS = 12

OVERLAPS = """
SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
  ON a.resource_id = b.resource_id AND a.id < b.id
 AND a.start_q < b.end_q AND b.start_q < a.end_q
WHERE a.active AND b.active AND a.start_q >= %s AND a.start_q < %s
"""
EXCLUSION = """
ALTER TABLE scheduling_allocation ADD CONSTRAINT resource_not_double_booked
EXCLUDE USING gist (resource_id WITH =, int4range(start_q, end_q) WITH &&) WHERE (active)
"""
WITHOUT = "ALTER TABLE scheduling_allocation DROP CONSTRAINT resource_not_double_booked"


@pytest.fixture
def arena(transactional_db: None) -> tuple[cast.Clinic, list[Wish]]:
    """Three resources, and 50 patients who all want them for a visit that no skin rule stops."""
    clinic = cast.build(step_minutes=5)
    checkup = Treatment.objects.create(
        name="Laser check",
        procedure="review",
        minutes_least=30,
        minutes_default=30,
        minutes_most=30,
    )
    for kind in Resource.Kind.values:
        Need.objects.create(treatment=checkup, kind=kind, from_min=-10, until_min=5)
    Resource.objects.filter(pk=clinic.nurse.pk).update(active=False)
    people = [cast.patient(f"Client{n}", "Race") for n in range(CLIENTS)]
    return clinic, [clinic.wish(checkup, patient_id=p.pk, areas=()) for p in people]


def starts_of(rounds: int) -> list[datetime]:
    """Five rounds a day, two hours apart, so that no round touches another."""
    return [
        cast.at(cast.day(1 + n // 4), 9 + 2 * (n % 4), 30)
        for n in range(rounds + rounds // 4)
        if cast.day(1 + n // 4).weekday() != 6
    ][:rounds]


@contextmanager
def clients(count: int) -> Iterator[ThreadPoolExecutor]:
    """Keep as many threads as there are clients, each with one connection for all its rounds.

    To connect takes longer than to book: whoever has to do it first does not meet the others.
    """
    with ThreadPoolExecutor(count) as pool:
        yield pool
        met = threading.Barrier(count)

        def leave(_: int) -> None:
            met.wait(30)  # so that every thread comes, and none twice
            connections.close_all()

        list(pool.map(leave, range(count)))


def race(wishes: list[Wish], start: datetime, pool: ThreadPoolExecutor) -> list[str]:
    """Let every client book at one moment, each start 0 to 20 minutes off: overlapping, not equal."""
    gun = threading.Barrier(len(wishes))

    def client(n: int) -> str:
        try:
            gun.wait(30)
            booking.book(
                wish=wishes[n],
                start=start + timedelta(minutes=5 * (n % 5)),
                by=cast.reception(),
                now=cast.NOW,
            )
        except ClinicError as error:
            return error.code
        return "booked"

    return list(pool.map(client, range(len(wishes))))


def overlaps_around(start: datetime) -> int:
    """Count pairs of live allocations of one resource that overlap within two hours of a start."""
    q = int(start.timestamp()) // 300
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPS, [q - 24, q + 24])
        return int(cursor.fetchone()[0])


@contextmanager
def constraint_dropped() -> Iterator[None]:
    """Take the database's guard away, and put it back over an empty table."""
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT)
    try:
        yield
    finally:
        Allocation.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(EXCLUSION)


def no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the search for the earliest start that follows a refusal; it guards nothing."""
    monkeypatch.setattr(diary, "earliest_start", lambda **_: None)


def run(
    wishes: list[Wish], rounds: int, check: Callable[[list[str]], None] = lambda _: None
) -> list[int]:
    """Answer the overlaps found after each round."""
    found = []
    with clients(len(wishes)) as pool:
        for start in starts_of(rounds):
            check(race(wishes, start, pool))
            found.append(overlaps_around(start))
    return found


def test_race_has_one_winner_and_no_overlap(
    arena: tuple[cast.Clinic, list[Wish]], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_search(monkeypatch)
    answers: list[str] = []
    found = run(arena[1], ROUNDS, answers.extend)
    assert sum(found) == 0
    # Starts up to 20 minutes apart all overlap in a visit of 30 with 15 around it: one wins.
    assert answers.count("booked") == ROUNDS
    assert set(answers) == {"booked", Refused.code}
    assert Patient.objects.filter(appointments__isnull=False).count() > 1


def test_control_without_constraint_locks_hold(
    arena: tuple[cast.Clinic, list[Wish]], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_search(monkeypatch)
    with constraint_dropped():
        assert sum(run(arena[1], CONTROL_ROUNDS)) == 0


def test_control_without_locks_constraint_holds(
    arena: tuple[cast.Clinic, list[Wish]], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_search(monkeypatch)
    unguarded.no_locks(monkeypatch)
    unguarded.no_look(monkeypatch)
    assert sum(run(arena[1], CONTROL_ROUNDS)) == 0


def test_control_without_all_guards_double_books(
    arena: tuple[cast.Clinic, list[Wish]], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_search(monkeypatch)
    unguarded.no_locks(monkeypatch)
    unguarded.no_look(monkeypatch)
    unguarded.all_look_before_anybody_writes(monkeypatch, CLIENTS)
    with constraint_dropped():
        found = run(arena[1], CONTROL_ROUNDS)
    assert sum(1 for n in found if n) >= 0.95 * CONTROL_ROUNDS

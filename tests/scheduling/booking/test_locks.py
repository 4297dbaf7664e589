"""Two bookings that each pass the skin's rules alone must not both pass: the patient's lock."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from time import sleep
from typing import Any

import pytest
from django.db import connections, transaction

from benchmarks.stations import trips
from scheduling import absences, booking, grounds, records, statements
from scheduling.booking import overrides
from scheduling.booking.ask import Ask
from scheduling.core.words import Status
from scheduling.errors import ClinicError
from scheduling.models import Absence, Appointment, Patient, Record
from tests import cast
from tests.scheduling import unguarded

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 8
WAIT = 30


@dataclass(frozen=True)
class Pair:
    """Laser on one day and filler on the next, with nobody and nothing in common."""

    laser: Ask
    filler: Ask

    def book(self) -> list[str]:
        """Book both at one moment, each from a thread of its own; answer what came of each."""
        return at_once(lambda: book(self.laser), lambda: book(self.filler))


def book(ask: Ask) -> None:
    booking.book(wish=ask.wish, start=ask.start, by=cast.reception(), now=cast.NOW)


def at_once(*errands: Callable[[], object]) -> list[str]:
    gun = threading.Barrier(len(errands))

    def run(errand: Callable[[], object]) -> str:
        try:
            gun.wait(WAIT)
            errand()
        except ClinicError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(errands)) as pool:
        return list(pool.map(run, errands))


def conflicting(clinic: cast.Clinic, who: Patient) -> Pair:
    laser = clinic.wish(patient_id=who.pk, practitioner_id=clinic.nurse.pk)
    filler = clinic.wish(clinic.filler, patient_id=who.pk, practitioner_id=clinic.doctor.pk)
    return Pair(
        Ask(wish=laser, start=cast.at(cast.day(1), 10, 30)),
        Ask(wish=filler, start=cast.at(cast.day(2), 10, 30)),
    )


@contextmanager
def both_decided_before_either_writes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let each thread wait, its verdict in hand, until the other has one too."""
    met, settle = threading.Barrier(2), overrides.settle

    def settled(**facts: object) -> object:
        found = settle(**facts)  # type: ignore[arg-type]
        met.wait(WAIT)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(overrides, "settle", settled)
        yield


def test_conflicting_visits_of_one_patient_have_one_winner() -> None:
    clinic = cast.build()
    for n in range(ROUNDS):
        who = cast.patient(f"Round{n}", "Pine", consulted=True)
        answers = conflicting(clinic, who).book()
        assert sorted(answers) == ["done", "refused"]
        kept = Appointment.objects.filter(patient=who)
        assert [v.status for v in kept] == [Status.BOOKED.value]
        booking.cancel(appointment_id=kept[0].pk, version=None, by=cast.reception(), now=cast.NOW)


def test_control_without_the_patients_lock_both_are_booked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic = cast.build()
    unguarded.no_locks(monkeypatch)
    with both_decided_before_either_writes(monkeypatch):
        answers = conflicting(clinic, clinic.patient).book()
    assert answers == ["done", "done"]


def test_a_fact_entered_while_booking_is_read_or_comes_after() -> None:
    clinic = cast.build()
    for n in range(ROUNDS):
        who = cast.patient(f"Round{n}", "Pine", consulted=True)
        fact = Record(patient=who, kind="pregnancy", start_date=cast.TODAY)
        ask = conflicting(clinic, who).laser
        answers = at_once(
            lambda ask=ask: book(ask),
            lambda fact=fact: records.add(record=fact, by=cast.reception(), now=cast.NOW),
        )
        kept = Appointment.objects.filter(patient=who, status=Status.BOOKED.value).first()
        assert answers == ["done" if kept else "refused", "done"]
        if kept:  # the fact came after, and says so
            assert kept.todos.filter(done_at=None).count() == 1
            booking.cancel(appointment_id=kept.pk, version=None, by=cast.reception(), now=cast.NOW)


def test_leave_entered_while_booking_refuses_the_visit() -> None:
    clinic = cast.build()
    ask = conflicting(clinic, clinic.patient).laser
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            grounds.keep(row=leave(clinic), by=cast.reception(), now=cast.NOW)
            answer = pool.submit(at_once, lambda: book(ask))
            sleep(1)  # long enough to choose, and to wait for the diary
        assert answer.result(WAIT) == ["refused"]


def test_leave_entered_between_the_choice_and_the_locks_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic, settle = cast.build(), overrides.settle
    ask, away = conflicting(clinic, clinic.patient).laser, leave(clinic)

    def enter() -> object:
        return grounds.keep(row=away, by=cast.reception(), now=cast.NOW)

    def overtaken(**facts: Any) -> Any:
        if away.pk is None:
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(at_once, enter).result(WAIT) == ["done"]
        return settle(**facts)

    monkeypatch.setattr(overrides, "settle", overtaken)
    assert at_once(lambda: book(ask)) == ["refused"]
    assert not Appointment.objects.exists()


def test_leave_entered_while_a_visit_is_written_is_said_to_hit_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clinic, gathered = cast.build(), statements.gathered
    ask, away = conflicting(clinic, clinic.patient).laser, leave(clinic)
    written, go_on = threading.Event(), threading.Event()

    @contextmanager
    def slowly() -> Iterator[None]:
        with gathered():
            yield
        written.set()
        go_on.wait(WAIT)

    def enter() -> int:
        grounds.keep(row=away, by=cast.reception(), now=cast.NOW)
        found = absences.struck(away).count()
        connections.close_all()
        return found

    monkeypatch.setattr(statements, "gathered", slowly)
    with ThreadPoolExecutor(2) as pool:
        answer = pool.submit(at_once, lambda: book(ask))
        assert written.wait(WAIT)
        hit = pool.submit(enter)
        sleep(0.5)
        go_on.set()
        assert (answer.result(WAIT), hit.result(WAIT)) == (["done"], 1)


def leave(clinic: cast.Clinic) -> Absence:
    start, end = cast.at(cast.day(1), 0), cast.at(cast.day(2), 0)
    return Absence(resource=clinic.nurse, cause="leave", start=start, end=end)


def test_a_booking_takes_nine_round_trips_and_holds_its_locks_for_two() -> None:
    """Everybody waits for the same few devices: what is done under their lock is counted."""
    clinic, counted = cast.build(), list[int]()
    for n in range(4):  # the first remember, and prepare their statements
        ask = conflicting(clinic, cast.patient(f"Round{n}", "Pine", consulted=True)).filler
        counted.append(trips(lambda ask=ask: book(ask)))
        made = Appointment.objects.latest("pk")
        booking.cancel(appointment_id=made.pk, version=None, by=cast.reception(), now=cast.NOW)
    # choosing asks four times, BEGIN, the patient's rows, who reads; then lock and write, COMMIT
    assert min(counted) == 9

"""Two clicks, two phones, two people at one moment; and each guard taken away."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connections

from scheduling import reservations
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Patient, PatientSession
from scheduling.reservations import Newcomer, keeping, newcomers
from tests import cast
from tests.cast import NOW
from tests.scheduling.reservations.stage import (
    TEN,
    kept,
    newcomer,
    pending,
    session_of,
    stage,
)


def together(*verbs: Callable[[], object]) -> list[object]:
    """Run verbs at one moment, each on its own connection; an anticipated error is its code."""
    gun = threading.Barrier(len(verbs))

    def run(verb: Callable[[], object]) -> object:
        try:
            gun.wait(30)
            return verb()
        except ClinicError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


@pytest.mark.django_db(transaction=True)
def test_race_a_double_click_books_once() -> None:
    at = stage()
    session = session_of(at.clinic.patient)
    reserved = kept(at, session)

    def click() -> object:
        return reservations.confirm(session=session, reserved=reserved, note="", now=NOW).pk

    assert len(set(together(*[click] * 6))) == 1
    assert Appointment.objects.filter(status="booked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_race_for_one_start_has_one_winner() -> None:
    at = stage()
    people = [cast.patient(f"P{n}", "Race") for n in range(6)]
    sessions = [session_of(who) for who in people]
    # the holds of all have expired: whoever confirms first takes the start again
    reserved = [
        kept(at, s, now=NOW - timedelta(minutes=11 * (7 - n))) for n, s in enumerate(sessions)
    ]

    def confirms(n: int) -> Callable[[], object]:
        def confirm() -> object:
            reservations.confirm(session=sessions[n], reserved=reserved[n], note="", now=NOW)
            return "booked"

        return confirm

    answers = together(*[confirms(n) for n in range(6)])
    assert sorted(map(str, answers)) == ["booked", *["refused"] * 5]
    assert Appointment.objects.filter(status="booked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_race_one_person_on_six_phones_keeps_one_start() -> None:
    at = stage()
    sessions = [session_of(at.clinic.patient) for _ in range(6)]

    def keeps(n: int) -> Callable[[], object]:
        return lambda: kept(at, sessions[n], TEN + timedelta(minutes=30 * n)).appointment_id

    together(*[keeps(n) for n in range(6)])
    assert len(pending()) == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_sessions_lock_one_person_keeps_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = stage()
    sessions = [session_of(at.clinic.patient) for _ in range(6)]

    def alone(session_id: int, now: datetime) -> tuple[PatientSession, list[int]]:
        return PatientSession.objects.get(pk=session_id), [session_id]

    monkeypatch.setattr(keeping, "locked", alone)

    def keeps(n: int) -> Callable[[], object]:
        return lambda: kept(at, sessions[n], TEN + timedelta(minutes=30 * n)).appointment_id

    together(*[keeps(n) for n in range(6)])
    assert len(pending()) > 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("phones", [1, 2])
def test_race_of_one_new_person_makes_one_patient(phones: int) -> None:
    at = stage()
    sessions = [session_of(None) for _ in range(phones)]
    reserved = [kept(at, s, TEN + timedelta(hours=n)) for n, s in enumerate(sessions)]

    def enrols(n: int) -> Callable[[], object]:
        return lambda: (
            reservations.enrol(
                session=sessions[n], reserved=reserved[n], newcomer=newcomer(), now=NOW
            ).pk
        )

    answers = together(*[enrols(n % phones) for n in range(4)])
    assert len(set(answers)) == 1
    assert Patient.objects.filter(family_name="Lowe").count() == 1
    assert Appointment.objects.filter(status="booked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_sessions_lock_one_person_becomes_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = stage()
    sessions = [session_of(None) for _ in range(2)]
    reserved = [kept(at, s, TEN + timedelta(hours=n)) for n, s in enumerate(sessions)]
    gun, looked = threading.Barrier(2), newcomers._same_person

    def alone(session_id: int, now: datetime) -> tuple[PatientSession, list[int]]:
        return PatientSession.objects.get(pk=session_id), [session_id]

    def both_looked(mine: PatientSession, who: Newcomer) -> Patient | None:
        found = looked(mine, who)
        gun.wait(30)
        return found

    monkeypatch.setattr(newcomers, "locked", alone)
    monkeypatch.setattr(newcomers, "_same_person", both_looked)

    def enrols(n: int) -> Callable[[], object]:
        return lambda: (
            reservations.enrol(
                session=sessions[n], reserved=reserved[n], newcomer=newcomer(), now=NOW
            ).pk
        )

    together(enrols(0), enrols(1))
    assert Patient.objects.filter(family_name="Lowe").count() == 2


@pytest.mark.django_db(transaction=True)
def test_race_of_an_expired_hold_with_who_takes_its_start() -> None:
    at = stage()
    mine, theirs = session_of(at.clinic.patient), session_of(cast.patient("Bo", "Ash"))
    reserved = kept(at, mine)
    later = NOW + timedelta(minutes=11)

    def i_confirm() -> object:
        reservations.confirm(session=mine, reserved=reserved, note="", now=later)
        return "booked"

    def they_keep() -> object:
        kept(at, theirs, now=later)
        return "kept"

    answers = together(i_confirm, they_keep)
    assert sorted(map(str, answers)) in (["booked", "refused"], ["kept", "refused"])
    assert Appointment.objects.filter(status__in=["booked", "pending"]).count() == 1

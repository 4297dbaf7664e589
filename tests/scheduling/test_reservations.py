"""Starts that people keep for themselves: one a person, booked once, and nothing left of who gives up."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from django.db import connections
from django.test import Client

from scheduling import booking, reservations, visitors
from scheduling.core.words import Wish
from scheduling.errors import ClinicError, Malformed, Refused
from scheduling.models import Appointment, Change, Patient, PatientSession, Todo, Treatment
from scheduling.reservations import Newcomer, Reserved, keeping, newcomers
from tests import cast
from tests.cast import NOW

PHONE = "+447700900456"
TEN = cast.at(cast.day(1), 10)


@dataclass(frozen=True)
class Stage:
    """A clinic that opens its consultation and its review to those who book by themselves."""

    clinic: cast.Clinic

    @property
    def wish(self) -> Wish:
        return Wish(site_id=self.clinic.site.pk, treatment_id=self.clinic.consultation.pk)


def stage() -> Stage:
    clinic = cast.build()
    Treatment.objects.filter(name__in=["Consultation", "Review"]).update(self_booking=True)
    return Stage(clinic)


def session_of(patient: Patient | None, phone: str = PHONE, now: datetime = NOW) -> PatientSession:
    token = visitors.admit(patient_id=patient and patient.pk, now=now, phone=phone)
    return visitors.recognise(token=token, now=now)


def kept(
    at: Stage, session: PatientSession, start: datetime = TEN, now: datetime = NOW
) -> Reserved:
    made = reservations.keep(session=session, wish=at.wish, start=start, now=now)
    return Reserved(appointment_id=made.pk, wish=at.wish, start=start)


def newcomer(**facts: object) -> Newcomer:
    said: dict[str, object] = {
        "given_name": "Bea",
        "family_name": "Lowe",
        "birth_date": date(1990, 5, 1),
        "email": "bea@example.org",
        "language": "es",
        "agreed": {"sms": "Send me texts."},
    }
    return Newcomer(**(said | facts))  # type: ignore[arg-type]


def pending() -> list[Appointment]:
    return list(Appointment.objects.filter(status="pending").order_by("pk"))


@pytest.mark.django_db
def test_keeping_holds_the_start_for_ten_minutes() -> None:
    at = stage()
    kept(at, session_of(at.clinic.patient))
    hold = Appointment.objects.get()
    assert (hold.status, hold.start, hold.expires_at) == (
        "pending",
        TEN,
        NOW + timedelta(minutes=10),
    )
    assert hold.patient == at.clinic.patient


@pytest.mark.django_db
def test_a_person_keeps_one_start_on_however_many_phones() -> None:
    at = stage()
    kept(at, session_of(at.clinic.patient))
    kept(at, session_of(at.clinic.patient), TEN + timedelta(hours=1))
    assert [hold.start for hold in pending()] == [TEN + timedelta(hours=1)]


@pytest.mark.django_db
def test_somebody_new_keeps_one_start_a_phone_and_leaves_nothing() -> None:
    at = stage()
    kept(at, session_of(None))
    last = session_of(None)
    kept(at, last, TEN + timedelta(hours=1))
    hold = pending()[0]
    stands = hold.patient
    assert (len(pending()), stands.provisional, stands.given_name, str(stands.phone)) == (
        1,
        True,
        "",
        "",
    )
    reservations.let_go(session=last, now=NOW)
    assert (Appointment.objects.count(), Patient.objects.filter(provisional=True).count()) == (0, 0)


@pytest.mark.django_db
def test_who_gives_up_is_forgotten_once_the_hold_expires() -> None:
    at = stage()
    kept(at, session_of(None))
    assert reservations.forget_strangers() == 0
    booking.free_expired_holds(now=NOW + timedelta(minutes=10))
    assert reservations.forget_strangers() == 1
    assert (Appointment.objects.count(), Patient.objects.filter(provisional=True).count()) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(("who", "name"), [("known", "Filler"), ("new", "Review")])
def test_only_what_is_open_is_kept(who: str, name: str) -> None:
    at = stage()
    wish = replace(at.wish, treatment_id=Treatment.objects.get(name=name).pk)
    session = session_of(at.clinic.patient if who == "known" else None)
    with pytest.raises(reservations.NotOpen):
        reservations.keep(session=session, wish=wish, start=TEN, now=NOW)


@pytest.mark.django_db
def test_nobody_fills_the_diary_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    at = stage()
    monkeypatch.setattr(keeping, "MOST_COMING", 2)
    session = session_of(at.clinic.patient)
    for hours in (0, 1):
        start = TEN + timedelta(hours=hours)
        reservations.confirm(session=session, reserved=kept(at, session, start), note="", now=NOW)
    with pytest.raises(reservations.Enough):
        kept(at, session, TEN + timedelta(hours=2))


@pytest.mark.django_db
def test_confirming_twice_books_once() -> None:
    at = stage()
    session = session_of(at.clinic.patient)
    reserved = kept(at, session)
    made = [
        reservations.confirm(session=session, reserved=reserved, note="By bus", now=NOW).pk
        for _ in range(2)
    ]
    visit = Appointment.objects.get()
    assert made == [visit.pk, visit.pk]
    assert (visit.status, visit.note, visit.booked_by) == (
        "booked",
        "By bus",
        f"patient {at.clinic.patient.pk} by code",
    )


@pytest.mark.django_db
def test_an_expired_start_is_taken_again_when_it_is_free() -> None:
    at = stage()
    session = session_of(at.clinic.patient)
    reserved = kept(at, session)
    later = NOW + timedelta(minutes=11)
    made = reservations.confirm(session=session, reserved=reserved, note="", now=later)
    again = reservations.confirm(session=session, reserved=reserved, note="", now=later)
    assert (made.status, made.start, again.pk) == ("booked", TEN, made.pk)
    assert Appointment.objects.filter(status="booked").count() == 1


@pytest.mark.django_db
def test_an_expired_start_that_another_has_is_refused_with_the_next() -> None:
    at = stage()
    session = session_of(at.clinic.patient)
    reserved = kept(at, session)
    later = NOW + timedelta(minutes=11)
    other = session_of(cast.patient("Bo", "Ash"))
    reservations.confirm(session=other, reserved=kept(at, other, now=later), note="", now=later)
    with pytest.raises(Refused) as refused:
        reservations.confirm(session=session, reserved=reserved, note="", now=later)
    assert refused.value.earliest is not None
    assert refused.value.earliest.start == TEN + timedelta(minutes=30)


@pytest.mark.django_db
def test_somebody_new_becomes_a_patient_with_the_booking() -> None:
    at = stage()
    session = session_of(None)
    made = reservations.enrol(
        session=session, reserved=kept(at, session), newcomer=newcomer(), now=NOW
    )
    who = made.patient
    session.refresh_from_db()
    assert (made.status, session.patient) == ("booked", who)
    assert (str(who), str(who.phone), who.email) == ("Bea Lowe", PHONE, "bea@example.org")
    assert (who.channel, who.language, who.provisional, who.do_not_contact) == (
        "sms",
        "es",
        False,
        False,
    )
    said = Change.objects.get(subject="patient", subject_id=who.pk, verb="agree")
    assert (said.at, said.what) == (NOW, {"sms": ["", "Send me texts."], "channel": ["", "sms"]})
    assert Todo.objects.count() == 0


@pytest.mark.django_db
def test_a_minor_is_written_to_through_the_guardian() -> None:
    at = stage()
    session = session_of(None)
    young = newcomer(birth_date=date(2012, 5, 1))
    with pytest.raises(Malformed):
        reservations.enrol(session=session, reserved=kept(at, session), newcomer=young, now=NOW)
    assert Patient.objects.filter(given_name="Bea").count() == 0
    made = reservations.enrol(
        session=session,
        reserved=kept(at, session),
        newcomer=replace(young, guardian=("Cy", "Lowe")),
        now=NOW,
    )
    guardian = made.patient.guardian
    assert guardian is not None
    assert (str(made.patient.phone), str(guardian), str(guardian.phone)) == ("", "Cy Lowe", PHONE)


@pytest.mark.django_db
def test_who_looks_known_is_receptions_to_compare() -> None:
    at = stage()
    session = session_of(None)
    twin = newcomer(given_name="Ada", family_name="Pine", birth_date=date(1985, 4, 12))
    reservations.enrol(session=session, reserved=kept(at, session), newcomer=twin, now=NOW)
    todo = Todo.objects.get()
    assert (todo.kind, todo.site) == ("looks-known", at.clinic.site)
    assert todo.text.startswith("Ada Pine has booked as somebody new and looks like Ada Pine (")


@pytest.mark.django_db
def test_a_refusal_leaves_somebody_new_unknown() -> None:
    at = stage()
    session = session_of(None)
    reserved = kept(at, session)
    later = NOW + timedelta(minutes=11)
    other = session_of(at.clinic.patient, phone="+447700900123")
    reservations.confirm(session=other, reserved=kept(at, other, now=later), note="", now=later)
    with pytest.raises(Refused):
        reservations.enrol(session=session, reserved=reserved, newcomer=newcomer(), now=later)
    session.refresh_from_db()
    assert (session.patient, Patient.objects.filter(family_name="Lowe").count()) == (None, 0)


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


@pytest.mark.django_db
def test_somebody_new_whose_hold_expired_gets_the_start_while_it_is_free() -> None:
    at = stage()
    session = session_of(None)
    reserved = kept(at, session)
    later = NOW + timedelta(minutes=11)
    made = reservations.enrol(session=session, reserved=reserved, newcomer=newcomer(), now=later)
    reservations.forget_strangers()
    assert (made.status, made.start, str(made.patient)) == ("booked", TEN, "Bea Lowe")
    assert [visit.pk for visit in Appointment.objects.all()] == [made.pk]
    assert Patient.objects.filter(provisional=True).count() == 0


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


@pytest.mark.django_db
def test_who_has_no_name_yet_is_in_no_list(client: Client) -> None:
    at = stage()
    kept(at, session_of(None))
    hold = Appointment.objects.get()
    assert str(hold.patient) == "somebody new"
    user = cast.staff_user("desk", everywhere=True)
    user.is_superuser = True
    user.save()
    client.force_login(user)
    page = client.get("/admin/scheduling/patient/").content.decode()
    assert ("Pine, Ada" in page, "somebody new" in page) == (True, False)
    listed = client.get("/api/v1/patients/").json()["results"]
    assert [row["id"] for row in listed] == [at.clinic.patient.pk]

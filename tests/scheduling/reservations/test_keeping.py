"""Starts that people keep for themselves: one a person, booked once, nothing left of who gives up."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client

from scheduling import booking, records, reservations
from scheduling.errors import Malformed, Refused, WrongState
from scheduling.models import Appointment, Change, Patient, Record, Todo, Treatment
from scheduling.reservations import keeping
from tests import cast
from tests.cast import NOW
from tests.scheduling.reservations.stage import (
    PHONE,
    TEN,
    kept,
    newcomer,
    pending,
    session_of,
    stage,
)


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


@pytest.mark.django_db
def test_a_start_kept_for_somebody_is_not_moved_under_their_hands() -> None:
    at = stage()
    kept(at, session_of(None))
    (hold,) = pending()
    with pytest.raises(WrongState):
        booking.move(
            appointment_id=hold.pk, to=cast.at(cast.day(1), 15), version=None,
            by=cast.reception(), now=NOW,
        )  # fmt: skip


@pytest.mark.django_db
def test_nothing_is_lost_of_a_stand_in_of_whom_something_was_noted() -> None:
    at = stage()
    kept(at, session_of(None))
    (hold,) = pending()
    asked = at.clinic.wish(at.clinic.consultation, patient_id=hold.patient_id)
    start = cast.at(cast.day(1), 15)
    visit = booking.book(wish=asked, start=start, by=cast.reception(), now=NOW).appointment
    records.add(
        record=Record(patient=hold.patient, kind="pregnancy", start_date=cast.day(-1)),
        by=cast.reception(), now=NOW,
    )  # fmt: skip
    kept(at, session_of(None, phone="+447700900457"), cast.at(cast.day(1), 11))
    booking.free_expired_holds(now=NOW + timedelta(minutes=11))
    assert reservations.forget_strangers() == 1  # the other one
    assert Appointment.objects.filter(pk=visit.pk, status="booked").exists()
    booking.cancel(appointment_id=visit.pk, version=None, by=cast.reception(), now=NOW)
    assert reservations.forget_strangers() == 0
    assert Record.objects.filter(patient=hold.patient).exists()

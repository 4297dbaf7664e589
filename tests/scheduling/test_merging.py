"""Two records of one person become one: all of it moves, every rule is asked again, nobody races it."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import IntegrityError, connections, transaction

from notifications import optouts
from notifications.core.policy import Channel
from notifications.models import Message, OptOut
from scheduling import booking, merging
from scheduling.errors import ClinicError, Malformed, StaleVersion
from scheduling.merging import Agreed, Pair, joining
from scheduling.models import (
    Appointment,
    Change,
    Origin,
    Patient,
    Record,
    SignedConsent,
    Submission,
    Todo,
    WaitingEntry,
)
from tests import cast

BY = cast.reception()


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    """Build the clinic."""
    return cast.build()


def twin(**facts: object) -> Patient:
    """Enter the patient of the cast a second time."""
    return cast.patient("Ada", "Pine", **facts)


def joined(pair: Pair) -> Patient:
    """Look at joining two, and do it."""
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    return merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)


def visit(clinic: cast.Clinic, who: Patient, n: int, hour: int = 10) -> Appointment:
    """Book a filler."""
    wish = clinic.wish(clinic.filler, patient_id=who.pk)
    start = cast.at(cast.day(n), hour)
    return booking.book(wish=wish, start=start, by=BY, now=cast.NOW).appointment


def test_everything_that_names_a_patient_moves(clinic: cast.Clinic) -> None:
    stays, goes = clinic.patient, twin()
    cast.consult(goes)
    moved = visit(clinic, goes, 30)
    WaitingEntry.objects.create(
        patient=goes, site=clinic.site, treatment=clinic.review, until=cast.day(60),
        created_at=cast.NOW, created_by="x",
    )  # fmt: skip
    Origin.objects.create(
        source="old",
        subject="patients",
        external_id="P9",
        subject_id=goes.pk,
        digest="",
        at=cast.NOW,
    )
    joined(Pair(stays=stays.pk, goes=goes.pk))
    assert not Patient.objects.filter(pk=goes.pk).exists()
    assert Appointment.objects.get(pk=moved.pk).patient_id == stays.pk
    assert Record.objects.filter(patient=stays).count() == 2
    assert WaitingEntry.objects.get().patient_id == stays.pk
    assert set(Message.objects.values_list("patient_id", flat=True)) == {stays.pk}
    assert Origin.objects.get().subject_id == stays.pk
    assert set(
        Change.objects.filter(verb__startswith="merge").values_list("verb", "subject_id")
    ) == {
        ("merge", stays.pk),
        ("merged_away", goes.pk),
    }


def test_every_column_that_names_a_patient_is_known() -> None:
    """A new one moves by itself; this list makes somebody think of what cannot be there twice."""
    assert sorted(f"{model.__name__}.{column}" for model, column in joining.refers()) == [
        "Appointment.patient",
        "Convenience.patient",
        "Draft.patient",
        "Link.patient",
        "Message.patient",
        "Patient.guardian",
        "PatientSession.patient",
        "Plan.patient",
        "Record.patient",
        "Reply.patient",
        "Series.patient",
        "SignedConsent.guardian",
        "SignedConsent.patient",
        "Submission.patient",
        "Todo.patient",
        "TwoPeople.one",
        "TwoPeople.two",
        "WaitingEntry.patient",
    ]


def test_papers_move_and_still_nobody_rewrites_them(clinic: cast.Clinic) -> None:
    goes = twin()
    Submission.objects.create(
        patient=goes, form="history", version=1, language="en", answers=[], at=cast.NOW,
        zone="Europe/London", by="x", door="link 1",
    )  # fmt: skip
    joined(Pair(stays=clinic.patient.pk, goes=goes.pk))
    assert Submission.objects.get().patient_id == clinic.patient.pk
    with pytest.raises(IntegrityError, match="does not change"), transaction.atomic():
        Submission.objects.update(patient=clinic.patient)
    assert SignedConsent.objects.count() == 0


def test_looking_changes_nothing_and_names_what_will_break(clinic: cast.Clinic) -> None:
    goes = cast.patient("Ada", "Pine", consulted=True)
    cast.consult(clinic.patient)
    booking.book(wish=clinic.wish(), start=cast.at(cast.day(30), 11), by=BY, now=cast.NOW)
    coming = booking.book(
        wish=clinic.wish(patient_id=goes.pk), start=cast.at(cast.day(32), 11), by=BY, now=cast.NOW
    ).appointment
    pair = Pair(stays=clinic.patient.pk, goes=goes.pk)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    assert Patient.objects.filter(pk=goes.pk).exists()
    assert coming.pk in [pk for pk, _ in shown.broken]
    assert all("<" in sentence for _, sentence in shown.broken)
    assert not Todo.objects.filter(kind=booking.NO_LONGER_ALLOWED).exists()
    joined(pair)
    raised = Todo.objects.filter(kind=booking.NO_LONGER_ALLOWED).values_list(
        "appointment", flat=True
    )
    assert set(raised) == {pk for pk, _ in shown.broken}


def test_facts_are_chosen_and_what_must_not_be_lost_stands(clinic: cast.Clinic) -> None:
    goes = cast.patient("Adah", "Pine", phone="+447700900999", do_not_contact=True, note="Faints.")
    stays = joined(Pair(stays=clinic.patient.pk, goes=goes.pk, taking=frozenset({"phone"})))
    stays.refresh_from_db()
    assert (str(stays.phone), stays.given_name, stays.do_not_contact, stays.note) == (
        "+447700900999",
        "Ada",
        True,
        "Faints.",
    )


def test_an_opt_out_of_either_stands_for_both(clinic: cast.Clinic) -> None:
    goes = twin(phone="+447700900999", email="")
    optouts.opt_out(
        channel=Channel.SMS,
        address="+447700900999",
        evidence=optouts.Evidence(source="reply"),
        now=cast.NOW,
    )
    pair = Pair(stays=clinic.patient.pk, goes=goes.pk)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    assert shown.settled == ["No SMS: the other record had asked for none."]
    joined(pair)
    assert OptOut.objects.filter(address="+447700900123", channel="sms", source="merge").exists()


def test_visits_at_one_time_are_refused_by_name(clinic: cast.Clinic) -> None:
    goes = twin()
    visit(clinic, clinic.patient, 30, 10)
    other = clinic.wish(clinic.consultation, patient_id=goes.pk)
    nurse = clinic.nurse.capabilities.create(skill=clinic.doctor.capabilities.first().skill)
    assert nurse.pk
    booking.book(wish=other, start=cast.at(cast.day(30), 10), by=BY, now=cast.NOW)
    with pytest.raises(ClinicError, match="Filler and Consultation on 2027-02-03 10:00") as refused:
        joined(Pair(stays=clinic.patient.pk, goes=goes.pk))
    assert refused.value.code == "merge_visits_overlap"


def test_a_guardian_and_their_ward_are_two(clinic: cast.Clinic) -> None:
    ward = twin(guardian=clinic.patient)
    with pytest.raises(Malformed, match="answers for the other"):
        joined(Pair(stays=clinic.patient.pk, goes=ward.pk))


def test_what_changed_since_it_was_shown_is_refused(clinic: cast.Clinic) -> None:
    goes = twin()
    pair = Pair(stays=clinic.patient.pk, goes=goes.pk)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    visit(clinic, goes, 30)
    with pytest.raises(merging.MergeOutdated):
        merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)
    Patient.objects.filter(pk=goes.pk).update(version=9)
    with pytest.raises(StaleVersion):
        merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)
    assert Patient.objects.filter(pk=goes.pk).exists()


def test_likely_ones_are_found_and_families_are_not(clinic: cast.Clinic) -> None:
    goes = twin(phone="", email="")
    cast.patient("Bea", "Pine", birth_date=date(2015, 1, 1))  # the family's telephone
    found = merging.likely()
    assert [(each.one.pk, each.two.pk, each.because) for each in found] == [
        (clinic.patient.pk, goes.pk, "same name and birth date")
    ]


# ---------------------------------------------------------------- against a booking, in real threads


def race(clinic: cast.Clinic, goes: Patient, hour: int) -> tuple[object, object]:
    """Book for who goes at the moment in which the two are joined."""
    pair = Pair(stays=clinic.patient.pk, goes=goes.pk)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    gun = threading.Barrier(2)

    def run(step: object) -> object:
        try:
            gun.wait(30)
            return step()  # type: ignore[operator]
        except (ClinicError, IntegrityError) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        merged = pool.submit(
            run, lambda: merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)
        )
        booked = pool.submit(run, lambda: visit(clinic, goes, 30, hour))
        return merged.result(60), booked.result(60)


@pytest.mark.django_db(transaction=True)
def test_a_booking_at_that_moment_is_refused_or_the_merge_is() -> None:
    clinic = cast.build()
    for n in range(8):
        goes = twin()
        merged, booked = race(clinic, goes, 9 + n)
        assert not isinstance(merged, IntegrityError)
        if isinstance(merged, Patient):
            assert isinstance(booked, ClinicError)
        else:  # the booking came first: what was shown is outdated
            assert isinstance(booked, Appointment)
            assert Appointment.objects.get(pk=booked.pk).patient_id == goes.pk


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_booking_slips_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the merge has looked at the rows, a booking commits, and is left behind."""
    clinic = cast.build()
    goes = twin()
    looked, slipped = threading.Event(), threading.Event()
    moved = joining._moved

    def slow(stays: Patient, gone: Patient) -> dict[str, int]:
        found = moved(stays, gone)
        looked.set()
        slipped.wait(10)
        return found

    pair = Pair(stays=clinic.patient.pk, goes=goes.pk)
    shown = merging.preview(pair=pair, by=BY, now=cast.NOW)
    agreed = Agreed(versions=shown.versions, seen=shown.seen)
    monkeypatch.setattr(joining, "lock_patients", lambda _: None)
    monkeypatch.setattr(joining, "_moved", slow)
    monkeypatch.setattr(joining, "beforehand", lambda _: [])
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(outcome_of, pair, agreed)
        assert looked.wait(10)
        visit(clinic, goes, 30)
        slipped.set()
        assert isinstance(running.result(60), IntegrityError)


def outcome_of(pair: Pair, agreed: Agreed) -> object:
    """Merge in a thread of its own; answer the patient or the error."""
    try:
        return merging.merge(pair=pair, agreed=agreed, by=BY, now=cast.NOW)
    except (ClinicError, IntegrityError) as error:
        return error
    finally:
        connections.close_all()

"""Somebody is sick: all visits hit are arranged anew together, those first whom it would harm first."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from plans import planning, rearranging
from plans.models import Plan
from plans.rearranging import Offer
from scheduling import booking
from scheduling.errors import Malformed, NotFound, Refused
from scheduling.models import Absence, Allocation, Appointment
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def sick(clinic: cast.Clinic, first: int, days: int) -> Absence:
    """Send the doctor home, who alone injects."""
    return Absence.objects.create(
        resource=clinic.doctor, cause="leave",
        start=cast.at(cast.day(first), 0), end=cast.at(cast.day(first + days), 0),
    )  # fmt: skip


def filler_plan(clinic: cast.Clinic, who: str, most: int | None) -> Plan:
    """Book a laser on day 0 and a filler 14 days on, which may wait for so many days at most."""
    course = stage.template(f"Filler for {who}")
    laser = stage.step(course, clinic.resurfacing, name="Laser")
    stage.step(course, clinic.filler, (laser, 14, 14, most), name="Filler")
    patient = cast.patient(who, "Ash", consulted=True)
    return stage.booked(stage.plan(clinic, course, patient_id=patient.pk))


def alone(clinic: cast.Clinic, start: datetime, who: str = "Cy") -> Appointment:
    patient = cast.patient(who, "Oak")
    wish = clinic.wish(clinic.filler, patient_id=patient.pk)
    return booking.book(wish=wish, start=start, by=stage.DESK, now=cast.NOW).appointment


def propose(absence: Absence) -> list[Offer]:
    return rearranging.propose(absence_id=absence.pk, by=stage.DESK, now=cast.NOW)


def names(offers: list[Offer]) -> list[str]:
    return [offer.affected[0].visit.patient.given_name for offer in offers]


def test_visits_hit_are_listed_by_whose_lag_breaks_first(clinic: cast.Clinic) -> None:
    filler_plan(clinic, "Any", None)
    filler_plan(clinic, "Late", 40)
    filler_plan(clinic, "Soon", 20)
    absence = sick(clinic, 14, 1)
    hit = rearranging.affected(absence_id=absence.pk, by=stage.DESK, now=cast.NOW)
    assert [each.visit.patient.given_name for each in hit] == ["Soon", "Late", "Any"]
    assert [each.breaks_on for each in hit] == [cast.day(20), cast.day(40), None]
    assert {each.session for each in hit} == {"Filler"}


def test_all_get_new_places_that_do_not_meet_and_break_no_lag(clinic: cast.Clinic) -> None:
    for who, most in (("Any", None), ("Late", 40), ("Soon", 20)):
        filler_plan(clinic, who, most)
    alone(clinic, cast.at(cast.day(14), 15))
    absence = sick(clinic, 14, 3)
    offers = propose(absence)
    assert names(offers) == ["Soon", "Late", "Any", "Cy"]
    moves = [move for offer in offers for move in offer.moves]
    booked = rearranging.accept(moves=moves, by=stage.DESK, now=cast.NOW)
    assert len(booked) == 4
    assert not rearranging.affected(absence_id=absence.pk, by=stage.DESK, now=cast.NOW)
    held = Allocation.objects.filter(active=True, resource=clinic.doctor).order_by("start_q")
    spans = list(held.values_list("start_q", "end_q"))
    assert all(one[1] <= two[0] for one, two in pairwise(spans))


def test_visit_outside_of_a_plan_goes_to_the_nearest_day_and_hour(clinic: cast.Clinic) -> None:
    alone(clinic, cast.at(cast.day(14), 15))
    offer = propose(sick(clinic, 14, 1))[0]
    assert [move.start for move in offer.moves] == [cast.at(cast.day(15), 15)]


def test_whoever_cannot_wait_is_served_before_whoever_can(clinic: cast.Clinic) -> None:
    """One hour of injections is left before the tight one's window closes."""
    filler_plan(clinic, "Loose", None)
    filler_plan(clinic, "Tight", 16)
    Absence.objects.create(
        resource=clinic.doctor, cause="leave",
        start=cast.at(cast.day(15), 10), end=cast.at(cast.day(19), 0),
    )  # fmt: skip
    absence = sick(clinic, 14, 1)
    offers = propose(absence)
    found = {o.affected[0].visit.patient.given_name: o.moves[0].start.date() for o in offers}
    assert found["Tight"] == cast.day(15)


def test_where_nothing_is_left_the_reasons_are_told(clinic: cast.Clinic) -> None:
    plan = filler_plan(clinic, "Tight", 16)
    planning.fix(session_id=plan.sessions.get(seq=1).pk, by=stage.DESK, now=cast.NOW)
    offer = propose(sick(clinic, 14, 5))[0]
    assert offer.moves == ()
    assert offer.reasons[0].code == "no_plan"


def test_nothing_is_moved_where_one_place_is_lost(clinic: cast.Clinic) -> None:
    alone(clinic, cast.at(cast.day(14), 15))
    alone(clinic, cast.at(cast.day(14), 16), "Di")
    offers = propose(sick(clinic, 14, 1))
    moves = [move for offer in offers for move in offer.moves]
    alone(clinic, moves[1].start, "Ed")
    before = set(Appointment.objects.values_list("pk", "start"))
    with pytest.raises(Refused):
        rearranging.accept(moves=moves, by=stage.DESK, now=cast.NOW)
    assert set(Appointment.objects.values_list("pk", "start")) == before


def test_nothing_chosen_and_strangers(clinic: cast.Clinic) -> None:
    absence = Absence.objects.create(
        site=clinic.site, cause="closure", start=cast.NOW, end=cast.NOW + timedelta(days=1)
    )
    with pytest.raises(Malformed):
        rearranging.accept(moves=[], by=stage.DESK, now=cast.NOW)
    stranger = cast.reception(cast.site_named("Elsewhere"))
    with pytest.raises(NotFound):
        rearranging.affected(absence_id=absence.pk, by=stranger, now=cast.NOW)


def test_retired_treatment_leaves_the_other_patients_their_offers(clinic: cast.Clinic) -> None:
    alone(clinic, cast.at(cast.day(14), 15))
    gone = cast.treatment("Old filler", "filler", (30, 30, 45), {})
    gone.needs.create(kind="practitioner")
    other = cast.patient("Di", "Oak")
    wish = clinic.wish(gone, patient_id=other.pk, practitioner_id=clinic.doctor.pk)
    start = cast.at(cast.day(14), 16)
    booking.book(wish=wish, start=start, by=stage.DESK, now=cast.NOW)
    type(gone).objects.filter(pk=gone.pk).update(active=False)
    assert len(propose(sick(clinic, 14, 1))) == 2


def test_session_moved_since_the_offer_keeps_the_plan_from_breaking(clinic: cast.Clinic) -> None:
    """The laser is moved three days forward meanwhile; the filler offered would come too late."""
    course = stage.template("Filler in time")
    laser = stage.step(course, clinic.resurfacing, name="Laser")
    stage.step(course, clinic.filler, (laser, 14, 14, 22), name="Filler")
    plan = stage.booked(stage.plan(clinic, course, not_before=cast.day(4)))
    moves = [move for offer in propose(sick(clinic, 18, 7)) for move in offer.moves]
    first = Appointment.objects.get(series=plan.series_id, seq=1)
    assert {move.visit_id for move in moves} == {
        Appointment.objects.get(series=plan.series_id, seq=2).pk
    }
    booking.move(
        appointment_id=first.pk, to=cast.at(cast.day(1), 11), version=None,
        by=stage.DESK, now=cast.NOW,
    )  # fmt: skip
    with pytest.raises(Refused) as caught:
        rearranging.accept(moves=moves, by=stage.DESK, now=cast.NOW)
    assert [reason.code for reason in caught.value.reasons] == ["outside_lag"]

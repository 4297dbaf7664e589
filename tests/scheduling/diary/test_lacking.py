"""A patient hears what is really missing: the house is closed, or one of those needed is not there."""

from dataclasses import asdict

import pytest

from scheduling import diary
from scheduling.core.sentences import to_patient
from scheduling.core.words import Reason
from scheduling.models import Absence, OpeningHours, Resource
from tests import cast

pytestmark = pytest.mark.django_db

CLOSED = "We are not open then. Please choose another time."
PERSON = "The person whom this visit needs is not available then. Please choose another time."


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def against(clinic: cast.Clinic, n: int = 1, hour: int = 11) -> Reason:
    """Ask why the doctor cannot be had, `n` days from today."""
    (reason,) = diary.explain_start(
        wish=clinic.wish(clinic.review, practitioner_id=clinic.doctor.pk),
        start=cast.at(cast.day(n), hour),
        now=cast.NOW,
    )
    return reason


def away(what: Resource | None, cause: str, **where: object) -> None:
    Absence.objects.create(
        resource=what, cause=cause, start=cast.NOW, end=cast.at(cast.day(4), 0), **where
    )


def test_the_house_is_closed_only_where_it_is(clinic: cast.Clinic) -> None:
    late = against(clinic, hour=20)
    assert (late.code, late.patient_sentence) == ("outside_hours", CLOSED)


def test_who_does_not_work_that_hour_is_missing_not_the_house(clinic: cast.Clinic) -> None:
    OpeningHours.objects.filter(resource=clinic.doctor).update(opens="13:00")
    reason = against(clinic)
    assert (reason.code, reason.patient_sentence) == ("outside_hours", PERSON)


@pytest.mark.parametrize("cause", Absence.Cause.values)
def test_nobody_hears_why_somebody_is_away(clinic: cast.Clinic, cause: str) -> None:
    """On leave, sick or off duty: word for word the same, in each language."""
    away(clinic.doctor, cause)
    reason = against(clinic)
    assert (reason.code, reason.patient_sentence) == ("absence", PERSON)
    assert "no está disponible" in to_patient(reason, language="es", country="GB")
    off = Reason(**{**asdict(reason), "code": "outside_hours", "plain": reason.plain})
    for language in ("en", "es", "ar"):
        here, there = (to_patient(r, language=language, country="GB") for r in (reason, off))
        assert here == there


@pytest.mark.parametrize(
    ("kind", "said"),
    [("room", "The room that this visit"), ("device", "The device that this visit")],
)
def test_a_room_or_a_device_is_named_as_such(clinic: cast.Clinic, kind: str, said: str) -> None:
    for thing in Resource.objects.filter(kind=kind):
        away(thing, "downtime")
    reasons = diary.explain_start(wish=clinic.wish(), start=cast.at(cast.day(1), 11), now=cast.NOW)
    assert [r.patient_sentence.startswith(said) for r in reasons if r.code == "absence"] == [True]


def test_a_closed_site_is_nobodys_absence(clinic: cast.Clinic) -> None:
    away(None, "closure", site=clinic.site)
    said = against(clinic).patient_sentence
    assert said == "We are not available then. Please choose another time."


def test_a_hidden_day_says_the_same(clinic: cast.Clinic) -> None:
    OpeningHours.objects.filter(resource=clinic.doctor, weekday=cast.day(1).weekday()).delete()
    wish = clinic.wish(clinic.review, practitioner_id=clinic.doctor.pk)
    found = diary.free_starts(wish=wish, first=cast.day(1), last=cast.day(6), now=cast.NOW)
    told = {day.date: [(r.code, r.patient_sentence) for r in day.reasons] for day in found.hidden}
    assert told == {
        cast.day(1): [("outside_hours", PERSON)],
        cast.day(6): [("outside_hours", CLOSED)],  # a Sunday
    }

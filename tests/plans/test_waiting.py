"""A session of a course that waits for an earlier time takes none that breaks the course."""

from datetime import timedelta

import pytest

from plans.models import Plan
from scheduling import booking, waiting
from scheduling.core.words import Wish
from scheduling.models import Appointment, WaitingEntry
from scheduling.waiting import Gap, OfferLost, Want, guarding
from tests import cast
from tests.cast import NOW
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def plan(clinic: cast.Clinic) -> Plan:
    """Three reviews: the second 22 days after the first, the third 11 after it, at most 12."""
    course = stage.template("Reviews")
    first = stage.step(course, clinic.review, name="First")
    middle = stage.step(course, clinic.review, (first, 10, 10, 30), name="Second")
    stage.step(course, clinic.review, (middle, 10, 11, 12), name="Third")
    made = stage.booked(stage.plan(clinic, course))
    for seq, days in ((3, 33), (2, 22)):
        visit = session(made, seq)
        to = cast.at(session(made, 1).local_date + timedelta(days=days), 15)
        booking.move(appointment_id=visit.pk, to=to, version=None, by=stage.DESK, now=NOW)
    return made


def session(plan: Plan, seq: int) -> Appointment:
    return Appointment.objects.get(series=plan.series_id, seq=seq)


def second(plan: Plan) -> Appointment:
    return session(plan, 2)


def waits(plan: Plan) -> WaitingEntry:
    """Put the second session on the list."""
    visit = second(plan)
    wish = Wish(site_id=visit.site_id, treatment_id=visit.treatment_id, patient_id=visit.patient_id)
    want = Want(until=visit.local_date, appointment_id=visit.pk)
    return waiting.join(wish=wish, want=want, by=stage.DESK, now=NOW)


def day_after_first(plan: Plan, days: int) -> Gap:
    first = session(plan, 1)
    start = cast.at(first.local_date + timedelta(days=days), 9)
    return Gap(site_id=first.site_id, start=start, end=start + timedelta(hours=9))


@pytest.mark.parametrize(("days", "fits"), [(21, True), (18, False)])
def test_earlier_time_is_offered_only_where_the_course_stays_valid(
    plan: Plan, days: int, *, fits: bool
) -> None:
    waits(plan)
    was = second(plan).start
    found = waiting.matches(opening=day_after_first(plan, days), now=NOW)
    assert ([match.entry.appointment_id for match in found] == [second(plan).pk]) is fits
    assert second(plan).start == was  # it was only tried


def test_without_the_guard_the_course_would_be_broken(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: skin and diary alone would let the session lie too far before the third."""
    waits(plan)
    monkeypatch.setattr(guarding, "_guards", {})
    assert waiting.matches(opening=day_after_first(plan, 18), now=NOW) != []


def test_offer_that_no_longer_fits_the_course_is_lost(plan: Plan) -> None:
    entry = waits(plan)
    start = day_after_first(plan, 18).start + timedelta(hours=2)
    made = waiting.offer(entry_id=entry.pk, start=start, by=stage.DESK, now=NOW)
    with pytest.raises(OfferLost) as lost:
        waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW)
    assert [reason.code for reason in lost.value.facts["reasons"]] == ["outside_lag"]

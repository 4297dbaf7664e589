"""Words about a step at the desk wait until it can no longer be undone; undone, nothing is said."""

from dataclasses import replace
from datetime import timedelta

import pytest

from notifications.models import Message
from scheduling import booking
from scheduling.core.words import Actor
from scheduling.models import Appointment
from tests import cast

pytestmark = pytest.mark.django_db

NOW = cast.NOW
GRACE = timedelta(seconds=30)
HASTY = cast.reception()
THOUGHTFUL = replace(HASTY, afterthought=GRACE)
REMINDERS = ["reminder"] * 3


@pytest.fixture
def clinic() -> cast.Clinic:
    made = cast.build()
    made.patient.email, made.patient.phone = "ada@example.org", "+447700900123"
    made.patient.save()
    return made


def booked(clinic: cast.Clinic, by: Actor = THOUGHTFUL) -> Appointment:
    wish = clinic.wish(clinic.filler)
    start = cast.at(cast.day(14), 11)
    return booking.book(wish=wish, start=start, by=by, now=NOW).appointment


def moved(visit: Appointment, hour: int, by: Actor) -> Appointment:
    to = cast.at(cast.day(14), hour)
    return booking.move(
        appointment_id=visit.pk, to=to, version=None, by=by, now=NOW + GRACE / 3
    ).appointment


def undoing(visit: Appointment) -> Actor:
    return replace(THOUGHTFUL, takes_back=visit.told_version)


def waiting() -> list[str]:
    return sorted(Message.objects.filter(state="pending").values_list("kind", flat=True))


def leave() -> None:
    """Let what waits to go at once leave the house."""
    Message.objects.filter(state="pending", offset="now").update(
        state="accepted", provider_id="x", open=False
    )


def test_words_wait_as_long_as_the_step_can_be_undone(clinic: cast.Clinic) -> None:
    booked(clinic)
    news = Message.objects.filter(offset="now")
    assert {row.due_at - NOW for row in news} == {GRACE}
    assert {row.created_at for row in news} == {NOW}


def test_words_of_other_doors_go_at_once(clinic: cast.Clinic) -> None:
    booked(clinic, HASTY)
    assert {row.due_at for row in Message.objects.filter(offset="now")} == {NOW}


def test_a_booking_undone_is_never_heard_of(clinic: cast.Clinic) -> None:
    visit = booked(clinic)
    booking.cancel(appointment_id=visit.pk, version=None, by=replace(HASTY, takes_back=-1), now=NOW)
    assert waiting() == []
    assert not Message.objects.filter(kind="cancelled").exists()


def test_a_cancellation_without_undo_is_told(clinic: cast.Clinic) -> None:
    visit = booked(clinic)
    booking.cancel(appointment_id=visit.pk, version=None, by=HASTY, now=NOW)
    assert waiting() == ["cancelled", "cancelled"]


def test_a_move_undone_is_never_heard_of_and_the_reminders_stay(clinic: cast.Clinic) -> None:
    visit = booked(clinic)
    leave()
    there = moved(visit, 15, THOUGHTFUL)
    assert waiting() == ["changed", "changed", *REMINDERS]
    back = moved(there, 11, undoing(visit))
    assert waiting() == REMINDERS
    versions = Message.objects.filter(state="pending").values_list("told_version", flat=True)
    assert set(versions) == {back.told_version}


def test_a_booking_that_was_moved_and_moved_back_before_it_was_told_is_told(
    clinic: cast.Clinic,
) -> None:
    visit = booked(clinic)
    moved(moved(visit, 15, THOUGHTFUL), 11, undoing(visit))
    assert waiting() == ["booked", "booked", *REMINDERS]


def test_a_move_that_was_told_before_it_was_undone_is_corrected(clinic: cast.Clinic) -> None:
    visit = booked(clinic)
    leave()
    there = moved(visit, 15, THOUGHTFUL)
    leave()
    moved(there, 11, undoing(visit))
    assert waiting() == ["changed", "changed", *REMINDERS]


def test_a_visit_of_which_nobody_was_ever_told_stays_so(clinic: cast.Clinic) -> None:
    visit = booked(clinic)
    Message.objects.all().delete()
    moved(moved(visit, 15, THOUGHTFUL), 11, undoing(visit))
    assert waiting() == REMINDERS

"""Stamps between check-in and the door: two people at once, and strangers."""

import pytest

from scheduling import booking
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, StaleVersion, WrongState
from scheduling.flow import stages
from scheduling.models import Appointment, Stage
from tests import cast
from tests.scheduling.flow.test_late import race

DESK = cast.reception()


def in_the_house(clinic: cast.Clinic) -> Appointment:
    start = cast.at(cast.TODAY, 11)
    wish = clinic.wish(clinic.review)
    visit = booking.book(wish=wish, start=start, by=DESK, now=cast.NOW).appointment
    booking.check_in(appointment_id=visit.pk, version=None, by=DESK, now=cast.NOW)
    visit.refresh_from_db()
    return visit


def press(visit: Appointment, to: str = "treatment", by: Actor = DESK) -> None:
    stages.move_on(appointment_id=visit.pk, to=to, version=visit.version, by=by, now=cast.NOW)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_press_at_once_one_leaves_a_stamp() -> None:
    visit = in_the_house(cast.build())
    assert race(lambda: press(visit), lambda: press(visit)) == ["done", "stale_version"]
    assert Stage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_version_the_step_itself_stands_once() -> None:
    visit = in_the_house(cast.build())

    def bare() -> None:
        stages.move_on(appointment_id=visit.pk, to="treatment", version=None, by=DESK, now=cast.NOW)

    assert race(bare, bare) == ["done", "wrong_state"]
    assert Stage.objects.count() == 1


@pytest.mark.django_db
def test_a_stranger_and_a_word_without_sense_move_nobody_on() -> None:
    visit = in_the_house(cast.build())
    with pytest.raises(NotFound):
        press(visit, by=cast.reception(cast.site_named("Mill Lane")))
    with pytest.raises(Malformed):
        press(visit, "lost")
    with pytest.raises(WrongState):
        press(visit, "left")
    visit.version -= 1
    with pytest.raises(StaleVersion):
        press(visit)
    assert not Stage.objects.exists()

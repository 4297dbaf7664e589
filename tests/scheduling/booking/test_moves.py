"""Who gives a visit that moved."""

import pytest

from scheduling import booking
from scheduling.errors import Refused
from scheduling.models import Allocation, Appointment, OpeningHours, Resource
from tests import cast

pytestmark = pytest.mark.django_db


def hands(visit: Appointment) -> int:
    held = Allocation.objects.filter(appointment=visit, active=True)
    return held.get(resource__kind=Resource.Kind.PRACTITIONER).resource_id


def test_a_day_off_of_the_practitioner_is_given_by_another() -> None:
    clinic = cast.build()
    desk = cast.reception()
    visit = booking.book(
        wish=clinic.wish(), start=cast.at(cast.day(1), 11), by=desk, now=cast.NOW
    ).appointment
    before, to = hands(visit), cast.at(cast.day(2), 11)
    OpeningHours.objects.filter(resource=before, weekday=cast.day(2).weekday()).delete()
    booking.move(appointment_id=visit.pk, to=to, version=None, by=desk, now=cast.NOW)
    assert hands(visit) != before
    # asked for by name, the day off is said
    own = booking.Place(start=to, practitioner_id=before)
    with pytest.raises(Refused, match="Outside the hours"):
        booking.move(appointment_id=visit.pk, to=own, version=None, by=desk, now=cast.NOW)

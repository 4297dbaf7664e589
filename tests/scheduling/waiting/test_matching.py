"""Who could take a time that came free: under every rule, within their wishes, in order."""

from datetime import time, timedelta

import pytest

from scheduling import waiting
from scheduling.models import Appointment
from tests import cast
from tests.cast import NOW
from tests.scheduling.waiting import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def found(clinic: cast.Clinic, **gap: object) -> list[int]:
    opening = stage.gap(clinic, **gap)  # type: ignore[arg-type]
    return [m.entry.patient_id for m in waiting.matches(opening=opening, now=NOW)]


def test_those_it_suits_are_found_in_order(clinic: cast.Clinic) -> None:
    first, second, urgent = (cast.patient(name, "Wait") for name in ("One", "Two", "Three"))
    stage.waits(clinic, second, now=NOW)
    stage.waits(clinic, first, now=NOW - timedelta(days=3))
    stage.waits(clinic, urgent, now=NOW, urgent=True)
    assert found(clinic) == [urgent.pk, first.pk, second.pk]


@pytest.mark.parametrize(
    "want",
    [
        {"weekdays": (0, 1)},
        {"from_time": time(12)},
        {"until_time": time(10, 55)},
        {"until": cast.day(1)},
    ],
)
def test_a_time_that_does_not_suit_is_not_offered(
    clinic: cast.Clinic, want: dict[str, object]
) -> None:
    stage.waits(clinic, clinic.patient, **want)
    assert found(clinic) == []


def test_skin_that_is_not_ready_leaves_a_patient_out(clinic: cast.Clinic) -> None:
    """No consultation: no laser, however free the time is; the control has had hers."""
    fresh, seen = cast.patient("New", "Here"), clinic.patient
    for who in (fresh, seen):
        wish = clinic.wish(patient_id=who.pk)
        waiting.join(wish=wish, want=waiting.Want(until=cast.day(30)), by=stage.DESK, now=NOW)
    assert found(clinic, minutes=120) == [seen.pk]


def test_a_visit_only_ever_becomes_earlier(clinic: cast.Clinic) -> None:
    made = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    stage.waits(clinic, clinic.patient, appointment_id=made.pk)
    later = cast.at(cast.day(5), 11)
    assert (found(clinic), found(clinic, start=later)) == ([made.patient_id], [])


def test_who_has_an_open_offer_is_left_out(clinic: cast.Clinic) -> None:
    stage.offered(stage.waits(clinic, clinic.patient))
    assert found(clinic) == []


def test_a_visit_that_was_cancelled_since_waits_no_longer(clinic: cast.Clinic) -> None:
    made = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    entry = stage.waits(clinic, clinic.patient, appointment_id=made.pk)
    Appointment.objects.filter(pk=made.pk).update(status="cancelled")
    assert found(clinic) == []
    waiting.expire(now=NOW)
    entry.refresh_from_db()
    assert (entry.closed_as, entry.closed_at) == ("over", NOW)

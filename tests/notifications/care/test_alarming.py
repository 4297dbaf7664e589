"""An answer that stands against a close visit alarms the clinician on call, once."""

import pytest

from notifications.models import Message
from scheduling import records
from scheduling.models import Record
from tests import cast
from tests.notifications.care import bedside

pytestmark = pytest.mark.django_db


def pregnant(at: cast.Clinic, *, by_patient: bool = True) -> Record:
    record = Record(patient=at.patient, kind="pregnancy", reported_by_patient=by_patient)
    return records.add(record=record, by=cast.reception(), now=cast.NOW)


def alarms() -> list[tuple[str, str]]:
    return list(Message.objects.filter(kind="alert").values_list("recipient", "offset"))


def test_a_close_visit_alarms_once() -> None:
    at = bedside.clinic()
    bedside.booked(at, days=1)
    bedside.booked(at, days=91)
    pregnant(at)
    pregnant(at)
    assert alarms() == [(bedside.ON_CALL, "answer")]


def test_a_visit_farther_off_waits_for_the_desk() -> None:
    at = bedside.clinic()
    bedside.booked(at, days=3)
    pregnant(at)
    assert alarms() == []


def test_what_a_clinician_enters_alarms_nobody() -> None:
    at = bedside.clinic()
    bedside.booked(at, days=1)
    pregnant(at, by_patient=False)
    assert alarms() == []


def test_nobody_on_call_is_no_error() -> None:
    at = bedside.clinic(on_call_phone="")
    bedside.booked(at, days=1)
    pregnant(at)
    assert alarms() == []

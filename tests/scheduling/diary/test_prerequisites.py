import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import diary
from scheduling.models import Appointment, ProtocolVersion, Record
from tests import cast
from tests.scheduling.admin import screens

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def visits() -> list[Appointment]:
    return list(Appointment.objects.select_related("patient").order_by("pk"))


def test_lacking_asks_for_consent_until_it_is_given(clinic: cast.Clinic) -> None:
    visit = screens.visit(clinic, 0, 11)
    before = diary.lacking(visits=visits(), now=cast.NOW)
    Record.objects.create(
        patient=clinic.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone="Europe/London"
    )
    after = diary.lacking(visits=visits(), now=cast.NOW)
    assert (before, after) == ({visit.pk: ("consent",)}, {visit.pk: ()})


def test_lacking_is_silent_after_check_in(clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11)
    Appointment.objects.update(status="checked-in")
    assert diary.lacking(visits=visits(), now=cast.NOW) == {}


def test_lacking_says_nothing_without_a_protocol(clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 11)
    ProtocolVersion.objects.update(state="retired")
    assert diary.lacking(visits=visits(), now=cast.NOW) == {}


def test_lacking_reads_in_a_fixed_number_of_queries(clinic: cast.Clinic) -> None:
    screens.visit(clinic, 0, 10)
    diary.lacking(visits=visits(), now=cast.NOW)
    with CaptureQueriesContext(connection) as one:
        diary.lacking(visits=visits(), now=cast.NOW)
    for hour in (12, 14, 16):
        somebody = cast.patient(f"P{hour}", "Row", consulted=True)
        screens.visit(clinic, 0, hour, patient_id=somebody.pk)
    with CaptureQueriesContext(connection) as four:
        assert len(diary.lacking(visits=visits(), now=cast.NOW)) == 4
    assert len(one) == len(four)

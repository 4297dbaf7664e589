"""A sick practitioner over booked visits: what the tests of the arrangement begin with."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from plans.admin.rearranging import Row
from plans.models import Plan
from scheduling import booking
from scheduling.models import Absence, Appointment
from tests import cast
from tests.plans import stage


def filler_plan(clinic: cast.Clinic, who: str, most: int | None) -> Plan:
    """Book a laser on day 0 and a filler 14 days on, which may wait for so many days at most."""
    course = stage.template(f"Filler for {who}")
    laser = stage.step(course, clinic.resurfacing, name="Laser")
    stage.step(course, clinic.filler, (laser, 14, 14, most), name="Filler")
    patient = cast.patient(who, "Ash", consulted=True)
    return stage.booked(stage.plan(clinic, course, patient_id=patient.pk))


def alone(clinic: cast.Clinic, who: str, start: datetime) -> Appointment:
    wish = clinic.wish(clinic.filler, patient_id=cast.patient(who, "Oak").pk)
    return booking.book(wish=wish, start=start, by=stage.DESK, now=cast.NOW).appointment


def away(clinic: cast.Clinic, first: int, days: int = 1, **of: Any) -> Absence:
    """Send the doctor home, who alone injects, or whatever is named."""
    return Absence.objects.create(
        **(of or {"resource": clinic.doctor}),
        cause="sick",
        start=cast.at(cast.day(first), 0),
        end=cast.at(cast.day(first + days), 0),
    )


@pytest.fixture
def absence(clinic: cast.Clinic) -> Absence:
    """Let the doctor be sick on day 14, over the fillers of three patients."""
    filler_plan(clinic, "Any", None)
    filler_plan(clinic, "Soon", 20)
    alone(clinic, "Cy", cast.at(cast.day(14), 15))
    return away(clinic, 14)


def wall(day: int, hour: int) -> datetime:
    """Spell a moment of January on the site's clock, as screens do."""
    return datetime(2027, 1, day, hour)  # noqa: DTZ001


def address(absence: Absence) -> str:
    return f"/admin/plans/plan/absence/{absence.pk}/"


def rows(page: Any) -> dict[str, Row]:
    """Read the lines of a page by whom they are for."""
    return {row.line.patient.given_name: row for row in page.context["desk"].rows}


def offered(client: Client, absence: Absence) -> dict[str, Row]:
    return rows(client.get(address(absence), {"new": "1"}))


def fillers() -> dict[str, datetime]:
    found = Appointment.objects.filter(treatment__name="Filler").select_related("patient")
    return {row.patient.given_name: row.start for row in found}


def take_the_place_of(clinic: cast.Clinic, row: Row) -> None:
    """Book somebody else where a patient was to go."""
    alone(clinic, "Dee", row.line.moves[0].start)

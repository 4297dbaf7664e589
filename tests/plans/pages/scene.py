"""A patient with a phone: visits booked on the cast's stage, and the pages as a person reads them."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client

from plans.models import Plan
from scheduling import booking, links, visitors
from scheduling.core.words import Status
from scheduling.doors.entering import SESSION_COOKIE
from scheduling.models import Appointment, Patient
from tests import cast
from tests.plans import stage


def visit(clinic: cast.Clinic, on: date, hour: int = 10, **changes: object) -> Appointment:
    """Book a review, which no skin rule stops, for the cast's patient or another one."""
    wish = clinic.wish(clinic.review, **{"areas": (), "size": "", "depth": "", **changes})
    made = booking.book(
        wish=wish, start=cast.at(on, hour), by=cast.reception(), now=cast.NOW
    ).appointment
    return Appointment.objects.get(pk=made.pk)


def course(clinic: cast.Clinic, repeat: int = 3) -> Plan:
    """Book a whole course: lasers nine weeks apart, then filler."""
    return stage.booked(stage.plan(clinic, stage.scars(clinic, repeat)))


def session(plan: Plan, seq: int) -> Appointment:
    """Answer the visit of a session."""
    return Appointment.objects.get(series=plan.series_id, seq=seq, status=Status.BOOKED.value)


def starts(plan: Plan) -> dict[int, datetime]:
    """Answer where the visits of a plan lie, by session."""
    rows = Appointment.objects.filter(series=plan.series_id, status=Status.BOOKED.value)
    return {row.seq or 0: row.start for row in rows}


def opened(client: Client, made: Appointment, now: datetime = cast.NOW) -> str:
    """Tap the link of the message about a visit; answer the page it leads to."""
    response = client.get(f"/v/{links.issue(appointment=made, now=now)}/")
    address: str = response["Location"]
    return address


def signed_in(client: Client, patient: Patient, now: datetime = cast.NOW) -> None:
    """Sign a patient in, as a code does."""
    client.cookies[SESSION_COOKIE] = visitors.admit(patient_id=patient.pk, now=now)


def text_of(response: Any) -> str:
    """Read a page as a person does."""
    page = response.content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def hrefs(response: Any, within: str) -> list[str]:
    """List the links of a page whose address holds a text."""
    found = re.findall(r'href="([^"]+)"', response.content.decode())
    return [each for each in found if within in each]


def hidden(response: Any, name: str) -> str:
    """Read a hidden field of a page's form."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found is not None
    return found[1]


def quantum(at: datetime) -> int:
    """Answer the number that a start's address ends with."""
    return int(at.timestamp()) // 300


def later(made: Appointment, **by: int) -> datetime:
    """Answer a start so much later."""
    return made.start + timedelta(**by)

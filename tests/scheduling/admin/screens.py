"""Addresses and visits that the tests of the screens share."""

from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from scheduling import booking
from scheduling.models import Appointment, Treatment
from tests import cast

BOOK = "/admin/scheduling/appointment/book/"
DAY = "/admin/scheduling/appointment/day/"


def page(visit: Appointment) -> str:
    return reverse("admin:scheduling_appointment_change", args=[visit.pk])


def move(visit: Appointment) -> str:
    return reverse("admin:scheduling_appointment_move", args=[visit.pk])


def step(visit: Appointment, name: str) -> str:
    return reverse("admin:scheduling_appointment_step", args=[visit.pk, name])


def card(patient_id: int) -> str:
    return reverse("admin:scheduling_appointment_card", args=[patient_id])


def visit(
    clinic: cast.Clinic,
    n: int = 1,
    hour: int = 11,
    treatment: Treatment | None = None,
    **facts: object,
) -> Appointment:
    """Book a visit `n` days from today, through the door."""
    return booking.book(
        wish=clinic.wish(treatment, **facts),
        start=cast.at(cast.day(n), hour),
        by=cast.reception(),
        now=cast.NOW - timedelta(hours=1),
    ).appointment


def wanted(clinic: cast.Clinic, what: Treatment | None = None, **facts: Any) -> dict[str, Any]:
    """Spell the booking screen's query string for a wish."""
    return {
        "patient": clinic.patient.pk,
        "treatment": (what or clinic.resurfacing).pk,
        "site": clinic.site.pk,
        "area": "face",
        "size": "face",
        "depth": "superficial",
        **facts,
    }


def spelled(start: datetime) -> str:
    return start.isoformat()

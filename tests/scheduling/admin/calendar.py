"""Addresses and asks that the tests of the diary share."""

from typing import Any

from scheduling.models import Appointment
from tests import cast
from tests.scheduling.admin import screens

ROOT = "/admin/scheduling/appointment/diary/"
JSON = {"Accept": "application/json"}
DAY = cast.day(1).isoformat()


def days(clinic: cast.Clinic, **facts: Any) -> dict[str, Any]:
    return {"site": clinic.site.pk, "from": DAY, "to": DAY, "by": "practitioner", **facts}


def wanted(clinic: cast.Clinic, **facts: Any) -> dict[str, Any]:
    asked = screens.wanted(clinic, clinic.filler, by="practitioner", column=clinic.doctor.pk)
    return {**asked, "start": f"{DAY}T11:00", **facts}


def move(visit: Appointment) -> str:
    return f"{ROOT}{visit.pk}/move/"


def place(clinic: cast.Clinic, visit: Appointment, start: str, **facts: Any) -> dict[str, Any]:
    facts = {"column": clinic.doctor.pk, "by": "practitioner", "version": visit.version, **facts}
    return {"start": start, **facts}

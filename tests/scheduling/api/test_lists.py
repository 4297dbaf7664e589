"""Lists ask the database as often for three rows as for one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from scheduling import booking
from scheduling.models import Record, Resource, Skill
from tests import cast


def another_site(clinic: cast.Clinic, n: int) -> None:
    site = cast.site_named(f"Site {n}")
    for staff in clinic.site.staff.all():
        staff.sites.add(site)


def another_treatment(clinic: cast.Clinic, n: int) -> None:
    skills = {skill.code: skill for skill in Skill.objects.all()}
    cast.treatment(
        f"Peel {n}", "chemical_peel", (10, 15, 30), skills, laser=(0, 0), consults=(0, 0)
    )


def another_resource(clinic: cast.Clinic, n: int) -> None:
    cast.place(f"Room {n}", Resource.Kind.ROOM, clinic.site, *Skill.objects.all())


def another_patient(clinic: cast.Clinic, n: int) -> None:
    cast.patient(f"Ada {n}", "Oak", guardian=clinic.patient)


def another_record(clinic: cast.Clinic, n: int) -> None:
    Record.objects.create(patient=clinic.patient, kind="pregnancy", areas=["face"])


def another_visit(clinic: cast.Clinic, n: int) -> None:
    booking.book(
        wish=clinic.wish(clinic.review),
        start=cast.at(cast.day(n), 10),
        by=cast.reception(),
        now=cast.NOW,
    )


GROWS: dict[str, Callable[[cast.Clinic, int], None]] = {
    "sites/": another_site,
    "treatments/": another_treatment,
    "resources/": another_resource,
    "patients/": another_patient,
    "patients/{patient}/records/": another_record,
    "appointments/": another_visit,
    "messages/": another_visit,
}


@pytest.mark.parametrize("path", GROWS)
def test_a_longer_list_asks_no_more(desk: APIClient, clinic: cast.Clinic, path: str) -> None:
    url = f"/api/v1/{path.format(patient=clinic.patient.pk)}"

    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            answer: Any = desk.get(url)
        return answer.json()["count"], len(captured)

    GROWS[path](clinic, 1)
    asked()
    few = asked()
    GROWS[path](clinic, 2)
    GROWS[path](clinic, 3)
    more = asked()
    assert more[0] > few[0]
    assert more[1] == few[1]

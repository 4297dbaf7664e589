"""What plans say of a visit in the diary: which session it is, and what comes next and when."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plans import panels
from scheduling import access, booking
from scheduling.models import Appointment
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def visits(clinic: cast.Clinic) -> list[Appointment]:
    """Book a whole course: laser twice, then filler."""
    stage.booked(stage.plan(clinic, stage.scars(clinic, repeat=2)))
    return list(Appointment.objects.order_by("start"))


def reader(*codes: str) -> dict[str, object]:
    user: User = cast.staff_user("reader", everywhere=True)
    access.ensure_groups({"reception": codes})
    user.groups.add(Group.objects.get(name="reception"))
    return {"request": SimpleNamespace(user=user)}


def test_hints_name_the_session_and_the_next_one_with_its_date(
    clinic: cast.Clinic, visits: list[Appointment]
) -> None:
    context = reader("plans.view_plan")
    filler = visits[2].local_date
    with CaptureQueriesContext(connection) as asked:
        said = panels.hints(visits, context)
    assert said[visits[1].pk] == f"session 2 of 3; Filler on {filler.day} {filler:%b}"
    assert said[visits[2].pk] == "session 3 of 3"
    assert sum("plans_plan" in str(q["sql"]) for q in asked.captured_queries) <= 1
    booking.cancel(appointment_id=visits[2].pk, version=None, by=cast.reception(), now=cast.NOW)
    soonest = visits[1].local_date + timedelta(days=14)
    said = panels.hints(visits[:2], context)
    assert said[visits[1].pk] == f"session 2 of 3; Filler from {soonest.day} {soonest:%b}"


def test_hints_are_for_who_may_look_at_plans(visits: list[Appointment]) -> None:
    assert panels.hints(visits, reader()) == {}
    assert panels.hints(visits, {}) == {}

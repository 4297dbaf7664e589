"""Ways on from a visit and from home: there when a floor brings the page, else not shown."""

import re

import pytest
import time_machine
from django.test import Client

from plans.models import Plan
from scheduling.models import Appointment, Series
from tests.notifications import stage
from tests.notifications.pages.hands import opened, signed_in
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def ways(client: Client, page: str) -> list[str]:
    """List where a page leads to below itself."""
    return sorted(re.findall(rf'href="{page}([^"]+)"', client.get(page).content.decode()))


def planned(at: stage.House, visit: Appointment) -> None:
    """Make a visit a session of a plan."""
    series = Series.objects.create(patient=at.patient, categories=[], areas=["face"])
    Plan.objects.create(
        patient=at.patient,
        site=at.site,
        series=series,
        name="Course",
        created_at=NOW,
        created_by="x",
    )
    Appointment.objects.filter(pk=visit.pk).update(series=series, seq=1)


def test_every_floors_pages_of_a_visit_are_linked(client: Client) -> None:
    at = stage.house()
    visit = stage.visit(at)
    planned(at, visit)
    assert ways(client, opened(client, visit)) == [
        "calendar.ics",
        "cancel/",
        "forms/",
        "messages/",
        "move/",
        "plan/",
    ]


@pytest.mark.parametrize("by", ["link", "code"])
def test_what_other_floors_bring_is_linked_at_both_doors(client: Client, by: str) -> None:
    at = stage.house()
    visit = stage.visit(at)
    signed_in(client, at.patient)
    page = opened(client, visit) if by == "link" else f"/my/visits/{visit.pk}/"
    ours = ["calendar.ics", "cancel/", "forms/", "messages/", "move/"]
    assert ways(client, page) == ours
    planned(at, visit)
    assert ways(client, page) == sorted([*ours, "plan/"])
    assert {client.get(page + way).status_code for way in ways(client, page)} == {200}


def test_home_leads_to_all_that_a_patient_can_do(client: Client) -> None:
    at = stage.house()
    stage.visit(at)
    page = client.get(signed_in(client, at.patient)).content.decode()
    doors = re.findall(r'<a href="(/my/\w+/)"', page)
    assert doors == [
        "/my/book/",
        "/my/forms/",
        "/my/papers/",
        "/my/waiting/",
        "/my/messages/",
        "/my/data/",
    ]


def test_nobody_is_shown_home_without_a_code(client: Client) -> None:
    at = stage.house()
    visit = stage.visit(at)
    link = opened(client, visit)
    client.cookies["patient"] = client.cookies["visit-" + link.split("/")[3]].value
    for path in (
        "/my/",
        "/my/messages/",
        f"/my/visits/{visit.pk}/",
        f"/my/visits/{visit.pk}/cancel/",
    ):
        for response in (client.get(path), client.post(path, {"act": "confirm"})):
            where = response["Location"].partition("?")[0]
            assert (response.status_code, where) == (302, "/my/sign-in/")
    signed_in(client, at.patient)
    client.post("/my/sign-out/")
    assert client.get("/my/")["Location"].startswith("/my/sign-in/")
    assert 'href="/my/sign-in/"' in client.get("/my/left/").content.decode()

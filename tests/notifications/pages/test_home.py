"""The first page of who signed in: what is coming, what waits for an answer, where to go on."""

import re
from datetime import timedelta
from itertools import chain

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plans.models import Plan
from scheduling.models import PatientSession, Series
from tests import cast
from tests.notifications import stage
from tests.notifications.pages.hands import signed_in, text_of
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def sections(page: str) -> dict[str, list[str]]:
    """List the addresses below each heading of the page."""
    parts = re.split(r'<h2 id="(\w+)">', page)
    return {
        name: re.findall(r'<li><a href="([^"]+)"', body)
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_visits_stand_where_they_belong(client: Client) -> None:
    at = stage.house()
    soon = stage.visit(at, NOW + timedelta(days=2))
    said = stage.visit(at, NOW + timedelta(days=3), confirmed_at=NOW)
    later = stage.visit(at, NOW + timedelta(days=40))
    done = stage.visit(at, NOW - timedelta(days=20), status="fulfilled")
    off = stage.visit(at, NOW + timedelta(days=9), status="cancelled")
    stage.visit(at, NOW + timedelta(days=12), status="entered-in-error")
    found = sections(client.get(signed_in(client, at.patient)).content.decode())
    where = {
        name: [int(path.split("/")[3]) for path in found[name]]
        for name in found
        if name in ("asked", "coming", "past")
    }
    assert where == {
        "asked": [soon.pk],
        "coming": [said.pk, later.pk],
        "past": [off.pk, done.pk],
    }
    for path in chain(*found.values()):
        assert client.get(path).status_code == 200


def test_a_visit_without_a_status_to_say_says_none(client: Client) -> None:
    at = stage.house()
    stage.visit(at, NOW + timedelta(days=40))
    assert "Laser resurfacing ·" not in text_of(client.get(signed_in(client, at.patient)))


def test_nobody_elses_visits_are_listed(client: Client) -> None:
    at = stage.house()
    stage.visit(stage.House(at.site, at.treatment, cast.patient("Bo", "Ash")))
    said = text_of(client.get(signed_in(client, at.patient)))
    assert ("You have no visits booked." in said, "18 January" in said) == (True, False)


def planned(at: stage.House, name: str) -> Plan:
    """Write a plan without sessions."""
    series = Series.objects.create(patient=at.patient, categories=[], areas=["face"])
    return Plan.objects.create(
        patient=at.patient, site=at.site, series=series, name=name, created_at=NOW, created_by="x"
    )


def test_plans_are_told_with_how_far_they_are(client: Client) -> None:
    at = stage.house()
    planned(at, "Three times resurfacing")
    paused = planned(at, "Filler")
    Plan.objects.filter(pk=paused.pk).update(paused_at=NOW, pause_reason="asked for")
    over = planned(at, "Peel")
    Plan.objects.filter(pk=over.pk).update(abandoned_at=NOW, abandon_reason="moved away")
    said = text_of(client.get(signed_in(client, at.patient)))
    assert "Three times resurfacing 0 of 0 done, 0 booked" in said
    assert "Filler paused for now: we will get in touch" in said
    assert "Peel" not in said


def test_the_page_asks_as_often_for_one_visit_as_for_nine(client: Client) -> None:
    at = stage.house()
    counts = []
    for n in (1, 9):
        for k in range(n):
            stage.visit(at, NOW + timedelta(days=n + k, hours=n))
        page = signed_in(client, at.patient)
        client.get(page)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(page)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_signing_out_ends_the_session_for_every_copy_of_the_cookie(client: Client) -> None:
    at = stage.house()
    page = signed_in(client, at.patient)
    thief = Client()
    thief.cookies["patient"] = client.cookies["patient"].value
    response = client.post("/my/sign-out/")
    assert (response.status_code, response["Location"]) == (303, "/my/left/")
    assert response.cookies["patient"]["max-age"] == 0
    assert response.cookies["draft"]["max-age"] == 0, "what was typed goes too"
    assert "You are signed out" in text_of(client.get("/my/left/"))
    assert PatientSession.objects.get().ended_at == NOW
    assert client.post("/my/sign-out/").status_code == 303
    assert page == "/my/"


def test_signing_out_is_no_link(client: Client) -> None:
    at = stage.house()
    page = signed_in(client, at.patient)
    assert client.get("/my/sign-out/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    signed_in(strict, at.patient)
    assert strict.post("/my/sign-out/").status_code == 403
    assert client.get(page).status_code == 200

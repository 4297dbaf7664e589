"""A patient's way through the house, as another program would walk it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from scheduling.models import Allocation
from tests import cast

URL = "/api/v1/appointments/"


@dataclass
class Walk:
    """One visit on its way, and who sees it through."""

    desk: APIClient
    doctor: APIClient
    clinic: cast.Clinic
    visit: dict[str, Any] = field(default_factory=dict)

    def wanted(self) -> dict[str, Any]:
        return {
            "treatment": self.clinic.resurfacing.pk,
            "site": self.clinic.site.pk,
            "patient": self.clinic.patient.pk,
            "area": "face",
            "size": "face",
            "depth": "superficial",
        }

    def step(self, what: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.desk.post(f"{URL}{self.visit['id']}/{what}/", body or {}, headers=headers)


@pytest.fixture
def walk(desk: APIClient, doctor: APIClient, clinic: cast.Clinic) -> Walk:
    return Walk(desk, doctor, clinic)


def test_from_a_free_start_to_a_visit_undone(walk: Walk) -> None:
    a_free_start_is_booked(walk)
    a_filler_in_the_same_week_is_refused_with_reasons(walk)
    the_visit_moves_at_the_version_seen(walk)
    check_in_asks_for_the_consent(walk)
    completion_sets_the_recovery_of_what_was_done(walk)
    what_was_done_is_undone_before_it_is_cancelled(walk)
    a_cancelled_visit_comes_back_as_it_was(walk)


def a_free_start_is_booked(walk: Walk) -> None:
    days = {"from": "2027-01-05", "to": "2027-01-05"}
    free = walk.desk.get("/api/v1/slots/", walk.wanted() | days).json()["starts"][0]
    answer = walk.desk.post(URL, walk.wanted() | {"start": free["start"]})
    assert answer.status_code == 201
    walk.visit = answer.json()
    assert (walk.visit["start"], walk.visit["arrive_at"]) == (free["start"], free["arrive_at"])


def a_filler_in_the_same_week_is_refused_with_reasons(walk: Walk) -> None:
    filler = {"treatment": walk.clinic.filler.pk, "start": "2027-01-08T11:00"}
    answer = walk.desk.post(URL, walk.wanted() | filler)
    assert answer.status_code == 409
    reasons = answer.json()["refusals"]
    assert all(r["sentence"] and r["source"] and r["arithmetic"] for r in reasons)
    ends = max(r["earliest"] for r in reasons if r["earliest"])
    assert answer.json()["earliest"]["start"] > ends


def the_visit_moves_at_the_version_seen(walk: Walk) -> None:
    later = {"start": "2027-01-06T12:00"}
    moved = walk.step("move", later, **{"If-Match": '"1"'})
    walk.visit = moved.json()
    assert (moved.status_code, moved["ETag"]) == (200, '"2"')
    assert walk.step("move", later, **{"If-Match": '"1"'}).status_code == 412
    assert walk.step("confirm").json()["version"] == 3


def check_in_asks_for_the_consent(walk: Walk) -> None:
    with time_machine.travel(cast.at(cast.day(2), 11, 55), tick=False):
        assert walk.step("arrive").json()["status"] == "arrived"
        stopped = walk.step("check-in")
        assert stopped.status_code == 409
        asked = [r for r in stopped.json()["refusals"] if "consent" in r["sentence"].lower()]
        assert len(asked) == 1
        signed = {"type": "consent", "start": "2027-01-06T11:50"}
        records = f"/api/v1/patients/{walk.clinic.patient.pk}/records/"
        assert walk.doctor.post(records, signed).status_code == 201
        assert walk.step("check-in").json()["status"] == "checked-in"


def completion_sets_the_recovery_of_what_was_done(walk: Walk) -> None:
    with time_machine.travel(cast.at(cast.day(2), 12, 40), tick=False):
        done = walk.step("complete", {"depth": "deep"})
    assert (done.status_code, done.json()["status"]) == (200, "fulfilled")
    assert list(done.json()["recovery"]) == ["least", "typical", "most"]
    assert done.json()["recovery"] != walk.visit["recovery"]


def what_was_done_is_undone_before_it_is_cancelled(walk: Walk) -> None:
    assert walk.step("cancel").status_code == 409
    with time_machine.travel(cast.at(cast.day(2), 12, 50), tick=False):
        assert walk.step("reinstate").json()["status"] == "booked"
        assert walk.step("cancel", {"reason": "entered twice"}).json()["status"] == "cancelled"
    assert Allocation.objects.filter(active=True).count() == 0


def a_cancelled_visit_comes_back_as_it_was(walk: Walk) -> None:
    with time_machine.travel(cast.at(cast.day(2), 12, 55), tick=False):
        back = walk.step("reinstate")
    assert (back.status_code, back.json()["status"]) == (200, "booked")
    for name in ("start", "resources", "recovery"):
        assert back.json()[name] == walk.visit[name]
    assert Allocation.objects.filter(active=True).count() == 3


def test_a_place_taken_meanwhile_is_not_given_back(desk: APIClient, clinic: cast.Clinic) -> None:
    wanted = {"site": clinic.site.pk, "treatment": clinic.review.pk, "start": "2027-01-05T10:00"}
    first = desk.post(URL, wanted | {"patient": clinic.patient.pk}).json()["id"]
    desk.post(f"{URL}{first}/cancel/")
    other = cast.patient("Bea", "Oak")
    assert desk.post(URL, wanted | {"patient": other.pk}).status_code == 201
    answer = desk.post(f"{URL}{first}/reinstate/")
    assert answer.status_code == 409
    assert [r["code"] for r in answer.json()["refusals"]] == ["resource_taken"]
    with time_machine.travel(cast.NOW + timedelta(days=2), tick=False):
        assert desk.post(f"{URL}{first}/no-show/").status_code == 409

"""A patient's way through the house, as another program would walk it."""

from datetime import timedelta

import time_machine
from rest_framework.test import APIClient

from scheduling.models import Allocation
from tests import cast

URL = "/api/v1/appointments/"


def test_from_a_free_start_to_a_visit_undone(  # noqa: PLR0915 -- one journey, told in one breath
    desk: APIClient, doctor: APIClient, clinic: cast.Clinic
) -> None:
    wanted = {
        "treatment": clinic.resurfacing.pk,
        "site": clinic.site.pk,
        "patient": clinic.patient.pk,
        "area": "face",
        "size": "face",
        "depth": "superficial",
    }
    free = desk.get("/api/v1/slots/", wanted | {"from": "2027-01-05", "to": "2027-01-05"}).json()
    start = free["starts"][0]["start"]

    booked = desk.post(URL, wanted | {"start": start})
    assert booked.status_code == 201
    visit = booked.json()
    assert (visit["start"], visit["arrive_at"]) == (start, free["starts"][0]["arrive_at"])

    filler = wanted | {"treatment": clinic.filler.pk, "start": "2027-01-08T11:00"}
    refused = desk.post(URL, filler)
    reasons = refused.json()["refusals"]
    assert refused.status_code == 409
    assert all(r["sentence"] and r["source"] and r["arithmetic"] for r in reasons)
    assert refused.json()["earliest"]["start"] > max(
        r["earliest"] for r in reasons if r["earliest"]
    )

    moved = desk.post(
        f"{URL}{visit['id']}/move/",
        {"start": "2027-01-06T12:00"},
        headers={"If-Match": booked["ETag"]},
    )
    assert (moved.status_code, moved["ETag"]) == (200, '"2"')
    assert desk.post(f"{URL}{visit['id']}/confirm/").json()["version"] == 3

    with time_machine.travel(cast.at(cast.day(2), 11, 55), tick=False):
        assert desk.post(f"{URL}{visit['id']}/arrive/").json()["status"] == "arrived"
        stopped = desk.post(f"{URL}{visit['id']}/check-in/")
        assert stopped.status_code == 409
        consent = [r for r in stopped.json()["refusals"] if "consent" in r["sentence"].lower()]
        assert len(consent) == 1
        signed = {"type": "consent", "start": "2027-01-06T11:50"}
        records = f"/api/v1/patients/{clinic.patient.pk}/records/"
        assert doctor.post(records, signed).status_code == 201
        assert desk.post(f"{URL}{visit['id']}/check-in/").json()["status"] == "checked-in"

    with time_machine.travel(cast.at(cast.day(2), 12, 40), tick=False):
        done = desk.post(f"{URL}{visit['id']}/complete/", {"depth": "deep"})
    assert (done.status_code, done.json()["status"]) == (200, "fulfilled")
    assert done.json()["recovery"] != visit["recovery"]
    assert list(done.json()["recovery"]) == ["least", "typical", "most"]

    # What is done is not cancelled; a step taken by mistake is undone first.
    assert desk.post(f"{URL}{visit['id']}/cancel/").status_code == 409
    with time_machine.travel(cast.at(cast.day(2), 12, 50), tick=False):
        again = desk.post(f"{URL}{visit['id']}/reinstate/").json()
        assert again["status"] == "booked"
        cancelled = desk.post(f"{URL}{visit['id']}/cancel/", {"reason": "entered twice"})
        assert cancelled.json()["status"] == "cancelled"
        assert Allocation.objects.filter(active=True).count() == 0
        back = desk.post(f"{URL}{visit['id']}/reinstate/")
    assert (back.status_code, back.json()["status"]) == (200, "booked")
    assert back.json()["resources"] == visit["resources"]
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
        missed = desk.post(f"{URL}{first}/no-show/")
    assert missed.status_code == 409

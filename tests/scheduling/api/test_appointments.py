import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from scheduling.models import Allocation, Appointment, Change, Override, Record
from tests import cast

URL = "/api/v1/appointments/"
BOOKED = [
    "id",
    "version",
    "status",
    "start",
    "end",
    "arrive_at",
    "resources",
    "recovery",
    "advisories",
]
REASON = [
    "code",
    "severity",
    "sentence",
    "patient_sentence",
    "arithmetic",
    "source",
    "sureness",
    "earliest",
]


def wish(clinic: cast.Clinic, **changes: Any) -> dict[str, Any]:
    return {
        "site": clinic.site.pk,
        "patient": clinic.patient.pk,
        "treatment": clinic.resurfacing.pk,
        "start": "2027-01-05T11:00",
        "area": "face",
        "size": "face",
        "depth": "superficial",
        **changes,
    }


def review(clinic: cast.Clinic, **changes: Any) -> dict[str, Any]:
    plain = {"treatment": clinic.review.pk, "start": "2027-01-05T10:00"}
    return {"site": clinic.site.pk, "patient": clinic.patient.pk} | plain | changes


def test_a_booking_answers_as_the_contract_says(desk: APIClient, clinic: cast.Clinic) -> None:
    answer = desk.post(URL, wish(clinic))
    assert (answer.status_code, answer["ETag"]) == (201, '"1"')
    visit = Appointment.objects.get()
    assert answer.json() == {
        "id": visit.pk,
        "version": 1,
        "status": "booked",
        "start": "2027-01-05T11:00:00+00:00",
        "end": "2027-01-05T11:45:00+00:00",
        "arrive_at": "2027-01-05T10:00:00+00:00",
        "resources": {
            "device": [clinic.laser.pk],
            "practitioner": [clinic.nurse.pk],
            "room": [clinic.room.pk],
        },
        "recovery": {"least": "2027-01-10", "typical": "2027-01-12", "most": "2027-01-19"},
        "advisories": [],
    }
    assert list(answer.json()) == BOOKED


def test_times_carry_the_offset_that_the_site_has_then(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    asked = review(clinic, start="2027-07-05T10:00:00+01:00")
    assert desk.post(URL, asked).json()["start"] == "2027-07-05T10:00:00+01:00"
    same = desk.post(URL, review(clinic, start="2027-07-05T10:00"))
    assert same.json()["refusals"][0]["code"] == "patient_busy"


def test_a_visit_is_read_with_all_that_it_is(desk: APIClient, clinic: cast.Clinic) -> None:
    made = desk.post(URL, wish(clinic, note="bring sunscreen")).json()
    answer = desk.get(f"{URL}{made['id']}/")
    assert (answer.status_code, answer["ETag"]) == (200, '"1"')
    del made["advisories"]
    assert answer.json() == made | {
        "site": clinic.site.pk,
        "patient": clinic.patient.pk,
        "treatment": clinic.resurfacing.pk,
        "procedure": "fractional_ablative",
        "area": ["face"],
        "size": "face",
        "depth": "superficial",
        "indication": "",
        "encounter": "",
        "note": "bring sunscreen",
        "expires_at": None,
        "confirmed_at": None,
        "arrived_at": None,
        "checked_in_at": None,
        "completed_at": None,
        "cancelled_at": None,
        "cancel_reason": "",
    }


def test_a_refusal_lists_every_reason_and_the_earliest_start(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    desk.post(URL, wish(clinic))
    answer = desk.post(
        URL, wish(clinic, treatment=clinic.filler.pk, size="small", start="2027-01-08T11:00")
    )
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    body = answer.json()
    assert set(body) == {
        "type",
        "title",
        "status",
        "code",
        "detail",
        "request_id",
        "refusals",
        "earliest",
    }
    assert [list(reason) for reason in body["refusals"]] == [REASON] * len(body["refusals"])
    assert body["refusals"][0]["severity"] in ("hard", "override")
    assert body["detail"] == body["refusals"][0]["sentence"]
    assert list(body["earliest"]) == ["start", "resources"]
    assert body["earliest"]["resources"] == {"practitioner": [clinic.doctor.pk]}
    again = wish(clinic, treatment=clinic.filler.pk, size="small", start=body["earliest"]["start"])
    assert desk.post(URL, again).status_code == 201


def test_nothing_is_written_by_a_refusal(desk: APIClient, clinic: cast.Clinic) -> None:
    answer = desk.post(URL, wish(clinic, start="2027-01-05T03:00"))
    assert answer.status_code == 409
    assert [Appointment.objects.count(), Allocation.objects.count(), Change.objects.count()] == [
        0,
        0,
        0,
    ]


def test_an_override_needs_the_permission_and_a_reason(
    desk: APIClient, doctor: APIClient, clinic: cast.Clinic
) -> None:
    late = review(clinic, start="2027-01-05T18:30")
    override = {"reason": "Urgent: infection.", "codes": ["outside_hours"]}
    refused = desk.post(URL, late).json()
    assert [(r["code"], r["severity"]) for r in refused["refusals"]] == [
        ("outside_hours", "override")
    ]
    assert desk.post(URL, late | {"override": override}).status_code == 403
    assert doctor.post(URL, late | {"override": override | {"reason": " "}}).status_code == 400
    assert doctor.post(URL, late | {"override": override | {"codes": ["past"]}}).status_code == 409
    assert Appointment.objects.count() == 0
    assert doctor.post(URL, late | {"override": override}).status_code == 201
    assert Override.objects.get().reason == "Urgent: infection."


def test_a_hold_says_until_when_and_is_booked_by_confirming_it(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    held = desk.post(URL, review(clinic, hold=5)).json()
    assert list(held) == [*BOOKED, "expires_at"]
    assert (held["status"], held["expires_at"]) == ("pending", "2027-01-04T08:05:00+00:00")
    stale = desk.post(f"{URL}{held['id']}/confirm/", {"version": 7})
    assert stale.status_code == 412
    booked = desk.post(f"{URL}{held['id']}/confirm/", {"version": 1})
    assert (booked.status_code, booked.json()["status"], booked.json()["version"]) == (
        200,
        "booked",
        2,
    )
    assert list(booked.json()) == BOOKED


def test_an_expired_hold_is_not_booked(desk: APIClient, clinic: cast.Clinic) -> None:
    held = desk.post(URL, review(clinic, hold=True)).json()
    with time_machine.travel(cast.NOW + timedelta(minutes=11), tick=False):
        answer = desk.post(f"{URL}{held['id']}/confirm/")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize(
    ("header", "body", "status"),
    [
        ('"1"', {}, 200),
        ("1", {}, 200),
        ("*", {}, 200),
        ("", {"version": 1}, 200),
        ('"1"', {"version": 1}, 200),
        ('"2"', {}, 412),
        ('W/"1"', {}, 412),
        ('"abc"', {}, 412),
        ("", {"version": 2}, 412),
        ("", {"version": "x"}, 400),
        ('"1"', {"version": 2}, 400),
        ('"1", "2"', {}, 400),
    ],
    ids=str,
)
def test_a_step_is_taken_at_the_version_seen(
    desk: APIClient, clinic: cast.Clinic, header: str, body: dict[str, Any], status: int
) -> None:
    visit = desk.post(URL, review(clinic)).json()
    headers = {"If-Match": header} if header else {}
    answer = desk.post(f"{URL}{visit['id']}/cancel/", body, headers=headers)
    assert answer.status_code == status
    after = Appointment.objects.get()
    assert (after.status, after.version) == (("cancelled", 2) if status == 200 else ("booked", 1))
    if status == 200:
        assert answer["ETag"] == '"2"'


def test_a_move_keeps_the_rest_and_is_refused_like_a_booking(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    visit = desk.post(URL, wish(clinic)).json()
    moved = desk.post(f"{URL}{visit['id']}/move/", {"start": "2027-01-06T12:00", "version": 1})
    assert (moved.status_code, moved["ETag"], list(moved.json())) == (200, '"2"', BOOKED)
    assert moved.json()["start"] == "2027-01-06T12:00:00+00:00"
    assert moved.json()["resources"] == visit["resources"]
    refused = desk.post(f"{URL}{visit['id']}/move/", {"start": "2027-01-10T12:00"})
    assert (refused.status_code, list(refused.json()["earliest"])) == (409, ["start", "resources"])


def test_filters_narrow_the_list(desk: APIClient, clinic: cast.Clinic) -> None:
    one = desk.post(URL, review(clinic)).json()["id"]
    two = desk.post(URL, review(clinic, start="2027-01-06T10:00")).json()["id"]
    desk.post(f"{URL}{two}/cancel/")

    def found(**query: Any) -> list[int]:
        return [row["id"] for row in desk.get(URL, query).json()["results"]]

    assert found() == [one, two]
    assert found(status="booked") == [one]
    assert found(status="booked,cancelled") == [one, two]
    assert found(**{"from": "2027-01-06"}) == [two]
    assert found(to="2027-01-05") == [one]
    assert found(patient=clinic.patient.pk + 1) == []
    assert found(site=clinic.site.pk, treatment=clinic.review.pk) == [one, two]
    assert found(practitioner=clinic.doctor.pk) == [one, two]
    assert found(practitioner=clinic.room.pk) == []
    assert found(resource=clinic.nurse.pk) == []


@pytest.mark.parametrize(
    "query",
    [{"status": "gone"}, {"from": "today"}, {"site": "x"}, {"site": "9" * 40}, {"sight": "1"}],
    ids=str,
)
def test_a_filter_that_cannot_be_read_is_400(
    desk: APIClient, clinic: cast.Clinic, query: dict[str, str]
) -> None:
    answer = desk.get(URL, query)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, list(query))


def test_what_was_done_is_checked_before_it_is_kept(
    desk: APIClient, doctor: APIClient, clinic: cast.Clinic
) -> None:
    visit = desk.post(URL, review(clinic)).json()["id"]
    with time_machine.travel(cast.at(cast.day(1), 10, 10), tick=False):
        desk.post(f"{URL}{visit}/check-in/")
        for wrong in (
            {"area": "wings"},
            {"procedure": "haircut"},
            {"size": "huge"},
            {"tested": ["haircut"]},
            {"ended_at": "2027-01-05T11:00"},
            {"ended_at": "2027-03-28T01:30"},
        ):
            assert desk.post(f"{URL}{visit}/complete/", wrong).status_code == 400, wrong
        assert Appointment.objects.get().status == "checked-in"
        done = desk.post(f"{URL}{visit}/complete/", {"ended_at": "2027-01-05T10:10"})
    assert (done.status_code, done.json()["status"]) == (200, "fulfilled")


def test_the_description_of_a_visit_names_exactly_what_it_has(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    schema = json.loads(desk.get("/api/v1/schema", {"format": "json"}).content)["components"]
    parts = schema["schemas"]
    made = desk.post(URL, wish(clinic)).json()
    read = desk.get(f"{URL}{made['id']}/").json()
    assert set(parts["BookedVisit"]["properties"]) == {*made, "expires_at"}
    assert set(parts["Visit"]["properties"]) == set(read)
    assert list(parts["Reason"]["properties"]) == REASON


def test_steps_out_of_order_are_409_with_a_sentence(desk: APIClient, clinic: cast.Clinic) -> None:
    visit = desk.post(URL, review(clinic)).json()["id"]
    for what in ("complete", "no-show", "reinstate"):
        answer = desk.post(f"{URL}{visit}/{what}/")
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert Appointment.objects.get().version == 1


def test_only_records_of_a_finished_consultation_are_written(
    desk: APIClient, clinic: cast.Clinic, member: Callable[..., User]
) -> None:
    before = Record.objects.count()
    visit = desk.post(URL, review(clinic, treatment=clinic.consultation.pk)).json()["id"]
    with time_machine.travel(cast.at(cast.day(1), 10, 30), tick=False):
        desk.post(f"{URL}{visit}/check-in/")
        desk.post(f"{URL}{visit}/complete/")
        assert Record.objects.count() == before + 1
        desk.post(f"{URL}{visit}/reinstate/")
    assert Record.objects.filter(withdrawn_at=None).count() == before

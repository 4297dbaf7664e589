from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from scheduling.models import Capability
from tests import cast

URL = "/api/v1/slots/"


def wanted(clinic: cast.Clinic, **changes: Any) -> dict[str, Any]:
    days = {"from": "2027-01-05", "to": "2027-01-05"}
    asked = {"treatment": clinic.review.pk, "site": clinic.site.pk} | days | changes
    return {name: value for name, value in asked.items() if value is not None}


def laser(clinic: cast.Clinic, **changes: Any) -> dict[str, Any]:
    skin = {"area": "face", "size": "face", "depth": "superficial"}
    who = {"treatment": clinic.resurfacing.pk, "patient": clinic.patient.pk}
    return wanted(clinic) | who | skin | changes


def test_every_start_of_a_day_has_its_offset_its_arrival_and_what_it_holds(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    answer = desk.get(URL, laser(clinic))
    assert answer["Content-Type"] == "application/json"
    body = answer.json()
    assert list(body) == ["starts", "hidden"]
    # Numbing takes the room from an hour before, cleaning to ten minutes after; open 09:00-18:00.
    assert [s["start"][11:16] for s in body["starts"]] == [
        f"{m // 60:02}:{m % 60:02}" for m in range(600, 1025, 15)
    ]
    assert body["starts"][0] == {
        "start": "2027-01-05T10:00:00+00:00",
        "arrive_at": "2027-01-05T09:00:00+00:00",
        "resources": {
            "practitioner": [clinic.nurse.pk],
            "room": [clinic.room.pk],
            "device": [clinic.laser.pk],
        },
    }
    assert body["hidden"] == []


def test_a_day_without_starts_has_its_reasons(desk: APIClient, clinic: cast.Clinic) -> None:
    body = desk.get(URL, wanted(clinic, **{"from": "2027-01-10", "to": "2027-01-10"})).json()
    assert body["starts"] == []
    assert [(day["date"], [r["code"] for r in day["refusals"]]) for day in body["hidden"]] == [
        ("2027-01-10", ["outside_hours"])
    ]
    assert list(body["hidden"][0]["refusals"][0]) == [
        "code",
        "severity",
        "sentence",
        "patient_sentence",
        "arithmetic",
        "source",
        "sureness",
        "earliest",
    ]


def test_skin_that_rests_hides_its_days_with_source_and_arithmetic(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    booked = {**laser(clinic), "start": "2027-01-05T11:00"}
    del booked["from"], booked["to"]
    assert desk.post("/api/v1/appointments/", booked).status_code == 201
    asked = laser(clinic, **{"from": "2027-01-06", "to": "2027-01-09"})
    body = desk.get(URL, asked | {"treatment": clinic.filler.pk, "size": "small"}).json()
    assert body["starts"] == []
    assert len(body["hidden"]) == 4
    assert all(r["source"] and r["arithmetic"] for d in body["hidden"] for r in d["refusals"])


def test_a_start_offered_is_a_start_that_books(desk: APIClient, clinic: cast.Clinic) -> None:
    asked = laser(clinic)
    offered = desk.get(URL, asked).json()["starts"]
    for start in (offered[0]["start"], offered[-1]["start"]):
        body = {name: asked[name] for name in asked if name not in ("from", "to")}
        made = desk.post("/api/v1/appointments/", body | {"start": start})
        assert made.status_code == 201
        desk.post(f"/api/v1/appointments/{made.json()['id']}/cancel/")


def test_why_not_this_start(desk: APIClient, clinic: cast.Clinic) -> None:
    late = desk.get(URL, wanted(clinic, start="2027-01-05T17:50"))
    assert late.status_code == 200
    assert late.json()["starts"] == []
    assert [(d["date"], [r["code"] for r in d["refusals"]]) for d in late.json()["hidden"]] == [
        ("2027-01-05", ["off_step", "outside_hours"])
    ]
    good = desk.get(URL, wanted(clinic, start="2027-01-05T10:00", **{"from": None, "to": None}))
    assert good.json() == {
        "starts": [
            {
                "start": "2027-01-05T10:00:00+00:00",
                "arrive_at": "2027-01-05T10:00:00+00:00",
                "resources": {"practitioner": [clinic.doctor.pk]},
            }
        ],
        "hidden": [],
    }


def test_a_visit_that_moves_does_not_stand_in_its_own_way(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    booked = {"site": clinic.site.pk, "patient": clinic.patient.pk, "treatment": clinic.review.pk}
    visit = desk.post("/api/v1/appointments/", booked | {"start": "2027-01-05T10:00"}).json()["id"]
    mine = wanted(clinic, patient=clinic.patient.pk)
    taken = [s["start"][11:16] for s in desk.get(URL, mine).json()["starts"]]
    free = [s["start"][11:16] for s in desk.get(URL, mine | {"moving": visit}).json()["starts"]]
    assert ("10:00" in taken, "10:00" in free) == (False, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"from": "2027-01-06"}, 400),
        ({"from": None}, 400),
        ({"to": None}, 400),
        ({"to": "2027-04-07"}, 400),
        ({"to": "2027-02-30"}, 400),
        ({"from": "1066-10-14"}, 400),
        ({"to": "9999-12-31"}, 400),
        ({"treatment": "laser"}, 400),
        ({"treatment": 10**30}, 400),
        ({"treatment": 999_999}, 404),
        ({"treatment": None}, 400),
        ({"site": 999_999}, 404),
        ({"patient": 999_999}, 404),
        ({"practitioner": 999_999}, 404),
        ({"moving": 999_999}, 404),
        ({"minutes": 7}, 400),
        ({"minutes": 0}, 400),
        ({"minutes": 10**12}, 400),
        ({"area": "wings"}, 400),
        ({"size": "vast"}, 400),
        ({"depth": "very"}, 400),
        ({"indication": "vanity"}, 400),
        ({"start": "2027-03-28T01:30"}, 400),
        ({"start": "2027-10-31T01:30"}, 400),
        ({"start": "2027-07-05T10:00Z"}, 400),
        ({"practicioner": 1}, 400),
    ],
    ids=str,
)
def test_a_question_without_sense_is_answered_with_a_sentence(
    desk: APIClient, clinic: cast.Clinic, changes: dict[str, Any], status: int
) -> None:
    answer = desk.get(URL, wanted(clinic, **changes))
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["detail"].endswith((".", "?"))


def test_ninety_two_days_are_the_most(desk: APIClient, clinic: cast.Clinic) -> None:
    assert (date(2027, 4, 6) - date(2027, 1, 5)).days == 91
    answer = desk.get(URL, wanted(clinic, to="2027-04-06"))
    assert answer.status_code == 200
    # 9 hours in steps of 15 minutes, 15 minutes long, on 79 open days less one public holiday.
    starts, hidden = answer.json()["starts"], answer.json()["hidden"]
    days = {s["start"][:10] for s in starts}
    assert (len(starts), len(days) + len(hidden)) == (36 * len(days), 92)


def test_nobody_who_can_is_a_reason_not_an_error(desk: APIClient, clinic: cast.Clinic) -> None:
    Capability.objects.filter(skill__code="consults").delete()
    body = desk.get(URL, wanted(clinic)).json()
    assert [[r["code"] for r in d["refusals"]] for d in body["hidden"]] == [["no_capability"]]


def test_a_credential_that_lapses_hides_the_days_after_it(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    Capability.objects.filter(skill__code="consults").update(valid_until=date(2027, 1, 5))
    body = desk.get(URL, wanted(clinic, to="2027-01-06")).json()
    assert {s["start"][:10] for s in body["starts"]} == {"2027-01-05"}
    assert [(d["date"], [r["code"] for r in d["refusals"]]) for d in body["hidden"]] == [
        ("2027-01-06", ["capability_expires"])
    ]


def test_ninety_days_ask_the_database_no_more_than_one(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    def queries(last: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(URL, laser(clinic, to=last))
        return len(captured)

    queries("2027-01-05")
    assert queries("2027-04-06") == queries("2027-01-06")

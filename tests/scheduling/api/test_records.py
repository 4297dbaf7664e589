from typing import Any

import pytest
from rest_framework.test import APIClient

from scheduling.models import Change, Record
from tests import cast

SHAPE = [
    "id",
    "type",
    "start",
    "end",
    "start_date",
    "end_date",
    "zone",
    "area",
    "procedure",
    "size",
    "depth",
    "code",
    "result",
    "note",
    "created_at",
    "withdrawn_at",
    "class",
]


def url(clinic: cast.Clinic, rest: str = "") -> str:
    return f"/api/v1/patients/{clinic.patient.pk}/records/{rest}"


def facts(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value and name in set(SHAPE) - {"id"}}


def test_a_moment_is_read_on_the_clock_of_the_site(doctor: APIClient, clinic: cast.Clinic) -> None:
    asked = {"type": "consultation", "start": "2026-06-01T09:00", "end": "2026-06-01T09:20"}
    answer = doctor.post(url(clinic), asked)
    assert answer.status_code == 201
    assert list(answer.json()) == SHAPE
    row = Record.objects.get(pk=answer.json()["id"])
    assert (row.start, row.zone) == (cast.at(cast.date(2026, 6, 1), 9), "Europe/London")
    assert Change.objects.get(subject="record", subject_id=row.pk).verb == "add"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        (
            {"type": "healed", "area": "cheeks", "date": "2027-01-02"},
            {"area": ["cheeks"], "start_date": "2027-01-02", "end_date": "2027-01-02"},
        ),
        (
            {"type": "isotretinoin", "start_date": "2026-11-01"},
            {"start_date": "2026-11-01"},
        ),
        (
            {"type": "photosensitising_drug", "class": "high", "end_date": "2026-12-01"},
            {"class": "high", "end_date": "2026-12-01"},
        ),
        (
            {"type": "adverse_event", "code": "burn", "area": ["cheeks", "forehead"]},
            {"code": "burn", "area": ["cheeks", "forehead"]},
        ),
        (
            {
                "type": "prior_session",
                "procedure": "filler",
                "area": "perioral",
                "size": "small",
                "depth": "superficial",
                "date": "2026-12-30",
            },
            {
                "procedure": "filler",
                "area": ["perioral"],
                "size": "small",
                "depth": "superficial",
                "start_date": "2026-12-30",
                "end_date": "2026-12-30",
            },
        ),
    ],
    ids=lambda each: each.get("type", ""),
)
def test_each_type_keeps_what_it_uses(
    doctor: APIClient, clinic: cast.Clinic, asked: dict[str, Any], kept: dict[str, Any]
) -> None:
    answer = doctor.post(url(clinic), asked)
    assert answer.status_code == 201, answer.json()
    found = facts(answer.json())
    for name in ("created_at", "zone"):
        del found[name]
    assert found == {"type": asked["type"], **kept}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"type": "haircut"},
        {"type": "consultation"},
        {"type": "consultation", "start": "2027-06-01T09:00"},
        {"type": "consultation", "start": "2026-03-29T01:30"},
        {"type": "consultation", "start": "2026-10-25T01:30"},
        {"type": "consultation", "start": "yesterday"},
        {"type": "consultation", "start": "2026-06-01T10:00", "end": "2026-06-01T09:00"},
        {"type": "consultation", "start": "2026-06-01T10:00", "zone": "Mars/Olympus"},
        {"type": "healed", "date": "2027-01-02", "result": "clear"},
        {"type": "healed"},
        {"type": "healed", "date": "2027-01-02", "area": "wings"},
        {"type": "prior_session", "procedure": "haircut", "date": "2026-12-30"},
        {"type": "isotretinoin", "start_date": "2026-12-02", "end_date": "2026-12-01"},
        {"type": "isotretinoin", "start_date": "2026-02-30"},
        {"type": "photosensitising_drug", "class": "strong"},
        {"type": "adverse_event", "code": "burn", "area": [["cheeks"]]},
    ],
    ids=str,
)
def test_what_makes_no_fact_is_400_and_leaves_no_row(
    doctor: APIClient, clinic: cast.Clinic, asked: dict[str, Any]
) -> None:
    before = Record.objects.count()
    answer = doctor.post(url(clinic), asked)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert Record.objects.count() == before


def test_an_ongoing_fact_ends_once(doctor: APIClient, clinic: cast.Clinic) -> None:
    made = doctor.post(url(clinic), {"type": "isotretinoin", "start_date": "2026-11-01"}).json()
    ended = doctor.post(url(clinic, f"{made['id']}/finish/"), {"end_date": "2026-12-01"})
    assert (ended.status_code, ended.json()["end_date"]) == (200, "2026-12-01")
    again = doctor.post(url(clinic, f"{made['id']}/finish/"), {"end_date": "2026-12-02"})
    assert again.status_code == 409


def test_a_mistaken_fact_is_withdrawn_and_stays_readable(
    doctor: APIClient, clinic: cast.Clinic
) -> None:
    made = doctor.post(url(clinic), {"type": "pregnancy"}).json()
    gone = doctor.post(url(clinic, f"{made['id']}/withdraw/"))
    assert (gone.status_code, gone.json()["withdrawn_at"]) == (200, "2027-01-04T08:00:00Z")
    assert doctor.get(url(clinic, f"{made['id']}/")).json() == gone.json()
    assert doctor.post(url(clinic, f"{made['id']}/withdraw/")).status_code == 409


def test_a_record_belongs_to_the_patient_in_the_address(
    doctor: APIClient, clinic: cast.Clinic
) -> None:
    other = cast.patient("Bea", "Oak")
    mine = clinic.patient.records.get()
    assert doctor.get(f"/api/v1/patients/{other.pk}/records/{mine.pk}/").status_code == 404
    assert (
        doctor.post(f"/api/v1/patients/{other.pk}/records/{mine.pk}/withdraw/").status_code == 404
    )
    assert doctor.get("/api/v1/patients/999999/records/").status_code == 404


def test_reception_reads_records_and_writes_none(desk: APIClient, clinic: cast.Clinic) -> None:
    assert desk.get(url(clinic)).json()["count"] == 1
    assert desk.post(url(clinic), {"type": "pregnancy"}).status_code == 403
    assert Record.objects.count() == 1

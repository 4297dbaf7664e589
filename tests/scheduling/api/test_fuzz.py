"""Whatever is sent, the answer is no 5xx, and what was refused left nothing behind."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from scheduling.models import Appointment
from tests import cast
from tests.scheduling.api.test_bad_input import counts

SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TIMES = st.one_of(
    st.datetimes().map(lambda t: t.isoformat()),
    st.sampled_from(["2027-01-05T10:00", "2027-03-28T01:30", "2027-10-31T01:30", "24:00", "Z"]),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**30), max_value=10**30),
    st.floats(),
    st.text(max_size=60),
    st.dates().map(lambda d: d.isoformat()),
    TIMES,
    st.sampled_from(["face", "cheeks", "small", "deep", "booked", "consent", "healed", "+44", ""]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=8,
)
MEMBERS = st.sampled_from(
    [
        "site",
        "patient",
        "treatment",
        "start",
        "minutes",
        "area",
        "size",
        "depth",
        "indication",
        "encounter",
        "practitioner",
        "resources",
        "hold",
        "override",
        "version",
        "reason",
        "ended_at",
        "procedure",
        "result",
        "type",
        "end",
        "date",
        "start_date",
        "end_date",
        "zone",
        "code",
        "class",
        "note",
        "given_name",
        "family_name",
        "birth_date",
        "phone",
        "email",
        "language",
        "channel",
        "fitzpatrick",
        "guardian",
        "deceased_on",
    ]
)
POSTS = st.sampled_from(
    [
        "appointments/",
        *(
            f"appointments/{{visit}}/{step}/"
            for step in [
                "move",
                "confirm",
                "arrive",
                "check-in",
                "complete",
                "cancel",
                "no-show",
                "reinstate",
            ]
        ),
        "patients/",
        "patients/{patient}/records/",
        "patients/{patient}/records/{record}/finish/",
        "patients/{patient}/records/{record}/withdraw/",
    ]
)
GETS = st.sampled_from(
    [
        "appointments/",
        "appointments/{visit}/",
        "slots/",
        "patients/",
        "patients/duplicates/",
        "resources/",
        "sites/",
    ]
)
QUERY = st.sampled_from(
    [
        "site",
        "patient",
        "treatment",
        "from",
        "to",
        "start",
        "minutes",
        "area",
        "size",
        "depth",
        "indication",
        "practitioner",
        "resource",
        "moving",
        "status",
        "search",
        "name",
        "phone",
        "birth_date",
        "given_name",
        "family_name",
        "email",
        "kind",
        "limit",
        "offset",
    ]
)


@pytest.fixture
def places(desk: APIClient, doctor: APIClient, clinic: cast.Clinic) -> dict[str, int]:
    visit = desk.post(
        "/api/v1/appointments/",
        {
            "site": clinic.site.pk,
            "patient": clinic.patient.pk,
            "treatment": clinic.review.pk,
            "start": "2027-01-06T10:00",
        },
    ).json()["id"]
    record = clinic.patient.records.get().pk
    return {"visit": visit, "patient": clinic.patient.pk, "record": record}


def good(clinic: cast.Clinic) -> dict[str, Any]:
    """A booking that works, for the fuzz to break."""
    return {
        "site": clinic.site.pk,
        "patient": clinic.patient.pk,
        "treatment": clinic.resurfacing.pk,
        "start": "2027-01-05T11:00",
        "area": "face",
        "size": "small",
        "depth": "superficial",
    }


@SETTINGS
@given(path=POSTS, body=st.dictionaries(MEMBERS, VALUES, max_size=6))
def test_no_body_breaks_the_house(
    doctor: APIClient, places: dict[str, int], path: str, body: dict[str, Any]
) -> None:
    before = counts()
    text = json.dumps(body).encode()
    answer = doctor.generic(
        "POST", f"/api/v1/{path.format(**places)}", text, content_type="application/json"
    )
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert counts() == before


@SETTINGS
@given(changes=st.dictionaries(MEMBERS, VALUES, max_size=2))
def test_no_booking_bent_out_of_shape_breaks_the_house(
    doctor: APIClient, clinic: cast.Clinic, changes: dict[str, Any]
) -> None:
    before = counts()
    text = json.dumps(good(clinic) | changes).encode()
    answer = doctor.generic("POST", "/api/v1/appointments/", text, content_type="application/json")
    assert answer.status_code in (201, 400, 403, 404, 409)
    if answer.status_code >= 400:
        assert counts() == before
        return
    held = Appointment.objects.get(pk=answer.json()["id"])
    assert held.allocations.count() == 3
    doctor.post(f"/api/v1/appointments/{held.pk}/cancel/")


@SETTINGS
@given(path=GETS, query=st.dictionaries(QUERY, LEAVES.map(str), max_size=5))
def test_no_question_breaks_the_house(
    doctor: APIClient, places: dict[str, int], path: str, query: dict[str, str]
) -> None:
    before = counts()
    safe = {k: v.encode("utf-8", "replace").decode() for k, v in query.items()}
    answer = doctor.get(f"/api/v1/{path.format(**places)}", safe)
    assert answer.status_code < 500
    assert counts() == before


@SETTINGS
@given(body=st.binary(max_size=80))
def test_no_bytes_break_the_house(doctor: APIClient, clinic: cast.Clinic, body: bytes) -> None:
    before = counts()
    answer = doctor.generic("POST", "/api/v1/patients/", body, content_type="application/json")
    assert answer.status_code == 400
    assert counts() == before

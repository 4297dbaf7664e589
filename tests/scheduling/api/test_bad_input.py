"""Bad input gets a 4xx with a sentence, and leaves nothing behind."""

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from scheduling import access
from scheduling.models import Capability, Refusal
from tests import cast
from tests.scheduling.api.conftest import caller

URL = "/api/v1/appointments/"


def counts() -> dict[str, int]:
    """How many rows each table of the house has, the count of refusals aside."""
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in ("scheduling", "plans", "notifications")
        and model is not Refusal
    }


def visit(clinic: cast.Clinic, **changes: Any) -> dict[str, Any]:
    plain = {
        "site": clinic.site.pk,
        "patient": clinic.patient.pk,
        "treatment": clinic.review.pk,
        "start": "2027-01-05T10:00",
    }
    asked = plain | changes
    return {name: value for name, value in asked.items() if value != "absent"}


def refused(answer: Any, status: int) -> dict[str, Any]:
    """Check that an answer is a problem with a sentence, and give it."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "code", "detail", "request_id"} <= set(body)
    assert body["status"] == status
    assert body["detail"][-1] in ".?", body["detail"]
    return body


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"start": "2027-01-03T10:00"}, 409, "refused"),
        ({"start": "1970-06-01T10:00"}, 409, "refused"),
        ({"start": "2027-01-10T10:00"}, 409, "refused"),
        ({"start": "2029-01-05T10:00"}, 409, "refused"),
        ({"start": "2198-12-31T10:00"}, 409, "refused"),
        ({"start": "9999-12-31T23:59"}, 400, "malformed"),
        ({"start": "0001-01-01T00:00"}, 400, "malformed"),
        ({"start": "2027-03-28T01:30"}, 400, "nonexistent_time"),
        ({"start": "2027-10-31T01:30"}, 400, "ambiguous_time"),
        ({"start": "2027-07-05T10:00+00:00"}, 400, "wrong_offset"),
        ({"start": "2027-01-05T10:02"}, 400, "malformed"),
        ({"start": "2027-01-05T10:00:30"}, 400, "malformed"),
        ({"start": "tomorrow"}, 400, "malformed"),
        ({"start": None}, 400, "malformed"),
        ({"start": 1799143200}, 400, "malformed"),
        ({"start": {"at": "10:00"}}, 400, "malformed"),
        ({"start": "absent"}, 400, "malformed"),
        ({"site": 999_999}, 404, "not_found"),
        ({"patient": 999_999}, 404, "not_found"),
        ({"treatment": 999_999}, 404, "not_found"),
        ({"practitioner": 999_999}, 404, "not_found"),
        ({"resources": {"room": [999_999]}}, 404, "not_found"),
        ({"resources": {"room": "1"}}, 400, "malformed"),
        ({"resources": {"rooms": [1]}}, 400, "malformed"),
        ({"resources": [1]}, 400, "malformed"),
        ({"site": 2**63}, 400, "malformed"),
        ({"site": 10**400}, 400, "malformed"),
        ({"site": -1}, 400, "malformed"),
        ({"site": True}, 400, "malformed"),
        ({"site": 1.5}, 400, "malformed"),
        ({"site": [1]}, 400, "malformed"),
        ({"site": None}, 400, "malformed"),
        ({"site": "absent"}, 400, "malformed"),
        ({"minutes": 12}, 400, "malformed"),
        ({"minutes": -15}, 400, "malformed"),
        ({"minutes": 10**20}, 400, "malformed"),
        ({"minutes": 60}, 409, "refused"),
        ({"area": "wings"}, 400, "malformed"),
        ({"area": {"face": 1}}, 400, "malformed"),
        ({"area": ["face"] * 1000}, 400, "malformed"),
        ({"size": "vast"}, 400, "malformed"),
        ({"depth": "profound"}, 400, "malformed"),
        ({"indication": "vanity"}, 400, "malformed"),
        ({"encounter": "x" * 41}, 400, "malformed"),
        ({"hold": 61}, 400, "malformed"),
        ({"hold": "yes"}, 400, "malformed"),
        ({"override": "please"}, 400, "malformed"),
        ({"override": {"reason": "x"}}, 400, "malformed"),
        ({"override": {"reason": "x", "codes": []}}, 400, "malformed"),
        ({"overide": {"reason": "x", "codes": ["past"]}}, 400, "malformed"),
    ],
    ids=lambda each: json.dumps(each)[:60] if isinstance(each, dict) else str(each),
)
def test_a_booking_that_cannot_be(
    desk: APIClient, clinic: cast.Clinic, changes: dict[str, Any], status: int, code: str
) -> None:
    before = counts()
    body = refused(desk.post(URL, visit(clinic, **changes)), status)
    assert body["code"] == code
    assert counts() == before


def test_the_past_says_so(desk: APIClient, clinic: cast.Clinic) -> None:
    body = refused(desk.post(URL, visit(clinic, start="2027-01-04T07:55")), 409)
    assert "past" in [r["code"] for r in body["refusals"]]
    assert body["earliest"]["start"] == "2027-01-04T09:00:00+00:00"


def test_a_time_that_is_none_or_two_lists_both_instants(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    skipped = refused(desk.post(URL, visit(clinic, start="2027-03-28T01:30")), 400)
    twice = refused(desk.post(URL, visit(clinic, start="2027-10-31T01:30")), 400)
    assert skipped["instants"] == ["2027-03-28T00:30:00+00:00", "2027-03-28T02:30:00+01:00"]
    assert twice["instants"] == ["2027-10-31T01:30:00+01:00", "2027-10-31T01:30:00+00:00"]


def test_a_treatment_that_nobody_can_do(desk: APIClient, clinic: cast.Clinic) -> None:
    Capability.objects.filter(skill__code="consults").delete()
    before = counts()
    body = refused(desk.post(URL, visit(clinic)), 409)
    assert [r["code"] for r in body["refusals"]] == ["no_capability"]
    assert (body["earliest"], counts()) == (None, before)


def test_a_practitioner_whose_credential_lapses_before_the_visit(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    Capability.objects.filter(skill__code="consults").update(valid_until=date(2027, 1, 5))
    before = counts()
    body = refused(desk.post(URL, visit(clinic, start="2027-01-06T10:00")), 409)
    assert [r["code"] for r in body["refusals"]] == ["capability_expires"]
    assert counts() == before
    assert desk.post(URL, visit(clinic)).status_code == 201


def test_ids_of_other_sites_are_ids_of_nothing(
    desk: APIClient, clinic: cast.Clinic, member: Callable[..., User]
) -> None:
    mill = cast.site_named("Mill Lane")
    room = cast.place("Mill room", "room", mill)
    laser = visit(clinic, treatment=clinic.resurfacing.pk, start="2027-01-05T11:00")
    before = counts()
    refused(desk.post(URL, visit(clinic, site=mill.pk)), 404)
    refused(desk.post(URL, laser | {"resources": {"room": [room.pk]}}), 404)
    mine = desk.post(URL, visit(clinic))
    assert mine.status_code == 201
    theirs = caller(member(access.RECEPTION, mill, name="mill"))
    after = counts()
    for step in ("move", "confirm", "arrive", "check-in", "complete", "cancel", "no-show"):
        body = {"start": "2027-01-05T12:00"} if step == "move" else {}
        refused(theirs.post(f"{URL}{mine.json()['id']}/{step}/", body), 404)
    assert counts() == after
    assert after["scheduling.Appointment"] == before["scheduling.Appointment"] + 1


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"not json", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"null", "application/json", 400),
        (b"17", "application/json", 400),
        (b'{"site": NaN}', "application/json", 400),
        (b'{"site": 1e999}', "application/json", 400),
        (b'{"note": "\xff\xfe"}', "application/json", 400),
        (b'{"note": "\\ud800"}', "application/json", 400),
        (b'{"\\udfff": 1}', "application/json", 400),
        (b'{"note": "a\\u0000b"}', "application/json", 400),
        (b'{"note": "a\x00b"}', "application/json", 400),
        (b'\xef\xbb\xbf{"site": 1}', "application/json", 400),
        (DEEP, "application/json", 400),
        (b'{"area": ' + DEEP + b"}", "application/json", 400),
        (b'{"site": ' + b"9" * 300_000 + b"}", "application/json", 400),
        (b"site=1", "application/x-www-form-urlencoded", 415),
        (b"<site/>", "application/xml", 415),
        (b"site: 1", "text/plain", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"{}", "not/a/type", 415),
        (b'{"note": "' + b"x" * 10_000_000 + b'"}', "application/json", 413),
    ],
    ids=lambda each: each[:24].decode("latin-1") if isinstance(each, bytes) else str(each),
)
@pytest.mark.parametrize("path", [URL, "/api/v1/patients/"])
def test_a_body_that_is_no_json_object(
    desk: APIClient, clinic: cast.Clinic, path: str, body: bytes, kind: str, status: int
) -> None:
    before = counts()
    refused(desk.generic("POST", path, body, content_type=kind), status)
    assert counts() == before


def test_an_empty_body_is_an_empty_object(desk: APIClient, clinic: cast.Clinic) -> None:
    body = refused(desk.generic("POST", URL, b"", content_type="application/json"), 400)
    assert sorted(body["errors"]) == ["patient", "site", "start", "treatment"]


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/api/v1/nothing/", {}, 404),
        ("GET", "/api/v1/appointments/nothing/", {}, 404),
        ("GET", "/api/v1/appointments/-1/", {}, 404),
        ("GET", "/api/v1/appointments/99999999999999999999/", {}, 404),
        ("POST", "/api/v1/appointments/1/burn/", {}, 404),
        ("PUT", "/api/v1/patients/1/", {}, 405),
        ("DELETE", "/api/v1/appointments/1/", {}, 405),
        ("PATCH", "/api/v1/appointments/1/", {}, 405),
        ("GET", "/api/v1/appointments/1/cancel/", {}, 405),
        ("OPTIONS", "/api/v1/appointments/", {}, 405),
        ("GET", "/api/v1/patients/", {"Accept": "text/html"}, 406),
        ("GET", "/api/v1/patients/", {"Accept": "application/xml"}, 406),
        ("GET", "/api/v1/patients/", {"Authorization": "Token nonsense"}, 401),
        ("GET", "/api/v1/patients/", {"Authorization": "Token"}, 401),
        ("GET", "/api/v1/patients/?search=%00", {}, 400),
        ("GET", "/api/v1/patients/?search=" + "x" * 201, {}, 400),
        ("GET", "/api/v1/patients/?birth_date=1", {}, 400),
        ("GET", "/api/v1/patients/?limit=%ED%A0%80", {}, 400),
    ],
    ids=str,
)
def test_an_address_or_header_without_sense(
    desk: APIClient,
    clinic: cast.Clinic,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    client = caller() if "Authorization" in headers else desk
    refused(client.generic(method, path, headers=headers), status)


def test_an_address_without_its_last_slash_opens_the_same_door(
    desk: APIClient, clinic: cast.Clinic
) -> None:
    made = desk.post("/api/v1/appointments", visit(clinic))
    assert made.status_code == 201
    assert desk.post(f"{URL}{made.json()['id']}/cancel").json()["status"] == "cancelled"
    assert desk.get("/api/v1/schema/").status_code == 200


def test_what_is_told_of_patients_is_kept_in_no_cache(desk: APIClient, clinic: cast.Clinic) -> None:
    for path in ("/api/v1/patients/", "/api/v1/patients/999999/", "/api/v1/slots/"):
        assert desk.get(path)["Cache-Control"] == "no-store"
    assert desk.post(URL, visit(clinic))["Cache-Control"] == "no-store"


@pytest.mark.parametrize("words", ["%", "_", "\\", "''; DROP TABLE", "🙂", "(", "+", "0", "\u202e"])
def test_any_words_can_be_looked_for(desk: APIClient, clinic: cast.Clinic, words: str) -> None:
    for name in ("search", "name", "phone"):
        assert desk.get("/api/v1/patients/", {name: words}).status_code == 200

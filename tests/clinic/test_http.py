import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.conf import settings as house
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from rest_framework import exceptions

from clinic import http
from scheduling import errors
from scheduling.core.words import FreeStart, Reason, Severity

REASON = Reason(
    code="too_soon",
    severity=Severity.OVERRIDE,
    sentence="Too soon.",
    patient_sentence="Please give us a call.",
    earliest=date(2026, 3, 9),
)


def refusal() -> errors.Refused:
    refused = errors.Refused([REASON])
    start = datetime(2026, 3, 9, 9, tzinfo=UTC)
    refused.earliest = FreeStart(start, start, {"room": (3, 4)})
    return refused


class Surprise(errors.WrongState):
    """An error of an upper floor that the map has never heard of."""

    code = "surprise"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Malformed(), 400),
        (errors.NonexistentTime(), 400),
        (errors.AmbiguousTime(), 400),
        (errors.Forbidden(), 403),
        (errors.NotFound(), 404),
        (refusal(), 409),
        (Surprise(), 409),
        (errors.StaleVersion(), 412),
        (errors.Busy(), 503),
    ],
    ids=lambda each: getattr(each, "code", each),
)
def test_each_error_has_its_status(error: errors.ClinicError, status: int) -> None:
    answer = http.problem(error, {})
    assert answer is not None
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert (answer.data["code"], answer.data["status"]) == (error.code, status)


def test_refusal_lists_every_reason_and_the_earliest_start() -> None:
    body = http.body_of(refusal())
    assert body["refusals"] == [REASON.as_dict()]
    assert body["earliest"] == {"start": "2026-03-09T09:00:00+00:00", "resources": {"room": [3, 4]}}
    assert body["detail"] == "Too soon."


def test_refusal_without_an_earliest_start_says_null() -> None:
    assert http.body_of(errors.Refused([REASON]))["earliest"] is None


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.ValidationError({"start": ["Enter a date."]}), 400, "malformed"),
        (exceptions.ParseError("JSON parse error"), 400, "malformed"),
        (exceptions.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
        (exceptions.MethodNotAllowed("PUT"), 405, "method_not_allowed"),
        (Http404("No Patient matches pk=7"), 404, "not_found"),
        (PermissionDenied("patient 7"), 403, "forbidden"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else str(each),
)
def test_errors_of_the_framework_speak_the_same_way(
    error: Exception, status: int, code: str
) -> None:
    answer = http.problem(error, {})
    assert answer is not None
    assert (answer.status_code, answer.data["code"]) == (status, code)
    assert "7" not in answer.data["detail"]


def test_a_fault_of_ours_is_no_problem_but_a_fault() -> None:
    assert http.problem(ZeroDivisionError(), {}) is None


def test_a_database_that_is_away_is_said_so() -> None:
    answer = http.problem(OperationalError("connection to 10.0.0.7 refused"), {})
    assert answer is not None
    assert (answer.status_code, answer.data["code"]) == (503, "away")
    assert "10.0.0.7" not in str(answer.data)


def test_over_long_body_is_answered_413(client: Client) -> None:
    body = b"x" * (house.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    answer = client.post("/api/v1/appointments/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_body_in_chunks_is_answered_411_and_never_half_read(client: Client) -> None:
    answer = client.generic("POST", "/api/v1/patients/", headers={"transfer-encoding": "chunked"})
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"name": "a\\u0000b"}', "application/json"),
        (b'{"name": "a\x00b"}', "application/json"),
        (b"name=a%00b", "application/x-www-form-urlencoded"),
    ],
    ids=["escaped", "raw", "form"],
)
def test_nul_in_a_body_is_answered_400(client: Client, body: bytes, kind: str) -> None:
    answer = client.post("/api/v1/patients/", body, content_type=kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_nul_in_a_field_of_a_form_of_the_desk_is_answered_400(client: Client) -> None:
    answer = client.post("/admin/scheduling/todo/add/", {"title": "a\x00b"})
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (400, "text/html")
    assert client.post("/admin/scheduling/todo/add/", {"title": "ab"}).status_code == 302


def test_nul_in_a_query_is_answered_400(client: Client) -> None:
    assert client.get("/api/v1/patients/?search=a%00").status_code == 400


def test_words_that_only_look_like_a_nul_pass() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.body)

    body = json.dumps({"name": "\\u0000"})
    request = RequestFactory().post("/api/v1/patients/", body, content_type="application/json")
    assert http.ReadableBodies(view)(request).content.decode() == body


def test_errors_of_pages_are_pages_with_their_sentence(rf: RequestFactory) -> None:
    layer = http.ClinicErrors(lambda _: HttpResponse())
    request = rf.get("/admin/abc", headers={"accept": "text/html"})
    answer = layer.process_exception(request, refusal())
    assert answer is not None
    assert (answer.status_code, "Too soon." in answer.content.decode()) == (409, True)
    assert layer.process_exception(request, ZeroDivisionError()) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-12345678", "abc-12345678"), ("x", ""), ("a b c d e f g h", ""), ("a" * 65, "")],
)
def test_request_id_is_taken_when_it_has_sense(client: Client, given: str, kept: str) -> None:
    answer = client.get("/livez", headers={"x-request-id": given})
    made = answer["X-Request-ID"]
    assert made == kept or (not kept and made != given and len(made) == 32)


def test_the_mark_that_every_browser_asks_for_is_there(client: Client) -> None:
    answer = client.get("/favicon.ico")
    assert (answer.status_code, answer["Location"]) == (302, "/static/clinic/mark.svg")
    assert finders.find("clinic/mark.svg")


@pytest.mark.django_db
def test_security_policy_is_wide_for_the_admin_only(client: Client, admin_user: User) -> None:
    client.force_login(admin_user)
    policies: dict[str, Any] = {
        path: client.get(path)["Content-Security-Policy"]
        for path in ("/admin/", "/accounts/login/", "/livez")
    }
    assert "script-src 'self' 'unsafe-eval';" in f"{policies['/admin/']};"
    assert "script-src 'self';" in f"{policies['/livez']};"
    assert [path for path in policies if "unsafe" in policies[path]] == ["/admin/"]


@pytest.mark.parametrize(
    ("accept", "path", "kind"),
    [
        ("*/*", "/api/v1/nothing-here/", "application/problem+json"),
        ("text/html", "/api/v1/nothing-here/", "application/problem+json"),
        ("application/json", "/nothing-here", "application/problem+json"),
        ("text/html", "/nothing-here", "text/html; charset=utf-8"),
    ],
)
def test_nothing_here_is_said_in_the_callers_own_language(
    client: Client, accept: str, path: str, kind: str
) -> None:
    page = client.get(path, headers={"accept": accept})
    assert (page.status_code, page["Content-Type"]) == (404, kind)
    assert "There is nothing here that you can see." in page.content.decode()


def test_our_fault_tells_a_person_and_a_program(rf: RequestFactory) -> None:
    page = http.our_fault(rf.get("/v/x", headers={"accept": "text/html"}))
    assert (page.status_code, "look whether your change" in page.content.decode()) == (500, True)
    body = json.loads(http.our_fault(rf.get("/api/v1/slots/")).content)
    assert (body["status"], body["code"]) == (500, "fault")

"""Every route of the API for every kind of caller; a route that is missing here fails."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.urls import URLPattern, get_resolver
from rest_framework.test import APIClient

from scheduling import access, booking
from scheduling.models import Appointment, Change, Patient, Record
from tests import cast
from tests.scheduling.api.conftest import caller

ROLES = ("anonymous", "stranger", "elsewhere", "reception", "clinician", "manager")
"""`stranger` has a site and no group; `elsewhere` is reception, at another site."""

ALL = (401, 403, 200, 200, 200, 200)
HERE = (401, 403, 404, 200, 200, 200)
CLINICAL = (401, 403, 403, 403, 200, 403)


def made(statuses: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(201 if status == 200 else status for status in statuses)


EXPECTED: dict[tuple[str, str], tuple[int, ...]] = {
    ("site-list", "get"): ALL,
    ("site-detail", "get"): HERE,
    ("treatment-list", "get"): ALL,
    ("treatment-detail", "get"): ALL,
    ("resource-list", "get"): ALL,
    ("resource-detail", "get"): HERE,
    ("patient-list", "get"): ALL,
    ("patient-list", "post"): made(ALL),
    ("patient-duplicates", "get"): ALL,
    ("patient-detail", "get"): ALL,
    ("patient-detail", "patch"): ALL,
    ("record-list", "get"): ALL,
    ("record-list", "post"): made(CLINICAL),
    ("record-detail", "get"): ALL,
    ("record-finish", "post"): CLINICAL,
    ("record-withdraw", "post"): CLINICAL,
    ("slot-list", "get"): HERE,
    ("message-list", "get"): ALL,
    ("message-detail", "get"): HERE,
    ("appointment-list", "get"): ALL,
    ("appointment-list", "post"): made(HERE),
    ("appointment-detail", "get"): HERE,
    ("appointment-move", "post"): HERE,
    ("appointment-confirm", "post"): HERE,
    ("appointment-arrive", "post"): HERE,
    ("appointment-check-in", "post"): HERE,
    ("appointment-complete", "post"): HERE,
    ("appointment-cancel", "post"): HERE,
    ("appointment-no-show", "post"): HERE,
    ("appointment-reinstate", "post"): HERE,
}

OPEN = {"schema", "api-docs"}
"""Doors for everybody: they describe the API and hold no data."""


def patterns(prefix: str, found: Any) -> Iterator[tuple[str, URLPattern]]:
    for each in found.url_patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            yield route, each
        else:
            yield from patterns(route, each)


def routes(*floors: str) -> set[tuple[str, str]]:
    """List (name, method) of every door under /api/v1/ that stands on one of the floors."""
    found = set()
    for route, pattern in patterns("", get_resolver()):
        home = getattr(pattern.callback, "__module__", "").partition(".")[0]
        if route.startswith("api/v1/") and home in floors and pattern.name not in OPEN:
            actions: dict[str, str] = getattr(pattern.callback, "actions", {"any": ""})
            found |= {(str(pattern.name), method) for method in actions if method != "head"}
    return found


def test_every_route_stands_in_the_matrix() -> None:
    assert routes("scheduling", "notifications") == set(EXPECTED)


def test_every_door_stands_on_a_floor_whose_routes_are_told() -> None:
    known = ("scheduling", "notifications", "plans", "drf_spectacular")
    homes = {
        str(getattr(pattern.callback, "__module__", "")).partition(".")[0]
        for route, pattern in patterns("", get_resolver())
        if route.startswith("api/v1/")
    }
    assert homes <= set(known)


def booked(clinic: cast.Clinic, **changes: Any) -> Appointment:
    """Book a review for tomorrow at ten, and set it into the state that a step needs."""
    visit = booking.book(
        wish=clinic.wish(clinic.review),
        start=cast.at(cast.day(1), 10),
        by=cast.reception(),
        now=cast.NOW,
    ).appointment
    Appointment.objects.filter(pk=visit.pk).update(**changes)
    return visit


def ask(clinic: cast.Clinic, name: str, method: str) -> Callable[[APIClient], Any]:
    """Prepare what the route needs and answer how to call it."""
    noun, _, what = name.partition("-")
    root = f"/api/v1/{noun}s/"
    body: dict[str, Any] = {}
    if noun == "appointment":
        return step(clinic, what, method)
    if noun == "slot":
        query = {"treatment": clinic.review.pk, "site": clinic.site.pk, "from": "2027-01-05"}
        return lambda client: client.get(root, query | {"to": "2027-01-05"})
    if noun == "record":
        root = f"/api/v1/patients/{clinic.patient.pk}/records/"
        row = Record.objects.create(patient=clinic.patient, kind="pregnancy")
        body = {"end_date": "2027-01-02"} if what == "finish" else {"type": "pregnancy"}
        body = {} if what == "withdraw" or method == "get" else body
        path = {"list": "", "detail": f"{row.pk}/"}.get(what, f"{row.pk}/{what}/")
        return lambda client: getattr(client, method)(root + path, body)
    rows = {
        "site": clinic.site,
        "treatment": clinic.review,
        "resource": clinic.room,
        "message": booked(clinic).messages.first() if noun == "message" else None,
    }
    row_of = rows.get(noun, clinic.patient)
    path = {"list": "", "detail": f"{row_of.pk}/"}.get(what, f"{what}/")
    body = (
        {"given_name": "Bea", "family_name": "Oak"} if noun == "patient" and what != "list" else {}
    )
    if method == "post":
        body = {"given_name": "Bea", "family_name": "Oak"}
    body = {"note": "x"} if method == "patch" else body
    return lambda client: getattr(client, method)(root + path, body)


def step(clinic: cast.Clinic, what: str, method: str) -> Callable[[APIClient], Any]:
    root = "/api/v1/appointments/"
    start = "2027-01-05T11:00"
    if (what, method) == ("list", "post"):
        body: dict[str, Any] = {
            "site": clinic.site.pk,
            "patient": clinic.patient.pk,
            "treatment": clinic.review.pk,
            "start": start,
        }
        return lambda client: client.post(root, body)
    states = {
        "check-in": {"status": "arrived"},
        "complete": {"status": "checked-in", "start": cast.NOW - timedelta(hours=1)},
        "no-show": {"start": cast.NOW - timedelta(hours=1)},
        "reinstate": {"status": "arrived"},
    }
    visit = booked(clinic, **states.get(what, {}))
    path = {"list": "", "detail": f"{visit.pk}/"}.get(what, f"{visit.pk}/{what}/")
    body = {"start": start} if what == "move" else {}
    return lambda client: getattr(client, method)(root + path, body)


def rows() -> list[Any]:
    """Everything that a call may change, as it is now."""
    tables = (Appointment, Patient, Record, Change)
    return [list(table.objects.order_by("pk").values()) for table in tables]


@pytest.mark.parametrize(("name", "method"), sorted(EXPECTED))
def test_each_route_answers_each_role(
    name: str, method: str, clinic: cast.Clinic, member: Callable[..., User]
) -> None:
    other = cast.site_named("Mill Lane")
    call = ask(clinic, name, method)
    callers = {
        "anonymous": caller(),
        "stranger": caller(member(None)),
        "elsewhere": caller(member(access.RECEPTION, other, name="elsewhere")),
        "reception": caller(member(access.RECEPTION)),
        "clinician": caller(member(access.CLINICIAN)),
        "manager": caller(member(access.MANAGER)),
    }
    before = rows()
    statuses = []
    for role in ROLES:
        with transaction.atomic():
            answer = call(callers[role])
            statuses.append(answer.status_code)
            if answer.status_code >= 400:
                assert answer["Content-Type"] == "application/problem+json"
                assert rows() == before
            transaction.set_rollback(True)
    assert tuple(statuses) == EXPECTED[name, method]


def test_anonymous_is_told_how_to_sign_in(clinic: cast.Clinic) -> None:
    answer = caller().get("/api/v1/patients/")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Token")
    assert answer.json()["code"] == "not_authenticated"


def test_lists_hide_what_stands_at_other_sites(
    clinic: cast.Clinic, member: Callable[..., User]
) -> None:
    booked(clinic)
    other = cast.site_named("Mill Lane")
    client = caller(member(access.RECEPTION, other))
    assert client.get("/api/v1/appointments/").json()["count"] == 0
    assert [s["name"] for s in client.get("/api/v1/sites/").json()["results"]] == ["Mill Lane"]
    assert client.get("/api/v1/resources/").json()["count"] == 0


def test_a_session_may_look_and_needs_the_token_of_its_form_to_change(
    clinic: cast.Clinic, member: Callable[..., User]
) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(member(access.RECEPTION))
    assert client.get("/api/v1/patients/").status_code == 200
    answer = client.post("/api/v1/patients/", {"given_name": "Bea", "family_name": "Oak"})
    assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_a_user_who_left_is_nobody(clinic: cast.Clinic, member: Callable[..., User]) -> None:
    user = member(access.RECEPTION)
    client = caller(user)
    user.is_active = False
    user.save()
    assert client.get("/api/v1/patients/").status_code == 401

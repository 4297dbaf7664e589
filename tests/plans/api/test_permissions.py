"""Every door of plans for every kind of caller; a door that is missing here fails."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from rest_framework.test import APIClient

from plans import planning
from plans.models import Plan, PlanTemplate, Proposal, Session
from scheduling import access
from scheduling.models import Appointment, Change
from tests import cast
from tests.cast import NOW
from tests.plans import stage
from tests.scheduling.api.conftest import caller
from tests.scheduling.api.test_permissions import routes

ROLES = ("anonymous", "stranger", "far desk", "far doctor", "reception", "manager", "clinician")
"""`stranger` has a site and no group; the far ones work at another site."""

ALL = (401, 403, 200, 200, 200, 200, 200)
HERE = (401, 403, 404, 404, 200, 200, 200)
DOCTORS = (401, 403, 403, 404, 403, 403, 200)

EXPECTED: dict[tuple[str, str], tuple[int, ...]] = {
    ("plan-template-list", "get"): ALL,
    ("plan-template-detail", "get"): ALL,
    ("plan-list", "get"): ALL,
    ("plan-list", "post"): tuple(201 if status == 200 else status for status in DOCTORS),
    ("plan-detail", "get"): HERE,
    ("plan-propose", "post"): HERE,
    ("plan-reflow", "post"): HERE,
    ("plan-pause", "post"): DOCTORS,
    ("plan-resume", "post"): DOCTORS,
    ("plan-abandon", "post"): DOCTORS,
    ("proposal-accept", "post"): HERE,
    ("proposal-adjust", "post"): HERE,
    ("proposal-decline", "post"): HERE,
    ("session-skip", "post"): DOCTORS,
    ("session-fix", "post"): HERE,
    ("session-unfix", "post"): HERE,
}


def test_every_route_stands_in_the_matrix() -> None:
    assert routes("plans") == set(EXPECTED)


def ask(clinic: cast.Clinic, name: str, method: str) -> Callable[[APIClient], Any]:
    """Prepare what the door needs, and answer how to call it."""
    noun, _, what = name.rpartition("-")
    course = stage.scars(clinic, repeat=1)
    root = f"/api/v1/{noun}s/"
    if name == "plan-list" and method == "post":
        body = {"template": course.pk, "patient": clinic.patient.pk, "site": clinic.site.pk}
        return lambda client: client.post(root, body | {"area": "face"})
    plan = stage.plan(clinic, course)
    row: Any = {"plan-template": course, "plan": plan}.get(noun)
    if what == "resume":
        planning.pause(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=NOW)
    if noun == "proposal":
        row = planning.propose(plan_id=plan.pk, by=stage.DESK, now=NOW)
    if noun == "session":
        plan = stage.booked(plan) if what != "skip" else plan
        row = plan.sessions.get(seq=1)
    path = {"list": "", "detail": f"{row.pk}/"}.get(what, f"{row.pk}/{what}/")
    return lambda client: getattr(client, method)(root + path, body_of(what, plan))


def body_of(what: str, plan: Plan) -> dict[str, Any]:
    if what in {"pause", "resume", "abandon", "skip"}:
        return {"reason": "as agreed"}
    if what == "adjust":
        return {"session": plan.sessions.get(seq=1).pk, "start": "2027-01-06T10:00"}
    return {}


def rows() -> list[Any]:
    """Everything that a call may change, as it is now."""
    tables = (Plan, Session, Proposal, PlanTemplate, Appointment, Change)
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
        "far desk": caller(member(access.RECEPTION, other, name="far desk")),
        "far doctor": caller(member(access.CLINICIAN, other, name="far doctor")),
        "reception": caller(member(access.RECEPTION)),
        "manager": caller(member(access.MANAGER)),
        "clinician": caller(member(access.CLINICIAN)),
    }
    before, statuses = rows(), []
    for role in ROLES:
        with transaction.atomic():
            answer = call(callers[role])
            statuses.append(answer.status_code)
            if answer.status_code >= 400:
                assert answer["Content-Type"] == "application/problem+json"
                assert rows() == before
            transaction.set_rollback(True)
    assert tuple(statuses) == EXPECTED[name, method]


def test_lists_hide_the_plans_of_other_sites(
    clinic: cast.Clinic, member: Callable[..., User]
) -> None:
    stage.plan(clinic)
    other = cast.site_named("Mill Lane")
    far = caller(member(access.CLINICIAN, other, name="far"))
    assert far.get("/api/v1/plans/").json()["count"] == 0
    assert far.get("/api/v1/plans/", {"site": clinic.site.pk}).json()["count"] == 0
    here = caller(member(access.CLINICIAN))
    assert here.get("/api/v1/plans/").json()["count"] == 1


def test_plan_is_not_started_at_a_site_where_one_does_not_work(
    clinic: cast.Clinic, doctor: APIClient
) -> None:
    other = cast.site_named("Mill Lane")
    body = {"template": stage.scars(clinic).pk, "patient": clinic.patient.pk, "site": other.pk}
    answer = doctor.post("/api/v1/plans/", body)
    assert (answer.status_code, Plan.objects.count()) == (404, 0)

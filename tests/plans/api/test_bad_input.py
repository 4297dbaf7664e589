"""Bad input to the doors of plans: a 4xx with a sentence, nothing left behind, never a fault."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from plans import planning
from tests import cast
from tests.cast import NOW
from tests.plans import stage
from tests.scheduling.api.test_bad_input import counts, refused
from tests.scheduling.api.test_fuzz import SETTINGS, VALUES

PLANS = "/api/v1/plans/"


@pytest.fixture
def places(clinic: cast.Clinic) -> dict[str, Any]:
    """A plan with an open proposal, and what the addresses and bodies name of it."""
    plan = stage.plan(clinic, stage.scars(clinic, repeat=1))
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=NOW)
    return {
        "plan": plan.pk,
        "proposal": proposal.pk,
        "session": plan.sessions.get(seq=1).pk,
        "template": plan.template_id,
    }


def body(clinic: cast.Clinic, places: dict[str, Any], **changes: Any) -> dict[str, Any]:
    plain = {
        "template": places["template"],
        "patient": clinic.patient.pk,
        "site": clinic.site.pk,
        "area": "back",
        "size": "small",
        "depth": "superficial",
    }
    return {name: value for name, value in (plain | changes).items() if value != "absent"}


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"template": "absent"}, 400, "template"),
        ({"template": 987654}, 404, ""),
        ({"template": 10**30}, 400, "template"),
        ({"patient": 987654}, 404, ""),
        ({"patient": None}, 400, "patient"),
        ({"site": 987654}, 404, ""),
        ({"practitioner": 987654}, 404, ""),
        ({"area": "wings"}, 400, ""),
        ({"area": 3}, 400, "area"),
        ({"size": "huge"}, 400, "size"),
        ({"depth": "bottomless"}, 400, "depth"),
        ({"indication": "boredom"}, 400, ""),
        ({"name": "x" * 121}, 400, "name"),
        ({"weekdays": [7]}, 400, "weekdays"),
        ({"weekdays": "monday"}, 400, "weekdays"),
        ({"times": ["9-12"]}, 400, ""),
        ({"times": ["12:00-09:00"]}, 400, ""),
        ({"times": ["25:00-26:00"]}, 400, ""),
        ({"not_before": "soon"}, 400, "not_before"),
        ({"not_before": "2027-02-01", "not_after": "2027-01-01"}, 400, ""),
        ({"blocked": ["2027-02-30"]}, 400, "blocked"),
        ({"blocked": ["2027-02-01"] * 367}, 400, "blocked"),
        ({"paid_sessions": -1}, 400, "paid_sessions"),
        ({"paid_sessions": 10**9}, 400, "paid_sessions"),
        ({"steps_left_out": [987654]}, 400, ""),
        ({"colour": "green"}, 400, "colour"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_plan_that_cannot_be_is_not_started(
    clinic: cast.Clinic,
    doctor: APIClient,
    places: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    field: str,
) -> None:
    before = counts()
    told = refused(doctor.post(PLANS, body(clinic, places, **changes)), status)
    assert counts() == before
    assert list(told.get("errors", {})) == ([field] if field else [])


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("plans/{plan}/propose/", {"hold": "maybe"}, 400),
        ("plans/{plan}/propose/", {"start": "now"}, 400),
        ("plans/{plan}/propose/", {"version": -1}, 400),
        ("plans/{plan}/reflow/", {"hold": True}, 400),
        ("plans/{plan}/pause/", {}, 400),
        ("plans/{plan}/pause/", {"reason": ""}, 400),
        ("plans/{plan}/pause/", {"reason": "   "}, 400),
        ("plans/{plan}/pause/", {"reason": "x" * 201}, 400),
        ("plans/{plan}/resume/", {"reason": "x"}, 409),
        ("plans/{plan}/abandon/", {"reason": None}, 400),
        ("plans/987654/propose/", {}, 404),
        ("plans/0/propose/", {}, 404),
        ("proposals/987654/accept/", {}, 404),
        ("proposals/{proposal}/accept/", {"first": 0}, 400),
        ("proposals/{proposal}/accept/", {"first": 61}, 400),
        ("proposals/{proposal}/accept/", {"first": "all"}, 400),
        ("proposals/{proposal}/adjust/", {}, 400),
        ("proposals/{proposal}/adjust/", {"session": 987654, "start": "2027-01-13T10:00"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "soon"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2027-01-13T10:01"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2027-03-28T01:30"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2027-10-31T01:30"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2020-01-13T10:00"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2190-01-13T10:00"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2027-01-13T10:00+05:00"}, 400),
        ("proposals/{proposal}/adjust/", {"session": "{session}", "start": "2027-01-10T10:00"}, 409),
        ("proposals/{proposal}/decline/", {"reason": "x"}, 400),
        ("sessions/{session}/fix/", {}, 409),
        ("sessions/{session}/skip/", {}, 400),
        ("sessions/987654/unfix/", {}, 404),
    ],
    ids=str,
)  # fmt: skip
def test_step_that_makes_no_sense_changes_nothing(
    doctor: APIClient, places: dict[str, Any], path: str, sent: dict[str, Any], status: int
) -> None:
    before = counts()
    filled = {
        name: places["session"] if value == "{session}" else value for name, value in sent.items()
    }
    refused(doctor.post(f"/api/v1/{path.format(**places)}", filled), status)
    assert counts() == before


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("plans/", {"patient": "x"}, 400),
        ("plans/", {"patient": 10**30}, 400),
        ("plans/", {"colour": "green"}, 400),
        ("plans/", {"limit": 0}, 400),
        ("plans/", {"patient": 987654}, 200),
        ("plans/987654/", {}, 404),
        ("plan-templates/", {"active": "perhaps"}, 400),
        ("plan-templates/987654/", {}, 404),
        ("proposals/", {}, 404),
        ("sessions/", {}, 404),
    ],
    ids=str,
)
def test_question_that_makes_no_sense_is_told_so(
    doctor: APIClient, clinic: cast.Clinic, path: str, query: dict[str, Any], status: int
) -> None:
    answer = doctor.get(f"/api/v1/{path}", query)
    assert answer.status_code == status
    if status >= 400:
        assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_methods_that_no_door_has_are_refused(
    doctor: APIClient, places: dict[str, Any], method: str
) -> None:
    for path in ("plans/", f"plans/{places['plan']}/", "plan-templates/"):
        assert getattr(doctor, method)(f"/api/v1/{path}", {}).status_code == 405


STEPS = st.sampled_from(
    [
        "plans/",
        *(
            f"plans/{{plan}}/{step}/"
            for step in ("propose", "reflow", "pause", "resume", "abandon")
        ),
        *(f"proposals/{{proposal}}/{step}/" for step in ("accept", "adjust", "decline")),
        *(f"sessions/{{session}}/{step}/" for step in ("skip", "fix", "unfix")),
    ]
)
MEMBERS = st.sampled_from(
    [
        "template", "patient", "site", "area", "size", "depth", "indication", "name", "weekdays",
        "times", "practitioner", "not_before", "not_after", "blocked", "paid_sessions",
        "steps_left_out", "hold", "reason", "first", "session", "start", "version",
    ]
)  # fmt: skip


@SETTINGS
@given(path=STEPS, sent=st.dictionaries(MEMBERS, VALUES, max_size=4))
def test_no_body_breaks_the_house(
    doctor: APIClient, places: dict[str, Any], path: str, sent: dict[str, Any]
) -> None:
    answer = doctor.generic(
        "POST",
        f"/api/v1/{path.format(**places)}",
        json.dumps(sent).encode(),
        content_type="application/json",
    )
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"


@settings(SETTINGS, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.dictionaries(MEMBERS, VALUES, max_size=2))
def test_no_plan_bent_out_of_shape_breaks_the_house(
    doctor: APIClient, clinic: cast.Clinic, places: dict[str, Any], changes: dict[str, Any]
) -> None:
    before = counts()
    sent = json.dumps(body(clinic, places) | changes).encode()
    answer = doctor.generic("POST", PLANS, sent, content_type="application/json")
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert counts() == before

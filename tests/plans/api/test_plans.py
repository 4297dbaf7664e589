"""A course over the API: started, proposed, adjusted, accepted, moved by life, re-flowed, ended."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from plans import templates
from plans.models import Plan, PlanTemplate, Proposal
from scheduling import booking
from scheduling.models import Appointment
from tests import cast
from tests.cast import NOW
from tests.plans import stage
from tests.plans.templates import courses

PLANS = "/api/v1/plans/"
TEMPLATES = "/api/v1/plan-templates/"


@pytest.fixture
def course(clinic: cast.Clinic) -> PlanTemplate:
    return stage.scars(clinic, repeat=2)


@pytest.fixture
def plan(clinic: cast.Clinic, course: PlanTemplate) -> Plan:
    return stage.plan(clinic, course)


def body(clinic: cast.Clinic, course: PlanTemplate, **more: Any) -> dict[str, Any]:
    return {
        "template": course.pk,
        "patient": clinic.patient.pk,
        "site": clinic.site.pk,
        "area": "face",
        "size": "face",
        "depth": "superficial",
        **more,
    }


def post(client: APIClient, path: str, sent: Any = None, status: int = 200, **headers: str) -> Any:
    answer = client.post(path, sent or {}, headers=headers)
    assert answer.status_code == status, answer.content
    return answer.json()


def on(plan: Plan, step: str) -> str:
    return f"{PLANS}{plan.pk}/{step}/"


def starts(told: dict[str, Any], where: str = "proposed") -> list[str | None]:
    return [each[where] and each[where]["start"] for each in told["sessions"]]


def test_template_is_read_with_its_lags_in_words(clinic: cast.Clinic, desk: APIClient) -> None:
    made = templates.create(draft=courses.scars(clinic), by=stage.DOCTOR, now=NOW)
    answer = desk.get(f"{TEMPLATES}{made.pk}/")
    told = answer.json()
    assert answer["ETag"] == '"1"'
    assert [(step["name"], step["repeat"]) for step in told["steps"]] == [
        ("Consultation", 1),
        ("Laser resurfacing", 2),
        ("Filler", 1),
    ]
    assert told["steps"][2]["lags"] == [
        {
            "after": 2,
            "least": 21,
            "target": 28,
            "most": 42,
            "unit": "days",
            "sentence": "Filler: 21 to 42 days after the last Laser resurfacing, best 28",
        }
    ]
    assert desk.get(TEMPLATES).json()["results"] == [told]


def test_retired_templates_are_listed_when_asked_for(clinic: cast.Clinic, desk: APIClient) -> None:
    made = templates.create(draft=courses.scars(clinic), by=stage.DOCTOR, now=NOW)
    templates.retire(template_id=made.pk, version=None, by=stage.DOCTOR, now=NOW)
    assert desk.get(TEMPLATES).json()["count"] == 0
    assert desk.get(TEMPLATES, {"active": "false"}).json()["count"] == 1


def test_course_from_its_start_to_its_end(
    clinic: cast.Clinic, course: PlanTemplate, doctor: APIClient, desk: APIClient
) -> None:
    wishes = {"weekdays": [2], "times": ["09:00-12:00"], "not_before": "2027-01-05"}
    told = post(doctor, PLANS, body(clinic, course, **wishes), 201)
    plan = Plan.objects.get(pk=told["id"])
    assert (told["standing"], told["weekdays"], told["progress"]["of"]) == ("running", [2], 3)
    assert [each["state"] for each in told["sessions"]] == ["unplanned"] * 3

    told = post(desk, on(plan, "propose"), {"hold": True})
    assert [each["state"] for each in told["sessions"]] == ["proposed"] * 3
    assert all(each["proposed"]["kept"] for each in told["sessions"])
    assert told["proposal"]["held_until"] == "2027-01-04T08:10:00+00:00"
    first = told["sessions"][0]

    later = {"session": first["id"], "start": "2027-01-13T10:00"}
    told = post(desk, f"/api/v1/proposals/{told['proposal']['id']}/adjust/", later)
    assert told["sessions"][0]["proposed"]["start"] == "2027-01-13T10:00:00+00:00"

    accepted = post(desk, f"/api/v1/proposals/{told['proposal']['id']}/accept/", {"first": 2})
    assert [visit["status"] for visit in accepted["visits"]] == ["booked"] * 2
    assert [each["state"] for each in accepted["plan"]["sessions"]] == [
        "booked",
        "booked",
        "unplanned",
    ]
    told = post(desk, on(plan, "propose"))
    accepted = post(desk, f"/api/v1/proposals/{told['proposal']['id']}/accept/")
    assert accepted["plan"]["progress"]["booked"] == 3
    assert Appointment.objects.filter(series=plan.series, status="booked").count() == 3

    fits = post(desk, on(plan, "reflow"))
    assert (fits["moves"], fits["plan"]["proposal"]) == (False, None)

    told = post(doctor, on(plan, "abandon"), {"reason": "moves abroad"})
    assert (told["standing"], told["abandon_reason"]) == ("abandoned", "moves abroad")
    assert Appointment.objects.filter(series=plan.series, status="booked").count() == 0


def test_reflow_shows_old_and_new_and_moves_on_acceptance(plan: Plan, desk: APIClient) -> None:
    stage.booked(plan)
    filler = Appointment.objects.get(series=plan.series, seq=3)
    booking.move(
        appointment_id=filler.pk,
        to=booking.Place(start=cast.at(cast.day(105), 11)),
        by=cast.reception(),
        now=NOW,
        version=None,
    )
    shown = desk.get(f"{PLANS}{plan.pk}/").json()
    assert [reason["code"] for reason in shown["needs_reflow"]] == ["outside_lag"]

    told = post(desk, on(plan, "reflow"))
    assert (told["moves"], told["plan"]["proposal"]["kind"]) == (True, "reflow")
    moved = [each["proposed"] for each in told["plan"]["sessions"] if each["proposed"]]
    assert [(each["was"] is not None, each["visit"] is not None) for each in moved] == [
        (True, True)
    ] * len(moved)

    accepted = post(desk, f"/api/v1/proposals/{told['plan']['proposal']['id']}/accept/")
    assert accepted["plan"]["needs_reflow"] == []
    assert post(desk, on(plan, "reflow"))["moves"] is False


def test_paused_plan_refuses_like_a_booking_and_goes_on(
    plan: Plan, doctor: APIClient, desk: APIClient
) -> None:
    told = post(doctor, on(plan, "pause"), {"reason": "holiday"})
    assert (told["standing"], told["pause_reason"], told["paused_by"]) == (
        "paused",
        "holiday",
        "clinician",
    )
    refused = post(desk, on(plan, "propose"), status=409)
    assert (refused["code"], refused["refusals"][0]["code"]) == ("refused", "plan_paused")
    assert post(doctor, on(plan, "pause"), {"reason": "x"}, 409)["code"] == "wrong_state"
    assert post(doctor, on(plan, "resume"), {"reason": "back"})["standing"] == "running"


def test_course_without_a_place_is_refused_with_the_smallest_reason(
    clinic: cast.Clinic, course: PlanTemplate, doctor: APIClient, desk: APIClient
) -> None:
    told = post(doctor, PLANS, body(clinic, course, not_after="2027-01-20"), 201)
    refused = post(desk, f"{PLANS}{told['id']}/propose/", status=409)
    assert refused["code"] == "refused"
    assert refused["refusals"][0]["code"] == "no_plan"
    assert refused["detail"] == refused["refusals"][0]["sentence"]


def test_start_that_cannot_be_had_is_refused_with_every_reason(plan: Plan, desk: APIClient) -> None:
    told = post(desk, on(plan, "propose"))
    sunday = {"session": told["sessions"][0]["id"], "start": "2027-01-10T10:00"}
    refused = post(desk, f"/api/v1/proposals/{told['proposal']['id']}/adjust/", sunday, 409)
    assert refused["code"] == "refused"
    assert "outside_hours" in {reason["code"] for reason in refused["refusals"]}


def lose(clinic: cast.Clinic, told: dict[str, Any]) -> None:
    """Let somebody else book what the first session was proposed to hold."""
    other = cast.patient("Bea", "Oak", consulted=True)
    start = Proposal.objects.get(pk=told["proposal"]["id"]).visits.order_by("start")[0].start
    booking.book(wish=clinic.wish(patient_id=other.pk), start=start, by=cast.reception(), now=NOW)


@pytest.mark.parametrize("key", [None, "K1"])
def test_lost_proposal_answers_with_the_one_that_stands_instead(
    clinic: cast.Clinic, plan: Plan, desk: APIClient, key: str | None
) -> None:
    told = post(desk, on(plan, "propose"))
    lose(clinic, told)
    path = f"/api/v1/proposals/{told['proposal']['id']}/accept/"
    headers = {"Idempotency-Key": key} if key else {}
    answer = desk.post(path, {}, headers=headers)
    lost = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert (lost["code"], lost["status"]) == ("proposal_lost", 409)
    assert lost["detail"].startswith("This proposal can no longer be booked")
    assert lost["refusals"] != []

    fresh = Proposal.objects.get(state="open")
    assert (lost["proposal"]["id"], fresh.plan_id) == (fresh.pk, plan.pk)
    assert lost["plan"]["proposal"] == lost["proposal"]
    changed = {each["session"]: (each["old"], each["new"]) for each in lost["changes"]}
    first = told["sessions"][0]
    assert changed[first["id"]] == (
        first["proposed"]["start"],
        lost["plan"]["sessions"][0]["proposed"]["start"],
    )
    assert Appointment.objects.filter(series=plan.series).count() == 0

    if key:
        again = desk.post(path, {}, headers=headers)
        assert (again.status_code, again.content) == (409, answer.content)
        assert again["Content-Type"] == "application/problem+json"
    accepted = post(desk, f"/api/v1/proposals/{fresh.pk}/accept/")
    assert len(accepted["visits"]) == 3


def test_proposal_that_is_over_is_a_conflict(plan: Plan, desk: APIClient) -> None:
    told = post(desk, on(plan, "propose"))
    path = f"/api/v1/proposals/{told['proposal']['id']}/"
    assert post(desk, f"{path}decline/")["proposal"] is None
    over = {
        step: post(desk, f"{path}{step}/", sent, 409)["code"]
        for step, sent in (
            ("accept", {}),
            ("decline", {}),
            ("adjust", {"session": told["sessions"][0]["id"], "start": "2027-01-13T10:00"}),
        )
    }
    assert over == dict.fromkeys(over, "proposal_over")


def test_sessions_are_skipped_fixed_and_let_go(
    plan: Plan, doctor: APIClient, desk: APIClient
) -> None:
    stage.booked(plan)
    first = f"/api/v1/sessions/{plan.sessions.get(seq=1).pk}/"
    assert post(desk, f"{first}fix/")["sessions"][0]["fixed"] is True
    assert post(desk, f"{first}unfix/")["sessions"][0]["fixed"] is False
    assert post(doctor, f"{first}skip/", {"reason": "x"}, 409)["code"] == "wrong_state"
    visit = Appointment.objects.get(series=plan.series, seq=3)
    booking.cancel(appointment_id=visit.pk, by=cast.reception(), now=NOW, version=None)
    third = f"/api/v1/sessions/{plan.sessions.get(seq=3).pk}/"
    assert post(desk, f"{third}fix/", status=409)["code"] == "wrong_state"
    told = post(doctor, f"{third}skip/", {"reason": "not wanted"})
    assert (told["sessions"][2]["state"], told["sessions"][2]["skip_reason"]) == (
        "skipped",
        "not wanted",
    )
    assert told["progress"]["of"] == 2


def test_step_at_a_version_that_is_past_changes_nothing(
    plan: Plan, doctor: APIClient, desk: APIClient
) -> None:
    read = desk.get(f"{PLANS}{plan.pk}/")
    assert read["ETag"] == '"1"'
    told = post(desk, on(plan, "propose"), {}, 200, **{"If-Match": '"1"'})
    post(doctor, on(plan, "pause"), {"reason": "x", "version": 1})
    session = f"/api/v1/sessions/{plan.sessions.get(seq=1).pk}/"
    stale = {
        path: post(client, path, sent, 412, **{"If-Match": '"1"'})["code"]
        for client, path, sent in (
            (desk, on(plan, "propose"), {}),
            (desk, on(plan, "reflow"), {}),
            (doctor, on(plan, "resume"), {"reason": "x"}),
            (doctor, on(plan, "abandon"), {"reason": "x"}),
            (desk, f"/api/v1/proposals/{told['proposal']['id']}/decline/", {}),
            (doctor, f"{session}skip/", {"reason": "x"}),
            (desk, f"{session}unfix/", {}),
        )
    }
    assert stale == dict.fromkeys(stale, "stale_version")
    assert desk.get(f"{PLANS}{plan.pk}/").json()["standing"] == "paused"


def test_repetition_with_a_key_starts_one_plan_and_books_one_course(
    clinic: cast.Clinic, course: PlanTemplate, doctor: APIClient, desk: APIClient
) -> None:
    key = {"Idempotency-Key": "K"}
    one = doctor.post(PLANS, body(clinic, course), headers=key)
    two = doctor.post(PLANS, body(clinic, course), headers=key)
    assert (one.status_code, two.content, two["Idempotency-Replayed"]) == (
        201,
        one.content,
        "true",
    )
    assert Plan.objects.count() == 1
    told = post(desk, f"{PLANS}{one.json()['id']}/propose/")
    path = f"/api/v1/proposals/{told['proposal']['id']}/accept/"
    first = desk.post(path, {}, headers=key)
    again = desk.post(path, {}, headers=key)
    assert (first.status_code, again.content) == (200, first.content)
    assert Appointment.objects.filter(series__plan=one.json()["id"]).count() == 3


def test_plans_are_listed_by_patient_the_newest_first(clinic: cast.Clinic, desk: APIClient) -> None:
    other = cast.patient("Bea", "Oak", consulted=True)
    mine = [stage.plan(clinic, stage.scars(clinic))]
    mine.append(stage.plan(clinic, mine[0].template, areas=("back",)))
    stage.plan(clinic, mine[0].template, patient_id=other.pk)
    found = desk.get(PLANS, {"patient": clinic.patient.pk}).json()
    assert [each["id"] for each in found["results"]] == [plan.pk for plan in reversed(mine)]
    assert desk.get(PLANS, {"limit": 1}).json()["count"] == 3


def test_read_plan_has_the_members_that_are_described(
    clinic: cast.Clinic, plan: Plan, desk: APIClient, client: Client
) -> None:
    stage.booked(plan)
    schema = json.loads(client.get("/api/v1/schema", {"format": "json"}).content)["components"]
    told = desk.get(f"{PLANS}{plan.pk}/").json()
    named = {
        "Plan": told,
        "PlanSession": told["sessions"][0],
        "SessionVisit": told["sessions"][0]["visit"],
        "PlanProgress": told["progress"],
        "SessionLag": told["sessions"][1]["lags"][0],
    }
    for name, row in named.items():
        assert set(row) == set(schema["schemas"][name]["properties"]), name
    fresh = stage.plan(clinic, plan.template, areas=("back",))
    told = post(desk, on(fresh, "propose"))
    for name, row in (
        ("Proposal", told["proposal"]),
        ("ProposedVisit", told["sessions"][0]["proposed"]),
    ):
        assert set(row) == set(schema["schemas"][name]["properties"]), name


@pytest.mark.parametrize("path", [PLANS, TEMPLATES])
def test_longer_list_asks_no_more(clinic: cast.Clinic, desk: APIClient, path: str) -> None:
    def another(n: int) -> None:
        draft = courses.scars(clinic, code=f"scars-{n}", name=f"Scars {n}")
        course = templates.create(draft=draft, by=stage.DOCTOR, now=NOW)
        patient = cast.patient(f"Given{n}", "Oak")
        stage.plan(clinic, course, patient_id=patient.pk)

    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as captured:
            answer: Any = desk.get(path)
        return answer.json()["count"], len(captured)

    another(1)
    asked()
    few = asked()
    another(2)
    another(3)
    assert asked() == (few[0] + 2, few[1])

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from plans import courses, planning
from plans.courses import Standing, State
from plans.models import Plan, Proposal
from scheduling import booking
from scheduling.models import Appointment
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import offered, page, press, step, told

KINDS = ["propose", "propose-held", "reflow", "accept", "decline", "fix", "unfix"]
CLINICAL = ["pause", "resume", "abandon", "skip"]


def states(plan: Plan) -> list[State]:
    return [each.state for each in courses.view(plan.pk, now=cast.NOW).sessions]


def test_propose_books_nothing(desk: Client, plan: Plan) -> None:
    shown = press(desk, plan, "propose")
    assert states(plan) == [State.PROPOSED] * 4
    assert Appointment.objects.count() == 0
    assert told(shown) == [
        "These dates can be had. Nothing is booked or moved until they are accepted."
    ]


def test_accept_books_all(desk: Client, plan: Plan) -> None:
    press(desk, plan, "propose-held")
    shown = press(desk, plan, "accept", proposal=offered(plan).pk)
    assert states(plan) == [State.BOOKED] * 4
    assert told(shown)[-1].startswith("4 visits are booked as read out, the last on ")


def test_first_so_many_are_accepted_and_the_rest_stays_due(desk: Client, plan: Plan) -> None:
    press(desk, plan, "propose")
    shown = press(desk, plan, "accept", proposal=offered(plan).pk, first="2")
    assert states(plan) == [State.BOOKED] * 2 + [State.UNPLANNED] * 2
    assert told(shown)[-1].startswith("2 visits are booked")


@pytest.mark.parametrize("first", ["0", "-1", "some"])
def test_senseless_count_is_told(desk: Client, plan: Plan, first: str) -> None:
    press(desk, plan, "propose")
    shown = press(desk, plan, "accept", proposal=offered(plan).pk, first=first)
    assert states(plan) == [State.PROPOSED] * 4
    assert told(shown) == ["Say how many sessions are accepted: 1, 2 and so on."]


def test_decline_lets_go(desk: Client, plan: Plan) -> None:
    press(desk, plan, "propose-held")
    assert Appointment.objects.filter(status="pending").count() == 4
    press(desk, plan, "decline", proposal=offered(plan).pk)
    assert (states(plan), Appointment.objects.filter(status="pending").count()) == (
        [State.UNPLANNED] * 4,
        0,
    )


def test_lapsed_hold_says_so_and_accepting_still_works(desk: Client, plan: Plan) -> None:
    press(desk, plan, "propose-held")
    with time_machine.travel(cast.NOW + timedelta(minutes=11), tick=False):
        assert "are not kept any more" in desk.get(page(plan)).text
        press(desk, plan, "accept", proposal=offered(plan).pk)
    assert states(plan) == [State.BOOKED] * 4


def test_lost_proposal_shows_what_changed_and_books_nothing(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    press(desk, plan, "propose")
    mine = courses.view(plan.pk, now=cast.NOW).session(1).proposed
    assert mine is not None
    other = cast.patient("Bo", "Quick", consulted=True)
    booking.book(
        wish=clinic.wish(clinic.resurfacing, patient_id=other.pk),
        start=mine.start,
        by=stage.DESK,
        now=cast.NOW,
    )
    shown = press(desk, plan, "accept", proposal=offered(plan).pk)
    assert shown.status_code == 409
    assert "Nothing was booked: what was read out can no longer be had" in shown.text
    change = shown.context["lost_changes"][0]
    assert (change["name"], change["old"] == change["new"]) == ("Laser 1 of 3", False)
    assert f"<s>{change['old']:%a} {change['old'].day} " in shown.text
    assert State.BOOKED not in states(plan)


def test_proposal_that_is_over_is_told(desk: Client, plan: Plan) -> None:
    press(desk, plan, "propose")
    old = offered(plan)
    press(desk, plan, "propose")
    shown = press(desk, plan, "accept", proposal=old.pk)
    assert "Nothing was done; this is how it stands now." in told(shown)[0]
    assert states(plan) == [State.PROPOSED] * 4


def test_stale_page_is_told_kindly(desk: Client, doctor: Client, plan: Plan) -> None:
    version = plan.version
    press(doctor, plan, "pause", reason="on holiday")
    for name in (*KINDS, *CLINICAL):
        sent = {"version": version, "reason": "because"}
        shown = doctor.post(step(plan, name), sent, follow=True)
        assert told(shown)[0].startswith("Somebody else changed this plan a moment ago")
    assert courses.view(plan.pk, now=cast.NOW).standing is Standing.PAUSED


def test_reflow_without_need_says_that_it_fits(desk: Client, clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    shown = press(desk, plan, "reflow")
    assert told(shown) == ["The plan fits as it is booked: nothing needs to move."]


def test_reflow_shows_old_and_new_and_moves_on_accept(desk: Client, clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    visit = Appointment.objects.get(series=plan.series, seq=2)
    booking.cancel(appointment_id=visit.pk, version=visit.version, by=stage.DESK, now=cast.NOW)
    shown = press(desk, plan, "reflow")
    assert "Re-flow: " in shown.text
    before = list(Appointment.objects.order_by("pk").values_list("start", "status"))
    assert list(Appointment.objects.order_by("pk").values_list("start", "status")) == before
    press(desk, plan, "accept", proposal=offered(plan).pk)
    assert states(plan) == [State.BOOKED] * 4


def test_clinician_pauses_resumes_and_abandons_with_a_reason(
    desk: Client, doctor: Client, plan: Plan
) -> None:
    def standing() -> Standing:
        return courses.view(plan.pk, now=cast.NOW).standing

    shown = press(doctor, plan, "pause", reason="")
    assert (standing(), told(shown)) == (
        Standing.RUNNING,
        ["Say why, in at most 200 characters."],
    )
    press(doctor, plan, "pause", reason="sunburnt")
    assert standing() is Standing.PAUSED
    assert "“sunburnt”" in desk.get(page(plan)).text
    press(doctor, plan, "resume", reason="healed")
    assert standing() is Standing.RUNNING
    press(doctor, plan, "abandon", reason="moved away")
    assert standing() is Standing.ABANDONED
    assert desk.get(page(plan)).context["steps"] == frozenset()


def test_refusal_is_a_sentence_and_the_page_stays(desk: Client, doctor: Client, plan: Plan) -> None:
    press(doctor, plan, "pause", reason="sunburnt")
    shown = press(desk, plan, "propose")
    assert shown.status_code == 409
    assert [each.reason.code for each in shown.context["refusal"].against] == ["plan_paused"]
    assert "This plan was paused by clinician: sunburnt" in shown.text


def test_session_is_skipped_fixed_and_let_go(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW, first=1)
    first, last = plan.sessions.get(seq=1), plan.sessions.get(seq=4)
    press(doctor, plan, "skip", session=last.pk, reason="not wanted")
    press(desk, plan, "fix", session=first.pk)
    seen = courses.view(plan.pk, now=cast.NOW)
    assert (seen.session(4).state, seen.session(1).fixed) == (State.SKIPPED, True)
    assert "“not wanted”" in desk.get(page(plan)).text
    press(desk, plan, "unfix", session=first.pk)
    assert not courses.view(plan.pk, now=cast.NOW).session(1).fixed


@pytest.mark.parametrize("name", CLINICAL)
def test_reception_leaves_it_to_clinicians(desk: Client, plan: Plan, name: str) -> None:
    assert press(desk, plan, name, reason="because").status_code == 403


@pytest.mark.parametrize("name", [*KINDS, *CLINICAL])
def test_others_may_not(stranger: Client, onlooker: Client, plan: Plan, name: str) -> None:
    sent = {"version": plan.version, "reason": "because"}
    answers = [c.post(step(plan, name), sent).status_code for c in (stranger, onlooker, Client())]
    assert answers == [404, 403, 302]
    assert Proposal.objects.count() == 0


def test_steps_are_taken_by_post_only(desk: Client, plan: Plan) -> None:
    assert desk.get(step(plan, "propose")).headers["Location"] == page(plan)
    assert Proposal.objects.count() == 0
    assert desk.post(step(plan, "nonsense")).status_code == 404


def test_forms_want_their_token(plan: Plan, sign_in: Callable[..., Client]) -> None:
    client = sign_in("reception", name="careful")
    client.handler.enforce_csrf_checks = True
    assert client.post(step(plan, "propose"), {"version": plan.version}).status_code == 403


def test_proposal_of_another_plan_is_not_there(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    other = stage.plan(clinic, plan.template)
    planning.propose(plan_id=other.pk, by=stage.DESK, now=cast.NOW)
    assert press(desk, plan, "accept", proposal=offered(other).pk).status_code == 404
    assert press(desk, plan, "accept", proposal="zero").status_code == 404

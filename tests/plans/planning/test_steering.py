"""Plans paused, resumed, abandoned; sessions skipped and fixed: who said so, and why."""

import pytest

from plans import courses, planning
from plans.courses import Standing, State
from plans.models import Plan
from scheduling.errors import Malformed, NotFound, Refused, StaleVersion, WrongState
from scheduling.models import Appointment, Change
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def plan(clinic: cast.Clinic) -> Plan:
    return stage.plan(clinic)


def standing(plan: Plan) -> Standing:
    return courses.view(plan.pk, now=cast.NOW).standing


def test_pause_stops_planning_and_resume_goes_on(plan: Plan) -> None:
    planning.pause(plan_id=plan.pk, reason="Away till spring", by=stage.DOCTOR, now=cast.NOW)
    assert standing(plan) is Standing.PAUSED
    with pytest.raises(Refused) as caught:
        planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert caught.value.sentence == "This plan was paused by Dr Plans: Away till spring"
    planning.resume(plan_id=plan.pk, reason="Back", by=stage.DOCTOR, now=cast.NOW)
    assert standing(plan) is Standing.RUNNING


def test_pausing_twice_resuming_what_runs_and_silence_are_told(plan: Plan) -> None:
    with pytest.raises(WrongState):
        planning.resume(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=cast.NOW)
    with pytest.raises(Malformed):
        planning.pause(plan_id=plan.pk, reason=" ", by=stage.DOCTOR, now=cast.NOW)
    planning.pause(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=cast.NOW)
    with pytest.raises(WrongState):
        planning.pause(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=cast.NOW)


def test_stale_page_changes_nothing(plan: Plan) -> None:
    planning.pause(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=cast.NOW, version=1)
    with pytest.raises(StaleVersion):
        planning.abandon(plan_id=plan.pk, reason="y", by=stage.DOCTOR, now=cast.NOW, version=1)
    assert standing(plan) is Standing.PAUSED


def test_abandon_cancels_what_is_to_come(plan: Plan) -> None:
    stage.booked(plan)
    planning.abandon(plan_id=plan.pk, reason="Moved away", by=stage.DOCTOR, now=cast.NOW)
    assert standing(plan) is Standing.ABANDONED
    assert set(Appointment.objects.values_list("status", "cancel_reason")) == {
        ("cancelled", "Moved away")
    }
    plan.series.refresh_from_db()
    assert not plan.series.open
    with pytest.raises(WrongState):
        planning.pause(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=cast.NOW)
    with pytest.raises(Refused):
        planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)


def test_skip_leaves_a_session_out_and_never_a_booked_one(plan: Plan) -> None:
    second = plan.sessions.get(seq=2)
    planning.skip(session_id=second.pk, reason="Two are enough", by=stage.DOCTOR, now=cast.NOW)
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert list(proposal.visits.values_list("session__seq", flat=True)) == [1, 3, 4]
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    first = plan.sessions.get(seq=1)
    with pytest.raises(WrongState):
        planning.skip(session_id=first.pk, reason="x", by=stage.DOCTOR, now=cast.NOW)
    assert courses.view(plan.pk, now=cast.NOW).session(2).state is State.SKIPPED


def test_only_a_booked_session_is_fixed(plan: Plan) -> None:
    with pytest.raises(WrongState):
        planning.fix(session_id=plan.sessions.get(seq=1).pk, by=stage.DESK, now=cast.NOW)


def test_every_step_is_in_the_trail(plan: Plan) -> None:
    planning.pause(plan_id=plan.pk, reason="x", by=stage.DOCTOR, now=cast.NOW)
    told = Change.objects.filter(subject="plan", subject_id=plan.pk).order_by("pk")
    assert list(told.values_list("verb", "by")) == [("start", "Dr Plans"), ("pause", "Dr Plans")]


def test_reasons_are_kept_after_the_pause_is_over(plan: Plan) -> None:
    planning.pause(plan_id=plan.pk, reason="Away", by=stage.DOCTOR, now=cast.NOW)
    planning.resume(plan_id=plan.pk, reason="Back", by=stage.DOCTOR, now=cast.NOW)
    second = plan.sessions.get(seq=2)
    planning.skip(session_id=second.pk, reason="Enough", by=stage.DOCTOR, now=cast.NOW)
    said = courses.view(plan.pk, now=cast.NOW).decisions
    assert [(d.verb, d.reason, d.session) for d in said] == [
        ("skip", "Enough", "Laser 2 of 3"), ("resume", "Back", ""), ("pause", "Away", ""),
    ]  # fmt: skip


def test_stranger_changes_nothing(plan: Plan) -> None:
    stranger = cast.reception(cast.site_named("Elsewhere"))
    with pytest.raises(NotFound):
        planning.pause(plan_id=plan.pk, reason="x", by=stranger, now=cast.NOW)
    with pytest.raises(NotFound):
        planning.fix(session_id=plan.sessions.get(seq=1).pk, by=stranger, now=cast.NOW)

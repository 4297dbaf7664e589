"""What somebody else does to a plan between its reading and its writing."""

import pytest

from plans import courses, planning
from plans.courses.reading import view
from plans.models import Plan, PlanTemplate
from plans.planning import ProposalLost, keeping
from plans.planning.following import NEEDS_REFLOW
from plans.planning.posing import Task
from plans.planning.reach import opened_plan
from plans.planning.solving import solved
from scheduling import booking
from scheduling.errors import StaleVersion
from scheduling.models import Appointment, Record, Todo
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def first_booked(clinic: cast.Clinic, course: PlanTemplate | None = None) -> Plan:
    """Book the first session of a plan alone, and propose the rest."""
    plan = stage.plan(clinic, course)
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW, first=1)
    planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    return plan


def accept_open(plan: Plan) -> None:
    row = plan.proposals.get(state="open")
    planning.accept(proposal_id=row.pk, by=stage.DESK, now=cast.NOW)


def test_session_moved_since_the_proposal_takes_the_others_along(clinic: cast.Clinic) -> None:
    course = stage.template()
    stage.step(course, clinic.resurfacing, (None, 100, 100, 110), name="Laser", repeat=2)
    plan = first_booked(clinic, course)
    row = Appointment.objects.get(series=plan.series_id, seq=1)
    booking.move(
        appointment_id=row.pk, to=cast.at(cast.day(7), 11), version=row.version,
        by=stage.DESK, now=cast.NOW,
    )  # fmt: skip
    with pytest.raises(ProposalLost) as lost:
        accept_open(plan)
    assert "outside_lag" in [reason.code for reason in lost.value.reasons]
    accept_open(plan)
    seen = courses.view(plan.pk, now=cast.NOW)
    assert (seen.progress.booked, seen.needs_reflow) == (2, ())


def test_session_cancelled_since_the_proposal_is_proposed_again(clinic: cast.Clinic) -> None:
    plan = first_booked(clinic)
    row = Appointment.objects.get(series=plan.series_id, seq=1)
    booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    with pytest.raises(ProposalLost) as lost:
        accept_open(plan)
    assert "session_without_date" in [reason.code for reason in lost.value.reasons]
    accept_open(plan)
    assert courses.view(plan.pk, now=cast.NOW).progress.booked == 4


def test_proposal_overtaken_by_an_acceptance_is_not_kept(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    read = opened_plan(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    work, found = solved(Task(read=read, now=cast.NOW))
    stage.booked(plan)
    note = keeping.Note(kind="new", by=stage.DESK)  # type: ignore[arg-type]
    with pytest.raises(StaleVersion):
        keeping.store(work=work, found=found, note=note)
    assert not plan.proposals.filter(state="open").exists()


def test_proposal_is_declined_while_a_side_effect_pauses_the_plan(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    Record.objects.create(
        patient=clinic.patient, kind=Record.Kind.ADVERSE_EVENT, code="burn",
        areas=["face"], start_date=cast.TODAY,
    )  # fmt: skip
    planning.decline(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    assert not Appointment.objects.filter(status="pending").exists()


def test_sessions_named_like_each_others_numbers_stay_apart(clinic: cast.Clinic) -> None:
    course = stage.template()
    for name in ("Laser", "Laser", "Laser (2)"):
        stage.step(course, clinic.resurfacing, name=name)
    plan = stage.plan(clinic, course)
    read = opened_plan(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert len(set(Task(read=read, now=cast.NOW).keys.values())) == 3


def test_task_of_one_plan_does_not_hide_that_of_another(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    name = view(plan.pk, now=cast.NOW).name
    Todo.objects.create(
        site=clinic.site, patient=clinic.patient, kind=NEEDS_REFLOW,
        text=f"{name}, second course: propose a re-flow.", created_at=cast.NOW,
    )  # fmt: skip
    row = Appointment.objects.get(series=plan.series_id, seq=1)
    booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    assert Todo.objects.filter(kind=NEEDS_REFLOW, done_at=None).count() == 2

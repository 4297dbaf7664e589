"""A whole course proposed at once: legal, optimal, kept, held, adjusted, declined."""

from datetime import timedelta

import pytest

from plans import courses, planning
from plans.courses import Standing, State
from plans.models import Plan, Proposal
from plans.planning import ProposalOver
from scheduling import booking, diary
from scheduling.errors import Malformed, NotFound, Refused, WrongState
from scheduling.models import Allocation, Appointment
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db

FOUND = [0, 56, 112, 126]
"""Days from today of the best plan: the leasts of the template, which the rules ask too."""


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def propose(plan: Plan) -> Proposal:
    return planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)


def days(proposal: Proposal) -> list[int]:
    rows = proposal.visits.order_by("session__seq")
    return [(row.local_date - cast.TODAY).days for row in rows]


def test_course_is_placed_whole_and_as_early_as_it_can_end(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = propose(plan)
    assert days(proposal) == FOUND
    assert proposal.end_date == cast.day(126)
    assert Appointment.objects.count() == 0
    view = courses.view(plan.pk, now=cast.NOW)
    assert [s.state for s in view.sessions] == [State.PROPOSED] * 4
    assert view.standing is Standing.RUNNING


def test_proposed_start_is_one_that_free_starts_offers(clinic: cast.Clinic) -> None:
    """The first session is offered as it is; the later ones once those before them are booked."""
    plan = stage.plan(clinic)
    proposal = propose(plan)
    for row in proposal.visits.order_by("session__seq"):
        wish = clinic.wish(row.session.treatment, series_id=plan.series_id, seq=row.session.seq)
        offered = diary.free_starts(
            wish=wish, first=row.local_date, last=row.local_date, now=cast.NOW
        )
        assert row.start in [each.start for each in offered.starts]
        booking.book(wish=wish, start=row.start, by=stage.DESK, now=cast.NOW)


def test_one_practitioner_gives_all_sessions_that_say_so(clinic: cast.Clinic) -> None:
    proposal = propose(stage.plan(clinic))
    givers = {
        held[0]
        for row in proposal.visits.exclude(session__treatment=clinic.filler)
        for held in row.held
        if held[1] == "practitioner"
    }
    assert len(givers) == 1


def test_wishes_and_away_dates_are_kept(clinic: cast.Clinic) -> None:
    plan = stage.plan(
        clinic,
        weekdays=(2,),
        times=("14:00-16:00",),
        not_before=cast.day(8),
        blocked=(cast.day(9),),
    )
    rows = propose(plan).visits.order_by("session__seq")
    assert min(row.local_date for row in rows) == cast.day(8)
    assert cast.day(9) not in {row.local_date for row in rows}
    assert {row.start.astimezone(cast.LONDON).hour for row in rows} <= {14, 15}


def test_consultation_of_the_same_plan_counts_provisionally(clinic: cast.Clinic) -> None:
    new = cast.patient("Bo", "Ash")
    course = stage.template("First laser")
    seen = stage.step(course, clinic.consultation)
    stage.step(course, clinic.resurfacing, (seen, 1, 7, None))
    plan = stage.plan(clinic, course, patient_id=new.pk)
    assert days(propose(plan)) == [0, 1]
    stage.booked(plan)
    assert Appointment.objects.filter(patient=new, status="booked").count() == 2


def test_template_out_of_order_is_refused_with_the_rule(clinic: cast.Clinic) -> None:
    course = stage.template("Wrong way round")
    filler = stage.step(course, clinic.filler)
    stage.step(course, clinic.resurfacing, (filler, 28, None, None))
    with pytest.raises(Refused) as caught:
        propose(stage.plan(clinic, course))
    assert [r.code for r in caught.value.reasons] == ["no_plan", "SEED-ORDER-RF"]


def test_no_plan_says_the_smallest_reason(clinic: cast.Clinic) -> None:
    course = stage.template("Too tight")
    laser = stage.step(course, clinic.resurfacing, name="Laser")
    stage.step(course, clinic.filler, (laser, 3, None, 10), name="Filler")
    with pytest.raises(Refused) as caught:
        propose(stage.plan(clinic, course))
    assert caught.value.reasons[0].sentence == (
        "Filler lies at most 10 days after Laser; 4 days more would do."
    )


def test_session_nobody_can_give_names_what_is_missing(clinic: cast.Clinic) -> None:
    clinic.laser.absences.create(
        cause="downtime", start=cast.NOW, end=cast.NOW + timedelta(days=800)
    )
    with pytest.raises(Refused) as caught:
        propose(stage.plan(clinic))
    codes = [r.code for r in caught.value.reasons]
    assert codes[0] == "no_plan"
    assert "absence" in codes


def test_patient_who_has_died_gets_no_plan_and_the_reason_is_told(clinic: cast.Clinic) -> None:
    clinic.patient.deceased_on = cast.TODAY
    clinic.patient.save()
    with pytest.raises(Refused) as caught:
        propose(stage.plan(clinic))
    assert caught.value.sentence == (
        "Laser 1 of 3 has no start in the whole time asked: "
        "what the rules ask of this patient leaves none."
    )
    assert "patient_deceased" in [r.code for r in caught.value.reasons]


def test_propose_again_supersedes_the_open_proposal(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    first, second = propose(plan), propose(plan)
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "open")


def test_held_proposal_keeps_its_starts_for_ten_minutes(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert proposal.held_until == cast.NOW + timedelta(minutes=10)
    holds = Appointment.objects.filter(status="pending")
    assert holds.count() == 4
    assert {hold.expires_at for hold in holds} == {proposal.held_until}
    other = cast.patient("Bo", "Ash", consulted=True)
    first = proposal.visits.order_by("start").first()
    assert first is not None
    with pytest.raises(Refused):
        booking.book(
            wish=clinic.wish(patient_id=other.pk), start=first.start, by=stage.DESK, now=cast.NOW
        )


def test_held_proposal_proposed_again_finds_its_own_starts(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    again = planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert days(again) == FOUND
    assert Appointment.objects.filter(status="pending").count() == 4


def test_decline_lets_go_of_what_was_held(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    planning.decline(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    assert not Allocation.objects.filter(active=True).exists()
    with pytest.raises(ProposalOver):
        planning.decline(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)


def test_adjust_puts_one_session_elsewhere_and_the_rest_around_it(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = propose(plan)
    second = proposal.visits.get(session__seq=2)
    moved = planning.adjust(
        proposal_id=proposal.pk, session_id=second.session_id,
        start=cast.at(cast.day(60), 11), by=stage.DESK, now=cast.NOW,
    )  # fmt: skip
    # 112 would be 52 days after: the third moves by as little as it must, the filler with it.
    assert days(moved) == [0, 60, 116, 130]


def test_adjust_to_a_start_that_is_not_free_says_why(clinic: cast.Clinic) -> None:
    proposal = propose(stage.plan(clinic))
    second = proposal.visits.get(session__seq=2)
    with pytest.raises(Refused) as caught:
        planning.adjust(
            proposal_id=proposal.pk, session_id=second.session_id,
            start=cast.at(cast.day(62), 11), by=stage.DESK, now=cast.NOW,
        )  # fmt: skip
    assert [r.code for r in caught.value.reasons] == ["outside_hours"]  # a Sunday


def test_adjust_takes_sessions_of_the_proposal_only(clinic: cast.Clinic) -> None:
    proposal = propose(stage.plan(clinic))
    with pytest.raises(Malformed):
        planning.adjust(
            proposal_id=proposal.pk, session_id=0, start=cast.NOW, by=stage.DESK, now=cast.NOW
        )


def test_plan_without_anything_to_place_is_said(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    with pytest.raises(WrongState):
        propose(plan)


def test_second_course_on_the_same_skin_obeys_the_protocol(clinic: cast.Clinic) -> None:
    stage.booked(stage.plan(clinic))
    course = stage.template("Another")
    stage.step(course, clinic.resurfacing)
    with pytest.raises(Refused) as caught:
        propose(stage.plan(clinic, course))
    assert "LIT-CONCURRENT" in [r.code for r in caught.value.reasons]


def test_stranger_finds_no_plan(clinic: cast.Clinic) -> None:
    other = cast.site_named("Elsewhere")
    plan = stage.plan(clinic)
    with pytest.raises(NotFound):
        planning.propose(plan_id=plan.pk, by=cast.reception(other), now=cast.NOW)

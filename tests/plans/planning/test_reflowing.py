"""When life moves one session, the rest follows: as little as possible, and only when accepted."""

from datetime import timedelta

import pytest

from plans import courses, planning
from plans.courses import Standing, State
from plans.models import Plan, Proposal
from scheduling import booking, protocols
from scheduling.core.timeline import floor_q
from scheduling.errors import Refused
from scheduling.models import Absence, Appointment, Todo
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def visit(plan: Plan, seq: int) -> Appointment:
    return Appointment.objects.exclude(status="cancelled").get(series=plan.series_id, seq=seq)


def move(plan: Plan, seq: int, to: int, hour: int = 11) -> None:
    row = visit(plan, seq)
    booking.move(
        appointment_id=row.pk, to=cast.at(cast.day(to), hour), version=row.version,
        by=stage.DESK, now=cast.NOW,
    )  # fmt: skip


def reflow(plan: Plan) -> Proposal | None:
    return planning.reflow(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)


def moves(proposal: Proposal | None) -> list[tuple[int, int | None, int]]:
    """List (session, old day, new day) of a proposal."""
    assert proposal is not None
    return [
        (
            row.session.seq,
            None if row.was is None else (row.was.date() - cast.TODAY).days,
            (row.local_date - cast.TODAY).days,
        )
        for row in proposal.visits.order_by("session__seq")
    ]


def test_plan_that_fits_moves_nothing(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    assert reflow(plan) is None


def test_moved_session_pushes_the_later_ones_no_further_than_needed(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    # 112 is 52 days after 60, where the rules want 56: the move itself needs somebody's word.
    with pytest.raises(Refused):
        move(plan, 2, 60)
    row = visit(plan, 2)
    booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    assert moves(reflow(plan)) == [(2, None, 56)]


def test_reflow_after_an_absence_moves_what_it_hits(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    Absence.objects.create(
        resource=clinic.laser, cause="downtime",
        start=cast.at(cast.day(55), 0), end=cast.at(cast.day(60), 0),
    )  # fmt: skip
    proposal = reflow(plan)
    assert moves(proposal) == [(2, 56, 60), (3, 112, 116), (4, 126, 130)]
    assert proposal is not None
    assert [row.why for row in proposal.visits.order_by("session__seq")] == [
        "Away at that time: CO2 laser (downtime until Fri 05 Mar 2027 00:00).",
        "Laser 3 of 3 would come 52 days after Laser 2 of 3; at least 56 are asked.",
        "Filler would come 10 days after Laser 3 of 3; at least 14 are asked.",
    ]


def test_nothing_moves_until_it_is_accepted_and_then_all_at_once(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    before = {v.pk: v.start for v in Appointment.objects.all()}
    Absence.objects.create(
        resource=clinic.laser, cause="downtime",
        start=cast.at(cast.day(55), 0), end=cast.at(cast.day(60), 0),
    )  # fmt: skip
    proposal = reflow(plan)
    assert {v.pk: v.start for v in Appointment.objects.all()} == before
    assert proposal is not None
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    days = [(visit(plan, n).local_date - cast.TODAY).days for n in (1, 2, 3, 4)]
    assert days == [0, 60, 116, 130]
    assert reflow(plan) is None


def test_fixed_session_never_moves(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    planning.fix(session_id=plan.sessions.get(seq=4).pk, by=stage.DESK, now=cast.NOW)
    row = visit(plan, 3)
    booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    Absence.objects.create(
        resource=clinic.laser, cause="downtime",
        start=cast.at(cast.day(100), 0), end=cast.at(cast.day(130), 0),
    )  # fmt: skip
    with pytest.raises(Refused):  # the filler is fixed on day 126, so the laser cannot wait
        reflow(plan)
    planning.unfix(session_id=plan.sessions.get(seq=4).pk, by=stage.DESK, now=cast.NOW)
    assert moves(reflow(plan)) == [(3, None, 130), (4, 126, 144)]


def test_longer_recovery_after_completion_moves_what_follows(clinic: cast.Clinic) -> None:
    """Done deeper and larger than booked, the last laser leaves skin that rests 21 days, not 14."""
    plan = stage.booked(stage.plan(clinic))
    last = visit(plan, 3)
    over = last.start + timedelta(minutes=40)
    clinic.patient.records.create(
        kind="consent", start=last.start - timedelta(hours=1), end=last.start - timedelta(hours=1),
        zone="Europe/London",
    )  # fmt: skip
    booking.check_in(appointment_id=last.pk, version=None, by=stage.DOCTOR, now=last.start)
    booking.complete(
        appointment_id=last.pk, version=None, by=stage.DOCTOR, now=over,
        done=booking.Done(size="large", depth="deep"),
    )  # fmt: skip
    assert "visit_not_allowed" in [r.code for r in courses.view(plan.pk, now=over).needs_reflow]
    proposal = planning.reflow(plan_id=plan.pk, by=stage.DESK, now=over)
    assert moves(proposal) == [(4, 126, 133)]


def test_cancelled_middle_session_is_said_and_gets_a_date_again(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    row = visit(plan, 3)
    booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    view = courses.view(plan.pk, now=cast.NOW)
    assert view.session(3).state is State.UNPLANNED
    assert [r.code for r in view.needs_reflow] == ["session_without_date"]
    proposal = reflow(plan)
    assert moves(proposal) == [(3, None, 112)]
    assert proposal is not None
    assert [w["code"] for w in proposal.why] == ["session_without_date"]


def test_open_adverse_event_pauses_until_it_is_closed(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    event = clinic.patient.records.create(kind="adverse_event", code="burn", areas=["face"])
    view = courses.view(plan.pk, now=cast.NOW)
    assert view.standing is Standing.PAUSED_BY_EVENT
    with pytest.raises(Refused) as caught:
        planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert [r.code for r in caught.value.reasons] == ["plan_paused"]
    event.end_date = cast.TODAY
    event.save()
    assert courses.view(plan.pk, now=cast.NOW).standing is Standing.RUNNING


def test_start_of_the_new_place_is_on_the_grid(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    row = visit(plan, 3)
    booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    proposal = reflow(plan)
    assert proposal is not None
    only = proposal.visits.get()
    assert floor_q(only.start) * 300 == only.start.timestamp()


def test_reception_is_asked_once_to_reflow_a_plan(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    assert not Todo.objects.filter(kind="plan-needs-reflow").exists()
    for seq in (2, 3):
        row = visit(plan, seq)
        booking.cancel(appointment_id=row.pk, version=row.version, by=stage.DESK, now=cast.NOW)
    assert [todo.text for todo in Todo.objects.filter(kind="plan-needs-reflow")] == [
        "Acne scars: propose a re-flow. Laser 2 of 3 has no date, and Laser 3 of 3 is booked."
    ]


def test_changed_protocol_is_reported_and_reflowed(clinic: cast.Clinic) -> None:
    """Eight weeks between two lasers become ten; nothing is cancelled for it."""
    plan = stage.booked(stage.plan(clinic))
    draft = protocols.copy(
        version_id=clinic.protocol.pk, name="Longer", by=cast.clinician(), now=cast.NOW
    )
    figure = "modalities/fractional_ablative/interval_tiers/1/below"
    protocols.amend(version_id=draft.pk, new={figure: 70}, by=cast.clinician(), now=cast.NOW)
    protocols.activate(version_id=draft.pk, by=cast.clinician(), now=cast.NOW)
    assert planning.look_over(now=cast.NOW) == 1
    assert planning.look_over(now=cast.NOW) == 1  # doubled, with no effect
    view = courses.view(plan.pk, now=cast.NOW)
    assert {r.code for r in view.needs_reflow} == {"visit_not_allowed"}
    assert Todo.objects.filter(kind="plan-needs-reflow").count() == 1
    assert moves(reflow(plan)) == [(2, 56, 70), (3, 112, 140), (4, 126, 154)]


def test_what_can_stay_keeps_its_practitioner_too(clinic: cast.Clinic) -> None:
    """The nurse could give both others earlier; nobody asks the patient to change hands for it."""
    plan = stage.booked(stage.plan(clinic))
    before = {v.pk: set(v.allocations.values_list("resource_id", flat=True)) for v in visits(plan)}
    row = visit(plan, 2)
    booking.cancel(appointment_id=row.pk, version=None, by=stage.DESK, now=cast.NOW)
    proposal = reflow(plan)
    assert proposal is not None
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    after = {v.pk: set(v.allocations.values_list("resource_id", flat=True)) for v in visits(plan)}
    assert {pk: held for pk, held in after.items() if pk in before} == {
        pk: held for pk, held in before.items() if pk != row.pk
    }


def visits(plan: Plan) -> list[Appointment]:
    return list(Appointment.objects.filter(series=plan.series_id, status="booked").order_by("seq"))

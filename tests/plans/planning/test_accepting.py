"""A proposal accepted: booked whole or not at all, by real threads on real PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.db import connections

from plans import courses, planning
from plans.courses import State
from plans.models import Plan, PlanTemplate, Proposal
from plans.planning import ProposalLost, ProposalOver
from scheduling import booking
from scheduling.booking import arranging
from scheduling.errors import ClinicError, Malformed
from scheduling.models import Allocation, Appointment
from tests import cast
from tests.plans import stage


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def propose(plan: Plan) -> Proposal:
    return planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)


def accept(proposal: Proposal, first: int | None = None) -> list[booking.Booked]:
    return planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW, first=first)


def in_the_way(clinic: cast.Clinic, proposal: Proposal, seq: int) -> Appointment:
    """Let somebody else take the place that a proposal has for a session."""
    row = proposal.visits.get(session__seq=seq)
    other = cast.patient("Bo", "Ash", consulted=True)
    wish = clinic.wish(
        row.session.treatment, patient_id=other.pk, practitioner_id=practitioner(row.held)
    )
    return booking.book(wish=wish, start=row.start, by=stage.DESK, now=cast.NOW).appointment


def practitioner(held: list[list[object]]) -> object:
    return next(h[0] for h in held if h[1] == "practitioner")


@pytest.mark.django_db
def test_accept_books_what_was_read_out(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = propose(plan)
    accept(proposal)
    for row in proposal.visits.select_related("session"):
        visit = Appointment.objects.get(series=plan.series_id, seq=row.session.seq)
        assert (visit.status, visit.start) == ("booked", row.start)
        held = set(visit.allocations.values_list("resource_id", "start_q", "end_q"))
        assert held == {(h[0], h[2], h[3]) for h in row.held}
    proposal.refresh_from_db()
    assert proposal.state == "accepted"
    view = courses.view(plan.pk, now=cast.NOW)
    assert [s.state for s in view.sessions] == [State.BOOKED] * 4
    assert (view.progress.booked, view.progress.due, view.needs_reflow) == (4, 0, ())


@pytest.mark.django_db
def test_accept_the_first_two_leaves_the_rest_due_with_windows(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    accept(propose(plan), first=2)
    states = [s.state for s in courses.view(plan.pk, now=cast.NOW).sessions]
    assert states == [State.BOOKED, State.BOOKED, State.UNPLANNED, State.UNPLANNED]
    third = courses.view(plan.pk, now=cast.NOW).session(3)
    assert (third.due_first, third.due_last) == (cast.day(112), cast.day(140))
    later = courses.view(plan.pk, now=cast.at(cast.day(120), 9))
    assert (later.session(3).due, later.session(3).overdue) == (True, False)
    after = courses.view(plan.pk, now=cast.at(cast.day(141), 9))
    assert (after.session(3).due, after.session(3).overdue) == (False, True)


@pytest.mark.django_db
def test_accept_none_makes_no_sense(clinic: cast.Clinic) -> None:
    proposal = propose(stage.plan(clinic))
    with pytest.raises(Malformed):
        accept(proposal, first=0)


@pytest.mark.django_db
def test_accept_of_a_held_proposal_books_its_holds(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    accept(proposal, first=3)
    assert Appointment.objects.filter(status="booked").count() == 3
    assert Appointment.objects.filter(status="pending").count() == 0
    assert Allocation.objects.filter(active=True, appointment__status="cancelled").count() == 0


@pytest.mark.django_db
def test_accept_after_the_holds_have_lapsed_books_all_the_same(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    booking.free_expired_holds(now=cast.at(cast.TODAY, 8, 30))
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.at(cast.TODAY, 8, 31))
    assert Appointment.objects.filter(status="booked").count() == 4


@pytest.mark.django_db
def test_accept_twice_says_by_whom(clinic: cast.Clinic) -> None:
    proposal = propose(stage.plan(clinic))
    accept(proposal)
    with pytest.raises(ProposalOver) as caught:
        accept(proposal)
    assert caught.value.sentence == "This proposal was accepted by Desk."


@pytest.mark.django_db
def test_lost_place_books_nothing_and_proposes_again(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = propose(plan)
    in_the_way(clinic, proposal, 3)
    with pytest.raises(ProposalLost) as caught:
        accept(proposal)
    assert Appointment.objects.filter(series=plan.series_id).count() == 0
    lost = caught.value
    assert [change.name for change in lost.changes] == ["Laser 3 of 3"]
    assert lost.proposal is not None
    assert "resource_taken" in [r.code for r in lost.reasons]
    accept(lost.proposal)
    assert Appointment.objects.filter(series=plan.series_id, status="booked").count() == 4


@pytest.mark.django_db
def test_changed_plan_outdates_its_proposal(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = propose(plan)
    last = plan.sessions.get(seq=4)
    planning.skip(session_id=last.pk, reason="No filler", by=stage.DOCTOR, now=cast.NOW)
    with pytest.raises(ProposalOver):
        accept(proposal)


RIVALS = 4
"""Patients whose first two sessions want one room at one hour."""


def race(proposals: list[Proposal]) -> list[str]:
    """Accept all proposals at one moment; answer what each came to."""
    gun = threading.Barrier(len(proposals))

    def rival(proposal: Proposal) -> str:
        try:
            gun.wait(30)
            planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
        except ClinicError as error:
            return error.code
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(len(proposals)) as pool:
        return list(pool.map(rival, proposals))


def rivals(clinic: cast.Clinic, course: PlanTemplate) -> list[Proposal]:
    people = [cast.patient(f"P{n}", "Ash", consulted=True) for n in range(RIVALS)]
    return [propose(stage.plan(clinic, course, patient_id=who.pk)) for who in people]


def overlaps() -> int:
    """Count pairs of active holds on one resource that overlap."""
    rows = list(Allocation.objects.filter(active=True).order_by("resource_id", "start_q"))
    return sum(
        one.resource_id == two.resource_id and two.start_q < one.end_q
        for one, two in pairwise(rows)
    )


@pytest.mark.django_db(transaction=True)
def test_race_for_one_course_books_all_of_it_or_none(clinic: cast.Clinic) -> None:
    course = stage.scars(clinic, 2)
    for _ in range(3):
        proposals = rivals(clinic, course)
        answers = race(proposals)
        assert sorted(answers) == ["done"] + ["proposal_lost"] * (RIVALS - 1)
        for proposal, answer in zip(proposals, answers, strict=True):
            visits = Appointment.objects.filter(series=proposal.plan.series_id, status="booked")
            assert visits.count() == (3 if answer == "done" else 0)
        assert overlaps() == 0
        Allocation.objects.all().delete()
        Appointment.objects.all().delete()


@pytest.mark.django_db(transaction=True)
def test_race_leaves_halves_where_visits_are_booked_one_by_one(
    clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the one transaction, losers keep the sessions that nobody wanted."""
    proposals = rivals(clinic, stage.scars(clinic, 2))
    in_the_way(clinic, proposals[0], 3)

    def one_by_one(*, placings, by, now):  # type: ignore[no-untyped-def]
        return [arranging.arrange(placings=[placing], by=by, now=now)[0] for placing in placings]

    monkeypatch.setattr("plans.planning.accepting.booking.arrange", one_by_one)
    monkeypatch.setattr("plans.planning.accepting._booked", planning.accepting._booked.__wrapped__)
    monkeypatch.setattr("plans.planning.accepting.lock_patients", lambda _: None)
    with pytest.raises(ProposalLost):
        accept(proposals[0])
    series = proposals[0].plan.series_id
    assert Appointment.objects.filter(series=series, status="booked").count() == 2

"""A plan as it stands: states, windows, progress, what does not fit; in a fixed number of queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plans import courses, planning
from plans.courses import Standing, State
from plans.models import Plan
from scheduling import booking
from scheduling.errors import NotFound
from scheduling.models import Appointment
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def visit(plan: Plan, seq: int) -> Appointment:
    return Appointment.objects.get(series=plan.series_id, seq=seq)


def test_new_plan_is_unplanned_and_due(clinic: cast.Clinic) -> None:
    view = courses.view(stage.plan(clinic).pk, now=cast.NOW)
    assert [s.state for s in view.sessions] == [State.UNPLANNED] * 4
    assert [s.name for s in view.sessions] == [
        "Laser 1 of 3", "Laser 2 of 3", "Laser 3 of 3", "Filler",
    ]  # fmt: skip
    assert (view.session(1).due, view.session(2).due) == (True, False)
    assert (view.progress.of, view.progress.due) == (4, 1)


def test_missed_session_is_missed_until_it_has_another_visit(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    first = visit(plan, 1)
    after = first.end
    booking.no_show(appointment_id=first.pk, version=None, by=stage.DESK, now=after)
    view = courses.view(plan.pk, now=after)
    assert view.session(1).state is State.MISSED
    assert view.progress.missed == 1
    assert [r.code for r in view.needs_reflow] == ["session_without_date"]


def test_skipped_session_counts_no_longer(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    filler = plan.sessions.get(seq=4)
    planning.skip(session_id=filler.pk, reason="Not wanted", by=stage.DOCTOR, now=cast.NOW)
    view = courses.view(plan.pk, now=cast.NOW)
    assert (view.session(4).state, view.session(4).skip_reason) == (State.SKIPPED, "Not wanted")
    assert view.progress.of == 3


def test_stray_visit_breaks_its_lag_and_says_by_how_much(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    last = visit(plan, 4)
    booking.move(
        appointment_id=last.pk, to=cast.at(cast.day(156), 11), version=None,
        by=stage.DESK, now=cast.NOW,
    )  # fmt: skip
    view = courses.view(plan.pk, now=cast.NOW)
    assert view.session(4).stray
    assert [(r.code, r.arithmetic) for r in view.needs_reflow] == [("outside_lag", "44 > 42")]


def test_plan_is_complete_when_all_that_is_required_is_done(clinic: cast.Clinic) -> None:
    course = stage.template("Short")
    stage.step(course, clinic.review, name="Look")
    extra = stage.step(course, clinic.review, name="Extra", optional=True)
    plan = stage.plan(clinic, course)
    assert extra.optional
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW, first=1)
    only = visit(plan, 1)
    booking.check_in(appointment_id=only.pk, version=None, by=stage.DOCTOR, now=only.start)
    booking.complete(appointment_id=only.pk, version=None, by=stage.DOCTOR, now=only.end)
    assert courses.view(plan.pk, now=only.end).standing is Standing.COMPLETE
    plan.series.refresh_from_db()
    assert not plan.series.open


def test_held_things_and_names_are_told(clinic: cast.Clinic) -> None:
    plan = stage.booked(stage.plan(clinic))
    first = courses.view(plan.pk, now=cast.NOW).session(1)
    assert first.visit is not None
    assert sorted(thing.kind for thing in first.visit.held) == ["device", "practitioner", "room"]
    assert "Room 1" in {thing.name for thing in first.visit.held}


def test_one_plan_and_three_take_as_many_queries(clinic: cast.Clinic) -> None:
    course = stage.scars(clinic, 1)

    def queries() -> int:
        with CaptureQueriesContext(connection) as caught:
            courses.of_patient(clinic.patient.pk, now=cast.NOW)
        return len(caught)

    stage.plan(clinic, course)
    one = queries()
    stage.plan(clinic, course)
    stage.plan(clinic, course)
    assert queries() == one


def test_no_such_plan(clinic: cast.Clinic) -> None:
    with pytest.raises(NotFound):
        courses.view(0, now=cast.NOW)

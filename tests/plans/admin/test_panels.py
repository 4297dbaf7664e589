"""What the patient's page and a visit's page show of plans, and to whom."""

from django.test import Client

from plans import planning
from plans.models import Plan
from scheduling.models import Appointment
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import ADD, page
from tests.scheduling.admin import screens


def test_patient_page_shows_all_plans_with_progress_and_picture(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    planning.abandon(plan_id=plan.pk, reason="moved", by=stage.DOCTOR, now=cast.NOW)
    other = stage.plan(clinic, plan.template)
    planning.propose(plan_id=other.pk, by=stage.DESK, now=cast.NOW)
    card = desk.get(screens.card(clinic.patient.pk)).text
    assert card.index(page(other)) < card.index(page(plan))
    assert (card.count('role="img"'), card.count("<small>0 of 4 done")) == (2, 2)
    assert card.count("<small>0 of 4 done, 1 due") == 1  # in a plan that is over nothing is due
    assert "proposal open" in card
    assert "abandoned" in card


def test_new_plan_is_offered_to_clinicians(
    desk: Client, doctor: Client, clinic: cast.Clinic
) -> None:
    address = f"{ADD}?patient={clinic.patient.pk}"
    assert address in doctor.get(screens.card(clinic.patient.pk)).text
    assert ADD not in desk.get(screens.card(clinic.patient.pk)).text


def test_plans_of_other_sites_and_without_permission_are_not_shown(
    stranger: Client, onlooker: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    for somebody in (stranger, onlooker):
        shown = somebody.get(screens.card(clinic.patient.pk))
        assert shown.status_code == 200
        assert page(plan) not in shown.text


def test_visit_says_of_which_plan_it_is_a_session(
    desk: Client, onlooker: Client, clinic: cast.Clinic
) -> None:
    made = stage.booked(stage.plan(clinic))
    visit = Appointment.objects.get(series=made.series, seq=2)
    shown = desk.get(screens.page(visit)).text
    assert f'Session 2 of 4 of <a href="{page(made)}">' in shown
    assert page(made) not in onlooker.get(screens.page(visit)).text


def test_visit_without_a_plan_says_nothing(desk: Client, clinic: cast.Clinic) -> None:
    assert "<h2>Plan</h2>" not in desk.get(screens.page(screens.visit(clinic))).text


def test_plans_of_a_patient_cost_the_same_queries_however_many(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get(screens.card(clinic.patient.pk))
        return len(captured)

    queries()
    one = queries()
    stage.plan(clinic, plan.template)
    stage.plan(clinic, plan.template)
    queries()
    assert queries() == one

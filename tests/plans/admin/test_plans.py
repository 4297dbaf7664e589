import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from plans import planning
from plans.models import Plan
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import ADD, LIST
from tests.scheduling.admin.conftest import SignIn


def shown(client: Client, **asked: str) -> list[int]:
    page = client.get(LIST, asked)
    assert page.status_code == 200
    return [row.pk for row in page.context["cl"].result_list]


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(LIST).status_code == 200
    return len(captured)


def test_list_of_three_costs_as_many_queries_as_a_list_of_one(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    stage.booked(plan)
    desk.get(LIST)  # memos of the process are warm from here on
    one = queries(desk)
    for name in ("Bo", "Cy"):
        patient = cast.patient(name, "Pine", consulted=True)
        stage.booked(stage.plan(clinic, plan.template, patient_id=patient.pk))
    desk.get(LIST)
    assert queries(desk) == one


def test_list_tells_how_each_plan_stands(desk: Client, plan: Plan) -> None:
    planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    page = desk.get(LIST).text
    assert "running, proposal open" in page
    assert "0 of 4 done, 1 due" in page


@pytest.fixture
def five(clinic: cast.Clinic, plan: Plan) -> dict[str, int]:
    """One plan of each standing that the list can be narrowed to."""
    others = [stage.plan(clinic, plan.template) for _ in range(4)]
    proposal, paused, abandoned, overdue = others
    planning.propose(plan_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    planning.pause(plan_id=paused.pk, reason="away", by=stage.DOCTOR, now=cast.NOW)
    planning.abandon(plan_id=abandoned.pk, reason="moved", by=stage.DOCTOR, now=cast.NOW)
    stage.booked(overdue)
    _forget_all_but_the_first(overdue)
    return {
        "running": plan.pk,
        "proposal": proposal.pk,
        "paused": paused.pk,
        "abandoned": abandoned.pk,
        "overdue": overdue.pk,
    }


def _forget_all_but_the_first(plan: Plan) -> None:
    """Put the first session a year back, and let the others never have been booked."""
    from datetime import timedelta

    visits = plan.series.appointments.order_by("seq")
    first = visits[0]
    visits.exclude(pk=first.pk).update(status="cancelled")
    first.allocations.all().delete()
    first.start -= timedelta(days=364)
    first.end -= timedelta(days=364)
    first.local_date -= timedelta(days=364)
    first.start_q -= 364 * 288
    first.end_q -= 364 * 288
    first.status = "fulfilled"
    first.save()


@pytest.mark.parametrize("standing", ["proposal", "paused", "abandoned", "overdue"])
def test_list_is_narrowed_to_what_asks_for_work(
    desk: Client, five: dict[str, int], standing: str
) -> None:
    assert shown(desk, standing=standing) == [five[standing]]


def test_list_shows_running_ones(desk: Client, five: dict[str, int]) -> None:
    running = {five[name] for name in ("running", "proposal", "overdue")}
    assert set(shown(desk, standing="running")) == running
    assert shown(desk, standing="complete") == []


def test_list_is_searched_by_patient(desk: Client, clinic: cast.Clinic, plan: Plan) -> None:
    other = cast.patient("Bo", "Quick")
    stage.plan(clinic, plan.template, patient_id=other.pk)
    assert shown(desk, q="pine ada") == [plan.pk]
    assert shown(desk, q="nobody") == []


def test_other_sites_see_nothing(stranger: Client, onlooker: Client, plan: Plan) -> None:
    assert shown(stranger) == []
    assert onlooker.get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_only_clinicians_see_the_way_to_a_new_plan(sign_in: SignIn, plan: Plan) -> None:
    assert ADD not in sign_in("reception", name="a").get(LIST).text
    assert ADD in sign_in("clinician", name="b").get(LIST).text


def test_nothing_is_deleted_from_here(doctor: Client, plan: Plan) -> None:
    assert doctor.post(f"{LIST}{plan.pk}/delete/").status_code == 403
    assert "delete_selected" not in doctor.get(LIST).text


def test_history_is_on_the_plans_own_page(desk: Client, plan: Plan) -> None:
    assert "made the plan" in desk.get(f"{LIST}{plan.pk}/history/").text
    assert desk.get(f"{LIST}nobody/history/").status_code == 404

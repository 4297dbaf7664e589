import pytest
from django.test import Client

from plans import courses, planning
from plans.courses import ProposedView
from plans.models import Plan, Proposal
from scheduling.models import Appointment
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import adjust, offered, page, press, told


@pytest.fixture
def plan(clinic: cast.Clinic) -> Plan:
    made = stage.plan(clinic)
    planning.propose_held(plan_id=made.pk, by=stage.DESK, now=cast.NOW)
    return made


def proposed(plan: Plan, seq: int) -> ProposedView:
    found = courses.view(plan.pk, now=cast.NOW).session(seq).proposed
    assert found is not None
    return found


def test_starts_of_one_session_are_offered_beside_its_own(desk: Client, plan: Plan) -> None:
    own = proposed(plan, 2)
    shown = desk.get(adjust(plan, 2))
    desk_page = shown.context["desk"].page
    assert desk_page.first == own.window_first
    here = {day.date: [start.iso for start in day.starts] for day in desk_page.days}
    assert own.local_start.isoformat() not in here[own.local_date]
    # What the proposal itself holds does not count: the quarters beside its own start are free.
    assert f"{own.local_start:%H:%M}" == "10:00"
    assert [iso[11:16] for iso in here[own.local_date]][:3] == ["10:15", "10:30", "10:45"]


def test_looking_changes_nothing(desk: Client, plan: Plan) -> None:
    before = offered(plan).pk
    start = proposed(plan, 2).local_start.replace(hour=12)
    shown = desk.get(adjust(plan, 2), {"start": start.isoformat()})
    assert "Put it there and fit the rest around it" in shown.text
    assert (offered(plan).pk, Proposal.objects.count()) == (before, 1)


def test_session_goes_elsewhere_and_what_followed_is_told(desk: Client, plan: Plan) -> None:
    last = proposed(plan, 4).start
    later = proposed(plan, 2).local_start.replace(hour=12)
    shown = desk.post(adjust(plan, 2), {"start": later.isoformat()}, follow=True)
    assert proposed(plan, 2).local_start == later
    assert (
        told(shown)[0]
        == f"Proposed now: 2. Laser 2 of 3 to {later:%a} {later.day} {later:%b}, 12:00."
    )
    assert (proposed(plan, 4).start == last) == (len(told(shown)) == 1)
    assert Appointment.objects.filter(status="pending").count() == 4


def test_start_around_which_nothing_fits_is_refused_with_its_window(
    desk: Client, plan: Plan
) -> None:
    early = proposed(plan, 1).local_start.replace(hour=15)
    shown = desk.post(adjust(plan, 2), {"start": early.isoformat()})
    assert shown.status_code == 409
    assert shown.context["refusal"] if "refusal" in shown.context else shown.context["desk"].refusal
    assert "Nothing was booked or moved." in shown.text
    assert "As the others are proposed it should lie " in shown.text
    assert proposed(plan, 2).local_start != early


@pytest.mark.parametrize("typed", ["", "soon", "2027-03-28T01:30"])
def test_typed_nonsense_is_told(desk: Client, plan: Plan, typed: str) -> None:
    shown = desk.post(adjust(plan, 2), {"start": typed})
    assert (shown.status_code, bool(shown.context["desk"].error)) == (400, True)


def test_days_on_which_the_patient_is_away_say_so(desk: Client, clinic: cast.Clinic) -> None:
    away = tuple(cast.day(n) for n in range(70, 75))
    made = stage.plan(clinic, stage.scars(clinic, 2), blocked=away)
    planning.propose(plan_id=made.pk, by=stage.DESK, now=cast.NOW)
    shown = desk.get(adjust(made, 2), {"from": away[0].isoformat()})
    assert "The patient cannot come on that day, as was agreed for the plan." in shown.text


def test_proposal_that_was_replaced_leads_back_to_the_plan(desk: Client, plan: Plan) -> None:
    old = adjust(plan, 2)
    press(desk, plan, "propose")
    shown = desk.post(old, {"start": "2027-02-01T12:00"}, follow=True)
    assert shown.redirect_chain == [(page(plan), 302)]
    assert told(shown)[0].startswith("Somebody else changed this plan")


def test_others_may_not(stranger: Client, onlooker: Client, plan: Plan) -> None:
    address = adjust(plan, 2)
    for somebody, answer in ((stranger, 404), (onlooker, 403), (Client(), 302)):
        assert somebody.get(address).status_code == answer
        assert somebody.post(address, {"start": "2027-02-01T12:00"}).status_code == answer


def test_session_without_a_proposed_date_is_not_there(
    desk: Client, clinic: cast.Clinic, plan: Plan
) -> None:
    other = stage.plan(clinic, plan.template)
    foreign = other.sessions.get(seq=1)
    address = adjust(plan, 2).replace(
        f"session/{plan.sessions.get(seq=2).pk}/", f"session/{foreign.pk}/"
    )
    assert desk.get(address).status_code == 404

"""A patient's course: as a picture and a list, what is proposed accepted as a whole or not at all."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from plans import planning
from plans.models import Plan
from scheduling.core.words import Status
from scheduling.models import Appointment, Patient, Record
from tests import cast
from tests.plans import stage
from tests.plans.pages import scene
from tests.plans.pages.scene import hidden, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(cast.NOW, tick=False):
        yield


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def page_of(plan: Plan) -> str:
    return f"/my/plans/{plan.pk}/"


def test_the_course_is_a_picture_and_a_list_with_its_rest(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = scene.course(clinic)
    made = scene.session(plan, 1)
    response = client.get(f"{scene.opened(client, made)}plan/")
    said, page = text_of(response), response.content.decode()
    assert "Acne scars 0 of 4 sessions done, 4 booked." in said
    assert "What comes next Laser 1 of 3 Booked , Monday 4 January 2027, 09:00" in said
    assert made.recovery_least is not None
    assert f"Your skin needs rest until {made.recovery_least:%A} {made.recovery_least.day}" in said
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="plan-picture"' in page
    assert "Your course as a picture: 0 of 4 sessions done, 4 booked." in page
    assert [each for each in ("<script", "style=") if each in page] == []
    assert len(page) < 50_000


@pytest.mark.parametrize("language", ["es", "ar"])
def test_the_course_speaks_the_patients_language(
    clinic: cast.Clinic, client: Client, language: str
) -> None:
    Patient.objects.filter(pk=clinic.patient.pk).update(language=language)
    plan = scene.course(clinic)
    scene.signed_in(client, clinic.patient)
    said = text_of(client.get(page_of(plan)))
    told = {"es": "Su piel necesita descanso hasta el", "ar": "تحتاج بشرتك إلى الراحة حتى"}
    assert told[language] in said
    english = ("Booked", "Done", "Your ", "January", "Jan ", "session")
    assert [word for word in english if word in said.replace("Laser", "")] == []


def test_a_proposal_is_accepted_as_a_whole(clinic: cast.Clinic, client: Client) -> None:
    plan = stage.plan(clinic)
    planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    scene.signed_in(client, clinic.patient)
    page = client.get(page_of(plan))
    said = text_of(page)
    assert "Our suggestion" in said
    assert "We keep these times for you until 08:10, for 10 more minutes." in said
    assert said.count("with Dr Amara Lind") + said.count("with Noor Field") >= 4
    done = client.post(page_of(plan), {"proposal": hidden(page, "proposal")})
    assert (done.status_code, done["Location"]) == (303, f"{page_of(plan)}?done=accepted")
    assert len(scene.starts(plan)) == 4
    assert "All these dates are booked." in text_of(client.get(done["Location"]))
    assert not Appointment.objects.filter(status=Status.PENDING.value).exists()


def test_a_hold_that_has_run_out_is_no_longer_promised(clinic: cast.Clinic, client: Client) -> None:
    plan = stage.plan(clinic)
    planning.propose_held(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    scene.signed_in(client, clinic.patient)
    with time_machine.travel(cast.NOW + timedelta(minutes=11), tick=False):
        assert "These times are not kept for you" in text_of(client.get(page_of(plan)))


def test_a_lost_proposal_books_nothing_and_shows_the_new_one(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = stage.plan(clinic)
    row = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    scene.signed_in(client, clinic.patient)
    seen = hidden(client.get(page_of(plan)), "proposal")
    last = row.visits.order_by("-start")[0]
    for held in last.held:
        if held[1] == "practitioner":
            other = cast.patient("Bo", "Ash", consulted=True)
            scene.visit(
                clinic,
                last.local_date,
                last.start.astimezone(cast.LONDON).hour,
                patient_id=other.pk,
            )
    answer = client.post(page_of(plan), {"proposal": seen})
    assert answer.status_code == 409
    assert "so nothing was booked. Here is a new suggestion." in text_of(answer)
    assert scene.starts(plan) == {}
    assert hidden(answer, "proposal") != seen
    done = client.post(page_of(plan), {"proposal": hidden(answer, "proposal")})
    assert (done.status_code, len(scene.starts(plan))) == (303, 4)


def test_a_proposal_that_is_over_says_so(clinic: cast.Clinic, client: Client) -> None:
    plan = stage.plan(clinic)
    row = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    scene.signed_in(client, clinic.patient)
    planning.decline(proposal_id=row.pk, by=stage.DESK, now=cast.NOW)
    answer = client.post(page_of(plan), {"proposal": row.pk})
    assert answer.status_code == 409
    assert "That suggestion is no longer open" in text_of(answer)


def test_accepting_by_the_link_of_a_visit_that_moves_does_not_strand(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = scene.course(clinic)
    made = scene.session(plan, 2)
    Plan.objects.filter(pk=plan.pk).update(blocked=[made.local_date])
    row = planning.reflow(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    assert row is not None
    home = scene.opened(client, made)
    page = client.get(f"{home}plan/")
    done = client.post(f"{home}plan/", {"proposal": hidden(page, "proposal")})
    assert done.status_code == 303
    was = made.told_version
    made.refresh_from_db()
    assert made.told_version > was
    assert client.get(home).status_code == 410
    assert "All these dates are booked." in text_of(client.get(done["Location"]))


def test_a_course_paused_by_a_side_effect_offers_nothing(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = stage.plan(clinic)
    row = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    Record.objects.create(
        patient=clinic.patient, kind=Record.Kind.ADVERSE_EVENT, code="burn", areas=["face"],
        start_date=cast.TODAY,
    )  # fmt: skip
    scene.signed_in(client, clinic.patient)
    said = text_of(client.get(page_of(plan)))
    assert "Your course rests until a clinician has looked at your skin with you." in said
    assert "Our suggestion" not in said
    answer = client.post(page_of(plan), {"proposal": row.pk})
    assert (answer.status_code, scene.starts(plan)) == (409, {})
    assert "Your treatment plan rests at the moment. Please phone us." in text_of(answer)


def test_anothers_plan_is_answered_as_one_that_never_was(
    clinic: cast.Clinic, client: Client
) -> None:
    plan = stage.plan(clinic)
    row = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    scene.signed_in(client, cast.patient("Bo", "Ash"))
    page, ask = page_of(plan), {"proposal": str(row.pk)}
    theirs = client.get(page), client.post(page, ask)
    assert [each.status_code for each in theirs] == [404, 404]
    assert scene.starts(plan) == {}
    row.visits.all().delete()
    row.delete()
    plan.delete()
    never = client.get(page), client.post(page, ask)
    assert [each.content for each in theirs] == [each.content for each in never]


@pytest.mark.parametrize("named", ["", "x", "0", "999999999999999999", "-1"])
def test_a_proposal_of_another_plan_is_not_found(
    clinic: cast.Clinic, client: Client, named: str
) -> None:
    plan = stage.plan(clinic)
    scene.signed_in(client, clinic.patient)
    assert client.post(page_of(plan), {"proposal": named}).status_code == 404


def test_a_visit_of_no_plan_has_no_course(clinic: cast.Clinic, client: Client) -> None:
    home = scene.opened(client, scene.visit(clinic, cast.day(7)))
    assert client.get(f"{home}plan/").status_code == 404

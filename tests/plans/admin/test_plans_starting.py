from datetime import date
from typing import Any

import pytest
from django.test import Client

from plans.models import Plan, PlanTemplate
from tests import cast
from tests.plans import stage
from tests.plans.admin.pages import ADD, page


@pytest.fixture
def template(clinic: cast.Clinic) -> PlanTemplate:
    made = stage.scars(clinic)
    stage.step(made, clinic.review, name="Review", optional=True)
    return made


@pytest.fixture
def address(clinic: cast.Clinic, template: PlanTemplate) -> str:
    return f"{ADD}?patient={clinic.patient.pk}&template={template.pk}"


def filled(clinic: cast.Clinic, **typed: object) -> dict[str, Any]:
    return {
        "site": clinic.site.pk,
        "area": "face",
        "size": "face",
        "depth": "superficial",
        "indication": "acne_scars",
        **typed,
    }


def _everything(clinic: cast.Clinic, template: PlanTemplate) -> dict[str, Any]:
    review = template.steps.get(name="Review")
    return filled(
        clinic,
        area_too="neck",
        practitioner=clinic.doctor.pk,
        weekdays=["1", "3"],
        times=["00:00-12:00"],
        other_times="14:00-15:30, 16:00-17:00",
        not_before="2027-01-11",
        not_after="2027-12-01",
        away_1_first="2027-02-01",
        away_1_last="2027-02-03",
        away_2_first="2027-03-01",
        paid_sessions="2",
        left_out=[review.pk],
    )


def test_templates_are_shown_with_their_steps(
    doctor: Client, clinic: cast.Clinic, template: PlanTemplate
) -> None:
    shown = doctor.get(ADD, {"patient": clinic.patient.pk})
    assert "3 × Laser" in shown.text
    assert "56 to 84 days apart, best 63" in shown.text
    assert "14 to 42 days after Laser, best 21" in shown.text


def test_retired_templates_are_not_offered(
    doctor: Client, clinic: cast.Clinic, template: PlanTemplate
) -> None:
    PlanTemplate.objects.update(active=False)
    assert "There is no template yet." in doctor.get(ADD, {"patient": clinic.patient.pk}).text
    shown = doctor.get(ADD, {"patient": clinic.patient.pk, "template": template.pk})
    assert shown.status_code == 404


def test_plan_is_made_as_it_was_filled_in(
    doctor: Client, clinic: cast.Clinic, template: PlanTemplate, address: str
) -> None:
    answer = doctor.post(address, _everything(clinic, template))
    made = Plan.objects.get()
    assert answer.headers["Location"] == page(made)
    assert (made.areas, made.size, made.depth, made.indication) == (
        ["face", "neck"],
        "face",
        "superficial",
        "acne_scars",
    )
    assert (made.practitioner_id, made.weekdays, made.paid_sessions) == (
        clinic.doctor.pk,
        [1, 3],
        2,
    )
    assert made.times == ["00:00-12:00", "14:00-15:30", "16:00-17:00"]
    assert (made.not_before, made.not_after) == (date(2027, 1, 11), date(2027, 12, 1))
    assert made.blocked == [date(2027, 2, 1), date(2027, 2, 2), date(2027, 2, 3), date(2027, 3, 1)]
    assert [each.name for each in made.sessions.order_by("seq")] == [
        "Laser 1 of 3",
        "Laser 2 of 3",
        "Laser 3 of 3",
        "Filler",
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            {"not_before": "2027-03-01", "not_after": "2027-02-01"},
            "This lies before the first date.",
        ),
        ({"away_1_last": "2027-02-01"}, "Say from when."),
        (
            {"away_1_first": "2027-02-01", "away_1_last": "2028-03-01"},
            "This is more than a year; is it a slip?",
        ),
        ({"other_times": "at noon"}, "“at noon” is no time of day such as 09:00-12:00."),
        ({"area": "soul"}, "Select a valid choice. soul is not one of the available choices."),
        ({"site": "0"}, "Select a valid choice."),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_typed_is_lost(
    doctor: Client, clinic: cast.Clinic, address: str, typed: dict[str, str], said: str
) -> None:
    shown = doctor.post(address, filled(clinic, paid_sessions="3", **typed))
    assert shown.status_code == 400
    assert said in shown.text
    assert 'value="3"' in shown.text
    assert Plan.objects.count() == 0


def test_without_a_patient_it_leads_to_the_register(doctor: Client) -> None:
    answer = doctor.get(ADD)
    assert answer.headers["Location"] == "/admin/scheduling/patient/"


def test_clinicians_make_plans_and_nobody_else(
    desk: Client, doctor: Client, onlooker: Client, clinic: cast.Clinic, address: str
) -> None:
    for somebody in (desk, onlooker):
        assert somebody.get(address).status_code == 403
        assert somebody.post(address, filled(clinic)).status_code == 403
    assert Plan.objects.count() == 0
    assert doctor.get(f"{ADD}?patient=999999").status_code == 404
    assert doctor.get(f"{ADD}?patient=x").status_code == 404


def test_sites_are_the_clinicians_own(stranger: Client, clinic: cast.Clinic, address: str) -> None:
    shown = stranger.post(address, filled(clinic))
    assert (shown.status_code, Plan.objects.count()) == (400, 0)

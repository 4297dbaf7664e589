"""A template becomes a patient's own plan."""

import pytest

from plans import planning
from plans.models import PlanTemplate, SessionLag
from scheduling.errors import Malformed, NotFound
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def test_repeats_become_sessions_with_the_lags_between_them(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    lags = SessionLag.objects.filter(session__plan=plan).order_by("session__seq")
    assert list(lags.values_list("session__seq", "after__seq", "least", "target", "most")) == [
        (2, 1, 56, 63, 84), (3, 2, 56, 63, 84), (4, 3, 14, 21, 42),
    ]  # fmt: skip


def test_later_edits_of_the_template_leave_the_plan_alone(clinic: cast.Clinic) -> None:
    course = stage.scars(clinic)
    plan = stage.plan(clinic, course)
    course.steps.all().delete()
    PlanTemplate.objects.filter(pk=course.pk).update(name="Another")
    plan.refresh_from_db()
    assert (plan.name, plan.sessions.count()) == ("Acne scars", 4)


def test_optional_step_may_be_left_out_and_no_other(clinic: cast.Clinic) -> None:
    course = stage.scars(clinic, 1)
    laser, filler = course.steps.order_by("position")
    with pytest.raises(Malformed):
        stage.plan(clinic, course, steps_left_out=(filler.pk,))
    filler.optional = True
    filler.save()
    plan = stage.plan(clinic, course, steps_left_out=(filler.pk,))
    assert list(plan.sessions.values_list("name", flat=True)) == [laser.name]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"areas": ("nowhere",)}, id="area"),
        pytest.param({"size": "huge"}, id="size"),
        pytest.param({"depth": "abyss"}, id="depth"),
        pytest.param({"indication": "boredom"}, id="indication"),
        pytest.param({"times": ("9-12",)}, id="time of day"),
        pytest.param({"times": ("12:00-09:00",)}, id="reversed time of day"),
        pytest.param({"weekdays": (7,)}, id="weekday"),
        pytest.param({"not_before": cast.day(9), "not_after": cast.day(8)}, id="reversed dates"),
        pytest.param({"name": "x" * 121}, id="long name"),
    ],
)
def test_what_nobody_can_read_is_refused(clinic: cast.Clinic, facts: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        stage.plan(clinic, **facts)


@pytest.mark.parametrize("field", ["template_id", "patient_id", "site_id", "practitioner_id"])
def test_what_does_not_exist_is_not_found(clinic: cast.Clinic, field: str) -> None:
    with pytest.raises(NotFound):
        stage.plan(clinic, **{field: 999_999})


def test_stranger_starts_no_plan(clinic: cast.Clinic) -> None:
    stranger = cast.reception(cast.site_named("Elsewhere"))
    draft = planning.Draft(
        template_id=stage.scars(clinic).pk, patient_id=clinic.patient.pk, site_id=clinic.site.pk
    )
    with pytest.raises(NotFound):
        planning.start(draft=draft, by=stranger, now=cast.NOW)

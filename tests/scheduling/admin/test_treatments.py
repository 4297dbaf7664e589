import pytest
from django.test import Client
from django.urls import reverse

from scheduling.admin.treatments import held_when
from scheduling.models import Need, Skill, Treatment
from tests import cast
from tests.scheduling.admin.conftest import SignIn
from tests.scheduling.admin.forms import problems, send, told


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    return sign_in("manager")


def change(treatment: Treatment) -> str:
    return reverse("admin:scheduling_treatment_change", args=[treatment.pk])


def test_needs_are_read_as_sentences() -> None:
    safe = Skill(name="laser-safe", pk=1)
    needs = [
        Need(pk=1, kind="room", skill=safe, from_min=-60, until_min=10),
        Need(pk=2, kind="practitioner"),
        Need(pk=3, kind="device", from_min=5, until_min=-5, choice=1),
        Need(pk=4, kind="room", choice=1),
    ]
    assert held_when(needs) == [
        "A practitioner, from the start to the end.",
        "A room with “laser-safe”, from 60 minutes before the start to 10 minutes after the end.",
        (
            "A device, from 5 minutes after the start to 5 minutes before the end; "
            "or a room, from the start to the end."
        ),
    ]


def test_treatment_shows_what_it_holds(clinic: cast.Clinic, desk: Client) -> None:
    page = desk.get(change(clinic.resurfacing)).content.decode()
    assert "from 60 minutes before the start to 10 minutes after the end" in page


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ({"minutes_least": 50}, {"__all__": ["Least, default and most minutes are in order."]}),
        ({"minutes_default": 32}, {"__all__": ["Minutes are multiples of 5."]}),
        (
            {"procedure": "voodoo"},
            {"procedure": ["Select a valid choice. voodoo is not one of the available choices."]},
        ),
        (
            {"needs-0-choice": 2},
            {"needs": ["Choice 2 has one alternative only; give it another, or write 0."]},
        ),
        (
            {"needs-0-from_min": 30},
            {"needs-0-until_min": ["In a visit of 30 minutes this would be held for no time."]},
        ),
        (
            {"needs-0-from_min": 7},
            {"needs-0-__all__": ["A need begins and ends on multiples of 5 minutes."]},
        ),
    ],
)
def test_treatment_that_makes_no_sense_is_refused(
    clinic: cast.Clinic, manager: Client, typed: dict[str, object], found: dict[str, list[str]]
) -> None:
    assert problems(send(manager, change(clinic.resurfacing), **typed)) == found


def test_treatment_that_nobody_can_do_is_saved_with_a_warning(
    clinic: cast.Clinic, manager: Client
) -> None:
    rare = Skill.objects.create(code="rare", name="rare art")
    answer = send(manager, change(clinic.filler), **{"needs-0-skill": rare.pk})
    page = manager.get(answer["Location"])
    assert any("No active practitioner has “rare art”" in line for line in told(page))

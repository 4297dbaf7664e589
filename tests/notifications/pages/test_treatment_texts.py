"""What a patient reads about a treatment: in their language, else in the clinic's, and it says so."""

import pytest
from django.test import Client

from scheduling.models import Treatment, TreatmentText
from tests.notifications import stage
from tests.notifications.pages.hands import opened, text_of

pytestmark = pytest.mark.django_db

OWN = {"preparation": "No sun.", "bring": "A hat.", "aftercare": "Rest."}


def page(client: Client, language: str, **spanish: str) -> str:
    at = stage.house(language=language)
    Treatment.objects.filter(pk=at.treatment.pk).update(**OWN)
    TreatmentText.objects.create(treatment=at.treatment, language="es", **spanish)
    at.treatment.refresh_from_db()
    answer = client.get(opened(client, stage.visit(at)))
    return answer.content.decode() + text_of(answer)


def test_a_translated_text_is_read_in_the_patients_language(client: Client) -> None:
    said = page(client, "es", preparation="Sin sol.", bring="Un sombrero.", aftercare="Reposo.")
    assert [w in said for w in ("Sin sol.", "Un sombrero.", "Reposo.")] == [True] * 3
    assert ("No sun." in said, "aún no está traducido" in said) == (False, False)


def test_what_is_not_translated_is_in_the_clinics_language_and_says_so(client: Client) -> None:
    said = page(client, "es", preparation="Sin sol.")
    assert ("Sin sol." in said, "A hat." in said, "Un sombrero." in said) == (True, True, False)
    assert "Este texto aún no está traducido; está en English." in said
    assert '<div dir="auto" lang="en"><p>A hat.</p>' in said


def test_in_the_clinics_own_language_nothing_is_said_about_it(client: Client) -> None:
    said = page(client, "en", preparation="Sin sol.")
    assert ("No sun." in said, "not translated" in said) == (True, False)


def test_the_treatment_has_its_name_in_the_patients_language(client: Client) -> None:
    said = page(client, "es", name="Revisión de la piel")
    assert "Revisión de la piel" in said


def test_a_name_that_is_not_translated_is_marked_with_its_language(client: Client) -> None:
    """A screen reader says it in English; nothing is marked where the page speaks that anyway."""
    said = page(client, "es", name="")
    assert f'<bdi lang="en">{Treatment.objects.get().name}</bdi>' in said


@pytest.mark.parametrize(
    ("language", "name"), [("es", "Revisión de la piel"), ("en", "")], ids=["translated", "own"]
)
def test_a_name_in_the_pages_own_language_is_not_marked(
    client: Client, language: str, name: str
) -> None:
    said = page(client, language, name=name)
    assert f"<bdi>{name or Treatment.objects.get().name}</bdi>" in said

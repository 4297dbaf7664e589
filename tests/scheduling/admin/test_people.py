from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from scheduling import register
from scheduling.core.words import Actor
from scheduling.models import Change, Patient
from tests import cast
from tests.cast import NOW
from tests.scheduling.admin.forms import problems, send

ADD = "/admin/scheduling/patient/add/"
ZOE = {"given_name": "Zoe", "family_name": "Quill", "birth_date": "1990-02-03"}


def change(patient: Patient) -> str:
    return reverse("admin:scheduling_patient_change", args=[patient.pk])


def test_patient_is_entered_through_the_register(desk: Client) -> None:
    answer = send(desk, ADD, **ZOE, phone="07700 900555", email="zoe@example.org")
    assert answer.status_code == 302
    zoe = Patient.objects.get(given_name="Zoe")
    assert str(zoe.phone) == "+447700900555"
    assert list(register.find("quill 1990-02-03")) == [zoe]
    entry = Change.objects.get(subject="patient", subject_id=zoe.pk)
    assert (entry.by, entry.verb) == ("reception", "register")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (
            {"phone": "12345"},
            {"phone": ["“12345” is not a phone number; write +44 or another country code first."]},
        ),
        (
            {"birth_date": "2015-01-01"},
            {
                "guardian": [
                    (
                        "This patient is under 18: say who answers for them. "
                        "Register that person first if they are new."
                    )
                ]
            },
        ),
        (
            {"birth_date": "1899-01-09"},
            {"birth_date": ["A patient was born between 1900 and today."]},
        ),
        ({"deceased_on": "2027-01-09"}, {"deceased_on": ["A date of death is not in the future."]}),
        (
            {"zone": "Mars"},
            {"zone": ["Select a valid choice. Mars is not one of the available choices."]},
        ),
        ({"given_name": ""}, {"given_name": ["This field is required."]}),
    ],
)
def test_patient_that_makes_no_sense_is_refused(
    desk: Client, typed: dict[str, str], found: dict[str, list[str]]
) -> None:
    assert problems(send(desk, ADD, **{**ZOE, **typed})) == found
    assert not Patient.objects.filter(family_name="Quill").exists()


def test_minor_with_a_guardian_is_entered(clinic: cast.Clinic, desk: Client) -> None:
    answer = send(desk, ADD, **{**ZOE, "birth_date": "2015-01-01"}, guardian=clinic.patient.pk)
    assert answer.status_code == 302
    assert Patient.objects.get(given_name="Zoe").guardian == clinic.patient


def test_lookalikes_are_shown_before_a_patient_is_saved(clinic: cast.Clinic, desk: Client) -> None:
    ada = register.amend(patient=clinic.patient, by=Actor(name="x"), now=NOW)
    twin = {"given_name": "Áda", "family_name": "Pine", "birth_date": "1985-04-12"}

    first = send(desk, ADD, **twin)

    assert first.status_code == 200
    page = first.content.decode()
    assert "Somebody like this is already in the register" in page
    assert change(ada) in page
    assert "same birth date" in page
    assert Patient.objects.count() == 1

    silent = desk.post(ADD, {**_again(first), **twin})
    assert Patient.objects.count() == 1
    told = desk.post(ADD, {**_again(silent), **twin, "others": "on"})
    assert told.status_code == 302
    assert Patient.objects.count() == 2


def _again(page: object) -> dict[str, object]:
    form = page.context["adminform"].form  # type: ignore[attr-defined]
    return {bound.html_name: bound.value() or "" for bound in form}


def test_word_given_for_one_lookalike_does_not_cover_another(
    clinic: cast.Clinic, desk: Client
) -> None:
    register.amend(patient=clinic.patient, by=Actor(name="x"), now=NOW)
    twin = {"given_name": "Ada", "family_name": "Pine", "birth_date": "1985-04-12"}
    first = send(desk, ADD, **twin)
    cast.patient("Adah", "Pine", search_key="adah pine 1985-04-12")
    second = desk.post(ADD, {**_again(first), **twin, "others": "on"})
    assert second.status_code == 200
    assert "Adah Pine" in second.content.decode()


def test_new_note_is_no_reason_to_ask_about_lookalikes(clinic: cast.Clinic, desk: Client) -> None:
    cast.patient("Bo", "Oak", email="other@example.org")  # shares Ada's phone
    assert send(desk, change(clinic.patient), note="prefers mornings").status_code == 302
    asked = send(desk, change(clinic.patient), family_name="Oak")
    assert "Somebody like this is already in the register" in asked.content.decode()


def test_patient_is_amended_without_a_question_about_themselves(
    clinic: cast.Clinic, desk: Client
) -> None:
    answer = send(desk, change(clinic.patient), email="ada.pine@example.org")
    assert answer.status_code == 302
    clinic.patient.refresh_from_db()
    assert clinic.patient.email == "ada.pine@example.org"
    assert Change.objects.get(subject="patient").what == {"email": []}


def test_page_that_somebody_outdated_is_refused_and_keeps_what_was_typed(
    clinic: cast.Clinic, desk: Client
) -> None:
    opened = _again(desk.get(change(clinic.patient)))
    assert send(desk, change(clinic.patient), note="allergic to lidocaine").status_code == 302

    late = desk.post(change(clinic.patient), {**opened, "note": "prefers mornings"})

    assert problems(late) == {"__all__": [register.CHANGED_SINCE]}
    assert "prefers mornings" in late.content.decode()
    clinic.patient.refresh_from_db()
    assert clinic.patient.note == "allergic to lidocaine"


@pytest.mark.parametrize(
    "text", ["pine", "Áda", "1985-04-12", "12/04/1985", "07700 900123", "ada 12.4.1985"]
)
def test_list_finds_by_name_phone_and_birth_date(
    clinic: cast.Clinic, desk: Client, text: str
) -> None:
    register.amend(patient=clinic.patient, by=Actor(name="x"), now=NOW)
    cast.patient("Bo", "Oak", birth_date=date(1999, 9, 9), phone="+447700900999")
    page = desk.get(reverse("admin:scheduling_patient_changelist"), {"q": text})
    assert [str(row) for row in page.context["cl"].result_list] == ["Ada Pine"]


def test_picker_of_patients_uses_the_register(clinic: cast.Clinic, desk: Client) -> None:
    register.amend(patient=clinic.patient, by=Actor(name="x"), now=NOW)
    answer = desk.get(
        "/admin/autocomplete/",
        {
            "term": "07700 900123",
            "app_label": "scheduling",
            "model_name": "patient",
            "field_name": "guardian",
        },
    )
    assert [row["text"] for row in answer.json()["results"]] == ["Ada Pine"]


def test_patient_is_never_deleted(clinic: cast.Clinic, desk: Client) -> None:
    url = reverse("admin:scheduling_patient_delete", args=[clinic.patient.pk])
    assert desk.post(url, {"post": "yes"}).status_code == 403
    assert Patient.objects.filter(pk=clinic.patient.pk).exists()

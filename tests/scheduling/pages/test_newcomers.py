"""Somebody new books a consultation: one question a page, and a patient only with the booking."""

from datetime import date

import pytest
import time_machine

from scheduling import register
from scheduling.models import Appointment, Patient, PatientSession, Todo
from tests import cast
from tests.cast import NOW
from tests.scheduling.pages import booked
from tests.scheduling.pages.booked import PHONE, field, introduced, kept, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def test_one_question_a_page_then_a_patient_and_a_visit() -> None:
    booked.clinic()
    phone = booked.phone(None)
    assert phone.get("/my/new/")["Location"] == "/my/new/name/"
    assert introduced(phone) == "/my/new/times/"
    page = kept(phone, "/my/new/")
    said = text_of(page)
    assert "This time is kept for you until 08:10." in said
    assert "Consultation" in said
    assert "Name Bea Lowe" in said
    form = {"kept": field(page, "kept"), "act": "book"}
    assert phone.post("/my/new/check/", form)["Location"] == "/my/book/done/"
    assert phone.post("/my/new/check/", form)["Location"] == "/my/book/done/"
    who = Patient.objects.get(family_name="Lowe")
    assert (str(who.phone), who.email, who.channel, who.language) == (
        PHONE,
        "bea@example.org",
        "sms",
        "es",
    )
    assert list(Appointment.objects.values_list("patient", "status")) == [(who.pk, "booked")]
    assert "Su cita está reservada" in text_of(phone.get("/my/book/done/"))
    assert phone.get("/my/new/")["Location"] == "/my/book/"


def test_nothing_is_kept_of_who_gives_up_but_the_start() -> None:
    at = booked.clinic()
    phone = booked.phone(None)
    introduced(phone)
    page = kept(phone, "/my/new/")
    stored = [
        *Patient.objects.exclude(pk=at.patient.pk).values_list("given_name", "phone", "birth_date"),
        *PatientSession.objects.values_list("email", "patient"),
    ]
    assert stored == [("", "", None), ("", None)]
    phone.post("/my/new/check/", {"kept": field(page, "kept"), "act": "another"})
    assert (Appointment.objects.count(), Patient.objects.count()) == (0, 1)


def test_the_only_treatment_is_a_consultation() -> None:
    at = booked.clinic()
    phone = booked.phone(None)
    introduced(phone)
    phone.post("/my/new/treatment/", {"choice": at.review.pk})
    kept(phone, "/my/new/")
    assert Appointment.objects.get().treatment == at.consultation


@pytest.mark.parametrize(
    ("step", "sent", "at", "said"),
    [
        ("name", {"given": "  ", "family": "Lowe"}, "given", "Enter a first name"),
        ("birth", {"day": "31", "month": "2", "year": "1990"}, "day", "Enter a real date of birth"),
        ("birth", {"day": "1", "month": "1", "year": "2030"}, "day", "Enter a real date of birth"),
        ("messages", {"email": "bea@", "language": "en"}, "email", "Enter an e-mail address such as"),
        ("messages", {"agreed": "email", "language": "en"}, "email", "Enter an e-mail address, or"),
        ("messages", {"language": "xx"}, "language", "Choose a language"),
        ("guardian", {"guardian_given": "Cy", "guardian_family": "Lowe"}, "mine", "Confirm that the"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_on_top_and_at_the_field(
    step: str, sent: dict[str, str], at: str, said: str
) -> None:
    booked.clinic()
    page = booked.phone(None).post(f"/my/new/{step}/", sent)
    html = page.content.decode()
    assert (page.status_code, f'<a href="#{at}">{said}' in html) == (200, True)
    assert f'id="{at}-error">{said}' in html
    assert "<title>Error: " in html
    typed = [value for name, value in sent.items() if name not in {"language", "agreed", "given"}]
    assert [value for value in typed if f'value="{value}"' not in html] == []


def test_a_minor_comes_with_a_guardian_whose_phone_it_is() -> None:
    booked.clinic()
    phone = booked.phone(None)
    phone.post("/my/new/name/", {"given": "Bea", "family": "Lowe"})
    answer = phone.post("/my/new/birth/", {"day": "1", "month": "5", "year": "2012"})
    assert answer["Location"] == "/my/new/guardian/"
    assert "the phone number ending in 456 is mine" in text_of(phone.get("/my/new/guardian/"))
    mine = {"guardian_given": "Cy", "guardian_family": "Lowe", "mine": "yes"}
    assert phone.post("/my/new/guardian/", mine)["Location"] == "/my/new/messages/"
    phone.post("/my/new/messages/", {"language": "en", "agreed": ["sms"]})
    page = kept(phone, "/my/new/")
    assert "Parent or guardian Cy Lowe" in text_of(page)
    phone.post("/my/new/check/", {"kept": field(page, "kept"), "act": "book"})
    ward = Patient.objects.get(given_name="Bea")
    assert ward.guardian is not None
    assert (str(ward.guardian), str(ward.guardian.phone), str(ward.phone)) == ("Cy Lowe", PHONE, "")


def test_a_step_left_out_is_asked_before_the_times() -> None:
    booked.clinic()
    phone = booked.phone(None)
    phone.post("/my/new/name/", {"given": "Bea", "family": "Lowe"})
    assert phone.get("/my/new/times/")["Location"] == "/my/new/birth/"
    assert phone.get("/my/new/check/")["Location"] == "/my/new/birth/"


def test_a_change_from_the_check_leads_back_to_it() -> None:
    booked.clinic()
    phone = booked.phone(None)
    introduced(phone)
    kept(phone, "/my/new/")
    answer = phone.post("/my/new/name/", {"given": "Bia", "family": "Lowe"})
    assert answer["Location"] == "/my/new/check/"
    assert "Name Bia Lowe" in text_of(phone.get("/my/new/check/"))


def test_a_likeness_is_never_shown_to_the_stranger() -> None:
    booked.clinic()
    answers = []
    for given, family in (("Ada", "Pine"), ("Zoe", "Unlike")):
        phone = booked.phone(None)
        introduced(
            phone,
            name={"given": given, "family": family},
            birth={"day": "12", "month": "4", "year": "1985"},
        )
        page = kept(phone, "/my/new/")
        answer = phone.post("/my/new/check/", {"kept": field(page, "kept"), "act": "book"})
        answers.append((answer.status_code, answer["Location"], answer.content))
    assert answers[0] == answers[1]
    assert [todo.kind for todo in Todo.objects.filter(patient__family_name="Pine")] == [
        "looks-known"
    ]


def registered(given: str, family: str) -> Patient:
    """Enter somebody who has the phone and the birth date of `introduced`."""
    known = Patient(given_name=given, family_name=family, phone=PHONE, birth_date=date(1990, 5, 1))
    return register.register(patient=known, by=cast.reception(), now=NOW)


@pytest.mark.parametrize(("family", "same"), [("Lima", True), ("Li", False)])
def test_who_is_registered_already_is_found_by_the_whole_name(family: str, same: bool) -> None:  # noqa: FBT001 - a row of the table
    """“Ana Li” is not the twin “Ana Lima”; and the start kept for Ana Lima is no stranger's."""
    booked.clinic()
    known = registered("Ana", "Lima")
    phone = booked.phone(None)
    introduced(phone, name={"given": "Ana", "family": family})
    page = kept(phone, "/my/new/")
    answer = phone.post("/my/new/check/", {"kept": field(page, "kept"), "act": "book"})
    assert (answer.status_code, answer["Location"]) == (303, "/my/book/done/")
    made = Appointment.objects.get()
    assert (made.status, made.patient.family_name) == ("booked", family)
    assert (made.patient_id == known.pk) is same
    assert Patient.objects.filter(provisional=True).count() == 0


def test_a_phone_that_was_not_verified_is_no_door() -> None:
    booked.clinic()
    phone = booked.phone(None, number="")
    assert phone.get("/my/new/")["Location"].startswith("/my/sign-in/")


def test_two_tabs_make_one_patient() -> None:
    booked.clinic()
    phone = booked.phone(None)
    introduced(phone)
    first = kept(phone, "/my/new/")
    second = kept(phone, "/my/new/", nth=20)
    for page in (second, first):
        phone.post("/my/new/check/", {"kept": field(page, "kept"), "act": "book"})
    assert Patient.objects.filter(family_name="Lowe").count() == 1
    assert [visit.status for visit in Appointment.objects.all()] == ["booked"]

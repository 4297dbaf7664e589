"""The waiting list in the patient's hand: seen, joined, left; an offer answered there too."""

from datetime import date, time, timedelta

import pytest
from django.test import Client

from scheduling import waiting
from scheduling.models import Appointment, Treatment, WaitingEntry
from tests import cast
from tests.cast import NOW
from tests.scheduling.pages import way
from tests.scheduling.waiting import stage
from tests.scheduling.waiting.stage import FREED

pytestmark = pytest.mark.django_db

MINE, JOIN = "/my/waiting/", "/my/waiting/join/"


@pytest.fixture
def ada(clinic: cast.Clinic) -> Client:
    client = Client()
    way.sign_in(client, clinic.patient)
    return client


def test_a_visit_that_is_booked_can_be_waited_for_earlier(clinic: cast.Clinic, ada: Client) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    page = f"{MINE}earlier/{visit.pk}/"
    assert page in ada.get(MINE).content.decode()
    answer = ada.post(page, {"days": ["0", "2"], "hours": "morning", "weeks": "2"})
    assert (answer.status_code, answer["Location"]) == (303, f"{MINE}?told=joined")
    row = WaitingEntry.objects.get()
    assert (row.patient, row.appointment, row.weekdays) == (clinic.patient, visit, [0, 2])
    assert (row.until_time, row.until) == (time(12), NOW.date() + timedelta(weeks=2))
    assert "You are on the list." in way.text_of(ada.get(answer["Location"]))


def test_a_treatment_is_chosen_as_if_to_book_it(clinic: cast.Clinic, ada: Client) -> None:
    Treatment.objects.filter(pk=clinic.review.pk).update(self_booking=True, asks_area=False)
    assert ada.get(JOIN)["Location"] == MINE
    ada.get("/my/book/", follow=True)
    ada.post("/my/book/treatment/", {"choice": clinic.review.pk})
    assert JOIN in ada.get("/my/book/times/").content.decode()
    ada.post(JOIN, {"weeks": "4"})
    row = WaitingEntry.objects.get()
    assert (row.treatment, row.appointment, row.weekdays) == (clinic.review, None, [])
    assert row.created_by.startswith("patient")


def test_what_is_missing_is_said_and_what_was_ticked_stays(
    clinic: cast.Clinic, ada: Client
) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    answer = ada.post(f"{MINE}earlier/{visit.pk}/", {"days": ["3"], "hours": "evening"})
    said = answer.content.decode()
    assert ("Choose how long you want to wait." in said, WaitingEntry.objects.count()) == (True, 0)
    assert said.count(" checked") == 2


def test_on_the_list_twice_is_told_kindly(clinic: cast.Clinic, ada: Client) -> None:
    stage.waits(clinic, clinic.patient)
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    answer = ada.post(f"{MINE}earlier/{visit.pk}/", {"weeks": "2"})
    assert answer["Location"] == f"{MINE}?told=already"


def test_who_leaves_is_off_the_list(clinic: cast.Clinic, ada: Client) -> None:
    row = stage.waits(clinic, clinic.patient)
    assert clinic.review.name in way.text_of(ada.get(MINE))
    assert ada.post(MINE, {"leave": row.pk})["Location"] == f"{MINE}?told=left"
    row.refresh_from_db()
    assert row.closed_as == "left"


def test_looking_changes_nothing(clinic: cast.Clinic, ada: Client) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    for page in (MINE, JOIN, f"{MINE}offer/{made.pk}/"):
        ada.get(page)
    made.refresh_from_db()
    assert (made.state, WaitingEntry.objects.filter(closed_at=None).count()) == ("open", 1)


def test_an_offer_is_answered_there_too(clinic: cast.Clinic, ada: Client) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    page = f"{MINE}offer/{made.pk}/"
    assert page in ada.get(MINE).content.decode()
    ada.post(page, {"act": "accept"})
    assert Appointment.objects.get().start == FREED
    assert "It is yours." in way.text_of(ada.get(page))


def test_another_patients_place_and_offer_are_not_there(clinic: cast.Clinic, ada: Client) -> None:
    other = cast.patient("Somebody", "Else")
    row = stage.waits(clinic, other)
    made = stage.offered(row)
    visit = stage.booked(clinic, other, cast.at(cast.day(4), 11))
    answers = [
        ada.post(MINE, {"leave": row.pk}),
        ada.get(f"{MINE}offer/{made.pk}/"),
        ada.post(f"{MINE}offer/{made.pk}/", {"act": "accept"}),
        ada.post(f"{MINE}earlier/{visit.pk}/", {"weeks": "2"}),
    ]
    assert [a.status_code for a in answers] == [404] * 4
    row.refresh_from_db()
    assert (row.closed_at, Appointment.objects.count()) == (None, 1)


def test_who_is_not_signed_in_is_led_there(clinic: cast.Clinic) -> None:
    assert Client().get(MINE)["Location"].startswith("/my/sign-in/")


@pytest.mark.parametrize("language", ["es", "ar"])
def test_it_speaks_the_patients_language(clinic: cast.Clinic, ada: Client, language: str) -> None:
    stage.waits(clinic, clinic.patient, until=date(2027, 1, 20))
    ada.cookies["speaks"] = language
    said = way.text_of(ada.get(MINE))
    assert {"es": "Lista de espera", "ar": "قائمة الانتظار"}[language] in said


def test_two_who_accept_one_time_are_told_kindly_who_was_first(
    clinic: cast.Clinic, ada: Client
) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    quick = stage.offered(stage.waits(clinic, cast.patient("Quick", "Hand")))
    waiting.accept(offer_id=quick.pk, by=stage.DESK, now=NOW)
    page = f"{MINE}offer/{made.pk}/"
    ada.post(page, {"act": "accept"})
    assert "that time was taken a moment before" in way.text_of(ada.get(page))

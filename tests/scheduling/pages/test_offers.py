"""The page of an offer: looking changes nothing, the answer counts once, too late is said kindly."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine
from django.db import connections
from django.test import Client

from scheduling.models import Appointment, Link, Offer, WaitingEntry
from tests import cast
from tests.cast import NOW
from tests.scheduling.waiting import stage
from tests.scheduling.waiting.stage import FREED

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def opened(client: Client, made: Offer) -> str:
    token = stage.link_to(made)
    address: str = client.get(f"/o/{token}/")["Location"]
    return address


def text_of(response: object) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


def test_page_says_what_when_and_until_when(client: Client, clinic: cast.Clinic) -> None:
    said = text_of(client.get(opened(client, stage.offered(stage.waits(clinic, clinic.patient)))))
    assert "Review Wednesday 6 January 2027, 11:00" in said
    assert "Please answer by 08:30 (30 minutes from now)." in said


def test_page_names_the_visit_that_would_move(client: Client, clinic: cast.Clinic) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    made = stage.offered(stage.waits(clinic, clinic.patient, appointment_id=visit.pk))
    said = text_of(client.get(opened(client, made)))
    assert "It would replace your visit on Friday 8 January 2027, 11:00" in said


def test_yes_books_once_however_often_it_is_pressed(client: Client, clinic: cast.Clinic) -> None:
    page = opened(client, stage.offered(stage.waits(clinic, clinic.patient)))
    for _ in range(2):
        assert client.post(page, {"act": "accept"}).status_code == 302
    assert [a.start for a in Appointment.objects.all()] == [FREED]
    assert "It is yours." in text_of(client.get(page))


def test_no_keeps_the_place_on_the_list(client: Client, clinic: cast.Clinic) -> None:
    entry = stage.waits(clinic, clinic.patient)
    page = opened(client, stage.offered(entry))
    client.post(page, {"act": "decline"})
    assert "You keep your place on the list." in text_of(client.get(page))
    entry.refresh_from_db()
    assert entry.closed_at is None


def test_a_time_taken_meanwhile_is_told_kindly(client: Client, clinic: cast.Clinic) -> None:
    page = opened(client, stage.offered(stage.waits(clinic, clinic.patient)))
    stage.booked(clinic, cast.patient("Quick", "Hand"), FREED)
    client.post(page, {"act": "accept"})
    said = text_of(client.get(page))
    assert "that time was taken a moment before" in said
    assert "Yes, I take" not in said


def test_too_late_is_said_even_before_the_house_notes_it(
    client: Client, clinic: cast.Clinic
) -> None:
    page = opened(client, stage.offered(stage.waits(clinic, clinic.patient)))
    with time_machine.travel(NOW + timedelta(minutes=31), tick=False):
        client.post(page, {"act": "accept"})
        assert "The time to answer is over." in text_of(client.get(page))
    assert Appointment.objects.count() == 0


def test_an_offer_of_a_wait_that_is_over_is_not_open(client: Client, clinic: cast.Clinic) -> None:
    visit = stage.booked(clinic, clinic.patient, cast.at(cast.day(4), 11))
    entry = stage.waits(clinic, clinic.patient, appointment_id=visit.pk)
    page = opened(client, stage.offered(entry))
    WaitingEntry.objects.update(closed_at=NOW, closed_as="over")
    client.post(page, {"act": "accept"})
    said = text_of(client.get(page))
    assert "This offer was taken back." in said
    assert "Yes, I take" not in said


def test_looking_changes_nothing_and_another_link_opens_nothing(
    client: Client, clinic: cast.Clinic
) -> None:
    made = stage.offered(stage.waits(clinic, clinic.patient))
    page = opened(client, made)
    assert [client.get(page).status_code, client.head(page).status_code] == [200, 200]
    made.refresh_from_db()
    assert made.state == "open"
    assert Client().get(page).status_code == 404
    assert client.get(f"/v/see/{Link.objects.get().pk}/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_of_two_phones_at_once_one_has_it_and_the_other_is_told_kindly() -> None:
    clinic = cast.build()
    pages = []
    for who in (clinic.patient, cast.patient("Quick", "Hand")):
        phone = Client()
        pages.append((phone, opened(phone, stage.offered(stage.waits(clinic, who)))))
    ready = Barrier(len(pages))

    def accept(phone: Client, page: str) -> str:
        try:
            ready.wait(30)
            phone.post(page, {"act": "accept"})
            return text_of(phone.get(page))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(pages)) as pool:
        said = list(pool.map(accept, *zip(*pages, strict=True)))
    assert sorted("It is yours." in each for each in said) == [False, True]
    assert sorted("that time was taken a moment before" in each for each in said) == [False, True]
    assert Appointment.objects.filter(status="booked").count() == 1

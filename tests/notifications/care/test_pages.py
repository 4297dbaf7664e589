"""The page of advice: looking changes nothing, a form acts, a link opens one visit of one person."""

import re

import pytest
import time_machine
from django.test import Client

from notifications.models import CareAnswer, Message
from scheduling import booking, links
from scheduling.models import Appointment, Link, Patient, Record, Todo
from tests import cast
from tests.notifications.care import bedside
from tests.notifications.care.bedside import DAY, DESK

pytestmark = pytest.mark.django_db

MORNING = cast.at(cast.day(2), 10)
"""When the check of the day after falls due."""


@pytest.fixture
def clinic() -> cast.Clinic:
    return bedside.clinic()


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(MORNING, tick=False) as clock:
        yield clock


def opened(client: Client, text: str) -> str:
    """Follow the link in a message, and answer the address of the page it leads to."""
    response = client.get(f"/c/{bedside.token_in(text)}/")
    assert response.status_code == 302
    address: str = response["Location"]
    return address


def check(client: Client, clinic: cast.Clinic) -> str:
    """Have a session done, its check of the day after sent, and open it."""
    bedside.done(clinic)
    (told,) = [m for m in bedside.sent(MORNING) if m.channel == "sms" and m.kind == "aftercare"]
    return opened(client, told.text)


def said(response: object) -> str:
    """Read a page as a person does."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


def snapshot() -> list[object]:
    models = (Appointment, CareAnswer, Message, Record, Todo, Link)
    return [list(m.objects.order_by("pk").values()) for m in models]


def test_the_page_before_a_visit_brings_the_advice_in_force(client: Client) -> None:
    at = bedside.clinic()
    with time_machine.travel(cast.NOW, tick=False):
        bedside.booked(at, 5)
        (told,) = [m for m in bedside.sent(cast.NOW) if m.kind == "care"]
        page = said(client.get(opened(client, told.text)))
    assert "Before your visit" in page
    assert "Your visit: Saturday 9 January 2027" in page
    assert "Stop retinoids and acids" in page
    assert "Keep out of the sun" in page
    assert "How is it today" not in page


def test_the_page_after_a_session_asks_how_it_is(client: Client, clinic: cast.Clinic) -> None:
    response = client.get(check(client, clinic))
    page = said(response)
    assert "How is your skin today?" in page
    assert "After your treatment" in page  # day 0, still in force
    assert "How is your skin after three days?" not in page
    assert "+44 20 7946 0999" in page
    assert (response["Referrer-Policy"], response["X-Robots-Tag"]) == ("no-referrer", "noindex")
    assert "no-store" in response["Cache-Control"]


def test_an_old_link_shows_the_newest_advice(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    with time_machine.travel(MORNING + 2 * DAY, tick=False):
        assert "How is your skin after three days?" in said(client.get(page))


def test_looking_changes_nothing(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    before = snapshot()
    for query in ("", "?answer=worse", "?act=ring"):
        client.get(page + query)
        client.head(page + query)
    assert snapshot() == before


def test_worse_shows_the_number_at_once_and_alerts(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    response = client.post(page, {"answer": "worse", "words": "it <b>burns</b>"}, follow=True)
    text = said(response)
    assert text.index("Please ring this number now") < text.index("+44 20 7946 0999")
    assert 'href="tel:+442079460999"' in response.content.decode()
    (row,) = CareAnswer.objects.all()
    assert (row.answer, row.said, row.source, row.day) == ("worse", "it <b>burns</b>", "link", 1)
    assert Message.objects.filter(kind="alert").count() == 1
    assert Todo.objects.filter(kind="care-worse", urgent=True).count() == 1
    assert Record.objects.filter(kind="adverse_event", end_date=None).count() == 1
    assert "Please ring this number now" in said(client.get(page))


def test_a_form_sent_twice_is_one_answer(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    for _ in range(3):
        client.post(page, {"answer": "worse"})
    assert (CareAnswer.objects.count(), Message.objects.filter(kind="alert").count()) == (1, 1)


def test_better_is_thanked_for(client: Client, clinic: cast.Clinic) -> None:
    text = said(client.post(check(client, clinic), {"answer": "better"}, follow=True))
    assert "Thank you. We have noted your answer. Your last answer: Better." in text
    assert "Please ring this number now" not in text


@pytest.mark.parametrize("form", [{}, {"answer": "dying"}, {"act": "ring"}, {"words": "worse"}])
def test_a_form_that_asks_nothing_known_does_nothing(
    client: Client, clinic: cast.Clinic, form: dict[str, str]
) -> None:
    page = check(client, clinic)
    before = snapshot()
    assert client.post(page, form).status_code == 200
    assert snapshot() == before


def test_a_form_without_its_secret_is_refused(clinic: cast.Clinic) -> None:
    strict = Client(enforce_csrf_checks=True)
    page = check(strict, clinic)
    assert strict.post(page, {"answer": "worse"}).status_code == 403
    assert CareAnswer.objects.count() == 0


def test_a_link_opens_one_visit_of_one_person(client: Client, clinic: cast.Clinic) -> None:
    mine = check(client, clinic)
    other = Link.objects.create(
        token_hash=b"x" * 32,
        purpose="care",
        patient=cast.patient("Bo", "Stranger"),
        appointment=Appointment.objects.get(),
        bound_version=0,
        expires_at=MORNING + DAY,
        created_at=MORNING,
    )
    theirs = mine.replace(str(Link.objects.exclude(pk=other.pk).latest("pk").pk), str(other.pk))
    for page in (theirs, "/c/see/999999/"):
        assert client.get(page).status_code == 404
        assert client.post(page, {"answer": "worse"}).status_code == 404
    assert CareAnswer.objects.count() == 0
    assert Client().get(mine).status_code == 404  # without the cookie


def test_a_visit_link_does_not_open_the_advice_nor_the_other_way_round(
    client: Client, clinic: cast.Clinic
) -> None:
    check(client, clinic)
    visit = Appointment.objects.get()
    mine = links.issue(appointment=visit, now=MORNING)
    assert client.get(f"/c/{mine}/").status_code == 404
    care = links.issue(appointment=visit, now=MORNING, purpose=Link.Purpose.CARE)
    assert client.get(f"/v/{care}/").status_code == 404


def test_a_stale_link_is_closed_and_still_gives_the_number(
    client: Client, clinic: cast.Clinic
) -> None:
    page = check(client, clinic)
    Appointment.objects.update(told_version=1)
    for response in (client.get(page), client.post(page, {"answer": "worse"})):
        assert response.status_code == 410
        assert "+44 20 7946 0999" in said(response)
        assert 'href="/my/sign-in/"' in response.content.decode()
    assert CareAnswer.objects.count() == 0


def test_a_link_lives_as_long_as_a_late_darkening_is_watched_for(
    client: Client, clinic: cast.Clinic
) -> None:
    page = check(client, clinic)
    with time_machine.travel(MORNING + 59 * DAY, tick=False):
        assert client.get(page).status_code == 200
    with time_machine.travel(MORNING + 60 * DAY, tick=False):
        assert client.get(page).status_code == 410


def test_the_advice_before_a_visit_closes_when_it_is_missed(client: Client) -> None:
    at = bedside.clinic()
    with time_machine.travel(cast.NOW, tick=False):
        visit = bedside.booked(at, 1)
        (told,) = [m for m in bedside.sent(cast.NOW) if m.kind == "care"]
        page = opened(client, told.text)
    booking.no_show(appointment_id=visit.pk, version=1, by=DESK, now=visit.end)
    with time_machine.travel(visit.end, tick=False):
        assert client.get(page).status_code == 410


def test_a_visit_that_is_undone_takes_no_answer(client: Client, clinic: cast.Clinic) -> None:
    page = check(client, clinic)
    visit = Appointment.objects.get()
    booking.reinstate(appointment_id=visit.pk, version=None, by=DESK, now=MORNING)
    assert client.post(page, {"answer": "worse"}).status_code == 200
    assert CareAnswer.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "title", "direction"),
    [("es", "Después de su cita", "ltr"), ("ar", "بعد زيارتك", "rtl")],
)
def test_the_page_speaks_the_patients_language(
    client: Client, clinic: cast.Clinic, language: str, title: str, direction: str
) -> None:
    page = check(client, clinic)
    Patient.objects.update(language=language)
    response = client.get(page)
    assert title in said(response)
    assert f'<html lang="{language}" dir="{direction}">' in response.content.decode()


def test_nobody_is_told_which_tokens_exist(client: Client) -> None:
    assert client.get("/c/nonsense/").status_code == 404


def test_a_guardian_is_greeted_and_told_whose_visit_it_is(
    client: Client, clinic: cast.Clinic
) -> None:
    page = check(client, clinic)
    mother = cast.patient("Greta", "Pine", language="es")
    facts = {"guardian": mother, "birth_date": cast.day(-3000), "phone": "", "email": ""}
    Patient.objects.filter(pk=clinic.patient.pk).update(**facts)
    assert "Hola, Greta: Esta página trata de la cita de Ada." in said(client.get(page))

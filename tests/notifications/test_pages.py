"""The patient's page: looking changes nothing, a form acts, and dead links say so plainly."""

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client

from notifications import outbox
from scheduling import links
from scheduling.doors.frame import LANGUAGES, words_of
from scheduling.models import Appointment, Link, Patient, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def opened(client: Client, made: Appointment, now: datetime = NOW) -> str:
    """Open the link of a message, and answer the address of the page it leads to."""
    token = links.issue(appointment=made, now=now)
    response = client.get(f"/v/{token}/")
    assert response.status_code == 302
    address: str = response["Location"]
    return address


def text_of(response: object) -> str:
    """Read a page as a person does."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())  # type: ignore[attr-defined]


def test_the_token_is_exchanged_for_a_cookie_at_once(client: Client) -> None:
    token = links.issue(appointment=stage.visit(stage.house()), now=NOW)
    response = client.get(f"/v/{token}/")
    page = f"/v/see/{Link.objects.get().pk}/"
    cookie = response.cookies[f"visit-{Link.objects.get().pk}"]
    assert (response["Location"], response["Referrer-Policy"]) == (page, "no-referrer")
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (page, True, "Lax")
    assert token not in client.get(page).content.decode()


def test_the_page_shows_the_time_to_be_there_and_its_title_says_nothing_clinical(
    client: Client,
) -> None:
    response = client.get(opened(client, stage.visit(stage.house())))
    said = text_of(response)
    assert "Please be here on Monday 18 January 2027, 13:00" in said
    assert "12 Harley Street" in said
    assert "+44 20 7946 0000" in said
    assert "14:00" not in said
    assert "<title>Your visit · Harley House</title>" in response.content.decode()
    assert response["Referrer-Policy"] == "no-referrer"
    assert "no-store" in response["Cache-Control"]


def test_looking_changes_nothing(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    before = Appointment.objects.filter(pk=made.pk).values().get()
    for query in ("", "?act=cancel", "?act=confirm"):
        client.get(page + query)
        client.head(page + query)
    assert Appointment.objects.filter(pk=made.pk).values().get() == before
    assert Todo.objects.count() == 0


def test_confirming_is_noted(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    response = client.post(page, {"act": "confirm"})
    made.refresh_from_db()
    assert (made.confirmed_at, response.status_code, response["Location"]) == (NOW, 303, page)
    assert "You have said that you are coming. Thank you." in text_of(client.get(page))


def test_asking_to_move_writes_one_task_for_reception(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    client.post(page, {"act": "move", "wish": "Tuesdays\x00 after 4"})
    response = client.post(page, {"act": "move", "wish": "Any Friday"})
    todo = Todo.objects.get()
    assert (todo.kind, todo.text) == ("asks-to-move", "Would like another time: Any Friday")
    assert (todo.site_id, todo.appointment_id) == (made.site_id, made.pk)
    assert (response.status_code, response["Location"]) == (303, page)
    assert "You have asked for another time." in text_of(client.get(page))


def test_an_unknown_act_does_nothing(client: Client) -> None:
    made = stage.visit(stage.house())
    assert client.post(opened(client, made), {"act": "explode"}).status_code == 200
    made.refresh_from_db()
    assert (made.status, made.confirmed_at) == ("booked", None)


def test_a_form_from_elsewhere_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    made = stage.visit(stage.house())
    assert client.post(opened(client, made), {"act": "cancel"}).status_code == 403
    made.refresh_from_db()
    assert made.status == "booked"


def test_the_page_speaks_spanish_to_those_who_do(client: Client) -> None:
    response = client.get(opened(client, stage.visit(stage.house(language="es"))))
    assert '<html lang="es" dir="ltr">' in response.content.decode()
    assert "Le esperamos el lunes 18 de enero de 2027, 13:00" in text_of(response)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"status": "cancelled"}, "This visit is cancelled."),
        ({"status": "fulfilled"}, "has begun or is over"),
        ({"confirmed_at": NOW}, "You have said that you are coming."),
    ],
    ids=str,
)
def test_the_page_says_how_the_visit_stands(
    client: Client, facts: dict[str, object], said: str
) -> None:
    response = client.get(opened(client, stage.visit(stage.house(), **facts)))
    assert said in text_of(response)


def test_a_page_says_whose_time_it_is_wherever_it_is_read(client: Client) -> None:
    page = opened(client, stage.visit(stage.house()))
    assert "All times are the time in London." in text_of(client.get(page))


def test_a_link_dies_with_a_move_and_names_whom_to_phone(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    Appointment.objects.filter(pk=made.pk).update(told_version=1)
    response = client.get(page)
    assert response.status_code == 410
    assert "+44 20 7946 0000" in text_of(response)


def course(at: stage.House, count: int = 3) -> list[Appointment]:
    """Write so many visits, a week apart, that one message tells of."""
    visits = [stage.visit(at, DAYS_14 + timedelta(weeks=n)) for n in range(count)]
    outbox.enqueue(appointments=visits, verb="book", now=NOW)
    return visits


def test_the_page_lists_the_visits_that_were_told_together_as_they_are_now(
    client: Client,
) -> None:
    first, second, third = course(stage.house())
    stage.change(second, "move", start=second.start + timedelta(days=1))
    stage.change(third, "cancel", status="cancelled")
    said = text_of(client.get(opened(client, first)))
    assert (
        "Visits booked or changed together Monday 18 January 2027, 13:00 Tuesday 26 January 2027, 13:00"
        " Open this visit Cancelled: Monday 1 February 2027, 13:00 "
    ) in said


def test_the_page_of_a_visit_that_was_told_alone_lists_none(client: Client) -> None:
    at = stage.house()
    course(at, 2)
    alone = stage.booked(at, DAYS_14 + timedelta(days=3))
    assert "changed together" not in text_of(client.get(opened(client, alone)))


def test_the_list_is_to_be_read_only_and_of_one_patient(client: Client) -> None:
    at = stage.house()
    mine = course(at)
    stranger = stage.House(at.site, at.treatment, cast.patient("Bo", "Ash"))
    Appointment.objects.filter(pk=mine[2].pk).update(patient=stranger.patient)
    page = opened(client, mine[0])
    assert "1 February" not in text_of(client.get(page))
    year = {"birth_year": "1985", "reason": "ill", "version": str(mine[0].version)}
    client.post(page + "cancel/", year)
    statuses = Appointment.objects.order_by("start").values_list("status", flat=True)
    assert list(statuses) == ["cancelled", "booked", "booked"]


def test_an_expired_link_is_dead(client: Client) -> None:
    made = stage.visit(stage.house())
    token = links.issue(appointment=made, now=NOW)
    with time_machine.travel(DAYS_14 + timedelta(days=3), tick=False):
        assert client.get(f"/v/{token}/").status_code == 410


def test_a_token_that_nobody_has_finds_nothing(client: Client) -> None:
    response = client.get("/v/not-a-token/")
    assert response.status_code == 404
    assert "This link does not work" in text_of(response)


def test_one_patients_cookie_opens_no_other_visit(client: Client) -> None:
    at = stage.house()
    mine = opened(client, stage.visit(at))
    other = Client()
    theirs = opened(other, stage.visit(at, DAYS_14 + timedelta(days=1)))
    assert mine != theirs
    assert client.get(theirs).status_code == 404
    token = client.cookies[f"visit-{mine.split('/')[3]}"].value
    client.cookies[f"visit-{theirs.split('/')[3]}"] = token
    assert client.get(theirs).status_code == 404


def test_a_visitor_from_another_zone_is_told_which_clock(client: Client) -> None:
    at = stage.house()
    Patient.objects.filter(pk=at.patient.pk).update(zone="America/New_York")
    assert "13:00 (London)" in text_of(client.get(opened(client, stage.visit(at))))


PAGES = [
    (app, path.stem)
    for app in ("scheduling", "plans", "notifications")
    for path in sorted((settings.BASE_DIR / app / "data").glob("*_page.json"))
]


@pytest.mark.parametrize(("app", "name"), [("scheduling", "frame"), *PAGES])
def test_every_language_says_everything(app: str, name: str) -> None:
    said = {language: words_of(app, name, language) for language in LANGUAGES}
    assert {frozenset(words) for words in said.values()} == {frozenset(said["en"])}

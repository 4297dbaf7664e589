"""Cancelling: a reason, a second fact by link, the notice rule; exact under concurrent tries."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client

from scheduling import links
from scheduling.models import Appointment, Change, Link
from tests.notifications import stage
from tests.notifications.pages.hands import cancelling, filled, opened, signed_in, text_of
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def status_of(made: Appointment) -> str:
    made.refresh_from_db()
    return made.status


def test_cancelling_keeps_the_reason_and_ends_the_link(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    response = cancelling(client, page, birth_year="1985", words="flu,\x00 since  Monday")
    assert (status_of(made), made.cancel_reason) == (
        "cancelled",
        "by the patient: ill; flu, since Monday",
    )
    assert (response.status_code, response["Location"]) == (303, f"{page}cancelled/")
    done = client.get(response["Location"])
    assert (done.status_code, "Your visit is cancelled" in text_of(done)) == (200, True)
    assert "+44 20 7946 0000" in text_of(done)
    assert client.get(page).status_code == 410


def test_the_page_after_is_of_that_link_only(client: Client) -> None:
    at = stage.house()
    made, other = stage.visit(at), stage.visit(at, stage.DAYS_14 + timedelta(days=1))
    page, second = opened(client, made), opened(client, other)
    assert client.get(f"{second}cancelled/")["Location"] == second
    cancelling(client, page, birth_year="1985")
    token = client.cookies[f"visit-{page.split('/')[3]}"].value
    client.cookies[f"visit-{second.split('/')[3]}"] = token
    assert client.get(f"{second}cancelled/").status_code == 410
    assert Client().get(f"{page}cancelled/").status_code == 404


def test_digits_of_other_scripts_are_digits(client: Client) -> None:
    made = stage.visit(stage.house(language="ar"))
    cancelling(client, opened(client, made), birth_year="١٩٨٥")
    assert status_of(made) == "cancelled"


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"reason": "", "birth_year": "1985"}, "reason", "Choose why you cannot come"),
        ({"reason": "explode", "birth_year": "1985"}, "reason", "Choose why you cannot come"),
        ({"birth_year": ""}, "birth_year", "Write the year of birth with four digits"),
        ({"birth_year": "85"}, "birth_year", "Write the year of birth with four digits"),
        ({"birth_year": "²²²²"}, "birth_year", "Write the year of birth with four digits"),
    ],
    ids=str,
)
def test_what_is_missing_is_said_at_the_field_and_costs_no_try(
    client: Client, said: dict[str, str], field: str, sentence: str
) -> None:
    made = stage.visit(stage.house())
    response = cancelling(client, opened(client, made), words="typed", **said)
    page = response.content.decode()
    assert f'<a href="#{field}">{sentence}' in page
    assert (f'id="{field}-error"' in page, f'id="{field}"' in page, ">typed<" in page) == (
        True,
    ) * 3
    assert (status_of(made), Link.objects.get().tries) == ("booked", 0)


def test_five_wrong_years_close_the_link_for_cancelling_and_nothing_else(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    left = [text_of(cancelling(client, page, birth_year=str(1990 + n))) for n in range(5)]
    assert "You can try 4 more times." in left[0]
    assert "You can try 1 more time." in left[3]
    assert "This link cannot cancel the visit any more. Please phone us." in left[4]
    # the right year comes too late
    client.post(f"{page}cancel/", {"reason": "ill", "birth_year": "1985", "version": "1"})
    assert status_of(made) == "booked"
    closed = client.get(f"{page}cancel/")
    assert (
        "<form method" in closed.content.decode().split("<footer")[0],
        'href="tel:+442079460000"' in closed.content.decode(),
    ) == (False, True)
    assert client.post(page, {"act": "confirm"}).status_code == 303


def test_the_links_of_all_messages_about_a_visit_share_its_tries(client: Client) -> None:
    at = stage.house()
    made, another = stage.visit(at), stage.visit(at, stage.DAYS_14 + timedelta(days=1))
    for n in range(5):
        cancelling(client, opened(client, made), birth_year=str(1990 + n))
    page = opened(client, made)
    cancelling(client, page, birth_year="1985")
    assert status_of(made) == "booked"
    assert "cannot cancel the visit any more" in text_of(client.get(f"{page}cancel/"))
    cancelling(client, opened(client, another), birth_year="1985")
    assert status_of(another) == "cancelled"


def test_without_a_birth_date_on_file_the_page_asks_to_phone(client: Client) -> None:
    made = stage.visit(stage.house(birth_date=None))
    page = opened(client, made)
    said = text_of(client.get(f"{page}cancel/"))
    assert "Please phone us to cancel" in said
    client.post(f"{page}cancel/", {"reason": "ill", "birth_year": "1985", "version": "1"})
    assert status_of(made) == "booked"


def test_cancelling_too_late_says_the_rule_and_asks_to_phone(client: Client) -> None:
    made = stage.visit(stage.house(), NOW + timedelta(hours=23, minutes=55))
    page = opened(client, made)
    response = client.get(f"{page}cancel/")
    assert (
        "up to 24 hours before. Please phone us as soon as we are open, or ask us here."
        in text_of(response)
    )
    assert 'href="tel:+442079460000"' in response.content.decode()
    late = {"reason": "ill", "birth_year": "1985", "version": "1"}
    assert "Please phone us as soon as we are open" in text_of(client.post(f"{page}cancel/", late))
    assert (status_of(made), Link.objects.get().tries) == ("booked", 0)


def test_the_notice_is_kept_to_the_minute(client: Client) -> None:
    made = stage.visit(stage.house(), NOW + timedelta(hours=24))
    cancelling(client, opened(client, made), birth_year="1985")
    assert status_of(made) == "cancelled"


def test_who_signed_in_is_not_asked_again(client: Client) -> None:
    at = stage.house(birth_date=None)
    made = stage.visit(at)
    signed_in(client, at.patient)
    page = f"/my/visits/{made.pk}/"
    assert "birth" not in client.get(f"{page}cancel/").content.decode()
    response = cancelling(client, page, reason="time")
    assert (response.status_code, response["Location"]) == (303, page)
    assert (status_of(made), made.cancel_reason) == (
        "cancelled",
        "by the patient: something has come up",
    )
    assert "This visit is cancelled." in text_of(client.get(page))
    assert Change.objects.get(verb="cancel").by == f"patient {at.patient.pk} by code"


def test_a_visit_that_changed_since_the_page_was_read_stays(client: Client) -> None:
    at = stage.house()
    made = stage.visit(at)
    signed_in(client, at.patient)
    page = f"/my/visits/{made.pk}/"
    typed = filled(client.get(f"{page}cancel/")) | {"reason": "ill"}
    Appointment.objects.filter(pk=made.pk).update(version=2, start=made.start + timedelta(days=1))
    assert "changed a moment ago" in text_of(client.post(f"{page}cancel/", typed))
    assert status_of(made) == "booked"


def test_a_form_without_its_fields_cancels_nothing(client: Client) -> None:
    at = stage.house()
    made = stage.visit(at)
    signed_in(client, at.patient)
    for body in ({}, {"reason": "ill"}, {"reason": "ill", "version": "x"}, {"act": "cancel"}):
        client.post(f"/my/visits/{made.pk}/cancel/", body)
        client.post(f"/my/visits/{made.pk}/", body)
    assert status_of(made) == "booked"


def test_a_form_from_elsewhere_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    made = stage.visit(stage.house())
    page = opened(client, made)
    body = {"reason": "ill", "birth_year": "1985", "version": "1"}
    assert client.post(f"{page}cancel/", body).status_code == 403
    assert (status_of(made), Link.objects.get().tries) == ("booked", 0)


def proved(given: list[Link], answers: int, prove: Callable[..., None]) -> int:
    """Give the right year from so many threads at one moment; count those that were let on."""
    gun, said = threading.Barrier(answers), []

    def ask(turn: int) -> None:
        mine = Link.objects.select_related("patient").get(pk=given[turn % len(given)].pk)
        gun.wait()
        try:
            prove(link=mine, birth_year=1985)
            said.append("proved")
        except links.NoMoreTries:
            said.append("closed")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(turn,)) for turn in range(answers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == answers
    return said.count("proved")


def looks_first(*, link: Link, birth_year: int) -> None:
    """Look first and count afterwards: what `links.prove` must not do."""
    if link.tries >= links.TRIES:
        raise links.NoMoreTries(left=0)
    Link.objects.filter(pk=link.pk).update(tries=link.tries + 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("used", [0, 3])
def test_of_twenty_answers_at_once_five_are_compared(used: int) -> None:
    made = stage.visit(stage.house())
    for _ in range(2):
        links.issue(appointment=made, now=NOW)
    one, two = Link.objects.order_by("pk")
    Link.objects.filter(pk=one.pk).update(tries=used)
    assert proved([one, two], 20, links.prove) == 5 - used
    assert sum(Link.objects.values_list("tries", flat=True)) == 5


@pytest.mark.django_db(transaction=True)
def test_counting_after_looking_would_compare_more_than_five() -> None:
    links.issue(appointment=stage.visit(stage.house()), now=NOW)
    assert proved([Link.objects.get()], 20, looks_first) > 5


# ---------------------------------------------------------------- the way on


def test_after_cancelling_another_time_can_be_booked(client: Client) -> None:
    made = stage.visit(stage.house())
    page = opened(client, made)
    done = client.get(cancelling(client, page, birth_year="1985")["Location"])
    assert 'href="/my/book/"' in done.text


def test_whoever_would_cancel_may_move_instead(client: Client) -> None:
    page = opened(client, stage.visit(stage.house()))
    assert f'href="{page}move/"' in client.get(f"{page}cancel/").text


def test_too_late_to_cancel_one_may_still_ask(client: Client) -> None:
    page = opened(client, stage.visit(stage.house(), NOW + timedelta(hours=5)))
    said = client.get(f"{page}cancel/").text
    assert f'href="{page}#ask"' in said
    assert 'id="ask"' in client.get(page).text


def test_a_cancelled_visit_leads_to_a_new_one(client: Client) -> None:
    made = stage.visit(stage.house(), status="cancelled")
    signed_in(client, made.patient)
    assert 'href="/my/book/"' in client.get(f"/my/visits/{made.pk}/").text


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_the_message_of_a_cancellation_says_where_to_book_again(language: str) -> None:
    made = stage.booked(stage.house(language=language))
    stage.sweep(stage.Carrier())
    stage.change(made, "cancel", status="cancelled")
    carrier = stage.Carrier()
    stage.sweep(carrier)
    assert {x.kind for x in carrier.sent} == {"cancelled"}
    assert all("/my/book/" in x.text for x in carrier.sent)

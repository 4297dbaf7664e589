"""How a patient is written to: on and off by channel, with evidence, and never silent by mistake."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from notifications import optouts
from notifications.core.policy import Channel
from notifications.models import OptOut
from scheduling.models import Change, Patient, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.pages.hands import filled, opened, signed_in, text_of
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def choosing(client: Client, page: str, *by: str, **said: str) -> Any:
    """Fill in the form, and send it."""
    typed = filled(client.get(page)) | {"language": "en"} | said
    return client.post(page, typed | {"by": list(by)})


def me() -> Patient:
    return Patient.objects.get(given_name="Ada")


@pytest.fixture(params=["link", "code"])
def page(request: pytest.FixtureRequest, client: Client) -> str:
    """Open the page by either door."""
    at = stage.house()
    visit = stage.booked(at)
    if request.param == "link":
        return f"{opened(client, visit)}messages/"
    return f"{signed_in(client, at.patient)}messages/"


def test_a_channel_is_turned_off_with_its_evidence_and_on_again(client: Client, page: str) -> None:
    stage.sweep(stage.Carrier())
    response = choosing(client, page, "email")
    assert (response.status_code, response["Location"]) == (303, f"{page}?saved")
    assert "Saved." in text_of(client.get(response["Location"]))
    out = OptOut.objects.get()
    assert (me().channel, out.channel, out.address, out.source) == (
        "email",
        "sms",
        "+447700900123",
        "page",
    )
    assert (out.at, out.message.kind, out.message.channel) == (NOW, "booked", "sms")
    by = Change.objects.filter(verb="amend").get()
    assert by.what == {"channel": ["both", "email"]}
    choosing(client, page, "email", "sms")
    out.refresh_from_db()
    assert (me().channel, out.ended_at, out.ended_how) == ("both", NOW, by.by)


def test_what_was_turned_off_is_not_sent(client: Client, page: str) -> None:
    choosing(client, page, "email")
    carrier = stage.Carrier()
    stage.sweep(carrier)
    assert [m.channel for m in carrier.sent] == ["email"]


def test_the_language_of_messages_is_chosen(client: Client, page: str) -> None:
    choosing(client, page, "email", "sms", language="ar")
    assert (me().language, OptOut.objects.count()) == ("ar", 0)
    choosing(client, page, "email", "sms", language="xx")
    assert me().language == "ar"


def test_silence_is_explained_before_it_is_taken(client: Client, page: str) -> None:
    response = choosing(client, page)
    said = text_of(response)
    assert (response.status_code, "Reception will phone you instead" in said) == (200, True)
    assert '<a href="#none">' in response.content.decode()
    assert (me().channel, OptOut.objects.count(), Todo.objects.count()) == ("both", 0, 0)
    sure = filled(response) | {"language": "en", "none": "sure"}
    assert client.post(page, sure).status_code == 303
    assert (me().channel, OptOut.objects.count()) == ("none", 2)
    todo = Todo.objects.get()
    assert (todo.kind, todo.patient, todo.appointment is not None) == (
        "wants-no-messages",
        me(),
        True,
    )
    assert todo.text == "Wants no messages: please phone about every visit."


def test_a_tick_too_many_is_not_silence(client: Client, page: str) -> None:
    choosing(client, page, "sms", none="sure")
    assert (me().channel, Todo.objects.count()) == ("sms", 0)


def test_a_page_read_before_a_change_keeps_the_change(client: Client, page: str) -> None:
    typed = filled(client.get(page)) | {"language": "es", "by": ["sms"]}
    Patient.objects.update(version=7, note="changed at the desk")
    response = client.post(page, typed)
    assert "was changed a moment ago" in text_of(response)
    assert (me().channel, me().note, OptOut.objects.count()) == ("both", "changed at the desk", 0)


def test_who_answered_stop_is_told_of_start(client: Client, page: str) -> None:
    told = optouts.Evidence(source="reply")
    optouts.opt_out(channel=Channel.SMS, address="+447700900123", evidence=told, now=NOW)
    assert "send START to the number" in text_of(client.get(page))
    choosing(client, page, "sms", "email")
    out = OptOut.objects.get()
    assert (out.ended_at, me().channel) == (None, "both")
    # e-mail was the only way left
    assert "No messages at all?" in text_of(choosing(client, page))


def test_an_address_that_bounces_is_for_a_person(client: Client, page: str) -> None:
    told = optouts.Evidence(source="provider")
    optouts.opt_out(channel=Channel.EMAIL, address="ada@example.org", evidence=told, now=NOW)
    assert "came back or were refused. Please phone us." in text_of(client.get(page))


def test_one_of_a_family_turns_off_their_own_texts_only(client: Client, page: str) -> None:
    cast.patient("Bo", "Pine", phone="+447700900123")
    choosing(client, page, "email")
    assert (me().channel, OptOut.objects.count()) == ("email", 0)
    assert Patient.objects.get(given_name="Bo").channel == "both"


def test_what_somebody_else_stopped_is_not_started_here(client: Client, page: str) -> None:
    cast.patient("Bo", "Pine", email="ADA@example.org")
    told = optouts.Evidence(source="link")
    optouts.opt_out(channel=Channel.EMAIL, address="ada@example.org", evidence=told, now=NOW)
    assert "wants no more of them. Please phone us." in text_of(client.get(page))
    choosing(client, page, "sms", "email")
    assert OptOut.objects.get().ended_at is None


def test_addresses_are_shown_to_be_recognised_and_no_more(client: Client, page: str) -> None:
    said = client.get(page).content.decode()
    assert ("a***@example.org" in said, "+44***123" in said) == (True, True)
    assert ("ada@example.org" in said, "+447700900123" in said) == (False, False)


def test_a_child_is_written_to_by_the_guardians_phone(client: Client) -> None:
    at = stage.house()
    kim = cast.patient(
        "Kim", "Pine", birth_date=cast.day(-3650), phone="", email="", guardian=at.patient
    )
    page = f"{opened(client, stage.visit(stage.House(at.site, at.treatment, kim)))}messages/"
    assert "This page is about messages for Kim." in text_of(client.get(page))
    choosing(client, page, "email")
    kim.refresh_from_db()
    assert (kim.channel, me().channel, OptOut.objects.count()) == ("email", "both", 0)


def test_who_asked_for_no_contact_is_asked_to_phone(client: Client, page: str) -> None:
    Patient.objects.update(do_not_contact=True)
    said = client.get(page).content.decode()
    assert ("please phone us" in said, 'name="by"' in said) == (True, False)
    client.post(page, {"by": "sms", "language": "ar", "version": "1"})
    assert me().language == "en"


def test_a_reminder_follows_the_choice_made_after_it_was_written(client: Client, page: str) -> None:
    stage.sweep(stage.Carrier())
    choosing(client, page, "sms")
    carrier = stage.Carrier()
    stage.sweep(carrier, stage.DAYS_14 - timedelta(days=7, hours=1))
    assert carrier.sent == []

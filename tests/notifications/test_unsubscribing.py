"""One click by POST ends e-mail to an address, with the evidence; looking ends nothing."""

import email
import re
from datetime import timedelta
from email.policy import default as default_policy
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest
import time_machine
from django.db import connection
from django.test import Client

from notifications import outbox, rendering, unsubscribing
from notifications.models import Message, OptOut
from notifications.providers import Outgoing
from notifications.providers.mime import encoded
from scheduling import links
from scheduling.models import Change, Link
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def sent() -> Outgoing:
    stage.booked(stage.house(phone=""))
    carrier = Carrier()
    stage.sweep(carrier)
    (said,) = carrier.sent
    return said


def door(outgoing: Outgoing) -> str:
    """Find the way out as a mail program does: in the raw letter's headers."""
    raw = encoded(outgoing, sender="clinic@fallow.example", message_id="1@fallow.example")
    letter = email.message_from_bytes(raw, policy=default_policy)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (address,) = re.findall(r"^<(\S+)>$", str(letter["List-Unsubscribe"]))
    return urlsplit(address).path


def test_the_headers_are_one_line_each() -> None:
    raw = encoded(sent(), sender="clinic@fallow.example", message_id="1@fallow.example")
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert [x.partition(b":")[0] for x in lines if b"nsubscribe" in x] == [
        b"List-Unsubscribe",
        b"List-Unsubscribe-Post",
    ]
    assert max(map(len, lines)) < 998


@pytest.mark.parametrize("language", rendering.LANGUAGES)
@pytest.mark.parametrize("kind", ["booked", "cancelled", "several", "all_off", "reminder", "day"])
def test_every_email_has_the_headers_address_in_its_text_and_its_page(
    kind: str, language: str
) -> None:
    outgoing = one(kind, language)
    address = outgoing.headers["List-Unsubscribe"].strip("<>")
    words = unsubscribing.foot(language)
    assert outgoing.text.endswith(f"\n\n-- \n{words}: {address}\n")
    assert f'<footer><a href="{address}">{words}</a></footer>' in outgoing.html
    assert len({unsubscribing.foot(known) for known in rendering.LANGUAGES}) == 3
    assert Client().get(urlsplit(address).path).status_code == 200


def one(kind: str, language: str) -> Outgoing:
    """Send one e-mail of a kind to a reader of a language."""
    at = stage.house(phone="", language=language)
    count = 2 if kind in {"several", "all_off", "day"} else 1
    visits = [stage.visit(at, DAYS_14 + n * timedelta(hours=2)) for n in range(count)]
    outbox.enqueue(appointments=visits, verb="book", now=NOW)
    if kind in {"cancelled", "all_off"}:
        for visit in visits:
            visit.told_version, visit.status = 1, "cancelled"
            visit.save()
        outbox.enqueue(appointments=visits, verb="cancel", now=NOW)
    elif kind in {"reminder", "day"}:
        Message.objects.filter(offset="now").delete()
    carrier = Carrier()
    stage.sweep(carrier, DAYS_14 - timedelta(days=7, hours=1) if "day" in kind else NOW)
    if kind == "reminder":
        stage.sweep(carrier, DAYS_14 - timedelta(days=7, hours=1))
    (said,) = carrier.sent
    return said


def test_looking_changes_nothing() -> None:
    path = door(sent())
    for verb in (Client().get, Client().head):
        for _ in range(3):
            assert verb(path).status_code == 200
    page = Client().get(path).content.decode()
    assert "no more e-mails from Harley House at this address?" in page
    assert "Ada" not in page
    assert OptOut.objects.count() == 0


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "yes"}, {"act": "stop"}])
def test_a_post_that_does_not_say_so_changes_nothing(body: dict[str, str]) -> None:
    assert Client().post(door(sent()), body).status_code == 200
    assert OptOut.objects.count() == 0


def test_one_click_is_enough_without_cookie_or_redirect() -> None:
    path = door(sent())
    answer = Client(enforce_csrf_checks=True).post(path, ONE_CLICK)
    assert (answer.status_code, answer.cookies.output()) == (200, "")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "You will get no more e-mails from us." in answer.content.decode()
    row = OptOut.objects.get()
    message = Message.objects.get(kind="booked")
    assert (row.channel, row.address, row.source) == ("email", "ada@example.org", "link")
    assert (row.at, row.message, row.ended_at) == (NOW, message, None)
    assert Change.objects.get(verb="opt-out").by == f"patient {message.patient_id} by link"


def test_twice_is_as_good_as_once() -> None:
    path = door(sent())
    assert [Client().post(path, ONE_CLICK).status_code for _ in range(2)] == [200, 200]
    assert (OptOut.objects.count(), Change.objects.filter(verb="opt-out").count()) == (1, 1)


def test_whoever_is_out_is_not_asked_once_more() -> None:
    path = door(sent())
    assert "<button" in Client().get(path).text.partition("<footer")[0]
    Client().post(path, ONE_CLICK)
    said = Client().get(path).text.partition("<footer")[0]
    assert "You will get no more e-mails from us." in said
    assert "<button" not in said


def test_nothing_more_is_sent_and_an_sms_still_is() -> None:
    at = stage.house()
    stage.booked(at)
    carrier = Carrier()
    stage.sweep(carrier)
    Client().post(door(next(x for x in carrier.sent if x.channel == "email")), ONE_CLICK)
    stage.booked(at, DAYS_14.replace(hour=16))
    carrier = Carrier()
    stage.sweep(carrier)
    assert [str(x.channel) for x in carrier.sent] == ["sms"]


def test_it_still_works_after_the_visit_has_moved() -> None:
    path = door(sent())
    made = Message.objects.get(kind="booked").appointment
    stage.change(made, "move")
    Client().post(path, ONE_CLICK)
    assert OptOut.objects.count() == 1


def test_a_forged_or_foreign_token_opens_nothing() -> None:
    said = sent()
    path = door(said)
    token = path.rstrip("/").rpartition("/")[2]
    ref, _, seal = token.partition(":")
    others = Message.objects.get(kind="reminder").ref.hex
    visits = links.issue(appointment=Message.objects.get(kind="booked").appointment, now=NOW)
    for bad in (ref, f"{others}:{seal}", f"{ref}:{seal[:-2]}AA", visits, "x" * 500):
        assert Client().post(path.replace(token, bad), ONE_CLICK).status_code == 404
    assert OptOut.objects.count() == 0
    # and this one opens no visit
    assert Client().get(f"/v/{token}/").status_code == 404


def test_each_email_costs_no_row_for_its_way_out() -> None:
    sent()
    assert Link.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_write_one_row() -> None:
    token = door(sent()).rstrip("/").rpartition("/")[2]
    ready = Barrier(4)

    def click() -> None:
        ready.wait()
        unsubscribing.unsubscribe(token=token, now=NOW)
        connection.close()

    clicks = [Thread(target=click) for _ in range(4)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert OptOut.objects.count() == 1

"""E-mail reports and replies by anymail's own hooks, with its own signals and its own views."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from anymail.signals import inbound, tracking
from django.http import HttpResponse
from django.test import Client
from django.urls import clear_url_caches, include, path, set_urlconf

from notifications import webhooks
from notifications.models import Message, OptOut, Receipt, Reply
from scheduling.models import Todo
from tests.notifications import stage
from tests.notifications.stage import Carrier

pytestmark = pytest.mark.django_db

SECRET = "hook:a long secret"
AT = "2027-01-04T08:05:00Z"


class Doors:
    """A page of doors with anymail's among them."""

    def __init__(self) -> None:
        self.urlpatterns = [path("webhooks/email/", include(webhooks._of_anymail()))]


@pytest.fixture(autouse=True)
def _open(settings: Any) -> Iterator[None]:
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}
    settings.EMAIL_WEBHOOKS = True
    settings.ROOT_URLCONF = Doors()
    clear_url_caches()
    tracking.connect(webhooks.tracked, dispatch_uid="notifications.receipts")
    inbound.connect(webhooks.received, dispatch_uid="notifications.inbox")
    yield
    tracking.disconnect(dispatch_uid="notifications.receipts")
    inbound.disconnect(dispatch_uid="notifications.inbox")
    clear_url_caches()
    set_urlconf(None)


def posted(door: str, said: Any, *, secret: str = SECRET) -> HttpResponse:
    basic = base64.b64encode(secret.encode()).decode()
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    client = Client(raise_request_exception=False)
    answer: HttpResponse = client.post(
        f"/webhooks/email/{door}",
        body,
        content_type="application/json",
        headers={"Authorization": f"Basic {basic}"},
    )
    return answer


def sent() -> Message:
    made = stage.booked(stage.house(phone="", email="Ada@Example.org"))
    stage.sweep(Carrier())
    return Message.objects.get(appointment=made, offset="now")


def told(message: Message, kind: str, **more: Any) -> HttpResponse:
    """Report as Postmark does."""
    facts = {
        "RecordType": kind,
        "MessageID": "pm-1",
        "Recipient": "ada@example.org",
        "Email": "ada@example.org",
        "DeliveredAt": AT,
        "BouncedAt": AT,
        "ChangedAt": AT,
        "Metadata": {"ref": message.ref.hex},
    }
    return posted("postmark/tracking/", facts | more)


def state(message: Message) -> str:
    message.refresh_from_db()
    return str(message.state)


def test_a_delivery_is_noted_with_the_providers_own_time() -> None:
    message = sent()
    assert told(message, "Delivery").status_code == 200
    row = Receipt.objects.get()
    assert (state(message), row.provider, row.provider_id) == ("delivered", "postmark", "pm-1")
    assert row.said_at == datetime(2027, 1, 4, 8, 5, tzinfo=UTC)


def test_a_bounce_asks_reception_once_however_often_it_is_reported() -> None:
    message = sent()
    for number in range(4):
        # the provider's own id of the event changes on every repetition
        told(message, "Bounce", Type="HardBounce", ID=number)
    assert (state(message), Receipt.objects.count(), Todo.objects.count()) == ("undelivered", 1, 1)


def test_a_bounce_that_may_pass_is_waited_out() -> None:
    message = sent()
    told(message, "Bounce", Type="Transient")
    assert (state(message), Receipt.objects.get().event) == ("accepted", "deferred")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("SpamComplaint", {"Type": "SpamComplaint"}),
        ("SubscriptionChange", {"SuppressSending": True, "SuppressionReason": "ManualSuppression"}),
    ],
)
def test_complaints_and_unsubscribes_stop_e_mail_as_we_spell_the_address(
    kind: str, more: dict[str, Any]
) -> None:
    message = sent()
    told(message, kind, **more)
    row = OptOut.objects.get()
    assert (row.channel, row.address, row.source, row.message) == (
        "email", "Ada@Example.org", "provider", message,
    )  # fmt: skip
    stage.change(message.appointment, "move")
    carrier = Carrier()
    stage.sweep(carrier)
    assert carrier.sent == []


def test_opens_and_clicks_are_nobodys_business() -> None:
    message = sent()
    told(message, "Open", ReceivedAt=AT)
    assert Receipt.objects.count() == 0


def test_a_message_is_found_by_the_id_in_its_own_message_id() -> None:
    message = sent()
    told(message, "Delivery", Metadata={}, MessageID=f"<{message.ref.hex}@harley.example>")
    assert state(message) == "delivered"


@pytest.mark.parametrize("secret", ["", "hook:wrong", "wrong:a long secret"])
def test_without_the_secret_nothing_comes_in(secret: str) -> None:
    message = sent()
    answer = posted("postmark/tracking/", {"RecordType": "Delivery"}, secret=secret)
    assert (answer.status_code, state(message)) == (403, "accepted")


def test_without_a_secret_of_ours_there_are_no_doors(settings: Any) -> None:
    settings.EMAIL_WEBHOOKS = False
    assert webhooks._of_anymail() == []


def test_looking_opens_nothing() -> None:
    assert Client().get("/webhooks/email/postmark/tracking/").status_code == 405


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"RecordType": 5}', b"\xff\xfe", b'"x"']
)
@pytest.mark.parametrize("esp", ["postmark", "sparkpost", "mailjet", "brevo"])
def test_nonsense_with_the_secret_breaks_no_door(esp: str, body: bytes) -> None:
    assert posted(f"{esp}/tracking/", body).status_code in {200, 400}


def test_an_e_mail_reply_waits_in_the_inbox_linked_to_its_patient() -> None:
    message = sent()
    answer = posted("postmark/inbound/", letter("Could I come at three instead?"))
    assert answer.status_code == 200
    reply = Reply.objects.get()
    assert (reply.channel, reply.state, reply.patient) == ("email", "open", message.patient)
    assert (reply.body, reply.sender) == ("Could I come at three instead?", "ada@example.org")


def test_an_e_mail_that_comes_twice_is_kept_once() -> None:
    sent()
    for _ in range(2):
        posted("postmark/inbound/", letter("Hello"))
    assert Reply.objects.count() == 1


def test_an_e_mail_that_says_stop_stops_e_mail() -> None:
    sent()
    posted("postmark/inbound/", letter("Unsubscribe"))
    assert OptOut.objects.get().address == "Ada@Example.org"


@pytest.mark.parametrize("word", ["auto-replied", "Auto-Generated; owner-email=x", "auto-notified"])
def test_a_notice_of_absence_is_kept_and_is_no_work_for_anybody(word: str) -> None:
    sent()
    said = letter("STOP")
    said["Headers"].append({"Name": "Auto-Submitted", "Value": word})
    assert posted("postmark/inbound/", said).status_code == 200
    reply = Reply.objects.get()
    assert (reply.state, reply.intent, reply.body) == ("acted", "nothing", "STOP")
    assert (OptOut.objects.count(), Todo.objects.count()) == (0, 0)


def test_a_letter_that_came_back_is_no_work_either() -> None:
    sent()
    daemon = {"Email": "MAILER-DAEMON@mx.example", "Name": "", "MailboxHash": ""}
    posted(
        "postmark/inbound/", letter("Undelivered") | {"FromFull": daemon, "From": daemon["Email"]}
    )
    assert Reply.objects.get().state == "acted"


def test_a_person_who_says_so_is_a_person() -> None:
    sent()
    said = letter("Hello")
    said["Headers"].append({"Name": "Auto-Submitted", "Value": "no"})
    posted("postmark/inbound/", said)
    assert Reply.objects.get().state == "open"


def letter(body: str) -> dict[str, Any]:
    """Write an e-mail as Postmark hands it over."""
    return {
        "From": "Ada Pine <ada@example.org>",
        "FromFull": {"Email": "ada@example.org", "Name": "Ada Pine", "MailboxHash": ""},
        "To": "desk@harley.example",
        "ToFull": [{"Email": "desk@harley.example", "Name": "", "MailboxHash": ""}],
        "OriginalRecipient": "desk@harley.example",
        "Subject": "Re: your visit",
        "MessageID": "pm-in-1",
        "Date": "Mon, 4 Jan 2027 08:00:00 +0000",
        "TextBody": body,
        "StrippedTextReply": body,
        "HtmlBody": "",
        "Headers": [{"Name": "Message-ID", "Value": "<one@example.org>"}],
        "Attachments": [],
    }

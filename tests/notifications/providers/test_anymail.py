"""An e-mail service by anymail, against a server that stands in for it, on a real socket."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from notifications.core.resting import Trouble
from notifications.providers import (
    Attachment,
    CannotTell,
    OutcomeUnknown,
    Outgoing,
    ProviderDown,
    ProviderId,
    SendFailed,
    Withheld,
)
from notifications.providers.anymail import Anymail
from tests import facts
from tests.notifications import letters

TAKEN = (200, {"id": "49a3999c"}, {})


class StandIn(ThreadingHTTPServer):
    """Answers every request with `answer`, and keeps what was asked; None hangs up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answer: tuple[int, Any, dict[str, str]] | None = TAKEN
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []


class Answering(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), body))
        if self.server.answer is None:
            return
        status, said, headers = self.server.answer
        sent = said if isinstance(said, bytes) else json.dumps(said).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def service(settings: Any) -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    home = f"http://127.0.0.1:{server.server_port}/"
    settings.ANYMAIL = {
        "RESEND_API_KEY": "secret",
        "RESEND_API_URL": home,
        "BREVO_API_KEY": "secret",
        "BREVO_API_URL": home,
        "POSTMARK_SERVER_TOKEN": "secret",
        "POSTMARK_API_URL": home,
        "REQUESTS_TIMEOUT": 0.3,
    }
    yield server
    server.shutdown()
    server.server_close()


def provider(backend: str = "resend") -> Anymail:
    return Anymail(backend=backend, sender="Clinic <clinic@example.org>")


def send(outgoing: Outgoing | None = None, backend: str = "resend", **more: Any) -> ProviderId:
    with provider(backend) as mine:
        return mine.send(outgoing or letters.email(**more))


def test_send_hands_over_text_html_calendar_and_our_own_id(service: StandIn) -> None:
    found = send(
        calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        calendar_method="REQUEST",
        attachments=[Attachment(name="b.ics", text="BEGIN:VCALENDAR\r\n", method="CANCEL")],
        headers={"Reply-To": "desk@harley.example"},
    )
    assert found == ProviderId("49a3999c", "queued")
    ((path, headers, body),) = service.asked
    assert (path, headers["Idempotency-Key"]) == ("/emails", "0a1b2c3d")
    assert (body["from"], body["to"]) == ("Clinic <clinic@example.org>", ["maria@example.com"])
    assert body["text"].startswith("Dear María")
    assert body["html"] == "<p>Dear María</p>"
    assert [a["filename"] for a in body["attachments"]] == ["visit.ics", "b.ics"]
    assert json.loads(body["headers"]["X-Metadata"]) == {"ref": "0a1b2c3d"}


def test_the_key_is_each_messages_own_and_stays_at_another_attempt(service: StandIn) -> None:
    with provider() as mine:
        for ref in ("a1", "b2", "a1"):
            mine.send(letters.email(ref=ref))
    assert [headers["Idempotency-Key"] for _, headers, _ in service.asked] == ["a1", "b2", "a1"]


def test_a_service_that_wants_its_key_among_the_headers_gets_it_there(service: StandIn) -> None:
    service.answer = (201, {"messageId": "<7@brevo>"}, {})
    assert send(backend="brevo").value == "<7@brevo>"
    assert service.asked[0][2]["headers"]["idempotencyKey"] == "0a1b2c3d"


def test_a_service_without_a_key_gets_none(service: StandIn) -> None:
    said = {"ErrorCode": 0, "Message": "OK", "MessageID": "p1", "To": "maria@example.com"}
    service.answer = (200, said, {})
    assert send(backend="postmark").value == "p1"
    assert "Idempotency-Key" not in service.asked[0][1]


def test_a_site_sends_from_its_own_address(service: StandIn) -> None:
    send(sender="desk@harley.example", sender_name="Harley House")
    assert service.asked[0][2]["from"] == "Harley House <desk@harley.example>"


@pytest.mark.parametrize(
    ("answer", "error", "permanent"),
    [
        ((400, {}, {}), SendFailed, True),
        ((404, b"no", {}), SendFailed, True),
        ((422, {"message": "no"}, {}), SendFailed, True),
        ((401, {}, {}), ProviderDown, False),
        ((402, {}, {}), ProviderDown, False),
        ((403, {}, {}), ProviderDown, False),
        ((429, {}, {"Retry-After": "7"}), ProviderDown, False),
        ((408, {}, {}), OutcomeUnknown, None),
        ((409, {}, {}), OutcomeUnknown, None),
        ((500, {}, {}), OutcomeUnknown, None),
        ((503, b"", {}), OutcomeUnknown, None),
        ((302, b"", {}), OutcomeUnknown, None),
        ((200, b"<html>", {}), OutcomeUnknown, None),
        ((200, {}, {}), OutcomeUnknown, None),
        (None, OutcomeUnknown, None),
    ],
    ids=str,
)
def test_send_classifies_the_answer(
    service: StandIn, answer: Any, error: type[Exception], permanent: object
) -> None:
    service.answer = answer
    with pytest.raises((SendFailed, OutcomeUnknown)) as failure:
        send()
    assert type(failure.value) is error
    assert getattr(failure.value, "permanent", None) is permanent
    assert len(service.asked) == 1


def test_too_many_requests_and_a_wrong_account_are_told_apart(service: StandIn) -> None:
    found = []
    for answer in ((429, {}, {"Retry-After": "7"}), (401, {}, {})):
        service.answer = answer
        with pytest.raises(ProviderDown) as failure:
            send()
        found.append((failure.value.trouble, failure.value.retry_after))
    assert found == [(Trouble.PACE, timedelta(seconds=7)), (Trouble.ACCOUNT, None)]


def test_a_recipient_that_the_service_refuses_fails_for_good(service: StandIn) -> None:
    inactive = "Found inactive addresses: maria@example.com. Inactive recipients are ones that"
    said = {"ErrorCode": 406, "Message": f"You tried to send to inactive recipients. {inactive}"}
    service.answer = (422, said, {})
    with pytest.raises(SendFailed) as failure:
        send(backend="postmark")
    assert failure.value.permanent is True


def test_nobody_listening_and_no_account_are_not_the_messages_fault(settings: Any) -> None:
    settings.ANYMAIL = {"RESEND_API_KEY": "k", "RESEND_API_URL": "http://127.0.0.1:9/"}
    with pytest.raises(ProviderDown) as failure:
        send()
    assert failure.value.trouble is Trouble.DOWN
    settings.ANYMAIL = {}
    with pytest.raises(ProviderDown) as failure:
        send()
    assert failure.value.trouble is Trouble.ACCOUNT


def test_a_name_that_does_not_resolve_sends_nothing(settings: Any) -> None:
    settings.ANYMAIL = {"RESEND_API_KEY": "k", "RESEND_API_URL": "http://nowhere.invalid/"}
    with pytest.raises(ProviderDown):
        send()


def test_nothing_leaves_without_the_permit(service: StandIn) -> None:
    with provider() as mine, pytest.raises(Withheld):
        mine.send(letters.email(), permit=lambda: False)
    assert service.asked == []


def test_failures_repeat_no_address_and_no_secret(service: StandIn) -> None:
    service.answer = (422, {"message": "maria@example.com is bad; secret"}, {})
    with pytest.raises(SendFailed) as failure:
        send()
    assert str(failure.value) == "the service answered HTTP 422"


def test_an_address_that_cannot_be_sent_is_refused_before_the_call(service: StandIn) -> None:
    with pytest.raises(SendFailed) as failure:
        send(to="not an address")
    assert (failure.value.permanent, service.asked) == (True, [])


def test_find_leaves_it_to_the_webhooks() -> None:
    with pytest.raises(CannotTell):
        provider().find(letters.trace())


@pytest.mark.parametrize(
    "row",
    facts.read("send_outcome_classification.json")["http"],
    ids=lambda row: str(row["event"]),
)
def test_the_shared_outcomes_hold(service: StandIn, settings: Any, row: dict[str, str]) -> None:
    """A process that dies after the answer is the outbox's case, not a provider's."""
    answers: dict[str, Any] = {
        "http_2xx_unparseable_body": (200, b"<html>", {}),
        "http_401_403": (403, {}, {}),
        "http_408": (408, {}, {}),
        "http_500": (500, {}, {}),
        "http_503": (503, {}, {}),
        "reset_after_request_written": None,
        "write_error_before_body_complete": None,
    }
    event = row["event"]
    if event in {"dns_failure", "connect_timeout"}:
        settings.ANYMAIL = {"RESEND_API_KEY": "k", "RESEND_API_URL": "http://nowhere.invalid/"}
    elif event in answers:
        service.answer = answers[event]
    else:
        return
    with pytest.raises((SendFailed, OutcomeUnknown)) as failure:
        send()
    certain = isinstance(failure.value, SendFailed)
    assert certain is (row["outcome"] in {"not_sent", "rejected"})

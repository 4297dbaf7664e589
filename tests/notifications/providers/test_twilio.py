"""Twilio's own library against a server that stands in for Twilio, on a real socket."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from notifications.providers import (
    CannotTell,
    OutcomeUnknown,
    ProviderDown,
    ProviderId,
    RecipientOptedOut,
    SendFailed,
)
from notifications.providers.twilio import Account, Twilio, classify
from tests import facts
from tests.notifications import letters

CODES = facts.read("twilio_error_codes.json")["codes"]
TAKEN = (201, {"sid": "SM1", "status": "queued"})


class StandIn(HTTPServer):
    """Answers every request with `answer`, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answer: tuple[int, Any] | None = TAKEN
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def account(self) -> Account:
        return Account(
            sid="AC1",
            token="secret",
            sender="+447700900000",
            callback="https://clinic.example/webhooks/twilio/status/",
            base_url=f"http://127.0.0.1:{self.server_port}",
            timeout=0.5,
        )


class Answering(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(body)

    def do_GET(self) -> None:
        self._answer(urlsplit(self.path).query)

    def _answer(self, query: str) -> None:
        said = {k: v[0] for k, v in parse_qs(query).items()}
        self.server.asked.append((urlsplit(self.path).path, said))
        if self.server.answer is None:
            return
        status, body = self.server.answer
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def twilio() -> Iterator[StandIn]:
    server = StandIn()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def send(server: StandIn, **more: Any) -> ProviderId:
    with Twilio(server.account) as provider:
        return provider.send(letters.sms(**more))


def test_send_hands_over_text_validity_and_our_own_id(twilio: StandIn) -> None:
    assert send(twilio) == ProviderId("SM1", "queued")
    assert twilio.asked == [
        (
            "/2010-04-01/Accounts/AC1/Messages.json",
            {
                "To": "+447700900123",
                "From": "+447700900000",
                "Body": "Your visit is tomorrow",
                "ValidityPeriod": "7200",
                "StatusCallback": "https://clinic.example/webhooks/twilio/status/0a1b2c3d/",
            },
        )
    ]


@pytest.mark.parametrize(("left", "period"), [(0, "1"), (90, "90"), (86_400, "36000")])
def test_send_keeps_validity_within_twilios_limits(twilio: StandIn, left: int, period: str) -> None:
    send(twilio, not_after=letters.NOW + timedelta(seconds=left))
    assert twilio.asked[0][1]["ValidityPeriod"] == period


@pytest.mark.parametrize(
    ("answer", "error", "permanent"),
    [
        ((400, {"code": 21211, "message": "no"}), SendFailed, True),
        ((400, {"code": 21610, "message": "no"}), RecipientOptedOut, True),
        ((400, {"code": 30003, "message": "no"}), SendFailed, False),
        ((400, {"code": 21606, "message": "no"}), ProviderDown, False),
        ((401, {"code": 20003, "message": "no"}), ProviderDown, False),
        ((403, {}), ProviderDown, False),
        ((429, {"code": 20429, "message": "slow"}), ProviderDown, False),
        ((404, b"not found"), SendFailed, True),
        ((408, {}), OutcomeUnknown, None),
        ((500, {"code": 20500, "message": "oops"}), OutcomeUnknown, None),
        ((503, b""), OutcomeUnknown, None),
        ((201, b"<html>"), OutcomeUnknown, None),
        ((201, b"[]"), OutcomeUnknown, None),
        ((201, {"status": "queued"}), OutcomeUnknown, None),
        (None, OutcomeUnknown, None),
    ],
    ids=str,
)
def test_send_classifies_the_answer(
    twilio: StandIn, answer: Any, error: type[Exception], permanent: object
) -> None:
    twilio.answer = answer
    with pytest.raises((SendFailed, OutcomeUnknown)) as failure:
        send(twilio)
    assert type(failure.value) is error
    assert getattr(failure.value, "permanent", None) is permanent


def test_send_says_down_when_nobody_listens(twilio: StandIn) -> None:
    account = twilio.account
    twilio.shutdown()
    twilio.server_close()
    with pytest.raises(ProviderDown), Twilio(account) as provider:
        provider.send(letters.sms())


def test_send_is_unknown_when_no_answer_comes() -> None:
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)  # listens, never answers
    account = Account(
        sid="AC1", token="t", base_url=f"http://127.0.0.1:{server.server_port}", timeout=0.2
    )
    with pytest.raises(OutcomeUnknown), Twilio(account) as provider:
        provider.send(letters.sms())
    server.server_close()


def test_failures_repeat_no_number_and_no_secret(twilio: StandIn) -> None:
    twilio.answer = (400, {"code": 21211, "message": "The number +447700900123 is bad"})
    with pytest.raises(SendFailed) as failure:
        send(twilio)
    assert str(failure.value) == "Twilio: HTTP 400, error 21211 (permanent_recipient)"
    assert "secret" not in repr(twilio.account)


@pytest.mark.parametrize("row", CODES, ids=lambda row: str(row["code"]))
def test_classify_knows_the_shared_codes(row: dict[str, Any]) -> None:
    assert classify(400, row["code"]) == row["cls"]


def test_find_recognises_our_text(twilio: StandIn) -> None:
    listed = [
        {"sid": "SM0", "body": "another", "status": "sent"},
        {"sid": "SM2", "body": "Your visit is tomorrow", "status": "delivered"},
    ]
    twilio.answer = (200, {"messages": listed, "page_size": 50})
    with Twilio(twilio.account) as provider:
        found = provider.find(letters.trace())
    assert found == ProviderId("SM2", "delivered")


def test_find_says_absent_and_cannot_tell_apart(twilio: StandIn) -> None:
    with Twilio(twilio.account) as provider:
        twilio.answer = (200, {"messages": [], "page_size": 50})
        assert provider.find(letters.trace()) is None
        twilio.answer = (500, {})
        with pytest.raises(CannotTell):
            provider.find(letters.trace())

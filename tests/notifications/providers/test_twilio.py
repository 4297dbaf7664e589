"""Twilio's own library against a server that stands in for Twilio, on a real socket."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from notifications.core.resting import Trouble
from notifications.providers import (
    CannotTell,
    OutcomeUnknown,
    ProviderDown,
    ProviderId,
    RecipientOptedOut,
    SendFailed,
)
from notifications.providers.twilio import Account, Twilio, classify, classify_receipt, meaning
from tests import facts
from tests.notifications import letters

CODES = facts.read("twilio_error_codes.json")["codes"]
TAKEN = (201, {"sid": "SM1", "status": "queued"})


class StandIn(ThreadingHTTPServer):
    """Answers every request with `answer`, and keeps what was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answer: tuple[int, Any] | None = TAKEN
        self.headers: dict[str, str] = {}
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
        for name, value in self.server.headers.items():
            self.send_header(name, value)
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


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 10123, "account"),
        (400, 20150, "account"),
        (400, 20777, "request_bug"),
        (400, 21299, "permanent_recipient"),
        (400, 21699, "request_bug"),
        (400, 21799, "sender_config"),
        (400, 30999, "ambiguous"),
        (400, 63000, "request_bug"),
        (403, 21299, "account"),
        (429, 21299, "rate_limit"),
        (500, 21299, "ambiguous"),
        (400, None, "request_bug"),
        (302, None, "ambiguous"),
    ],
)
def test_classify_knows_what_is_not_listed(status: int, code: int | None, kind: str) -> None:
    assert classify(status, code) == kind


def test_maintenance_passes_and_closes_no_door() -> None:
    """It stands among the codes of messaging services, which are our own mistakes (its page, 2026)."""
    found = meaning(400, 21730)
    assert isinstance(found, SendFailed)
    assert not isinstance(found, ProviderDown)
    assert not found.permanent


@pytest.mark.parametrize("code", [30012, 30013])
def test_a_validity_that_is_refused_sent_nothing(code: int) -> None:
    assert isinstance(meaning(400, code), SendFailed)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (30006, "permanent_recipient"),
        (30999, "ambiguous"),
        (63000, "ambiguous"),
        (None, "ambiguous"),
    ],
)
def test_a_receipt_that_nobody_knows_is_in_doubt(code: int | None, kind: str) -> None:
    assert classify_receipt(code) == kind


@pytest.mark.parametrize(
    ("code", "trouble"),
    [(20003, Trouble.ACCOUNT), (21606, Trouble.SENDER), (20429, Trouble.PACE)],
)
def test_a_closed_door_says_whose_it_is(code: int, trouble: Trouble) -> None:
    found = meaning(400, code)
    assert isinstance(found, ProviderDown)
    assert found.trouble is trouble


def test_a_region_that_is_not_enabled_closes_no_door() -> None:
    """One patient abroad must not hold up everybody's texts."""
    found = meaning(400, 21408)
    assert (type(found), getattr(found, "permanent", None)) == (SendFailed, True)


def test_too_many_requests_bring_how_long_to_wait(twilio: StandIn) -> None:
    twilio.answer, twilio.headers = (429, {"code": 20429, "message": "slow"}), {"Retry-After": "42"}
    with pytest.raises(ProviderDown) as failure:
        send(twilio)
    assert (failure.value.trouble, failure.value.retry_after) == (
        Trouble.PACE,
        timedelta(seconds=42),
    )


@pytest.mark.parametrize(
    ("sender", "field"),
    [
        ("+442079460000", "From"),
        ("Harley", "From"),
        ("MG0123456789abcdef0123456789abcdef", "MessagingServiceSid"),
    ],
)
def test_a_site_sends_from_its_own_number(twilio: StandIn, sender: str, field: str) -> None:
    send(twilio, sender=sender)
    asked = twilio.asked[0][1]
    assert {name: asked.get(name) for name in ("From", "MessagingServiceSid")} == {
        "From": None,
        "MessagingServiceSid": None,
        field: sender,
    }


def test_find_looks_among_texts_that_still_wait_at_twilio(twilio: StandIn) -> None:
    """A queued text has no day of sending; a filter by day would hide it."""
    queued = {"sid": "SM3", "body": "Your visit is tomorrow", "status": "queued", "date_sent": None}
    twilio.answer = (200, {"messages": [queued], "page_size": 50})
    with Twilio(twilio.account) as provider:
        assert provider.find(letters.trace()) == ProviderId("SM3", "queued")
    assert [name for name in twilio.asked[0][1] if name.startswith("DateSent")] == []


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

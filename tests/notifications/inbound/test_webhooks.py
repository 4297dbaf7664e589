"""The doors that providers knock at: only what they signed comes in, and nothing breaks them."""

import logging
import random
from typing import Any

import pytest
from django.conf import settings as house
from django.test import Client
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from twilio.request_validator import RequestValidator

from clinic.log import JsonLines
from notifications import webhooks
from notifications.core.policy import Channel
from notifications.models import Message, OptOut, Receipt, Reply
from notifications.providers.chosen import provider_for
from notifications.providers.twilio import Twilio
from tests import facts
from tests.notifications import stage
from tests.notifications.inbound.post import ADA, INBOUND, TOKEN, code, posted, report, signature
from tests.notifications.stage import Carrier

pytestmark = pytest.mark.django_db

VECTORS = facts.read("twilio_signature_vectors.json")
FORM = "application/x-www-form-urlencoded"
DOORS = [INBOUND, "/webhooks/twilio/status/", f"/webhooks/twilio/status/{'0' * 32}/"]
TEXT = {"MessageSid": "SM1", "From": ADA, "To": "+442079460000", "Body": "hello", "NumMedia": "0"}


@pytest.fixture(autouse=True)
def _account(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = TOKEN


def params(vector: dict[str, Any]) -> Any:
    if "body" in vector:
        return vector["body"]
    lists = {k: v if isinstance(v, list) else [v] for k, v in vector["params"].items()}
    return MultiValueDict(lists)


# ---------------------------------------------------------------- signatures


@pytest.mark.parametrize("vector", VECTORS["positive"], ids=lambda v: v["name"])
def test_genuine_signatures_are_known(vector: dict[str, Any]) -> None:
    assert webhooks.valid(
        token=vector["auth_token"],
        url=vector["url"],
        params=params(vector),
        signature=vector["signature"],
    )


@pytest.mark.parametrize("vector", VECTORS["negative"], ids=lambda v: v["name"])
def test_forged_signatures_are_refused(vector: dict[str, Any]) -> None:
    assert not webhooks.valid(
        token=vector["auth_token"],
        url=vector["url"],
        params=params(vector),
        signature=vector["signature"],
    )


def test_the_newer_algorithm_is_known_by_its_header() -> None:
    vector = VECTORS["hmac_sha256_example"]
    said = {
        "token": vector["auth_token"],
        "url": vector["url"],
        "params": params(vector),
        "signature": vector["signature"],
    }
    assert webhooks.valid(**said, how="key=k,algorithm=HMAC_SHA256")
    assert not webhooks.valid(**said)
    assert not webhooks.valid(**said, how="key=k,algorithm=HMAC_MD5")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Twilio-Signature": ""},
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        {"X-Twilio-Signature": signature(INBOUND, TEXT, "another token")},
        {"X-Twilio-Signature": signature(INBOUND, TEXT | {"Body": "STOP"})},
        {"X-Twilio-Signature": signature("/webhooks/twilio/status/", TEXT)},
        {"X-Twilio-Webhooks-Signature-Settings": "algorithm=none"},
    ],
    ids=["none", "foreign", "other token", "other text", "other door", "other algorithm"],
)
@pytest.mark.parametrize("at", ["here"])
def test_what_twilio_did_not_sign_for_us_is_turned_away(headers: dict[str, str], at: str) -> None:
    assert posted(INBOUND, TEXT, headers=headers).status_code == 403
    assert Reply.objects.count() == 0


def test_the_signature_alone_keeps_strangers_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: with the guard taken away, what is forged comes in."""
    monkeypatch.setattr(webhooks, "signed", lambda _: True)
    assert posted(INBOUND, TEXT, headers={"X-Twilio-Signature": "forged"}).status_code == 200
    assert Reply.objects.count() == 1


def test_without_a_token_nothing_is_genuine(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN = ""
    assert posted(INBOUND, TEXT, token="").status_code == 403


def test_the_second_token_is_good_while_tokens_change(settings: Any) -> None:
    settings.TWILIO_AUTH_TOKEN, settings.TWILIO_OTHER_TOKEN = "the new one", TOKEN
    assert posted(INBOUND, TEXT).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "proto", "host", "known"),
    [
        (1, "https", "book.example", 200),
        (0, "https", "book.example", 403),
        (1, "http", "book.example", 403),
        (1, "https", "evil.example", 400),
    ],
)
def test_behind_proxies_the_scheme_is_believed_only_from_those_we_trust(
    settings: Any, proxies: int, proto: str, host: str, known: int
) -> None:
    settings.ALLOWED_HOSTS = ["book.example"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if proxies else None
    lists = MultiValueDict({k: [v] for k, v in TEXT.items()})
    signed = RequestValidator(TOKEN).compute_signature(f"https://book.example{INBOUND}", lists)
    headers = {
        "X-Twilio-Signature": signed,
        "X-Forwarded-Proto": proto,
        "X-Forwarded-Host": "book.example",
        "Host": host,
    }
    assert posted(INBOUND, TEXT, headers=headers).status_code == known


def test_the_query_is_signed_as_it_was_sent() -> None:
    asked = f"{INBOUND}?a=%7Eb&c=d%20e"
    assert posted(asked, TEXT).status_code == 200


# ---------------------------------------------------------------- the doors


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("verb", ["get", "head", "put", "patch", "delete", "options"])
def test_only_post_opens(door: str, verb: str) -> None:
    assert getattr(Client(), verb)(door).status_code == 405


@pytest.mark.parametrize("door", [INBOUND, "/webhooks/twilio/status/"])
def test_the_slash_at_the_end_is_nobodys_trap(door: str) -> None:
    said = {"MessageSid": "SM1", "From": ADA, "Body": "x"}
    assert posted(door.rstrip("/"), said).status_code in {200, 204}


def test_too_much_and_another_sort_are_turned_away_unread() -> None:
    assert posted(INBOUND, TEXT | {"Body": "x" * 70_000}).status_code == 413
    sent = Client().post(INBOUND, TEXT)
    assert sent.status_code == 415
    assert Client().post(INBOUND, "{}", content_type="application/json").status_code == 415


def test_who_forges_too_often_is_not_looked_at_and_others_are() -> None:
    bad = {"X-Twilio-Signature": "x"}
    answers = [
        posted(INBOUND, TEXT, headers=bad, REMOTE_ADDR="203.0.113.9").status_code
        for _ in range(webhooks.MOST_REFUSED + 3)
    ]
    # a new minute may begin meanwhile, and counts anew
    assert set(answers) <= {403, 429}
    assert answers[-1] == 429 or answers.count(429) >= 1 or answers.count(403) > 30
    assert posted(INBOUND, TEXT, REMOTE_ADDR="203.0.113.10").status_code == 200


def test_a_false_forwarded_for_hides_nobody(settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for n in range(webhooks.MOST_REFUSED + 3):
        headers = {"X-Twilio-Signature": "x", "X-Forwarded-For": f"10.0.0.{n}, 203.0.113.9"}
        last = posted(INBOUND, TEXT, headers=headers).status_code
    assert last == 429


# ---------------------------------------------------------------- what they bring


def test_a_text_comes_in_and_twilio_is_told_nothing_more() -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier())
    answer = posted(INBOUND, TEXT | {"Body": f"YES {code(made)}"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml")
    assert answer.content.decode() == webhooks.NOTHING
    reply = Reply.objects.get()
    assert (reply.intent, reply.sender, reply.sent_to) == ("confirm", ADA, "+442079460000")


def test_a_genuine_text_replayed_does_nothing_more() -> None:
    made = stage.booked(stage.house())
    for _ in range(3):
        assert posted(INBOUND, TEXT | {"Body": f"CANCEL {code(made)}"}).status_code == 200
    assert Message.objects.filter(kind="cancelled", channel="sms").count() == 1


def test_a_text_without_an_id_is_not_kept() -> None:
    assert posted(INBOUND, {"From": ADA, "Body": "x"}).status_code == 200
    assert Reply.objects.count() == 0


def test_a_report_moves_its_message_by_our_own_id() -> None:
    stage.booked(stage.house(email=""))
    stage.sweep(Carrier())
    message = Message.objects.get(state="accepted")
    assert report(message, "delivered").status_code == 204
    message.refresh_from_db()
    assert message.state == "delivered"


def test_a_report_of_the_carrier_that_they_stopped_stops_us() -> None:
    stage.booked(stage.house(email=""))
    stage.sweep(Carrier())
    message = Message.objects.get(state="accepted")
    report(message, "failed", ErrorCode="21610")
    later = stage.NOW + stage.timedelta(days=12)
    carrier = Carrier()
    stage.sweep(carrier, later)
    assert carrier.sent == []


@pytest.mark.parametrize("code", ["30006", "30999", "63000", "x"])
def test_a_report_of_any_other_failure_stops_nothing(code: str) -> None:
    stage.booked(stage.house(email=""))
    stage.sweep(Carrier())
    report(Message.objects.get(state="accepted"), "failed", ErrorCode=code)
    assert Receipt.objects.get().provider_code == code
    assert not OptOut.objects.exists()


@pytest.mark.parametrize("word", ["", "received", "Sent!", "x" * 300])
def test_a_report_in_an_unknown_word_is_taken_and_not_kept(word: str) -> None:
    stage.booked(stage.house(email=""))
    assert report(Message.objects.latest("pk"), word).status_code == 204
    assert Receipt.objects.count() == 0


def test_twilio_is_told_where_to_report(settings: Any) -> None:
    settings.SMS_PROVIDER = "twilio"
    settings.TWILIO_BASE_URL = "http://localhost:9"
    provider = provider_for(Channel.SMS)
    assert isinstance(provider, Twilio)
    ref = "0a" * 16
    there = provider.account.callback + f"{ref}/"
    assert there == house.PUBLIC_URL + reverse("twilio-status", args=[ref]) + "/"
    settings.TWILIO_BASE_URL = "https://api.twilio.com"
    provider = provider_for(Channel.SMS)
    assert isinstance(provider, Twilio)
    assert provider.account.callback == ""


# ---------------------------------------------------------------- whatever comes

ALPHABET = [*"STOPstop YES 4417 \u00e9\u4e2d\U0001f44d\u200b\ud800&=%;+\x01\t\n'\"\\{}<>", "\u0664"]
NAMES = ["Body", "From", "To", "MessageSid", "MessageStatus", "ErrorCode", "NumMedia", "OptOutType"]


def nonsense(dice: random.Random) -> dict[str, Any]:
    return {
        dice.choice(NAMES): "".join(dice.choices(ALPHABET, k=dice.choice([0, 1, 4, 40, 300])))
        .encode("utf-8", "replace")
        .decode()
        for _ in range(dice.randrange(8))
    }


@pytest.mark.parametrize("door", DOORS, ids=["inbound", "status", "status of one"])
def test_random_forms_that_are_signed_never_break_a_door(door: str) -> None:
    stage.booked(stage.house())
    dice = random.Random(8)  # noqa: S311 - no secret
    answers = {posted(door, nonsense(dice)).status_code for _ in range(200)}
    assert answers <= {200, 204, 400, 415}  # an empty form has no type


@pytest.mark.parametrize("door", DOORS, ids=["inbound", "status", "status of one"])
def test_random_bodies_never_break_a_door(door: str, settings: Any) -> None:
    dice, client = random.Random(9), Client(raise_request_exception=False)  # noqa: S311 - no secret
    kinds = [FORM, f"{FORM}; charset=utf-16", f"{FORM}; charset=zzz", "", "text/plain", "\xff"]
    answers = {
        client.generic(
            "POST",
            door,
            dice.randbytes(dice.choice([0, 3, 200, 2000])),
            content_type=dice.choice(kinds),
            headers={"X-Twilio-Signature": dice.randbytes(20).hex()},
            REMOTE_ADDR=f"203.0.113.{dice.randrange(250)}",
        ).status_code
        for _ in range(130)
    }
    assert answers <= {400, 403, 413, 415, 429}


def test_no_phone_text_or_code_reaches_the_log(caplog: pytest.LogCaptureFixture) -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier())
    said = f"YES {code(made)} canary"
    with caplog.at_level(logging.DEBUG):
        posted(INBOUND, TEXT | {"Body": said})
        posted(INBOUND, TEXT | {"Body": said}, headers={"X-Twilio-Signature": "forged"})
        report(Message.objects.filter(state="accepted").latest("pk"), "undelivered")
    lines = " ".join(
        JsonLines().format(r) for r in caplog.records if not r.name.startswith("django.db")
    )
    assert [w for w in (ADA[4:], "canary", code(made), "Ada", TOKEN) if w in lines] == []
    assert "undelivered by twilio's report" in lines

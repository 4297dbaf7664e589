"""Where codes go and how many; known and unknown are the same; and nothing is told or logged."""

import logging
import re
import statistics
import time
from datetime import date, timedelta

import pytest
from django.conf import LazySettings
from django.test import Client

from clinic import embedded
from notifications.models import Challenge, Message
from notifications.signin import asking
from scheduling.models import Patient, Site
from tests import cast
from tests.notifications import stage
from tests.notifications.pages import door
from tests.notifications.pages.door import ASK, CODE, DATE, PHONE, at_once, born, text_of
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db

BORN = date(1990, 3, 27)


# ---------------------------------------------------------------- where codes go


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter your mobile number or e-mail"),
        ("not a number", "Enter a mobile number in the right form"),
        ("ada@pine", "Enter an e-mail address in the right form"),
        ("+44 20 7946 0000", "does not take texts"),
        ("+44 800 111111", "does not take texts"),
        ("+1 212 555 2368", "cannot send texts to that country"),
        ("+44 7624 123456", "cannot send texts to that country"),
        ("+371 21234567", "cannot send texts to that country"),
        ("a" * 300 + "@example.com", "Enter an e-mail address in the right form"),
    ],
)
def test_codes_go_to_mobiles_of_the_clinics_countries_and_to_mailboxes(
    client: Client, ada: Patient, typed: str, said: str
) -> None:
    response = client.post(ASK, {"address": typed})
    assert (response.status_code, said in text_of(response)) == (422, True)
    assert "+44 20 7946 0000" in text_of(response)
    assert Challenge.objects.count() == 0


def test_the_countries_are_those_of_open_sites_or_as_set(
    client: Client, ada: Patient, settings: LazySettings
) -> None:
    spain = Site.objects.create(name="Alba", zone="Europe/Madrid", country="ES")
    assert client.post(ASK, {"address": "+34 612 345 678"}).status_code == 303
    spain.active = False
    spain.save()
    assert client.post(ASK, {"address": "+34 612 345 679"}).status_code == 422
    settings.CODE_COUNTRIES = ["IE"]
    assert client.post(ASK, {"address": "+353 85 012 3456"}).status_code == 303
    assert client.post(ASK, {"address": "+44 7400 123456"}).status_code == 422


def test_a_refusal_is_the_same_for_a_known_number(client: Client, ada: Patient) -> None:
    unknown = masked(client.post(ASK, {"address": "+1 212 555 2368"}))
    cast.patient("Bo", "Ash", phone="+12125552368")
    assert masked(client.post(ASK, {"address": "+1 212 555 2368"})) == unknown


# ---------------------------------------------------------------- known and unknown


def masked(response: object) -> tuple[object, ...]:
    """Take out of an answer what differs between any two of them."""
    body = response.content.decode()  # type: ignore[attr-defined]
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
    headers = {k: v for k, v in response.items() if k not in {"X-Request-ID", "Expires"}}  # type: ignore[attr-defined]
    cookies = {
        name: {k: v for k, v in morsel.items() if k != "expires"} | {"length": len(morsel.value)}
        for name, morsel in response.cookies.items()  # type: ignore[attr-defined]
    }
    return response.status_code, body, headers, cookies  # type: ignore[attr-defined]


def everything_seen(phone: str, now: object) -> list[tuple[object, ...]]:
    """Ask, mistype, prove and miss the date; answer every answer, masked, and what was sent."""
    client, carrier, seen = Client(), Carrier(), []
    with door.clock(now):  # type: ignore[arg-type]
        seen.append(masked(client.get(ASK)))
        seen.append(masked(client.post(ASK, {"address": phone})))
        seen.append(masked(client.get(CODE)))
        (code,) = door.delivered(now, carrier)  # type: ignore[arg-type]
        sent = carrier.sent[0]
        seen.append((sent.to, sent.text.replace(code, "")))
        wrong = f"{(int(code) + 1) % 10**6:06}"
        seen.append(masked(client.post(CODE, {"code": wrong})))
        seen.append(masked(client.post(CODE, {"code": code})))
        seen.append(masked(client.get(DATE)))
        seen.append(masked(born(client, "1971-01-01")))
        seen.append(masked(client.post(ASK, {"address": phone})))
    return seen


def test_known_and_unknown_are_answered_in_the_same_bytes(ada: Patient) -> None:
    phone = "+447400123456"
    unknown = everything_seen(phone, NOW)
    cast.patient("Bo", "Ash", phone=phone, do_not_contact=True, birth_date=BORN)
    known = everything_seen(phone, NOW + timedelta(hours=2))
    assert [status[0] for status in known[-1:]] == [429]
    assert known == unknown


def test_known_and_unknown_are_answered_in_the_same_time(
    ada: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OF_A_NETWORK", "OF_THE_HOUSE"):
        monkeypatch.setattr(asking, name, ((10**6, asking.HOUR),))
    turns, client = 200, Client()
    took: dict[str, list[float]] = {"known": [], "unknown": []}
    people = [Patient(given_name="Bo", phone=f"+4474001{n:05}") for n in range(turns)]
    Patient.objects.bulk_create(people)
    for n in range(turns):
        # interleaved: what slows the machine slows both
        for which, phone in (("known", f"+4474001{n:05}"), ("unknown", f"+4474002{n:05}")):
            client.cookies.clear()
            began = time.perf_counter()
            assert client.post(ASK, {"address": phone}).status_code == 303
            took[which].append(time.perf_counter() - began)
    p95 = {which: statistics.quantiles(each, n=20)[-1] for which, each in took.items()}
    assert abs(p95["known"] - p95["unknown"]) < 0.05, p95
    assert Challenge.objects.count() == 2 * turns


# ---------------------------------------------------------------- limits


def test_each_limit_is_told_kindly_with_a_telephone(client: Client, ada: Patient) -> None:
    said = []
    for minutes in range(0, 12, 2):
        with door.clock(NOW + timedelta(minutes=minutes)):
            said.append(client.post(ASK, {"address": PHONE}))
    assert [r.status_code for r in said] == [303] * 5 + [429]
    assert said[-1]["Retry-After"] == str(50 * 60)
    text = text_of(said[-1])
    assert "You can ask again in 50 minutes, or phone us now." in text
    assert "+44 20 7946 0000" in text


def test_a_network_and_the_house_have_limits_of_their_own(
    client: Client, ada: Patient, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    monkeypatch.setattr(asking, "OF_A_NETWORK", ((3, asking.HOUR),))
    monkeypatch.setattr(asking, "OF_THE_HOUSE", ((8, asking.HOUR),))
    passed = {"house": 0, "network": 0}
    for n in range(15):
        mine = n < 5  # the first come from one network, the others from one each
        seen = f"8.8.8.8, 203.0.113.{n}" if mine else f"10.{n}.0.1"
        response = client.post(
            ASK, {"address": f"p{n}@example.com"}, headers={"X-Forwarded-For": seen}
        )
        passed["network" if mine else "house"] += response.status_code == 303
    assert passed == {"network": 3, "house": 5}


@pytest.mark.parametrize("down", [False, True], ids=["redis", "database"])
@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_with_invented_forwarders_get_one_code(
    *, down: bool, settings: LazySettings
) -> None:
    if down:
        settings.REDIS_URL = f"redis://127.0.0.1:{embedded.free_port()}/0"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    stage.house()
    numbers = iter(range(50))

    def post() -> int:
        forged = f"{next(numbers)}.2.3.4, 203.0.113.9"
        answer = Client().post(ASK, {"address": PHONE}, headers={"X-Forwarded-For": forged})
        return answer.status_code

    said = at_once(post, 50)
    assert (said.count(303), said.count(429)) == (1, 49)
    assert Challenge.objects.count() == 1


# ---------------------------------------------------------------- nothing is told


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_no_code_token_number_or_name_is_logged(
    ada: Patient, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, carrier = Client(), Carrier(errors=[None])
    client.cookies["speaks"] = language
    client.post(ASK, {"address": PHONE})
    client.post(ASK, {"address": PHONE})
    (code,) = door.delivered(NOW, carrier)
    tokens = {client.cookies["proving"].value}
    client.post(CODE, {"code": f"{(int(code) + 1) % 10**6:06}"})
    client.post(CODE, {"code": code})
    born(client, "1990-03-01")
    response = born(client, "1990-03-27")
    tokens.add(response.cookies["patient"].value)
    client.get(f"{ASK}?next=/my/visits/3/")
    client.post(ASK, {"address": "+1 212 555 2368"})
    client.post("/my/sign-out/")
    secrets = {*tokens, code, PHONE, "900123", "5552368", "Ada", "Pine", "1990"}
    assert [s for s in secrets if s in caplog.text] == []
    said = carrier.sent[0]
    assert code not in said.subject
    assert [w for w in ("laser", "Ada", "Pine") if w in said.text] == []
    assert Message.objects.count() == 0


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_pages_are_small_and_in_every_language(ada: Patient, language: str) -> None:
    client = Client()
    client.cookies["speaks"] = language
    pages = [client.get(ASK)]
    door.asked(client)
    pages += [client.get(CODE), client.get("/my/new/"), client.post(CODE, {"code": "1"})]
    for page in pages:
        said = page.content.decode()
        assert f'<html lang="{language}"' in said
        assert len(page.content) < 10_000
        assert page["Referrer-Policy"] == "no-referrer"
        assert "no-store" in page["Cache-Control"]


def test_a_clinic_without_a_site_signs_nobody_in(client: Client) -> None:
    assert client.get(ASK).status_code == 404

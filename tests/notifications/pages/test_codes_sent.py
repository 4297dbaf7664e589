"""A code leaves at once, at most once, and never stale; by the outbox's own providers."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import redis
from django.conf import LazySettings, settings
from django.db import connections
from django.test import Client

from notifications import optouts, signin, tasks
from notifications.core import passcodes, sms
from notifications.core.policy import Channel
from notifications.core.resting import Trouble
from notifications.models import Breaker, Challenge, OptOut
from notifications.providers import (
    OutcomeUnknown,
    ProviderDown,
    RecipientOptedOut,
    SendFailed,
)
from notifications.signin import sending
from scheduling.models import Site
from tests.notifications import stage
from tests.notifications.pages import door
from tests.notifications.pages.door import ASK, PHONE
from tests.notifications.stage import NOW, Carrier, Clock

pytestmark = pytest.mark.django_db

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def house() -> stage.House:
    return stage.house(birth_date=date(1990, 3, 27))


def wanted(address: str = PHONE, language: str = "en") -> Challenge:
    """Ask for a code that nobody has sent yet."""
    client = Client()
    client.cookies["speaks"] = language
    assert client.post(ASK, {"address": address}).status_code == 303
    return Challenge.objects.get(address=address, ended_at=None)


def swept(carrier: Carrier, now: object = NOW) -> int:
    clock = Clock(now)  # type: ignore[arg-type]
    return signin.send(clock=clock, using=stage.desk(carrier, clock))


def state_of(challenge: Challenge) -> str:
    challenge.refresh_from_db()
    return challenge.state


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", " is your code for Harley House. Do not share it: we never ask for it."),
        ("es", " es su clave para Harley House. No la comparta: nunca se la pediremos."),
        ("ar", " هو رمزك لدى Harley House. لا تعطه لأحد."),
    ],
)
def test_a_text_is_one_segment_with_the_code_first(
    house: stage.House, language: str, said: str, settings: LazySettings
) -> None:
    settings.PUBLIC_URL = "https://book.example"
    carrier = Carrier()
    challenge = wanted(language=language)
    swept(carrier)
    (sent,) = carrier.sent
    code = passcodes.code_of(bytes(challenge.nonce), key=settings.SECRET_KEY)
    assert sent.text.startswith(f"{code}{said}")
    assert sms.measure(sent.text).segments == 1
    # Arabic has 70 characters a segment: the line for the telephone is left out where it is too long
    bound = f"{code}{said}\n\n@book.example #{code}"
    assert sent.text == (bound if sms.measure(bound).segments == 1 else f"{code}{said}")
    assert language == "ar" or sent.text == bound
    assert (sent.to, sent.kind, sent.not_after) == (PHONE, "code", NOW + 10 * MINUTE)


def test_a_long_name_leaves_the_telephones_line_out(house: stage.House) -> None:
    Site.objects.update(
        name="The Harley House Clinic for Skin and Laser, Marylebone High Street, London W1"
    )
    carrier = Carrier()
    wanted()
    swept(carrier)
    (sent,) = carrier.sent
    assert ("@" in sent.text, sms.measure(sent.text).segments) == (False, 1)


def test_an_email_comes_from_the_site_and_hides_the_code_from_its_subject(
    house: stage.House,
) -> None:
    Site.objects.update(email_from="codes@harley.example")
    carrier = Carrier()
    wanted("ada@pine.example")
    swept(carrier)
    (sent,) = carrier.sent
    code = door.code_in(sent.text)
    assert (sent.subject, sent.sender) == ("Your code for Harley House", "codes@harley.example")
    assert code in sent.html
    assert dict(sent.headers) == {"Reply-To": "desk@harley.example"}


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_every_language_has_its_words(channel: Channel, language: str) -> None:
    wording = sending.wording_of(channel, language)
    assert {"code", "clinic"} <= wording.body.names
    assert "code" not in wording.subject.names
    assert wording.body.pieces[:2] == ("", "code")


def test_codes_are_spread_evenly_and_keep_their_zeros() -> None:
    codes = [passcodes.code_of(n.to_bytes(16, "big"), key="k") for n in range(20_000)]
    assert all(re.fullmatch(r"\d{6}", code) for code in codes)
    firsts = [sum(code[0] == str(n) for code in codes) for n in range(10)]
    assert min(firsts) > 1800
    assert max(firsts) < 2200


# ---------------------------------------------------------------- at once, at most once


@pytest.mark.django_db(transaction=True)
def test_asking_rings_the_bell(house: stage.House) -> None:
    broker = redis.Redis.from_url(settings.REDIS_URL)
    broker.delete("celery")
    wanted()
    (rung,) = broker.lrange("celery", 0, -1)
    assert b"notifications.tasks.send_codes" in rung
    assert PHONE.encode() not in rung
    broker.delete("celery")


def test_both_ticks_send_into_the_file(house: stage.House) -> None:
    wanted()
    tasks.send_codes()
    with door.clock(NOW + MINUTE):
        wanted("ada@pine.example")
        tasks.sweep()
    assert set(Challenge.objects.values_list("state", flat=True)) == {"accepted"}
    ref = Challenge.objects.get(address=PHONE).ref.hex
    assert (settings.OUTBOX_DIR / f"sms-code-{ref}.txt").read_text().startswith(f"To: {PHONE}\n")


def race(senders: int = 6) -> int:
    """Let several senders find the same code before any of them sends it; count what left."""
    met, carriers = threading.Barrier(senders), [Carrier() for _ in range(senders)]
    due = sending._made

    def together(challenge: Challenge, now: object) -> object:
        met.wait()
        return due(challenge, now)  # type: ignore[arg-type]

    def one(carrier: Carrier) -> None:
        try:
            swept(carrier)
        finally:
            connections.close_all()

    sending._made = together  # type: ignore[assignment]
    try:
        with ThreadPoolExecutor(senders) as pool:
            list(pool.map(one, carriers))
    finally:
        sending._made = due
    return sum(len(carrier.sent) for carrier in carriers)


@pytest.mark.django_db(transaction=True)
def test_of_many_senders_one_sends() -> None:
    stage.house()
    wanted()
    assert race() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_guard_all_send(monkeypatch: pytest.MonkeyPatch) -> None:
    stage.house()
    wanted()
    monkeypatch.setattr(sending, "GUARD", "%s::timestamptz IS NOT NULL")
    assert race() == 6


def test_a_sender_that_died_in_the_call_leaves_it_unknown(house: stage.House) -> None:
    challenge = wanted()
    carrier = Carrier(errors=[KeyboardInterrupt()])  # type: ignore[list-item]
    with pytest.raises(KeyboardInterrupt):
        swept(carrier)
    assert state_of(challenge) == "sending"
    assert swept(Carrier(), NOW + MINUTE) == 0
    assert swept(Carrier(), NOW + 4 * MINUTE) == 0
    assert state_of(challenge) == "unknown"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (OutcomeUnknown("silence"), "unknown"),
        (SendFailed("no such number", permanent=True, provider_code="21211"), "rejected"),
        (RecipientOptedOut("STOP", provider_code="21610"), "rejected"),
    ],
)
def test_what_failed_for_good_or_may_have_left_never_goes_again(
    house: stage.House, error: Exception, state: str
) -> None:
    challenge, carrier = wanted(), Carrier(errors=[error])
    assert [swept(carrier), swept(carrier, NOW + MINUTE)] == [0, 0]
    assert (state_of(challenge), carrier.sent) == (state, [])
    assert OptOut.objects.count() == 0


def test_what_certainly_was_not_sent_goes_again(house: stage.House) -> None:
    challenge = wanted()
    carrier = Carrier(errors=[SendFailed("busy", permanent=False)])
    assert [swept(carrier), swept(carrier, NOW + 15 * SECOND)] == [0, 1]
    assert (state_of(challenge), len(carrier.sent)) == ("accepted", 1)


def test_a_code_that_was_replaced_or_is_over_never_leaves(house: stage.House) -> None:
    client, carrier = Client(), Carrier()
    client.post(ASK, {"address": PHONE})
    old = Challenge.objects.get()
    with door.clock(NOW + MINUTE):
        client.post("/my/sign-in/code/", {"act": "again"})
    swept(carrier, NOW + MINUTE)
    new = Challenge.objects.exclude(pk=old.pk).get()
    assert [x.ref for x in carrier.sent] == [new.ref.hex]
    assert state_of(old) == "dropped"
    late = wanted("ada@pine.example")
    swept(carrier, NOW + 10 * MINUTE)
    assert (len(carrier.sent), state_of(late)) == (1, "dropped")


def test_a_code_that_is_replaced_while_it_is_written_never_leaves(house: stage.House) -> None:
    challenge, carrier = wanted(), Carrier()
    made = sending._made(challenge, NOW)
    assert made is not None
    Challenge.objects.update(ended_at=NOW)
    assert not sending._marked(challenge, "fake", NOW)
    assert swept(carrier) == 0


# ---------------------------------------------------------------- to whom, and when


def test_who_asks_for_a_code_gets_it_at_any_hour_whatever_they_chose(house: stage.House) -> None:
    house.patient.do_not_contact = True
    house.patient.channel = "none"
    house.patient.save()
    evidence = optouts.Evidence(source=optouts.REPLY)
    optouts.opt_out(channel=Channel.SMS, address=PHONE, evidence=evidence, now=NOW)
    night = NOW.replace(hour=2)
    carrier = Carrier()
    with door.clock(night):
        wanted()
    assert swept(carrier, night) == 1


def test_a_closed_door_keeps_codes_until_its_rest_is_over_and_one_opens_it(
    house: stage.House,
) -> None:
    first = wanted()
    carrier = Carrier(errors=[ProviderDown("closed", trouble=Trouble.PACE)])
    swept(carrier)
    rest = Breaker.objects.get()
    assert (state_of(first), rest.channel, rest.since) == ("pending", "sms", NOW)
    assert swept(carrier, rest.until - SECOND) == 0
    assert swept(carrier, rest.until) == 1
    rest.refresh_from_db()
    assert (rest.since, state_of(first)) == (None, "accepted")


def test_one_that_cannot_be_written_holds_up_nobody(house: stage.House) -> None:
    odd = wanted()
    Challenge.objects.filter(pk=odd.pk).update(nonce=b"")
    with door.clock(NOW + SECOND):
        wanted("ada@pine.example")
    carrier = Carrier()
    assert swept(carrier, NOW + SECOND) == 2


def test_challenges_are_forgotten_a_day_after_their_end(house: stage.House) -> None:
    wanted()
    swept(Carrier(), NOW + timedelta(days=1, minutes=10))
    assert Challenge.objects.count() == 1
    swept(Carrier(), NOW + timedelta(days=1, minutes=10, seconds=1))
    assert Challenge.objects.count() == 0

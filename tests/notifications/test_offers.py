"""The words about an offer of the waiting list: once, in time, and only while it is open."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest
from django.conf import settings
from django.db import IntegrityError, connections, transaction
from django.test import Client

from notifications import offered, offers, outbox, rendering
from notifications.core import sms
from notifications.core.policy import Channel, Kind, Policy
from notifications.models import Message, OptOut
from notifications.providers import SendFailed
from scheduling import waiting
from scheduling.models import Link, Offer, Patient, Todo
from tests import cast
from tests.notifications.stage import Carrier, Clock, desk
from tests.notifications.stage import sweep as swept
from tests.scheduling.waiting import stage

pytestmark = pytest.mark.django_db
NOW = cast.NOW + timedelta(hours=2)
"""Monday, 10:00 at the site: telephones may sound."""

NIGHT = cast.NOW + timedelta(hours=14)
"""Monday, 22:00."""


@dataclass(frozen=True)
class Waits:
    """A patient who waits, reached both ways."""

    clinic: cast.Clinic
    patient: Patient

    def offered(self, now: object = NOW, minutes: int | None = None) -> Offer:
        entry = stage.waits(self.clinic, self.patient)
        return waiting.offer(
            entry_id=entry.pk, start=stage.FREED, by=stage.DESK, now=now, minutes=minutes  # type: ignore[arg-type]
        )  # fmt: skip


@pytest.fixture
def ada() -> Waits:
    clinic = cast.build()
    patient = cast.patient("Ada", "Wait", email="ada@example.org", phone="+447700900123")
    return Waits(clinic, patient)


def states(made: Offer) -> dict[str, str]:
    rows = Message.objects.filter(offer=made).order_by("channel")
    return {row.channel: row.drop_reason or row.state for row in rows}


def test_an_offer_is_told_by_each_channel_once_with_a_link_to_its_page(ada: Waits) -> None:
    made = ada.offered()
    carrier = Carrier()
    assert (swept(carrier, NOW), swept(carrier, NOW)) == (2, 0)
    offers.write_down(offer=made, now=NOW)
    assert [x.channel for x in sorted(carrier.sent, key=lambda x: x.channel)] == ["email", "sms"]
    assert states(made) == {"email": "accepted", "sms": "accepted"}
    text = next(x.text for x in carrier.sent if x.channel == "sms")
    client = Client()
    page = client.get(text.partition(settings.PUBLIC_URL)[2].split()[0])
    assert client.get(page["Location"]).status_code == 200
    assert set(Link.objects.values_list("purpose", "offer")) == {("offer", made.pk)}


def test_the_text_names_the_time_and_until_when_to_answer_but_no_treatment(ada: Waits) -> None:
    ada.offered(minutes=45)
    carrier = Carrier()
    swept(carrier, NOW)
    text = next(x.text for x in carrier.sent if x.channel == "sms")
    assert "Answer by 10:45." in text
    assert ada.clinic.review.name not in text
    assert "Wed 6 Jan, 11:00 came free." in text
    assert sms.measure(text).segments == 1


@pytest.mark.parametrize("channel", ["email", "sms"])
def test_an_offer_goes_the_way_that_the_patient_chose(ada: Waits, channel: str) -> None:
    Patient.objects.filter(pk=ada.patient.pk).update(channel=channel)
    assert states(ada.offered()) == {channel: "pending"}


@pytest.mark.parametrize("ends", ["accept", "decline", "withdraw", "leave", "expire"])
def test_an_offer_that_is_over_is_not_sent(ada: Waits, ends: str) -> None:
    made = ada.offered()
    ENDS[ends](made)
    carrier = Carrier()
    swept(carrier, NOW)
    assert [x for x in carrier.sent if x.kind == Kind.OFFER] == []
    assert states(made) == {"email": "offer_over", "sms": "offer_over"}


ENDS: dict[str, Callable[[Offer], object]] = {
    "accept": lambda made: waiting.accept(offer_id=made.pk, by=stage.DESK, now=NOW),
    "decline": lambda made: waiting.decline(offer_id=made.pk, by=stage.DESK, now=NOW),
    "withdraw": lambda made: waiting.withdraw(offer_id=made.pk, by=stage.DESK, now=NOW),
    "leave": lambda made: waiting.leave(entry_id=made.entry_id, by=stage.DESK, now=NOW),
    "expire": lambda made: waiting.expire(now=made.answer_by),
}


def test_what_was_not_sent_in_time_is_dropped(ada: Waits) -> None:
    made = ada.offered()
    assert swept(Carrier(), made.answer_by + timedelta(seconds=1)) == 0
    assert states(made) == {"email": "too_late", "sms": "too_late"}


def test_an_answer_between_reading_and_marking_keeps_the_message_back(ada: Waits) -> None:
    """The guard at the mark: the control without it sends what was taken back."""
    assert [_raced(ada.offered()), len(Message.objects.filter(state="accepted"))] == [[], 0]


def test_without_the_guard_it_is_sent(ada: Waits, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered, "STILL", "%(seen_too)s::text IS NOT NULL")
    assert len(_raced(ada.offered())) == 2


def _raced(made: Offer) -> list[object]:
    """Take the offer back after its messages were leased and written."""
    carrier = Carrier()

    def late(channel: Channel, /) -> Carrier:
        Offer.objects.filter(pk=made.pk, state="open").update(state="withdrawn", closed_at=NOW)
        return carrier

    clock = Clock(NOW)
    outbox.sweep(clock=clock, using=replace(desk(carrier, clock), carriers=late))
    return list(carrier.sent)


def test_who_wants_no_texts_gets_none(ada: Waits) -> None:
    made = ada.offered()
    OptOut.objects.create(channel="sms", address="+447700900123", at=NOW, source="reply")
    carrier = Carrier()
    swept(carrier, NOW)
    assert [x.channel for x in carrier.sent] == ["email"]
    assert states(made)["sms"] == "opted_out"


def test_at_night_a_text_that_would_come_too_late_is_dropped_and_mail_goes(ada: Waits) -> None:
    made = ada.offered(NIGHT)
    assert states(made) == {"email": "pending", "sms": "quiet_hours"}


def test_a_text_that_is_still_of_use_in_the_morning_waits(ada: Waits) -> None:
    made = ada.offered(NIGHT, minutes=12 * 60)
    text = Message.objects.get(offer=made, channel="sms")
    assert (text.state, text.due_at) == ("pending", cast.NOW + timedelta(days=1))
    assert text.not_after == made.answer_by


def test_where_nothing_can_tell_them_reception_is_asked_to_phone(ada: Waits) -> None:
    Patient.objects.filter(pk=ada.patient.pk).update(channel="none")
    assert states(ada.offered()) == {}
    assert list(Todo.objects.values_list("kind", "patient")) == [(offers.TODO, ada.patient.pk)]


def test_a_refused_text_goes_no_second_way_that_told_it_already(ada: Waits) -> None:
    made = ada.offered()
    carrier = Carrier(errors=[SendFailed("no such number", permanent=True)])
    swept(carrier, NOW)
    assert sorted(states(made).values()) == ["accepted", "rejected"]


def test_a_refused_mail_goes_by_text_while_the_offer_is_open(ada: Waits) -> None:
    """Only one channel was chosen then, and the other is open by the time that it fails."""
    Patient.objects.filter(pk=ada.patient.pk).update(channel="email")
    made = ada.offered()
    Patient.objects.filter(pk=ada.patient.pk).update(channel="both")
    carrier = Carrier(errors=[SendFailed("no such box", permanent=True)])
    swept(carrier, NOW)
    swept(carrier, NOW)
    assert states(made) == {"email": "rejected", "sms": "accepted"}


@pytest.mark.parametrize(("channel", "language"), [*product(Channel, rendering.LANGUAGES)])
def test_every_language_says_until_when_and_where(
    ada: Waits, channel: Channel, language: str
) -> None:
    Patient.objects.filter(pk=ada.patient.pk).update(channel=channel.value, language=language)
    made = ada.offered(minutes=45)
    carrier = Carrier()
    swept(carrier, NOW)
    (sent,) = carrier.sent
    assert f"{settings.PUBLIC_URL}/o/" in sent.text
    assert "10:45" in sent.text
    assert sent.calendar == ""
    assert states(made) == {channel.value: "accepted"}


def test_a_message_is_about_a_visit_or_about_an_offer(ada: Waits) -> None:
    made = ada.offered()
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(offer=made).update(offer=None)


@pytest.mark.django_db(transaction=True)
def test_of_two_senders_at_once_each_message_leaves_once(ada: Waits) -> None:
    ada.offered()
    carrier = Carrier()

    def send(_: int) -> None:
        clock = Clock(NOW)
        outbox.sweep(clock=clock, using=desk(carrier, clock, Policy()))
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(4)))
    assert sorted(x.channel for x in carrier.sent) == ["email", "sms"]

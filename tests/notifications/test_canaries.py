"""Seeded words that must never leave: nothing clinical in any message, no secret in any log."""

import logging
import re
from datetime import timedelta

import pytest

from notifications.models import Message
from notifications.providers.mime import encoded
from scheduling.models import Appointment
from tests.notifications import courses, stage
from tests.notifications.stage import DAYS_14, Carrier, House

pytestmark = pytest.mark.django_db

CANARY = "zanahoria"


def house(language: str) -> House:
    at = stage.house(language=language, note=f"{CANARY} note")
    at.treatment.name = f"{CANARY} peel"
    at.treatment.procedure = f"{CANARY}_procedure"
    at.treatment.save()
    return at


def clinical(visit: Appointment) -> Appointment:
    visit.areas, visit.procedure = [f"{CANARY}_cheek"], f"{CANARY}_procedure"
    visit.indication = f"{CANARY}_scar"
    visit.save()
    return visit


@pytest.mark.parametrize("language", ["en", "es", "ar"])
def test_no_seeded_word_leaves_and_no_secret_is_logged(
    language: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    at, carrier = house(language), Carrier()
    made = clinical(stage.booked(at))
    stage.sweep(carrier)
    for moment in (DAYS_14 - timedelta(days=7, hours=1), DAYS_14 - timedelta(hours=49)):
        stage.sweep(carrier, moment)
    stage.change(made, "move", start=DAYS_14 + timedelta(days=40))
    stage.change(made, "cancel", status="cancelled")
    courses.booked(at)
    stage.sweep(carrier)
    assert {x.kind for x in carrier.sent} == {"booked", "reminder", "cancelled", "several"}
    for said in carrier.sent:
        everything = f"{said.subject} {said.text} {said.html} {said.calendar} {said.attachments}"
        assert CANARY not in everything.lower()
        if said.channel == "email":
            raw = encoded(said, sender="clinic@fallow.example", message_id="1@fallow.example")
            assert CANARY.encode() not in raw.lower()
    tokens = {
        t for said in carrier.sent for t in re.findall(r"/v/(?!stop/)([\w-]{43})/", said.text)
    }
    secrets = {*tokens, made.patient.email, str(made.patient.phone), CANARY}
    assert len(tokens) >= 5
    assert [s for s in secrets if s in caplog.text] == []
    assert Message.objects.filter(state="accepted").exists()

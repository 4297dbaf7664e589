"""STOP and START: at once, for the whole channel, with the evidence; and nothing goes there afterwards."""

from datetime import timedelta

import pytest

from notifications.models import Message, OptOut
from scheduling.models import Appointment
from tests import cast, facts
from tests.notifications import stage
from tests.notifications.inbound.post import ADA, answers, code, text, texts
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db

WORDS = facts.read("sms_keywords.json")["union_to_support"]


def told(**more: object) -> Appointment:
    made = stage.booked(stage.house(**more))
    texts()
    return made


@pytest.mark.parametrize("word", [*WORDS, "Stop please", "BAJA"])
def test_stop_ends_texts_at_once(word: str) -> None:
    made = told()
    text(word)
    assert OptOut.objects.get(ended_at=None).address == ADA
    stage.change(made, "move")
    assert texts() == []
    assert set(
        Message.objects.filter(channel="sms", kind="changed").values_list("drop_reason")
    ) == {("opted_out",)}


def test_stop_is_not_answered_by_us_for_the_network_does() -> None:
    told()
    text("STOP")
    text("STOP")
    assert (answers(), OptOut.objects.count()) == ([], 1)


def test_nothing_is_answered_after_stop_whatever_is_written() -> None:
    made = told()
    text("STOP")
    text("HELP")
    text(f"YES {code(made)}")
    assert answers() == []
    made.refresh_from_db()
    assert made.confirmed_at == NOW


def test_an_answer_that_waits_when_stop_comes_never_leaves() -> None:
    told()
    text("HELP")
    text("STOP")
    assert answers() == []


def test_the_evidence_says_when_and_after_which_message() -> None:
    made = told()
    later = NOW + timedelta(hours=1)
    reply = text("STOP", now=later)
    row = OptOut.objects.get()
    sent = Message.objects.get(appointment=made, channel="sms", state="accepted")
    assert (row.at, row.source, row.reply, row.message) == (later, "reply", reply, sent)


def test_e_mail_goes_on_after_a_text_said_stop() -> None:
    made = told()
    text("STOP")
    stage.change(made, "cancel", status="cancelled")
    carrier = stage.Carrier()
    stage.sweep(carrier)
    assert [x.channel for x in carrier.sent] == ["email"]


@pytest.mark.parametrize("word", ["START", "UNSTOP", "YES", "alta"])
def test_start_ends_it_and_texts_go_again(word: str) -> None:
    made = told()
    text("STOP")
    reply = text(word, now=NOW + timedelta(minutes=1))
    row = OptOut.objects.get()
    assert (row.ended_at, row.ended_by) == (NOW + timedelta(minutes=1), reply)
    stage.change(made, "move")
    assert [x.kind for x in texts(NOW + timedelta(minutes=1))] == ["changed"]


def test_help_is_answered_with_the_clinics_telephone() -> None:
    told()
    assert text("HELP").state == "acted"
    (said,) = answers()
    assert said.startswith("Harley House: for help with your visits, please ring us. Reply STOP")
    assert said.endswith("Tel +442079460000")


def test_help_that_the_network_answered_is_not_answered_twice() -> None:
    told()
    assert text("HELP", network_answered=True).state == "acted"
    assert answers() == []


def test_help_from_a_stranger_waits_for_a_person() -> None:
    assert text("HELP", sender="+34600000000").state == "open"


def test_stop_on_a_familys_phone_ends_the_childs_texts_too() -> None:
    at = stage.house()
    child = cast.patient("Cy", "Pine", phone="", email="", guardian=at.patient)
    text("STOP")
    stage.booked(stage.House(at.site, at.treatment, child))
    assert texts() == []


def test_stop_from_a_second_telephone_ends_texts_to_the_first() -> None:
    made = told(other_phone="+447700900777")
    text("STOP", sender="+447700900777")
    stage.change(made, "move")
    assert texts() == []


def test_stop_from_a_stranger_is_kept_for_when_they_become_a_patient() -> None:
    text("STOP", sender="+447700900555")
    stage.booked(stage.house(phone="+447700900555"))
    assert texts() == []

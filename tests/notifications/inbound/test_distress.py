"""Somebody writes that something is wrong: answered with a number at any hour, and a clinician is asked."""

from datetime import timedelta

import pytest

from notifications import outbox
from notifications.core.policy import Channel
from notifications.core.replies import Intent, read, signs_in
from notifications.inbox import Incoming, act_on_reply
from notifications.models import CareAnswer, Message, OptOut, Reply
from scheduling.models import Record, Site, Todo
from tests import cast, facts
from tests.notifications import stage
from tests.notifications.care import bedside
from tests.notifications.inbound.post import ADA, text
from tests.notifications.stage import NOW, Carrier

VECTORS = facts.read("distress_words.json")
NIGHT = cast.at(cast.day(2), 23)


@pytest.mark.parametrize("body", VECTORS["clinical"])
def test_words_of_distress_are_heard(body: str) -> None:
    assert read(body).intent is Intent.CLINICAL


@pytest.mark.parametrize("body", VECTORS["not_clinical"])
def test_other_words_are_no_alarm(body: str) -> None:
    assert read(body).intent is not Intent.CLINICAL


def test_what_a_letter_quotes_is_not_what_its_writer_says() -> None:
    assert signs_in(VECTORS["quoted"]) == ()
    assert signs_in("It is infected.\n" + VECTORS["quoted"]) == ("infected",)


def test_a_cry_is_answered_at_night_and_laid_before_a_clinician() -> None:
    at = bedside.clinic()
    visit = bedside.done(at)
    bedside.sent(NIGHT)
    reply = text("I have blisters and it hurts a lot", now=NIGHT)
    carrier, clock = Carrier(), stage.Clock(NIGHT)
    outbox.sweep(clock=clock, using=stage.desk(carrier, clock, outbox.habits()))
    (said,) = [x.text for x in carrier.sent if x.kind == "answer"]
    assert f"ring {bedside.OUT_OF_HOURS} now, at any hour" in said
    task = Todo.objects.get(kind="clinical-words")
    assert (task.urgent, task.appointment, task.patient) == (True, visit, at.patient)
    assert "blisters" in task.text
    assert "We are sending them the number" in task.text
    assert (reply.intent, reply.state, reply.todo) == ("clinical", "open", task)
    assert not Record.objects.filter(kind="adverse_event").exists()


def test_a_plain_answer_to_a_check_is_taken_as_one() -> None:
    at = bedside.clinic()
    bedside.done(at)
    bedside.sent(cast.at(cast.day(2), 10))
    text("It's worse", now=NIGHT)
    assert CareAnswer.objects.get().answer == "worse"
    assert not Todo.objects.filter(kind="clinical-words").exists()


def test_more_words_are_added_and_a_machine_is_not_answered_for_ever() -> None:
    at = stage.house()
    stage.booked(at)
    for n in range(8):
        text(f"very painful {n}", now=NOW + timedelta(minutes=n))
    assert Todo.objects.filter(kind="clinical-words").count() == 1
    assert Message.objects.filter(kind="answer").count() == 6


def test_who_wants_no_texts_is_not_said_to_be_answered() -> None:
    stage.booked(stage.house())
    OptOut.objects.create(channel="sms", address=ADA, at=NOW, source="reply")
    text("it is bleeding")
    assert "Nobody has answered" in Todo.objects.get(kind="clinical-words").text
    assert not Message.objects.filter(kind="answer").exists()


def test_a_stranger_who_bleeds_is_everybodys_task() -> None:
    Site.objects.all().delete()
    reply = text("it is bleeding", sender="+447700900444")
    task = Todo.objects.get()
    assert (task.kind, task.site, task.patient, reply.patient) == ("clinical-words",) + (None,) * 3


def test_a_letter_cries_too() -> None:
    at = stage.house()
    stage.booked(at)
    incoming = Incoming(
        provider="esp", provider_id="<1@x>", channel=Channel.EMAIL, sender=at.patient.email,
        body="Hello,\nthere is pus and I have a fever.\nAda",
    )  # fmt: skip
    act_on_reply(incoming=incoming, now=NOW)
    assert Todo.objects.get(kind="clinical-words").urgent
    assert Reply.objects.get().intent == "clinical"


pytestmark = pytest.mark.django_db

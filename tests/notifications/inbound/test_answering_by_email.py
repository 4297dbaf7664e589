"""An e-mail is answered by e-mail; two people who answer one message; what a second way makes of it."""

from email import message_from_bytes
from email.policy import default as default_policy
from typing import Any

import pytest
import time_machine
from django.test import Client

from notifications import outbox, wordings
from notifications.core.policy import Channel, Kind
from notifications.inbox import Incoming, act_on_reply, answer
from notifications.models import Answer, Message, MessageText, OptOut, Reply
from notifications.providers import Outgoing, SendFailed
from notifications.providers.mime import encoded
from scheduling.errors import ClinicError
from scheduling.models import Todo
from tests.notifications import stage
from tests.notifications.inbound.post import text
from tests.notifications.inbound.test_answering import DESK, LIST, desk
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def mail(body: str = "Could I come at three instead?", sender: str = "ada@example.org") -> Reply:
    """Take an e-mail, as the hook does."""
    said = Incoming(
        provider="postmark",
        provider_id=f"<{len(body)}.{sender}>",
        channel=Channel.EMAIL,
        sender=sender,
        sent_to="desk@harley.example",
        body=body,
    )
    reply = act_on_reply(incoming=said, now=NOW)
    assert reply is not None
    return reply


def asked(**facts: Any) -> Reply:
    """Let a patient with a visit, of which the news has left, write an e-mail."""
    stage.booked(stage.house(**facts))
    stage.sweep(Carrier())
    return mail()


def sent() -> Outgoing:
    carrier = Carrier()
    stage.sweep(carrier)
    (said,) = carrier.sent
    return said


def test_reception_answers_an_email_by_email_with_its_lines() -> None:
    reply = asked()
    words = "Three is taken.\n\n\n  Would   four do?\nThe doors open at nine.\n"
    answer(reply_id=reply.pk, words=words, by=DESK, now=NOW)
    said = sent()
    reply.refresh_from_db()
    assert (reply.state, said.channel, said.to) == ("answered", "email", "ada@example.org")
    assert said.subject == "Your message to Harley House"
    assert said.text.startswith(
        "Dear Ada,\n\nThree is taken.\n\nWould four do?\nThe doors open at nine.\n\nAny further"
    )
    assert "Would four do?<br>\nThe doors open at nine.</p>" in said.html
    assert said.calendar == ""
    raw = encoded(said, sender="clinic@fallow.example", message_id="1@fallow.example")
    letter = message_from_bytes(raw, policy=default_policy)
    assert letter["Reply-To"] == "desk@harley.example"


@pytest.mark.parametrize(
    ("language", "subject"),
    [("es", "Su mensaje a Harley House"), ("ar", "رسالتك إلى Harley House")],
)
def test_it_is_in_the_patients_language(language: str, subject: str) -> None:
    reply = asked(language=language)
    answer(reply_id=reply.pk, words="<b>10 & 11</b> {time}", by=DESK, now=NOW)
    said = sent()
    assert said.subject == subject
    assert "<b>10 & 11</b> {time}" in said.text
    assert "&lt;b&gt;10 &amp; 11&lt;/b&gt; {time}" in said.html


def test_it_goes_where_the_register_says_and_not_to_whoever_wrote() -> None:
    asked()
    reply = mail("It is me", sender="ada@elsewhere.example")
    Reply.objects.filter(pk=reply.pk).update(patient=Message.objects.all()[0].patient_id)
    answer(reply_id=reply.pk, words="Hello", by=DESK, now=NOW)
    assert sent().to == "ada@example.org"


@pytest.mark.parametrize("facts", [{"channel": "sms"}, {"do_not_contact": True}, {}])
def test_who_wants_no_emails_is_not_answered_by_email(facts: dict[str, Any]) -> None:
    reply = asked(**facts)
    if not facts:
        OptOut.objects.create(channel="email", address="ada@example.org", at=NOW, source="link")
    with pytest.raises(ClinicError) as error:
        answer(reply_id=reply.pk, words="Hello", by=DESK, now=NOW)
    assert error.value.sentence == "This patient wants no e-mails; please phone."


def test_a_letter_has_an_end() -> None:
    reply = asked()
    with pytest.raises(ClinicError, match="at most 4000 characters"):
        answer(reply_id=reply.pk, words="x" * 4001, by=DESK, now=NOW)


def page(client: Client, reply: Reply, words: str, **more: Any) -> str:
    inline = {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}
    said = client.post(f"{LIST}{reply.pk}/change/", {"answer": words, **inline, **more})
    return said.content.decode()


def test_the_page_answers_and_says_by_which_way() -> None:
    reply = asked()
    client = desk(everywhere=True)
    assert "Goes by e-mail to the address in the register" in " ".join(
        client.get(f"{LIST}{reply.pk}/change/").content.decode().split()
    )
    page(client, reply, "At four.\n\nPlease confirm.", known=0)
    assert "At four.\n\nPlease confirm.\n" in sent().text


# ---------------------------------------------------------------- two people, one message


def test_of_two_people_who_answer_one_message_the_second_is_shown_the_first() -> None:
    reply = asked()
    client = desk(everywhere=True)
    form = client.get(f"{LIST}{reply.pk}/change/").content.decode()
    assert '<input type="hidden" name="known" value="0"' in form
    page(client, reply, "At four.", known=0)
    second = page(client, reply, "At five.", known=0)
    assert "desk has answered this meanwhile: “At four.”" in second.replace("&quot;", '"')
    assert "At five." in second
    assert Answer.objects.count() == 1
    page(client, reply, "Or at five.", known=1)
    assert Answer.objects.count() == 2


def test_the_verb_itself_refuses_a_second_answer_that_did_not_know_the_first() -> None:
    reply = asked()
    answer(reply_id=reply.pk, words="At four.", by=DESK, now=NOW, known=0)
    with pytest.raises(ClinicError) as error:
        answer(reply_id=reply.pk, words="At five.", by=DESK, now=NOW, known=0)
    assert error.value.code == "answered_meanwhile"


# ---------------------------------------------------------------- the second way


@pytest.mark.parametrize("write", [mail, lambda: text("Is there parking?")], ids=["email", "sms"])
def test_an_answer_that_is_refused_asks_reception_and_goes_no_other_way(write: Any) -> None:
    """Its key is the question's, and its words are for that channel."""
    stage.booked(stage.house())
    stage.sweep(Carrier())
    answer(reply_id=write().pk, words="Behind it.", by=DESK, now=NOW)
    stage.sweep(Carrier(errors=[SendFailed("no such user", permanent=True)]))
    assert Message.objects.get(kind="answer").state == "rejected"
    assert Todo.objects.filter(kind="message-not-delivered").count() == 1


@pytest.mark.parametrize("write", [mail, lambda: text("Is there parking?")], ids=["email", "sms"])
def test_an_answer_that_is_sent_again_says_the_same(write: Any) -> None:
    stage.booked(stage.house())
    stage.sweep(Carrier())
    answer(reply_id=write().pk, words="Behind it.", by=DESK, now=NOW)
    stage.sweep(Carrier(errors=[SendFailed("no such user", permanent=True)]))
    dead = Message.objects.get(kind="answer")
    outbox.replay(message_id=dead.pk, reason="mailbox mended", by=DESK, now=NOW)
    assert "Behind it." in sent().text


# ---------------------------------------------------------------- the words around it


@pytest.mark.parametrize("channel", list(Channel))
def test_the_words_around_an_answer_can_be_looked_at(channel: Channel) -> None:
    row = MessageText(kind="answer", channel=channel.value, language="en")
    subject, body = wordings.in_force(row)
    seen = wordings.preview(
        kind=Kind.ANSWER,
        channel=channel,
        subject=subject,
        body=body,
        facts=wordings.sample("en"),
    )
    assert "(what is answered)" in seen.text


@pytest.mark.parametrize(
    ("named", "header"),
    [
        ("<a.1@mail.example>", "<a.1@mail.example>"),
        ("unnamed 2027-01-04", None),
        ("<x@y>\nBcc: <z@w>", None),
    ],
)
def test_an_answer_hangs_below_the_message_that_it_answers(named: str, header: str | None) -> None:
    """Only what is a Message-ID is named: the header comes from whoever wrote (RFC 5322, 3.6.4)."""
    reply = asked()
    Reply.objects.filter(pk=reply.pk).update(provider_id=named)
    answer(reply_id=reply.pk, words="Three is fine.", by=DESK, now=NOW)
    said = sent()
    assert [said.headers.get(name) for name in ("In-Reply-To", "References")] == [header] * 2

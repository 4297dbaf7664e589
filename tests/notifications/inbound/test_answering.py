"""Reception's inbox: seen by whom it concerns, answered through the outbox, and shown before phoning."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import groups
from notifications import answers as answers_room
from notifications import inbox
from notifications.inbox import answer, assign, put_aside
from notifications.models import Message, Reply
from scheduling import access, booking
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Change, Site, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.inbound.post import answers, text, texts
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db

LIST = "/admin/notifications/reply/"
DESK = cast.reception()


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def asked(body: str = "Is there parking?", **facts: Any) -> Reply:
    """Let a patient with a visit ask something."""
    stage.booked(stage.house(**facts))
    texts()
    return text(body)


def desk(*sites: Site, **more: bool) -> Client:
    user = cast.staff_user("desk", *sites, **more)
    user.groups.set([groups.ensure()[access.RECEPTION]])
    client = Client()
    client.force_login(user)
    return client


# ---------------------------------------------------------------- the verbs


def test_reception_answers_through_the_outbox() -> None:
    reply = asked()
    answer(reply_id=reply.pk, words=" Yes,\nbehind the house. ", by=DESK, now=NOW)
    reply.refresh_from_db()
    assert (reply.state, reply.done_by) == ("answered", "Desk")
    assert answers() == ["Harley House: Yes, behind the house. Tel +442079460000"]
    assert Change.objects.get(subject="reply").by == "Desk"


def test_what_looks_like_a_key_or_a_blank_is_sent_as_it_was_written() -> None:
    reply = asked()
    answer(reply_id=reply.pk, words="help {link} {0}", by=DESK, now=NOW)
    assert answers() == ["Harley House: help {link} {0} Tel +442079460000"]


def test_an_answer_leaves_whatever_becomes_of_the_visit() -> None:
    reply = asked()
    answer(reply_id=reply.pk, words="We shall see.", by=DESK, now=NOW)
    visit = Message.objects.get(kind="answer").appointment
    stage.change(visit, "move")
    stage.change(visit, "arrive", status="fulfilled")
    assert len(answers()) == 1


def test_a_question_back_leaves_the_task_open_until_something_is_decided() -> None:
    reply = asked("can't come")
    answer(reply_id=reply.pk, words="Would Friday do?", by=DESK, now=NOW)
    assert Todo.objects.get().done_at is None
    visit = Message.objects.get(kind="answer").appointment
    booking.cancel(appointment_id=visit.pk, version=None, by=DESK, now=NOW, reason="asked")
    assert Todo.objects.get().done_by == "Desk"


def test_a_second_answer_is_another_message() -> None:
    reply = asked()
    for words in ("One.", "Two."):
        answer(reply_id=reply.pk, words=words, by=DESK, now=NOW)
    assert len(answers()) == 2


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"channel": "email"}, "This patient wants no texts; please phone."),
        ({"do_not_contact": True}, "This patient wants no texts; please phone."),
    ],
)
def test_who_wants_no_texts_is_not_answered_by_text(facts: dict[str, Any], why: str) -> None:
    reply = asked(**facts)
    assert refusal(reply, "Yes.") == why


def test_after_stop_nobody_is_answered_by_text() -> None:
    reply = asked()
    text("STOP")
    assert refusal(reply, "Yes.") == "This patient wants no texts; please phone."


def refusal(reply: Reply, words: str) -> str:
    with pytest.raises(ClinicError) as error:
        answer(reply_id=reply.pk, words=words, by=DESK, now=NOW)
    return error.value.sentence


def test_an_answer_has_words_and_at_most_two_segments() -> None:
    reply = asked()
    assert refusal(reply, "  ") == "Please write an answer."
    assert refusal(reply, "x" * 300) == "This would cost 3 messages; at most 2 are allowed."


def test_an_unknown_number_is_assigned_and_then_answered_where_the_register_says() -> None:
    made = stage.booked(stage.house())
    texts()
    reply = text("It is me, Ada", sender="+34600000000")
    assert refusal(reply, "Hello") == "Only a message of a known patient can be answered here."
    assign(reply_id=reply.pk, patient_id=made.patient_id, by=DESK, now=NOW)
    answer(reply_id=reply.pk, words="Hello", by=DESK, now=NOW)
    (said,) = texts()
    assert (said.to, said.kind) == ("+447700900123", "answer")


def test_those_of_other_sites_neither_answer_nor_put_aside() -> None:
    reply = asked()
    elsewhere = cast.reception(Site.objects.create(name="Elsewhere", zone="UTC", country="GB"))
    with pytest.raises(NotFound):
        answer(reply_id=reply.pk, words="x", by=elsewhere, now=NOW)
    with pytest.raises(NotFound):
        assign(reply_id=reply.pk, patient_id=reply.patient_id or 0, by=elsewhere, now=NOW)
    assert put_aside(reply_ids=[reply.pk], by=elsewhere, now=NOW) == 0
    assert put_aside(reply_ids=[reply.pk], by=DESK, now=NOW) == 1


# ---------------------------------------------------------------- the screens


def test_the_inbox_lists_what_is_to_be_read_and_not_what_is_done() -> None:
    reply = asked("Is there parking?")
    text("HELP")
    said = desk(reply.appointment.site).get(LIST).content.decode()  # type: ignore[union-attr]
    assert "Is there parking?" in said
    assert "HELP" not in said
    assert "Ada Pine" in said


def test_a_task_that_is_ticked_off_takes_its_message_along() -> None:
    reply = asked("ok then")
    reply = text("ok")
    Todo.objects.update(done_at=NOW)
    said = desk(everywhere=True).get(LIST).content.decode()
    assert f"/reply/{reply.pk}/" not in said


def test_the_page_answers() -> None:
    reply = asked()
    client = desk(reply.appointment.site)  # type: ignore[union-attr]
    page = f"{LIST}{reply.pk}/change/"
    assert "Is there parking?" in client.get(page).content.decode()
    inline = {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}
    response = client.post(page, {"answer": "Behind the house.", **inline})
    assert response.status_code == 302, response.content.decode()
    assert answers() == ["Harley House: Behind the house. Tel +442079460000"]
    assert "Behind the house." in client.get(page).content.decode()


def test_the_page_shows_what_passed_between_us_newest_last() -> None:
    reply = asked("can't come")
    answer(reply_id=reply.pk, words="Would Friday do?", by=DESK, now=NOW)
    texts()
    newer = text("Friday is fine", now=NOW + timedelta(minutes=5))
    said = desk(everywhere=True).get(f"{LIST}{newer.pk}/change/").text
    parts = ["your visit is booked", "can&#x27;t come", "Would Friday do?", "Friday is fine"]
    places = [said.lower().find(part.lower()) for part in parts]
    assert -1 not in places, list(zip(parts, places, strict=True))
    assert places == sorted(places)
    visit = reply.appointment_id
    assert f"/appointment/{visit}/move/?from=2027-01-18" in said
    assert f"/appointment/{visit}/change/#steps" in said
    assert "answer-counting" in said


@pytest.mark.parametrize("facts", [{"channel": "email"}, {"do_not_contact": True}])
def test_who_cannot_be_answered_is_said_before_anybody_types(facts: dict[str, Any]) -> None:
    reply = asked(**facts)
    said = desk(everywhere=True).get(f"{LIST}{reply.pk}/change/").text
    assert "This patient wants no texts; please phone." in said
    assert 'name="answer"' not in said


def test_a_stranger_is_given_a_name_before_anybody_types() -> None:
    stage.booked(stage.house())
    reply = text("It is me", sender="+34600000000")
    said = desk(everywhere=True).get(f"{LIST}{reply.pk}/change/").text
    assert "Only a message of a known patient can be answered here." in said
    assert 'name="answer"' not in said
    assert 'name="patient"' in said


def test_an_answer_is_said_to_be_on_its_way() -> None:
    reply = asked()
    inline = {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}
    page = f"{LIST}{reply.pk}/change/"
    said = desk(everywhere=True).post(page, {"answer": "Behind it.", **inline}, follow=True).text
    assert "Your answer to Ada is on its way." in said
    assert "was changed successfully" not in said


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Dear Elsa,\n\nYes, it is.", "Yes, it is."),
        ("Hola Elsa:\nSí.", "Sí."),
        ("Dear me, no.", "Dear me, no."),
        ("Hello", "Hello"),
    ],
)
def test_a_letter_greets_once(typed: str, kept: str) -> None:
    assert answers_room._laid_out(typed, "email") == kept


def test_the_page_keeps_what_was_typed_when_it_cannot_be_sent() -> None:
    reply = asked(channel="email")
    client = desk(everywhere=True)
    inline = {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}
    said = client.post(f"{LIST}{reply.pk}/change/", {"answer": "Behind it.", **inline})
    assert "This patient wants no texts; please phone." in said.content.decode()
    assert "Behind it." in said.content.decode()


def test_the_page_assigns_an_unknown_number() -> None:
    made = stage.booked(stage.house())
    reply = text("It is me", sender="+34600000000")
    inline = {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}
    desk(everywhere=True).post(
        f"{LIST}{reply.pk}/change/", {"patient": made.patient_id, "answer": "", **inline}
    )
    reply.refresh_from_db()
    assert reply.patient_id == made.patient_id


def test_the_list_puts_aside() -> None:
    reply = asked()
    desk(everywhere=True).post(LIST, {"action": "put_aside", "_selected_action": [reply.pk]})
    reply.refresh_from_db()
    assert (reply.state, reply.done_by) == ("closed", "desk")


def test_strangers_and_other_sites_see_nothing() -> None:
    reply = asked()
    page = f"{LIST}{reply.pk}/change/"
    assert Client().get(page).status_code == 302
    other = Site.objects.create(name="Elsewhere", zone="UTC", country="GB")
    assert desk(other).get(page).status_code == 404
    user = cast.staff_user("nobody", everywhere=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_message"))
    client = Client()
    client.force_login(user)
    assert client.get(page).status_code == 403


def test_the_list_costs_the_same_for_one_and_for_many() -> None:
    asked()
    client = desk(everywhere=True)
    counts = []
    for n in range(2):
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        counts.append(len(queries))
        for m in range(2):
            text(f"And {n} {m}?")
    assert counts[0] == counts[1]


def test_the_patients_page_says_no_sms_before_anybody_phones() -> None:
    reply = asked("STOP")
    client = desk(everywhere=True)
    page = f"/admin/scheduling/appointment/patient/{reply.patient_id}/"
    said = " ".join(client.get(page).content.decode().split())
    assert said.index("Wants no messages") > said.index("tel:+447700900123")
    assert "No SMS</span> since Mon 4 Jan 2027, 08:00" in said
    assert "Wrote" in said
    assert "after our" in said
    visit = f"/admin/scheduling/appointment/{reply.appointment_id}/change/"
    assert "Wants no messages" in client.get(visit).content.decode()


def test_a_childs_page_shows_that_the_guardians_phone_wants_nothing() -> None:
    at = stage.house()
    child = cast.patient("Cy", "Pine", phone="", email="", guardian=at.patient)
    text("STOP")
    page = f"/admin/scheduling/appointment/patient/{child.pk}/"
    assert "Wants no messages" in desk(everywhere=True).get(page).content.decode()


def test_the_dashboard_shows_what_waits() -> None:
    reply = asked()
    client = desk(everywhere=True)
    assert "Messages to be read" in client.get("/admin/").content.decode()
    put_aside(reply_ids=[reply.pk], by=DESK, now=NOW)
    assert "Messages to be read" not in client.get("/admin/").content.decode()


def test_a_message_shows_its_receipts() -> None:
    asked()
    row = Message.objects.filter(channel="sms", state="accepted").earliest("pk")
    event = inbox.Event(provider="twilio", provider_id="SM1", status="sent", ref=row.ref.hex)
    inbox.record_receipt(event=event, now=NOW)
    page = f"/admin/notifications/message/{row.pk}/change/"
    said = desk(everywhere=True).get(page).content.decode()
    assert "twilio" in said
    assert "news" in said

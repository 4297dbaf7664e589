"""Texts acted upon: a visit confirmed or cancelled by its code, the truth told, the rest left to people."""

from datetime import timedelta

import pytest

from notifications.models import Message, Reply
from scheduling.models import Appointment, Change, Patient, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.inbound.post import ADA, answers, code, text, texts
from tests.notifications.stage import DAYS_14, NOW

pytestmark = pytest.mark.django_db

MORNING = NOW + timedelta(hours=12)


def told(**facts: object) -> Appointment:
    """Book a visit whose first messages have left."""
    made = stage.booked(stage.house(**facts))
    texts()
    return made


def moved(made: Appointment) -> None:
    stage.change(
        made,
        "move",
        start=made.start + timedelta(days=1),
        end=made.end + timedelta(days=1),
        local_date=made.local_date + timedelta(days=1),
    )


# ---------------------------------------------------------------- by code


@pytest.mark.parametrize("said", ["YES {}", "yes{}", "S\u00ed {} gracias"])
def test_yes_with_the_code_confirms_and_says_so(said: str) -> None:
    made = told()
    reply = text(said.format(code(made)))
    made.refresh_from_db()
    assert made.confirmed_at == NOW
    assert (reply.state, reply.patient_id, reply.appointment_id) == (
        "acted", made.patient_id, made.pk,
    )  # fmt: skip
    assert answers() == [
        "Harley House: thank you, your visit on Mon 18 Jan, 13:00 is confirmed. Tel +442079460000"
    ]
    change = Change.objects.get(subject="appointment", verb="confirm")
    assert change.by == f"patient {made.patient_id} by SMS"


def test_cancel_with_the_code_cancels_and_is_told_as_every_cancellation() -> None:
    made = told()
    reply = text(f"CANCEL {code(made)}")
    made.refresh_from_db()
    assert (made.status, made.cancel_reason) == ("cancelled", "cancelled by the patient's text")
    assert reply.state == "acted"
    assert [x.kind for x in texts()] == ["cancelled"]


def test_a_spanish_patient_is_answered_in_spanish() -> None:
    made = told(language="es")
    text(f"SI {code(made)}")
    (said,) = answers()
    assert said.startswith("Harley House: gracias, su cita del")


def test_a_message_that_comes_twice_is_acted_upon_once() -> None:
    made = told()
    for _ in range(3):
        text(f"YES {code(made)}", sid="SM7")
    assert (Reply.objects.count(), Message.objects.filter(kind="reply").count()) == (1, 1)


def test_cancelling_too_late_is_said_and_asks_reception() -> None:
    made = told()
    late = DAYS_14 - timedelta(hours=5)
    reply = text(f"CANCEL {code(made)}", now=late)
    made.refresh_from_db()
    assert (made.status, reply.state) == ("booked", "open")
    (said,) = answers(late)
    assert "it is too late to cancel your visit on Mon 18 Jan, 13:00 by text" in said
    todo = Todo.objects.get()
    assert (todo.urgent, todo.appointment_id) == (True, made.pk)
    assert "asks for at least 24 hours" in todo.text
    assert "Please phone" not in todo.text, "that is what patients are told"


# ---------------------------------------------------------------- the truth


def test_confirming_a_cancelled_visit_is_answered_with_the_truth() -> None:
    made = told()
    stage.change(made, "cancel", status="cancelled")
    reply = text(f"YES {code(made)}")
    made.refresh_from_db()
    assert (made.status, made.confirmed_at, reply.state) == ("cancelled", None, "acted")
    (said,) = answers()
    assert said.startswith("Harley House: your visit on Mon 18 Jan, 13:00 is cancelled, so you")


@pytest.mark.parametrize("word", ["YES", "CANCEL"])
def test_answering_about_a_time_that_is_no_more_changes_nothing(word: str) -> None:
    made = told()
    moved(made)
    text(f"{word} {code(made)}")
    made.refresh_from_db()
    assert (made.status, made.confirmed_at) == ("booked", None)
    (said,) = answers()
    assert f"a new time, Tue 19 Jan, 13:00, so nothing was changed. To confirm it, reply YES {code(made)}" in said  # fmt: skip


def test_once_the_new_time_was_told_the_same_code_confirms_it() -> None:
    made = told()
    moved(made)
    texts()
    text(f"YES {code(made)}")
    made.refresh_from_db()
    assert made.confirmed_at == NOW
    assert "your visit on Tue 19 Jan, 13:00 is confirmed" in answers()[0]


def test_an_answer_that_became_untrue_before_it_left_is_dropped() -> None:
    made = told()
    text(f"YES {code(made)}")
    moved(made)
    assert [x.kind for x in texts()] == ["changed"]
    assert Message.objects.get(kind="reply").drop_reason == "superseded"


def test_answers_wait_for_the_morning() -> None:
    made = told()
    text(f"YES {code(made)}", now=NOW + timedelta(hours=13))
    assert answers(NOW + timedelta(hours=13)) == []
    assert len(answers(NOW + timedelta(days=1))) == 1


def test_two_machines_that_answer_each_other_come_to_an_end() -> None:
    told()
    states = [text("HELP", now=NOW + timedelta(minutes=n)).state for n in range(8)]
    assert states == ["acted"] * 6 + ["open"] * 2
    assert Message.objects.filter(kind="reply").count() == 6


# ---------------------------------------------------------------- what only a person understands


@pytest.mark.parametrize(
    "body", ["YES", "ok", "can't come", "Please cancel my appointment", "9999"]
)
def test_a_bare_word_with_a_visit_coming_raises_an_urgent_task(body: str) -> None:
    made = told()
    reply = text(body)
    todo = Todo.objects.get()
    made.refresh_from_db()
    assert (made.status, made.confirmed_at, reply.state) == ("booked", None, "open")
    assert (todo.urgent, todo.appointment_id, todo.patient_id) == (True, made.pk, made.patient_id)
    assert f"Wrote “{body}” by SMS. Perhaps about the visit on Mon 18 Jan 2027, 14:00" in todo.text


def test_a_bare_cancel_stops_texts_as_the_network_does_and_asks_at_once() -> None:
    made = told()
    text("CANCEL")
    assert Todo.objects.get().text.endswith(
        "Please ask. Texts to this number are stopped, as the network takes that word."
    )
    made.refresh_from_db()
    assert made.status == "booked"
    stage.change(made, "move")
    assert texts() == []


@pytest.mark.parametrize("body", ["ok", "YES", "YES 4417", "Is there parking?"])
def test_without_a_visit_coming_it_waits_in_the_inbox(body: str) -> None:
    stage.house()
    reply = text(body)
    assert (reply.state, Todo.objects.count(), Message.objects.count()) == ("open", 0, 0)
    assert reply.patient is not None


def test_a_code_that_fits_none_of_their_visits_changes_nothing() -> None:
    mine = told()
    other = stage.visit(stage.House(mine.site, mine.treatment, cast.patient("Bo", "Oak", phone="")))
    text(f"CANCEL {code(other)}")
    other.refresh_from_db()
    assert (other.status, Todo.objects.get().appointment_id) == ("booked", mine.pk)


def test_two_visits_of_one_phone_with_one_code_are_left_to_reception() -> None:
    at = stage.house()
    first = stage.visit(at, DAYS_14, pk=500)
    second = stage.visit(at, DAYS_14 + timedelta(days=7), pk=9500)
    assert code(first) == code(second)
    reply = text(f"CANCEL {code(first)}")
    assert set(Appointment.objects.values_list("status", flat=True)) == {"booked"}
    assert (reply.state, Todo.objects.get().urgent) == ("open", True)


def test_an_unknown_number_is_kept_and_belongs_to_nobody() -> None:
    reply = text("Can I book a visit?", sender="+34600000000")
    assert (reply.patient, reply.appointment, reply.state) == (None, None, "open")
    assert reply.body == "Can I book a visit?"


@pytest.mark.parametrize("sender", ["12345", "NHSnoreply", "", "+44", "' OR 1=1", "+447700900123x"])
def test_senders_that_are_no_numbers_are_kept_too(sender: str) -> None:
    told()
    assert text("hello", sender=sender).patient is None


def test_nothing_is_nothing_and_a_picture_is_for_a_person() -> None:
    told()
    assert text("  ").state == "acted"
    assert text("", pictures=1).state == "open"
    assert Todo.objects.count() == 0


# ---------------------------------------------------------------- families


def test_on_a_familys_phone_the_code_says_whose_visit_it_is() -> None:
    at = stage.house()
    child = cast.patient("Cy", "Pine", phone="", email="", guardian=at.patient)
    mine = stage.booked(at)
    theirs = stage.booked(stage.House(at.site, at.treatment, child), DAYS_14 + timedelta(days=3))
    texts()
    reply = text(f"YES {code(theirs)}")
    mine.refresh_from_db()
    theirs.refresh_from_db()
    assert (mine.confirmed_at, theirs.confirmed_at) == (None, NOW)
    assert reply.patient == child
    assert "Thu 21 Jan, 13:00 is confirmed" in answers()[0]


def test_a_bare_word_on_a_familys_phone_names_every_visit_that_may_be_meant() -> None:
    at = stage.house()
    child = cast.patient("Cy", "Pine", phone="", email="", guardian=at.patient)
    stage.booked(at)
    stage.booked(stage.House(at.site, at.treatment, child), DAYS_14 + timedelta(days=3))
    text("ok")
    said = Todo.objects.get().text
    assert "Mon 18 Jan 2027, 14:00 (Ada Pine)" in said
    assert "Thu 21 Jan 2027, 14:00 (Cy Pine)" in said


def test_the_visit_of_the_last_message_is_the_one_that_is_meant() -> None:
    at = stage.house()
    stage.booked(at, DAYS_14)
    later = stage.booked(at, DAYS_14 + timedelta(days=3))
    Message.objects.filter(appointment=later, channel="sms", offset="now").update(
        state="accepted", open=False, provider_id="x", sending_at=NOW
    )
    text("ok")
    assert Todo.objects.get().appointment_id == later.pk


def test_a_second_telephone_of_the_patient_may_answer() -> None:
    made = told(other_phone="+447700900777")
    text(f"YES {code(made)}", sender="+447700900777")
    made.refresh_from_db()
    assert made.confirmed_at == NOW


def test_a_strangers_telephone_may_not_even_with_the_code() -> None:
    made = told()
    cast.patient("Eve", "Elm", phone="+447700900999")
    text(f"CANCEL {code(made)}", sender="+447700900999")
    made.refresh_from_db()
    assert made.status == "booked"


def test_a_code_of_a_former_key_still_names_its_visit(settings: object) -> None:
    made = told()
    old = code(made)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]  # type: ignore[attr-defined]
    settings.SECRET_KEY = "another key of this house, of fifty characters or more"  # type: ignore[attr-defined]
    text(f"YES {old}")
    made.refresh_from_db()
    assert made.confirmed_at == NOW


def test_the_texts_of_a_site_that_can_be_answered_say_how(settings: object) -> None:
    settings.SMS_REPLIES = True  # type: ignore[attr-defined]
    made = stage.booked(stage.house(email=""))
    (said,) = texts()
    assert said.text.endswith(
        f"Reply YES {code(made)} to confirm or CANCEL {code(made)} to cancel."
    )
    settings.SMS_REPLIES = False  # type: ignore[attr-defined]
    stage.change(made, "move")
    assert "Reply" not in texts()[0].text


def test_a_patient_found_by_a_phone_need_not_have_one_visit() -> None:
    Patient.objects.all().delete()
    assert text("STOP", sender=ADA).state == "acted"


# ---------------------------------------------------------------- nearly right


def test_the_first_letter_with_the_code_is_enough() -> None:
    made = told()
    text(f"Y {code(made)}")
    made.refresh_from_db()
    assert made.confirmed_at == NOW
    text(f"C {code(made)}")
    made.refresh_from_db()
    assert made.status == "cancelled"


@pytest.mark.parametrize(
    "body",
    ["I need to cancel tuesday", "cancel tomorrow pls", "quiero cancelar", "\u0644\u0646 \u0623\u062a\u0645\u0643\u0646"],
)  # fmt: skip
def test_cancelling_in_other_words_is_a_task(body: str) -> None:
    told()
    text(body)
    assert Todo.objects.get().kind == "reply-unclear"


def test_a_bare_yes_or_no_is_told_once_which_words_work() -> None:
    made = told()
    text("ok")
    (said,) = answers()
    assert f"reply YES {code(made)}" in said
    assert "Mon 18 Jan, 13:00" in said
    text("no")
    assert answers() == []
    assert Todo.objects.count() == 1


def test_a_decision_ends_the_task_that_asked_for_it() -> None:
    made = told()
    asked = text("ok")
    text(f"YES {code(made)}")
    assert Todo.objects.get().done_by == f"patient {made.patient_id} by SMS"
    asked.refresh_from_db()
    assert asked.state == "acted"

"""Messages of people, and of machines, who mean no good: nothing breaks, floods or is lost."""

from typing import Any

import pytest
import time_machine

from notifications.core.policy import Channel
from notifications.inbox import Incoming, act_on_reply, answer
from notifications.models import OptOut, Reply
from scheduling.models import Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.inbound.post import answers, code, text, texts
from tests.notifications.inbound.test_answering import LIST, desk
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db

ODD = "a\0b\ud800c\u202ed\U0001f600"
"""NUL, half a surrogate pair, an override of direction, and a smile."""


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def letter(**odd: Any) -> Reply:
    facts = {
        "provider": "postmark",
        "provider_id": "<1@example.org>",
        "channel": Channel.EMAIL,
        "sender": "ada@example.org",
        "body": "Hello",
    }
    reply = act_on_reply(incoming=Incoming(**(facts | odd)), now=NOW)
    assert reply is not None
    reply.refresh_from_db()
    return reply


@pytest.mark.parametrize("field", ["provider_id", "sender", "sent_to", "body"])
def test_what_no_column_holds_is_left_out_and_the_message_kept(field: str) -> None:
    assert getattr(letter(**{field: ODD}), field) == "ab?c\u202ed\U0001f600"


@pytest.mark.parametrize("field", ["provider_id", "sender", "sent_to"])
def test_what_is_too_long_is_cut_and_kept_once(field: str) -> None:
    facts = {field: "x" * 5000}
    letter(**facts)
    said = Incoming(
        **{
            "provider": "postmark",
            "provider_id": "<1@example.org>",
            "channel": Channel.EMAIL,
            "sender": "ada@example.org",
            **facts,
        }
    )
    assert act_on_reply(incoming=said, now=NOW) is None


def test_stop_from_an_address_without_end_is_kept_as_far_as_it_goes() -> None:
    letter(sender=f"{'x' * 500}@example.org", body="STOP")
    assert OptOut.objects.get().address == "x" * 254


def test_a_page_of_odd_text_is_shown_as_it_was_written_and_alone() -> None:
    """What turns the direction round ends with its own text; a list shows how a letter begins."""
    stage.booked(stage.house())
    reply = letter(body="\u202e<script>alert(1)</script> " + "long " * 700)
    client = desk(everywhere=True)
    listed = client.get(LIST).content.decode()
    assert "<bdi>\u202e&lt;script&gt;" in listed
    assert listed.count("long ") < 40
    page = client.get(f"{LIST}{reply.pk}/change/").content.decode()
    assert "\u202e&lt;script&gt;alert(1)" in page
    assert page.count("long ") >= 700


def test_a_machine_that_writes_ok_for_ever_is_one_task() -> None:
    stage.booked(stage.house())
    texts()
    for _ in range(60):
        text("ok")
    text("can't come")
    (todo,) = Todo.objects.all()
    assert todo.text.startswith("Wrote “ok” by SMS. Perhaps about the visit on")
    assert todo.text.count("ok") > 1
    assert len(todo.text) < 700
    assert Reply.objects.filter(state="open", todo=todo).count() == 61


def test_what_is_written_after_the_first_is_read_in_the_same_task() -> None:
    stage.booked(stage.house())
    texts()
    text("ok")
    text("can't come")
    (todo,) = Todo.objects.all()
    assert todo.text.endswith("Please ask. Then “can't come”.")
    Todo.objects.update(done_at=NOW)
    text("ok")
    assert Todo.objects.filter(done_at=None).count() == 1


def test_a_thousand_codes_guessed_from_a_strangers_telephone_change_nothing() -> None:
    visit = stage.booked(stage.house())
    texts()
    right = code(visit)
    for guess in [right, *range(1000, 1040)]:
        text(f"CANCEL {guess}", sender="+34600000000")
    visit.refresh_from_db()
    assert (visit.status, Todo.objects.count(), answers()) == ("booked", 0, [])


def test_an_answer_with_every_character_there_is_arrives_as_it_was_written() -> None:
    stage.booked(stage.house())
    stage.sweep(Carrier())
    reply = letter()
    words = "".join(chr(n) for n in range(1, 0x250) if chr(n).isprintable()) + " \U0001f600 %s {0}"
    answer(reply_id=reply.pk, words=words, by=cast.reception(), now=NOW)
    carrier = Carrier()
    stage.sweep(carrier)
    (said,) = carrier.sent
    assert " ".join(words.split()) in said.text

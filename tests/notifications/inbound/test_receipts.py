"""Reports merged into messages: forward only, whatever their order, however often they come."""

from collections.abc import Callable
from itertools import permutations
from threading import Barrier, Thread

import pytest
from django.db import connection

from notifications import receipts
from notifications.inbox import Event, record_receipt
from notifications.models import Message, OptOut, Receipt
from notifications.providers import OutcomeUnknown, Outgoing
from scheduling.models import Todo
from tests.notifications import stage
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db


def sent() -> Message:
    """Book a visit and let its text leave."""
    made = stage.booked(stage.house(email=""))
    stage.sweep(Carrier())
    return Message.objects.get(appointment=made, channel="sms", state="accepted")


def said(message: Message, status: str, **more: object) -> str:
    facts = {"provider": "twilio", "provider_id": "SM1", "status": status, "ref": message.ref.hex}
    return str(record_receipt(event=Event(**(facts | more)), now=NOW))  # type: ignore[arg-type]


def state(message: Message) -> str:
    message.refresh_from_db()
    return str(message.state)


def test_delivered_is_noted() -> None:
    message = sent()
    assert [said(message, s) for s in ("sent", "delivered", "read")] == ["moved"] * 3
    assert (state(message), message.provider_id) == ("delivered", "SM1")
    assert Todo.objects.count() == 0


def test_undelivered_asks_reception_once() -> None:
    message = sent()
    for _ in range(3):
        said(message, "undelivered", code="30006")
    assert state(message) == "undelivered"
    assert Todo.objects.get().text.endswith("please phone. twilio: undelivered, error 30006.")


@pytest.mark.parametrize("last", ["delivered", "undelivered"])
def test_every_order_of_four_reports_twice_over_ends_the_same(last: str) -> None:
    message = sent()
    for order in permutations(["queued", "sending", "sent", last]):
        Receipt.objects.all().delete()
        Message.objects.filter(pk=message.pk).update(state="accepted")
        for status in [*order, *reversed(order)]:
            said(message, status)
        assert (state(message), Receipt.objects.count()) == (last, 4)


def test_two_last_words_keep_the_first_and_tell_a_person() -> None:
    message = sent()
    assert [said(message, s) for s in ("failed", "delivered", "delivered")] == [
        "moved", "conflict", "conflict",
    ]  # fmt: skip
    assert state(message) == "undelivered"
    assert [t.text.rpartition("phone. ")[2] for t in Todo.objects.order_by("pk")] == [
        "twilio: failed.",
        "Its provider has said both that it arrived and that it did not.",
    ]


def test_a_report_that_overtakes_the_sender_settles_the_message() -> None:
    """The provider answers the hook before its answer to the call is read."""
    made = stage.booked(stage.house(email=""))

    def reported(outgoing: Outgoing) -> None:
        said(Message.objects.get(ref=outgoing.ref), "delivered", provider_id="SM9")

    stage.sweep(Carrier(during=reported))
    message = Message.objects.get(appointment=made, offset="now")
    assert (message.state, message.provider_id) == ("delivered", "SM9")


def test_a_report_within_a_call_that_broke_off_keeps_it_from_becoming_unknown() -> None:
    made = stage.booked(stage.house(email=""))

    def reported(outgoing: Outgoing) -> None:
        said(Message.objects.get(ref=outgoing.ref), "sent", provider_id="SM9")

    stage.sweep(Carrier(during=reported, errors=[OutcomeUnknown("timed out")]))
    message = Message.objects.get(appointment=made, offset="now")
    assert (message.state, message.provider_id) == ("accepted", "SM9")


@pytest.mark.parametrize(
    ("status", "after"), [("queued", "accepted"), ("delivered", "delivered"), ("failed", "undelivered")]
)  # fmt: skip
def test_a_report_settles_what_nobody_knew(status: str, after: str) -> None:
    stage.booked(stage.house(email=""))
    stage.sweep(Carrier(errors=[OutcomeUnknown("timed out")]))
    message = Message.objects.get(state="unknown")
    said(message, status)
    assert (state(message), message.provider_id) == (after, "SM1")
    carrier = Carrier()
    stage.sweep(carrier, NOW + stage.timedelta(hours=1))
    assert carrier.sent == []


@pytest.mark.parametrize("before", ["pending", "dropped", "dead", "rejected"])
def test_what_never_left_or_was_given_up_stays(before: str) -> None:
    stage.booked(stage.house(email=""))
    message = Message.objects.get(offset="now")
    reason = "too_late" if before == "dropped" else ""
    Message.objects.filter(pk=message.pk).update(
        state=before, open=before == "pending", drop_reason=reason
    )
    said(message, "delivered")
    assert (state(message), Receipt.objects.count()) == (before, 1)


def test_a_report_of_no_message_of_ours_is_kept() -> None:
    event = Event(provider="twilio", provider_id="SM5", status="sent", ref="0" * 32)
    assert record_receipt(event=event, now=NOW) == "unmatched"
    assert Receipt.objects.get().message is None


def test_a_message_is_found_by_the_providers_id_where_ours_did_not_come_along() -> None:
    message = sent()
    assert said(message, "delivered", ref="", provider_id=message.provider_id) == "moved"
    assert state(message) == "delivered"


def test_the_providers_word_that_somebody_stopped_is_an_opt_out() -> None:
    message = sent()
    said(message, "failed", code="21610", stops=True)
    row = OptOut.objects.get()
    assert (row.channel, row.address, row.source, row.message) == (
        "sms", message.recipient, "provider", message,
    )  # fmt: skip


# ---------------------------------------------------------------- at once, from several sides


def at_once(count: int, act: Callable[[], object]) -> list[BaseException]:
    """Do the same in so many threads at one moment; answer what failed."""
    gate, failed = Barrier(count), list[BaseException]()

    def run() -> None:
        try:
            gate.wait(10)
            act()
        except BaseException as error:  # noqa: BLE001 - told to the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return failed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False], ids=["", "control"])
def test_one_report_from_six_sides_is_followed_once(
    monkeypatch: pytest.MonkeyPatch,
    guarded: bool,  # noqa: FBT001 - parametrized
) -> None:
    """The control keeps no receipt and takes no lock: reception is asked more than once."""
    message = sent()
    if not guarded:
        gate = Barrier(6)
        monkeypatch.setattr(receipts, "_message_of", lambda _: _met(gate, message))
        monkeypatch.setattr(Receipt.objects, "get_or_create", lambda **_: (None, True))
        monkeypatch.setattr(receipts, "_moved", lambda *_: 1)
    failed = at_once(6, lambda: said(message, "undelivered"))
    assert failed == []
    assert (Todo.objects.count() == 1) is guarded


def _met(gate: Barrier, message: Message) -> Message:
    gate.wait(10)
    return Message.objects.get(pk=message.pk)

"""Rows that commit with the visit, are superseded with it, and are swept until each is settled."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from notifications import outbox
from notifications.core.policy import Channel, Policy
from notifications.models import Attempt, Message, OptOut
from notifications.providers import (
    Outgoing,
    ProviderDown,
    RecipientOptedOut,
    SendFailed,
)
from scheduling.models import Patient, Todo
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db

SENT_AT_ONCE = {"0:booked:now:email": "accepted", "0:booked:now:sms": "accepted"}
REMINDERS = {
    "0:reminder:7d:email": "pending",
    "0:reminder:48h:sms": "pending",
    "0:reminder:3h:sms": "pending",
}


def subjects(carrier: Carrier) -> list[tuple[str, str]]:
    return [(x.kind, x.channel) for x in carrier.sent]


# ---------------------------------------------------------------- written with the visit


def test_enqueue_writes_the_default_schedule() -> None:
    made = stage.booked(stage.house())
    rows = Message.objects.filter(appointment=made).order_by("due_at", "pk")
    assert [(f"{r.due_at:%m-%d %H:%M}", f"{r.not_after:%m-%d %H:%M}") for r in rows] == [
        ("01-04 08:00", "01-18 13:00"),
        ("01-04 08:00", "01-18 13:00"),
        ("01-11 13:00", "01-17 13:00"),
        ("01-16 13:00", "01-18 01:00"),
        ("01-18 10:00", "01-18 12:00"),
    ]
    assert [r.recipient for r in rows] == [
        "ada@example.org",
        "+447700900123",
        "ada@example.org",
        "+447700900123",
        "+447700900123",
    ]


def test_enqueue_rolls_back_with_the_booking() -> None:
    at = stage.house()
    with transaction.atomic():
        stage.booked(at)
        transaction.set_rollback(True)
    assert Message.objects.count() == 0


def test_enqueue_twice_writes_once() -> None:
    made = stage.booked(stage.house())
    outbox.enqueue(appointments=[made], verb="book", now=NOW)
    assert Message.objects.count() == 5


def test_the_database_refuses_the_same_message_twice() -> None:
    row = Message.objects.get(pk=_first(stage.booked(stage.house())))
    row.pk = None
    row.ref = Message().ref
    with pytest.raises(IntegrityError, match="dedupe_key"):
        row.save()


@pytest.mark.parametrize("facts", [{"state": "lost"}, {"state": "lost", "open": False}], ids=str)
def test_the_database_refuses_a_state_that_there_is_not(facts: dict[str, object]) -> None:
    rows = Message.objects.filter(pk=_first(stage.booked(stage.house())))
    with pytest.raises(IntegrityError, match="message_open_until_settled"):
        rows.update(**facts)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"state": "dropped", "open": False}, "message_dropped_with_a_reason"),
        ({"drop_reason": "opted_out"}, "message_dropped_with_a_reason"),
        ({"state": "claimed", "leased_until": stage.NOW}, "message_lease_has_a_token"),
        ({"state": "sending", "token": uuid.UUID(int=1)}, "message_lease_has_a_token"),
        ({"state": "accepted", "open": False}, "message_accepted_with_an_id"),
        ({"appointment": None}, "message_about_a_visit_or_an_offer"),
    ],
    ids=str,
)
def test_the_database_keeps_each_rule_of_a_message(facts: dict[str, object], rule: str) -> None:
    rows = Message.objects.filter(pk=_first(stage.booked(stage.house())))
    with pytest.raises(IntegrityError, match=rule):
        rows.update(**facts)


def _first(made: object) -> int:
    return int(Message.objects.filter(appointment=made).earliest("pk").pk)


def test_enqueue_costs_two_statements() -> None:
    made = stage.visit(stage.house())
    with CaptureQueriesContext(
        connection,
    ) as queries:
        outbox.enqueue(appointments=[made], verb="book", now=NOW)
    assert len(queries) == 2


@pytest.mark.parametrize(
    ("facts", "channels"),
    [
        ({}, ["email", "sms"]),
        ({"channel": "email"}, ["email"]),
        ({"channel": "sms"}, ["sms"]),
        ({"channel": "none"}, []),
        ({"email": ""}, ["sms"]),
        ({"phone": ""}, ["email"]),
        ({"do_not_contact": True}, []),
        ({"deceased_on": NOW.date()}, []),
    ],
    ids=str,
)
def test_enqueue_writes_only_where_the_patient_is_reached(
    facts: dict[str, object], channels: list[str]
) -> None:
    stage.booked(stage.house(**facts))
    assert sorted(set(Message.objects.values_list("channel", flat=True))) == channels


def test_a_child_is_reached_through_the_guardian() -> None:
    at = stage.house(email="", phone="")
    at.patient.guardian = Patient.objects.create(
        given_name="Eva", family_name="Pine", email="eva@example.org", phone="+447700900999"
    )
    at.patient.save()
    stage.booked(at)
    carrier = Carrier()
    stage.sweep(carrier)
    assert [x.to for x in carrier.sent] == ["eva@example.org", "+447700900999"]


# ---------------------------------------------------------------- superseded


def test_a_move_withdraws_what_waits_and_tells_the_new_time() -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier())
    stage.change(made, "move", start=DAYS_14 + timedelta(days=1), end=DAYS_14 + timedelta(1, 2700))
    carrier = Carrier()
    stage.sweep(carrier)
    assert subjects(carrier) == [("changed", "email"), ("changed", "sms")]
    assert stage.states(made) == SENT_AT_ONCE | dict.fromkeys(REMINDERS, "superseded") | {
        "1:changed:now:email": "accepted",
        "1:changed:now:sms": "accepted",
        "1:reminder:7d:email": "pending",
        "1:reminder:48h:sms": "pending",
        "1:reminder:3h:sms": "pending",
    }


def test_a_cancellation_withdraws_what_waits_and_says_so() -> None:
    made = stage.booked(stage.house())
    stage.change(made, "cancel", status="cancelled")
    carrier = Carrier()
    stage.sweep(carrier)
    assert subjects(carrier) == [("cancelled", "email"), ("cancelled", "sms")]
    booked_and_reminders = {**SENT_AT_ONCE, **REMINDERS}
    assert stage.states(made) == dict.fromkeys(booked_and_reminders, "superseded") | {
        "1:cancelled:now:email": "accepted",
        "1:cancelled:now:sms": "accepted",
    }


def test_a_visit_that_comes_back_is_told_again() -> None:
    made = stage.booked(stage.house())
    stage.change(made, "cancel", status="cancelled")
    stage.change(made, "reinstate", status="booked")
    carrier = Carrier()
    stage.sweep(carrier)
    assert subjects(carrier) == [("booked", "email"), ("booked", "sms")]


def test_a_move_during_the_call_is_followed_by_a_correction() -> None:
    made = stage.booked(stage.house(phone=""))

    def moved(_: Outgoing) -> None:
        if made.told_version == 0:
            stage.change(made, "move")

    carrier = Carrier(during=moved)
    stage.sweep(carrier)
    stage.sweep(carrier)
    assert subjects(carrier) == [("booked", "email"), ("changed", "email")]


def test_a_move_between_lease_and_mark_stops_the_message() -> None:
    """The e-mail's call moves the visit; the SMS of the same lease must then not go."""
    made = stage.booked(stage.house())

    def moved(outgoing: Outgoing) -> None:
        if made.told_version == 0:
            stage.change(made, "move")

    carrier = Carrier(during=moved)
    stage.sweep(carrier)
    assert subjects(carrier) == [("booked", "email")]
    assert stage.states(made)["0:booked:now:sms"] == "superseded"


# ---------------------------------------------------------------- looked at again


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"do_not_contact": True}, "do_not_contact"),
        ({"deceased_on": NOW.date()}, "deceased"),
        ({"channel": "none"}, "opted_out"),
        ({"email": "", "phone": ""}, "no_address"),
    ],
    ids=str,
)
def test_what_changed_about_the_patient_is_seen_before_sending(
    facts: dict[str, object], reason: str
) -> None:
    at = stage.house()
    made = stage.booked(at)
    Patient.objects.filter(pk=at.patient.pk).update(**facts)
    carrier = Carrier()
    stage.sweep(carrier)
    assert carrier.sent == []
    assert {stage.states(made)[key] for key in SENT_AT_ONCE} == {reason}


def test_what_changes_between_lease_and_mark_is_seen_too() -> None:
    at = stage.house()
    made = stage.booked(at)

    def stop(_: Outgoing) -> None:
        Patient.objects.filter(pk=at.patient.pk).update(do_not_contact=True)

    carrier = Carrier(during=stop)
    stage.sweep(carrier)
    assert subjects(carrier) == [("booked", "email")]
    assert stage.states(made)["0:booked:now:sms"] == "do_not_contact"


def test_an_opt_out_between_lease_and_mark_is_seen_too() -> None:
    made = stage.booked(stage.house())

    def stop(_: Outgoing) -> None:
        OptOut.objects.create(channel="sms", address="+447700900123", at=NOW, source="staff")

    carrier = Carrier(during=stop)
    stage.sweep(carrier)
    assert stage.states(made)["0:booked:now:sms"] == "opted_out"


def test_a_new_address_is_the_one_that_is_used() -> None:
    at = stage.house(phone="")
    stage.booked(at)
    Patient.objects.filter(pk=at.patient.pk).update(email="new@example.org")
    carrier = Carrier()
    stage.sweep(carrier)
    assert [x.to for x in carrier.sent] == ["new@example.org"]
    assert Message.objects.get(state="accepted").recipient == "new@example.org"


def test_reminders_stop_when_the_patient_is_here() -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier())
    made.status = "arrived"
    made.save()
    stage.sweep(Carrier(), DAYS_14 - timedelta(hours=3))
    assert stage.states(made)["0:reminder:3h:sms"] == "visit_started"


def test_texts_wait_for_the_morning() -> None:
    made = stage.booked(stage.house())
    late = NOW.replace(hour=21)
    carrier = Carrier()
    stage.sweep(carrier, late)
    assert subjects(carrier) == [("booked", "email")]
    assert stage.states(made)["0:booked:now:sms"] == "pending"
    assert Message.objects.get(channel="sms", kind="booked").due_at == NOW + timedelta(days=1)
    stage.sweep(carrier, NOW + timedelta(days=1))
    assert subjects(carrier) == [("booked", "email"), ("booked", "sms")]


def test_after_an_outage_what_is_of_no_use_is_dropped() -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier())
    carrier = Carrier()
    stage.sweep(carrier, DAYS_14 - timedelta(hours=1, minutes=30))
    assert subjects(carrier) == []
    assert {stage.states(made)[key] for key in REMINDERS} == {"too_late"}


# ---------------------------------------------------------------- settled


def test_an_accepted_message_keeps_the_providers_id() -> None:
    stage.booked(stage.house(phone=""))
    stage.sweep(Carrier())
    row = Message.objects.get(state="accepted")
    assert (row.provider, row.provider_id, row.attempts) == ("fake", "fake-1", 1)
    assert list(Attempt.objects.values_list("outcome", "said")) == [("accepted", "taken")]


def test_a_refusal_for_good_goes_to_reception() -> None:
    made = stage.booked(stage.house(phone=""))
    stage.sweep(
        Carrier(errors=[SendFailed("550 no such user", permanent=True, provider_code="550")])
    )
    todo = Todo.objects.get()
    assert stage.states(made)["0:booked:now:email"] == "rejected"
    assert (todo.appointment_id, todo.kind, todo.urgent) == (made.pk, "message-not-delivered", True)
    assert Attempt.objects.get().provider_code == "550"


def test_a_passing_failure_is_tried_again_with_jitter() -> None:
    made = stage.booked(stage.house(phone=""))
    carrier = Carrier(errors=[SendFailed("451 later", permanent=False)])
    stage.sweep(carrier)
    assert Message.objects.get(kind="booked").due_at == NOW + timedelta(seconds=30)
    assert stage.sweep(carrier, NOW + timedelta(seconds=29)) == 0
    stage.sweep(carrier, NOW + timedelta(seconds=30))
    assert stage.states(made)["0:booked:now:email"] == "accepted"
    assert list(Attempt.objects.values_list("outcome", flat=True)) == ["pending", "accepted"]


def test_a_failure_past_the_deadline_is_given_up_and_goes_to_reception() -> None:
    made = stage.booked(stage.house(phone=""))
    stage.sweep(Carrier(errors=[SendFailed("451", permanent=False)]), NOW + timedelta(hours=24))
    assert stage.states(made)["0:booked:now:email"] == "dead"
    assert Todo.objects.count() == 1


def test_a_provider_that_is_down_costs_the_others_no_attempt() -> None:
    at = stage.house(phone="")
    for hours in range(3):
        stage.booked(at, DAYS_14 + timedelta(hours=hours))
    carrier = Carrier(errors=[ProviderDown("no connection")])
    stage.sweep(carrier)
    rows = Message.objects.filter(kind="booked").order_by("pk")
    assert [(r.state, r.attempts, (r.due_at - NOW).seconds) for r in rows] == [
        ("pending", 1, 30),
        ("pending", 0, 30),
        ("pending", 0, 30),
    ]


def test_an_opt_out_at_the_provider_stops_the_channel_at_once() -> None:
    made = stage.booked(stage.house(email=""))
    stage.sweep(Carrier(errors=[RecipientOptedOut("STOP", provider_code="21610")]))
    stage.sweep(Carrier(), DAYS_14 - timedelta(hours=49))
    carrier = Carrier()
    stage.sweep(carrier, DAYS_14 - timedelta(hours=48))
    assert OptOut.objects.get().address == "+447700900123"
    assert carrier.sent == []
    assert stage.states(made)["0:reminder:48h:sms"] == "opted_out"


# ---------------------------------------------------------------- idle


def test_an_idle_sweep_costs_two_round_trips_however_much_waits() -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier())
    first = Message.objects.filter(appointment=made, state="pending").first()
    assert first is not None
    rows = [
        Message(
            **{
                f.attname: getattr(first, f.attname)
                for f in Message._meta.concrete_fields
                if f.name not in {"id", "ref", "dedupe_key"}
            },
            dedupe_key=f"x{n}",
        )
        for n in range(2000)
    ]
    Message.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as queries:
        assert stage.sweep(Carrier()) == 0
    assert len(queries) == 2


def test_a_sweep_goes_on_until_nothing_is_due() -> None:
    at = stage.house(phone="")
    for n in range(105):
        stage.booked(at, DAYS_14 + timedelta(hours=n))
    carrier = Carrier()
    assert stage.sweep(carrier) == 105
    assert len({x.ref for x in carrier.sent}) == 105


def test_hurried_reminders_come_within_seconds(settings: object) -> None:
    settings.FAST_REMINDERS = True  # type: ignore[attr-defined]
    stage.booked(stage.house())
    dues = Message.objects.order_by("due_at", "pk").values_list("due_at", flat=True)
    assert [(due - NOW).seconds for due in dues] == [0, 0, 5, 10, 15]
    assert outbox.habits() == Policy().hurried()


def test_every_channel_has_a_carrier() -> None:
    assert {outbox.provider_for(c).name for c in Channel} == {"file"}

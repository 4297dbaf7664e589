"""The second way: by the other channel, once more, or by a person; each of them once."""

from datetime import timedelta
from typing import Any

import pytest

from notifications import outbox
from notifications.core.policy import Channel, Kind, dedupe_key_of_plan, key_by
from notifications.models import Message, OptOut
from notifications.providers import (
    OutcomeUnknown,
    Outgoing,
    ProviderId,
    RecipientOptedOut,
    SendFailed,
)
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, WrongState
from scheduling.models import Appointment, Change, Patient, Todo
from tests.notifications import courses, stage
from tests.notifications.stage import DAYS_14, NOW, Carrier, House

pytestmark = pytest.mark.django_db

REFUSED = SendFailed("no such number", permanent=True, provider_code="21211")
KIM = Actor(name="Kim", user_id=None)
HOUR = timedelta(hours=1)
BEFORE_48H = DAYS_14 - timedelta(hours=49)
REMINDER_SMS = "0:reminder:48h:sms"
REMINDER_EMAIL = "0:reminder:48h:email"


def reminded(carrier: Carrier, **facts: Any) -> tuple[House, Appointment]:
    """Send the news of a visit well, then its text of two days before as told."""
    at = stage.house(**facts)
    made = stage.booked(at)
    stage.sweep(Carrier())
    stage.sweep(Carrier(), NOW + timedelta(days=7, hours=5))
    stage.sweep(carrier, BEFORE_48H)
    return at, made


def failing(*errors: Exception) -> Carrier:
    return Carrier(errors=list(errors))


# ---------------------------------------------------------------- by the other channel


def test_a_text_that_cannot_arrive_becomes_an_email() -> None:
    carrier = failing(REFUSED)
    _, made = reminded(carrier)
    stage.sweep(carrier, BEFORE_48H + HOUR)
    assert [(x.channel, x.kind, x.to) for x in carrier.sent] == [
        ("email", "reminder", "ada@example.org")
    ]
    found = stage.states(made)
    assert (found[REMINDER_SMS], found[REMINDER_EMAIL]) == ("rejected", "accepted")
    row = Message.objects.get(offset="48h", channel="email")
    assert row.instead_of == Message.objects.get(offset="48h", channel="sms")
    assert Todo.objects.count() == 0


def test_an_email_that_cannot_arrive_becomes_a_text() -> None:
    made = stage.booked(stage.house(channel="both"))
    week = NOW + timedelta(days=7, hours=5)
    stage.sweep(Carrier())
    carrier = failing(REFUSED)
    stage.sweep(carrier, week)
    stage.sweep(carrier, week)
    assert [(x.channel, x.to) for x in carrier.sent] == [("sms", "+447700900123")]
    assert stage.states(made)["0:reminder:7d:sms"] == "accepted"


def test_two_broken_channels_go_to_reception_and_not_to_and_fro() -> None:
    carrier = failing(REFUSED, REFUSED, REFUSED, REFUSED)
    _, made = reminded(carrier)
    for hours in range(1, 5):
        stage.sweep(carrier, BEFORE_48H + hours * HOUR)
    found = stage.states(made)
    assert (found[REMINDER_SMS], found[REMINDER_EMAIL]) == ("rejected", "rejected")
    assert Message.objects.filter(offset="48h").count() == 2
    assert Todo.objects.count() == 1


def test_what_the_other_channel_tells_already_is_not_told_twice() -> None:
    made = stage.booked(stage.house())
    stage.sweep(Carrier(errors=[None, REFUSED]))
    assert Message.objects.filter(appointment=made, offset="now").count() == 2
    assert Todo.objects.count() == 0


@pytest.mark.parametrize(
    "facts",
    [
        {"channel": "sms"},
        {"email": ""},
        {"do_not_contact": True},
        {"opted_out": True},
    ],
    ids=str,
)
def test_consent_holds_for_the_second_way(facts: dict[str, Any]) -> None:
    at, made = reminded(Carrier())
    row = Message.objects.get(offset="48h", channel="sms")
    Message.objects.filter(pk=row.pk).update(state="undelivered")
    if facts.pop("opted_out", False):
        OptOut.objects.create(channel="email", address="ada@example.org", at=NOW, source="staff")
    Patient.objects.filter(pk=at.patient.pk).update(**facts)
    assert outbox.fall_back(message_id=row.pk, now=BEFORE_48H, why="30006") is None
    assert REMINDER_EMAIL not in stage.states(made)
    assert Todo.objects.get().text.startswith("SMS (reminder) may not have reached the patient")


def test_falling_back_twice_does_it_once() -> None:
    reminded(Carrier())
    row = Message.objects.get(offset="48h", channel="sms")
    Message.objects.filter(pk=row.pk).update(state="undelivered")
    found = [outbox.fall_back(message_id=row.pk, now=BEFORE_48H, why="x") for _ in range(3)]
    assert [f is not None for f in found] == [True, False, False]
    assert (Message.objects.filter(offset="48h").count(), Todo.objects.count()) == (2, 0)


def test_a_text_instead_of_an_email_waits_for_the_morning() -> None:
    stage.booked(stage.house())
    stage.sweep(Carrier())
    row = Message.objects.get(offset="7d")
    night = NOW + timedelta(days=7, hours=14)
    made = outbox.fall_back(message_id=row.pk, now=night, why="mailbox is gone")
    assert made is not None
    assert made.due_at == night.replace(hour=8) + timedelta(days=1)
    carrier = Carrier()
    stage.sweep(carrier, night + HOUR)
    assert [x.channel for x in carrier.sent] == ["email"]
    assert Message.objects.get(pk=made.pk).state == "pending"


def test_a_second_way_that_is_closed_in_the_last_moment_goes_to_reception() -> None:
    at, made = reminded(failing(REFUSED))
    Patient.objects.filter(pk=at.patient.pk).update(channel="sms")
    stage.sweep(Carrier(), BEFORE_48H + HOUR)
    assert stage.states(made)[REMINDER_EMAIL] == "opted_out"
    assert Todo.objects.count() == 1


def test_news_that_holds_no_longer_takes_no_second_way() -> None:
    _, made = reminded(Carrier())
    row = Message.objects.get(offset="48h", channel="sms")
    stage.change(made, "move")
    outbox.fall_back(message_id=row.pk, now=BEFORE_48H, why="late receipt")
    assert (Todo.objects.count(), REMINDER_EMAIL in stage.states(made)) == (0, False)


def test_somebody_who_said_stop_by_text_is_told_by_email() -> None:
    carrier = failing(RecipientOptedOut("STOP", provider_code="21610"))
    reminded(carrier)
    stage.sweep(carrier, BEFORE_48H + HOUR)
    assert [x.channel for x in carrier.sent] == ["email"]


def test_news_of_several_visits_takes_the_second_way_whole() -> None:
    at = stage.house(email="")
    courses.booked(at, 3)
    Patient.objects.filter(pk=at.patient.pk).update(email="ada@example.org")
    carrier = failing(REFUSED)
    stage.sweep(carrier)
    stage.sweep(carrier)
    (sent,) = carrier.sent
    assert (sent.kind, sent.channel, len(courses.dates(sent))) == ("several", "email", 3)


# ---------------------------------------------------------------- once more, by itself


def lost(carrier: Carrier, **facts: Any) -> Appointment:
    """Lose the answer to the news of a visit."""
    made = stage.booked(stage.house(phone="", **facts))
    carrier.errors.append(OutcomeUnknown("timed out"))
    stage.sweep(carrier)
    return made


def minutes(carrier: Carrier, *at: int) -> None:
    for minute in at:
        stage.sweep(carrier, NOW + timedelta(minutes=minute))


def test_what_the_provider_certainly_has_not_is_sent_once_more() -> None:
    carrier = Carrier(knows={})
    made = lost(carrier)
    minutes(carrier, 1, 14)
    assert carrier.sent == []
    minutes(carrier, 15, 16)
    found = stage.states(made)
    assert (found["0:booked:now:email"], found["0:booked:now:email:retry"]) == ("dead", "accepted")
    first, again = Message.objects.filter(kind="booked").order_by("pk")
    assert again.instead_of == first
    assert [a.said for a in first.tries.order_by("pk")] == [
        "timed out",
        "The provider does not have it.",
    ]
    assert (len(carrier.sent), Todo.objects.count()) == (1, 0)


def test_a_second_unknown_outcome_goes_to_reception() -> None:
    carrier = Carrier(knows={})
    lost(carrier)
    carrier.errors.append(OutcomeUnknown("timed out again"))
    minutes(carrier, *range(1, 60))
    states = list(Message.objects.filter(kind="booked").values_list("state", flat=True))
    assert (carrier.sent, states, Todo.objects.count()) == ([], ["dead", "dead"], 1)


def test_what_nobody_can_tell_is_never_sent_again() -> None:
    carrier = Carrier(knows=None)
    lost(carrier)
    minutes(carrier, *range(1, 60))
    assert (carrier.sent, Message.objects.filter(kind="booked").count()) == ([], 1)
    assert Todo.objects.get().text.endswith("Nobody can say whether it was sent.")


def test_news_that_changed_meanwhile_is_not_sent_once_more() -> None:
    carrier = Carrier(knows={})
    made = lost(carrier)
    stage.change(made, "move")
    minutes(carrier, *range(1, 30))
    assert [x.kind for x in carrier.sent] == ["changed"]


def test_a_kind_that_may_not_be_read_twice_is_not_sent_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from notifications import lookups

    monkeypatch.setattr(lookups, "SAFE_TWICE", frozenset({Kind.REMINDER}))
    carrier = Carrier(knows={})
    lost(carrier)
    minutes(carrier, *range(1, 30))
    assert (carrier.sent, Todo.objects.count()) == ([], 1)


def test_several_visits_are_told_once_more_as_a_whole() -> None:
    carrier = Carrier(knows={}, errors=[OutcomeUnknown("timed out")])
    courses.booked(stage.house(phone=""), 3)
    stage.sweep(carrier)
    minutes(carrier, 15, 16)
    (sent,) = carrier.sent
    assert len(courses.dates(sent)) == 3


# ---------------------------------------------------------------- once more, by a person


def dead() -> Message:
    stage.booked(stage.house(phone=""))
    stage.sweep(failing(REFUSED))
    return Message.objects.get(state="rejected")


def replay(row: Message, now: Any = NOW + HOUR, **more: Any) -> Message:
    said = {"reason": "The address is mended.", "by": KIM} | more
    return outbox.replay(message_id=row.pk, now=now, **said)


def test_a_replay_is_a_new_row_and_keeps_who_and_why() -> None:
    row = dead()
    again = replay(row)
    carrier = Carrier()
    stage.sweep(carrier, NOW + HOUR)
    row.refresh_from_db()
    again.refresh_from_db()
    assert (row.state, again.state, again.instead_of_id) == ("rejected", "accepted", row.pk)
    assert again.dedupe_key == f"{row.dedupe_key}:again"
    (entry,) = Change.objects.filter(verb="replay")
    assert (entry.by, entry.subject, entry.subject_id, entry.what) == (
        "Kim",
        "message",
        row.pk,
        {"reason": [None, "The address is mended."], "sent_again_as": [None, again.pk]},
    )


def test_a_row_is_replayed_once_but_its_replay_may_fail_and_be_replayed() -> None:
    row = dead()
    again = replay(row)
    with pytest.raises(WrongState):
        replay(row)
    stage.sweep(failing(REFUSED), NOW + HOUR)
    again.refresh_from_db()
    assert again.state == "rejected"
    assert replay(again).dedupe_key == f"{row.dedupe_key}:again:again"
    assert Message.objects.filter(kind="booked").count() == 3


@pytest.mark.parametrize("state", ["pending", "accepted", "delivered", "unknown", "dropped"])
def test_only_what_was_given_up_is_replayed(state: str) -> None:
    row = dead()
    facts = {"open": state in {"pending", "unknown"}, "provider_id": "X"}
    reason = "superseded" if state == "dropped" else ""
    Message.objects.filter(pk=row.pk).update(state=state, drop_reason=reason, **facts)
    with pytest.raises(WrongState):
        replay(row)


def test_a_replay_needs_a_reason_a_place_and_news_that_holds() -> None:
    row = dead()
    with pytest.raises(Malformed):
        replay(row, reason="  ")
    with pytest.raises(NotFound):
        replay(row, by=Actor(name="Kim", sites=frozenset()))
    with pytest.raises(WrongState):
        replay(row, DAYS_14)
    stage.change(row.appointment, "move")
    with pytest.raises(WrongState):
        replay(row)
    assert Change.objects.filter(verb="replay").count() == 0


# ---------------------------------------------------------------- changes during the call


@pytest.mark.parametrize(
    ("verb", "facts", "told"),
    [
        ("move", {"start": DAYS_14 + HOUR, "end": DAYS_14 + 2 * HOUR}, ["booked", "changed"]),
        ("cancel", {"status": "cancelled"}, ["booked", "cancelled"]),
    ],
)
@pytest.mark.parametrize("error", [None, OutcomeUnknown("timed out")], ids=["taken", "lost"])
def test_a_change_during_the_call_is_followed_by_a_correction(
    verb: str, facts: dict[str, Any], told: list[str], error: Exception | None
) -> None:
    made = stage.booked(stage.house(phone=""))
    handed: list[str] = []

    def during(outgoing: Outgoing) -> None:
        handed.append(outgoing.kind)
        if len(handed) == 1:
            assert Message.objects.get(ref=outgoing.ref).state == "sending"
            stage.change(made, verb, **facts)

    carrier = Carrier(during=during, errors=[error], knows={})
    minutes(carrier, *range(40))
    assert handed == told
    assert stage.states(made)[f"1:{told[1]}:now:email"] == "accepted"


def test_an_opt_out_during_the_call_stops_all_that_follows() -> None:
    at = stage.house(email="")
    made = stage.booked(at)

    def during(outgoing: Outgoing) -> None:
        OptOut.objects.create(channel="sms", address=outgoing.to, at=NOW, source="reply")

    carrier = Carrier(during=during)
    stage.sweep(carrier)
    carrier.during = lambda _: None
    stage.change(made, "move", start=DAYS_14 + HOUR, end=DAYS_14 + 2 * HOUR)
    for days in range(15):
        stage.sweep(carrier, NOW + timedelta(days=days, hours=3))
    assert [x.kind for x in carrier.sent] == ["booked"]


# ---------------------------------------------------------------- keys


def test_keys_of_plans_and_visits_never_meet() -> None:
    key = dedupe_key_of_plan(
        plan_id=7, version=2, kind=Kind.REMINDER, offset="now", channel=Channel.SMS
    )
    assert key == "plan 7:2:reminder:now:sms"
    assert key_by(key, Channel.SMS, Channel.EMAIL) == "plan 7:2:reminder:now:email"
    assert (
        key_by("42:3:booked:now:email:again", Channel.EMAIL, Channel.SMS) == "42:3:booked:now:sms"
    )


def test_find_that_answers_with_an_id_settles() -> None:
    carrier = Carrier(knows={})
    made = lost(carrier)
    carrier.knows = {Message.objects.get(state="unknown").ref.hex: ProviderId("SM7")}
    minutes(carrier, 15)
    assert stage.states(made)["0:booked:now:email"] == "accepted"

"""What becomes of a day's visits when the one reminder that spoke for them did not arrive."""

from datetime import timedelta

import pytest

from notifications import outbox
from notifications.models import Message
from notifications.providers import OutcomeUnknown, SendFailed
from scheduling.core.words import Actor
from scheduling.models import Patient, Todo
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, Carrier
from tests.notifications.test_bundles import DUE_48, day, family, fates

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


def lost(carrier: Carrier) -> None:
    """Lose the answer to the day's reminder, and look it up until it is given up."""
    carrier.errors.append(OutcomeUnknown("timed out"))
    for minute in (0, 1, 15, 16, 17):
        stage.sweep(carrier, DUE_48 + minute * MINUTE)


def test_what_the_provider_has_not_is_told_once_more_with_all_that_it_spoke_for() -> None:
    day(stage.house(email=""), 3)
    carrier = Carrier(knows={})
    lost(carrier)
    (said,) = carrier.sent
    assert "13:00, 15:00, 17:00" in said.text
    assert sorted(fates()) == [
        "accepted", "dead", "told_together", "told_together", "told_together", "told_together",
    ]  # fmt: skip
    assert Todo.objects.count() == 0


@pytest.mark.parametrize("which", [0, 1])
def test_one_that_has_moved_since_is_not_told_once_more(which: int) -> None:
    visits = day(stage.house(email=""))
    carrier = Carrier(knows={}, errors=[OutcomeUnknown("timed out")])
    stage.sweep(carrier, DUE_48)
    stage.change(visits[which], "move", start=DAYS_14 + timedelta(days=9))
    Message.objects.filter(offset="now").delete()
    for minute in (1, 15, 16):
        stage.sweep(carrier, DUE_48 + minute * MINUTE)
    (said,) = carrier.sent
    assert ("15:00", "13:00")[which] in said.text
    assert ("13:00", "15:00")[which] not in said.text


def test_where_nobody_can_tell_reception_rings_each_of_a_family_once() -> None:
    visits = family("Ben", email="")
    again = stage.House(visits[0].site, visits[0].treatment, visits[1].patient)
    stage.booked(again, DAYS_14 + timedelta(hours=4))
    Message.objects.filter(offset="now").delete()
    carrier = Carrier(knows=None)
    lost(carrier)
    assert carrier.sent == []
    assert sorted(t.patient.given_name for t in Todo.objects.all() if t.patient) == ["Ada", "Ben"]


def test_a_report_that_it_did_not_arrive_sends_all_of_it_by_email() -> None:
    visits = day(stage.house(email=""))
    carrier = Carrier()
    stage.sweep(carrier, DUE_48)
    Patient.objects.filter(pk=visits[0].patient_id).update(email="ada@example.org")
    lead = Message.objects.get(state="accepted")
    Message.objects.filter(pk=lead.pk).update(state="undelivered")
    outbox.fall_back(message_id=lead.pk, now=DUE_48, why="30006")
    stage.sweep(carrier, DUE_48 + MINUTE)
    text, letter = carrier.sent
    assert (text.channel, letter.channel) == ("sms", "email")
    assert "1. 13:00" in letter.text
    assert "2. 15:00" in letter.text


def test_without_an_address_reception_rings_once_for_the_whole_day() -> None:
    day(stage.house(email=""), 3)
    stage.sweep(Carrier(), DUE_48)
    lead = Message.objects.get(state="accepted")
    outbox.fall_back(message_id=lead.pk, now=DUE_48, why="30006")
    assert Todo.objects.count() == 1


def test_a_replay_tells_all_of_it_again() -> None:
    day(stage.house(email=""))
    carrier = Carrier(knows=None)
    lost(carrier)
    outbox.replay(
        message_id=Message.objects.get(state="dead").pk,
        reason="the patient asked",
        by=Actor(name="desk"),
        now=DUE_48 + 20 * MINUTE,
    )
    stage.sweep(carrier, DUE_48 + 21 * MINUTE)
    (said,) = carrier.sent
    assert "13:00, 15:00" in said.text


def test_one_that_was_given_up_without_a_doubt_frees_the_others() -> None:
    """Nobody was told by it: the second visit has a time of its own, and is told then."""
    day(stage.house(email=""))
    Message.objects.filter(offset="48h").update(first_due_at=DUE_48 - timedelta(hours=30))
    carrier = Carrier(errors=[SendFailed("busy", permanent=False)])
    stage.sweep(carrier, DUE_48)
    assert fates() == ["dead", "pending"]
    stage.sweep(carrier, DUE_48 + timedelta(hours=2))
    assert [x.text.partition(" Confirm")[0] for x in carrier.sent] == [
        "Harley House: see you on Mon 18 Jan, 15:00."
    ]

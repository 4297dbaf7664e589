"""What becomes of a message whose sender lost the answer, or died."""

from datetime import datetime, timedelta

import pytest

from notifications import leases
from notifications.core.letters import Letter
from notifications.core.states import State
from notifications.models import Attempt, Message
from notifications.providers import OutcomeUnknown, Outgoing, ProviderId
from scheduling.models import Patient, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db


def lost(carrier: Carrier | None = None) -> Carrier:
    """Make a carrier that loses the answer to the first message."""
    carrier = carrier or Carrier()
    carrier.errors.append(OutcomeUnknown("timed out"))
    return carrier


def test_an_unknown_outcome_is_never_sent_again() -> None:
    made = stage.booked(stage.house(phone=""))
    carrier = lost()
    for minutes in range(0, 60, 5):
        stage.sweep(carrier, NOW + timedelta(minutes=minutes))
    assert carrier.sent == []
    assert stage.states(made)["0:booked:now:email"] == "dead"
    assert Todo.objects.count() == 1


def test_an_unknown_outcome_that_the_provider_knows_is_accepted() -> None:
    made = stage.booked(stage.house(phone=""))
    carrier = lost()
    stage.sweep(carrier)
    carrier.knows = {Message.objects.get(state="unknown").ref.hex: ProviderId("SM7")}
    stage.sweep(carrier, NOW + timedelta(minutes=1))
    assert stage.states(made)["0:booked:now:email"] == "accepted"
    assert Message.objects.get(state="accepted").provider_id == "SM7"
    assert Todo.objects.count() == 0


def test_an_unknown_outcome_waits_out_its_grace() -> None:
    made = stage.booked(stage.house(phone=""))
    carrier = lost(Carrier(knows={}))
    stage.sweep(carrier)
    stage.sweep(carrier, NOW + timedelta(minutes=14))
    assert stage.states(made)["0:booked:now:email"] == "unknown"
    stage.sweep(carrier, NOW + timedelta(minutes=15))
    assert stage.states(made)["0:booked:now:email"] == "dead"


def test_a_sender_who_died_leaves_one_unknown_and_frees_the_rest() -> None:
    made = stage.booked(stage.house())
    with pytest.raises(Killed):
        stage.sweep(Carrier(during=_die))
    _end_leases(made)
    carrier = Carrier()
    stage.sweep(carrier)
    # the e-mail's call had begun: unknown, whatever the provider saw; the SMS's had not
    assert [(x.kind, x.channel) for x in carrier.sent] == [("booked", "sms")]
    assert stage.states(made)["0:booked:now:email"] == "unknown"


def test_settling_one_and_marking_the_next_is_one_statement() -> None:
    first, second = _being_sent()
    assert _marked(second, after=_accepted(first))
    assert _standing(first, second) == ["accepted", "sending"]
    assert list(Attempt.objects.values_list("message_id", "outcome")) == [(first.id, "accepted")]


def test_a_mark_that_is_refused_does_not_lose_the_outcome_before_it() -> None:
    first, second = _being_sent()
    Patient.objects.filter(pk=second.patient_id).update(email="elsewhere@example.org")
    assert not _marked(second, after=_accepted(first))
    assert _standing(first, second) == ["accepted", "claimed"]
    assert Attempt.objects.count() == 1


def test_an_outcome_that_somebody_settled_does_not_stop_the_next_mark() -> None:
    first, second = _being_sent()
    Message.objects.filter(pk=first.id).update(state="dead", open=False)
    assert _marked(second, after=_accepted(first))
    assert _standing(first, second) == ["dead", "sending"]
    assert Attempt.objects.count() == 0


def _being_sent() -> tuple[Letter, Letter]:
    """Lease the e-mails of two patients and mark the first."""
    at = stage.house(phone="")
    stage.booked(at)
    stage.booked(stage.House(at.site, at.treatment, cast.patient("Bo", "Ash", phone="")))
    first, second = leases.lease(now=NOW, limit=2)
    assert _marked(first)
    return first, second


def _marked(letter: Letter, *, after: leases.Outcome | None = None) -> bool:
    wanted = leases.Mark(letter=letter, provider="fake", text_hash=b"", at=NOW)
    return leases.mark(wanted, after=after).granted()


def _accepted(letter: Letter) -> leases.Outcome:
    return leases.Outcome(
        letter=letter, provider="fake", at=NOW, state=State.ACCEPTED, provider_id="X1"
    )


def _standing(*letters: Letter) -> list[str]:
    rows = Message.objects.in_bulk([x.id for x in letters])
    return [rows[x.id].state for x in letters]


class Killed(BaseException):
    """Stands for SIGKILL inside one process."""


def _die(_: Outgoing) -> None:
    raise Killed


def _end_leases(made: object) -> None:
    long_ago = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    Message.objects.filter(appointment=made, leased_until__isnull=False).update(
        leased_until=long_ago
    )

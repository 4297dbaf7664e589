"""What becomes of a message whose sender lost the answer, or died."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from notifications import leases, recovery
from notifications.core.letters import Letter
from notifications.core.states import State
from notifications.models import Attempt, Message
from notifications.providers import OutcomeUnknown, Outgoing, ProviderId
from scheduling.models import Patient, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import NOW, Carrier

pytestmark = pytest.mark.django_db

LONG_AGO = datetime.fromisoformat("2020-01-01T00:00:00+00:00")


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


def test_what_the_next_mark_names_was_taken_though_its_sender_died() -> None:
    """A sender goes on only from a message that was taken, so of its last few one is unknown."""
    first, second = _being_sent()
    assert _marked(second, after=first)
    assert _recovered(first, second) == ["accepted", "unknown"]
    assert list(Attempt.objects.order_by("message_id").values_list("outcome", flat=True)) == [
        "accepted",
        "unknown",
    ]
    assert Message.objects.get(pk=first.id).provider_id == "X1"


def test_what_no_mark_names_is_unknown() -> None:
    first, second = _being_sent()
    assert _marked(second)
    assert _recovered(first, second) == ["unknown", "unknown"]


def test_only_a_mark_of_the_same_lease_tells() -> None:
    """Another sender's mark, or one that was taken back, says nothing of what went before."""
    first, second = _being_sent()
    assert _marked(second, after=first)
    Message.objects.filter(pk=second.id).update(token=uuid.uuid4())
    assert _recovered(first, second) == ["unknown", "unknown"]


def test_a_mark_that_is_refused_tells_nothing() -> None:
    first, second = _being_sent()
    Patient.objects.filter(pk=second.patient_id).update(email="elsewhere@example.org")
    assert not _marked(second, after=first)
    assert _recovered(first, second) == ["unknown", "pending"]


def test_several_are_settled_by_one_statement() -> None:
    first, second = _being_sent()
    assert _marked(second, after=first)
    assert leases.settling([_accepted(first), _accepted(second)]).found() == 2
    assert _standing(first, second) == ["accepted", "accepted"]
    assert Attempt.objects.filter(outcome="accepted").count() == 2


def test_an_outcome_that_somebody_settled_does_not_stop_the_others() -> None:
    first, second = _being_sent()
    assert _marked(second, after=first)
    Message.objects.filter(pk=first.id).update(state="dead", open=False)
    assert leases.settling([_accepted(first), _accepted(second)]).found() == 1
    assert _standing(first, second) == ["dead", "accepted"]
    assert Attempt.objects.count() == 1


@pytest.mark.parametrize("died_at", range(1, 6))
def test_a_sender_who_died_later_leaves_one_unknown(died_at: int) -> None:
    at = stage.house(phone="")
    for n in range(6):
        stage.booked(stage.House(at.site, at.treatment, cast.patient("Bo", f"Ash {n}", phone="")))
    carrier = Deadly(died_at)
    with pytest.raises(Killed), monkeypatched_settlement():
        stage.sweep(carrier)
    Message.objects.filter(leased_until__isnull=False).update(leased_until=LONG_AGO)
    stage.sweep(Carrier())
    found = Message.objects.filter(offset="now").order_by("due_at", "pk")
    states = list(found.values_list("state", flat=True))
    assert states == ["accepted"] * died_at + ["unknown"] + ["accepted"] * (5 - died_at)


class Deadly(Carrier):
    """A provider whose client dies in the call after so many."""

    def __init__(self, dies_after: int) -> None:
        super().__init__(during=self._count)
        self.left = dies_after

    def _count(self, _: Outgoing) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


@contextmanager
def monkeypatched_settlement() -> Iterator[None]:
    """Keep the dying sender from writing anything down: SIGKILL runs no `finally`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leases, "settling", lambda _: None)
        yield


def _recovered(*letters: Letter) -> list[str]:
    Message.objects.filter(leased_until__isnull=False).update(leased_until=LONG_AGO)
    recovery.recover(look_up_at=NOW, now=NOW)
    return _standing(*letters)


def _being_sent() -> tuple[Letter, Letter]:
    """Lease the e-mails of two patients and mark the first."""
    at = stage.house(phone="")
    stage.booked(at)
    stage.booked(stage.House(at.site, at.treatment, cast.patient("Bo", "Ash", phone="")))
    first, second = leases.lease(now=NOW, limit=2)
    assert _marked(first)
    return first, second


def _marked(letter: Letter, *, after: Letter | None = None) -> bool:
    wanted = leases.Mark(
        letter=letter,
        provider="fake",
        text_hash=b"",
        at=NOW,
        provider_id=f"X{letter.id}" if after else "X1",
        after=after.id if after else None,
    )
    return leases.mark(wanted).granted()


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
    Message.objects.filter(appointment=made, leased_until__isnull=False).update(
        leased_until=LONG_AGO
    )

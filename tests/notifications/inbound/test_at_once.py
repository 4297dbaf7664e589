"""One text handed over from several sides at one moment, and texts that race a change at the desk."""

from threading import Barrier

import pytest

from notifications import inbox
from notifications.models import Message, Reply
from scheduling import booking
from scheduling.errors import ClinicError
from scheduling.models import Appointment
from tests import cast
from tests.notifications import stage
from tests.notifications.inbound.post import answers, code, text, texts
from tests.notifications.inbound.test_receipts import at_once
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("guarded", [True, False], ids=["", "control"])
def test_a_text_from_six_sides_is_acted_upon_once(
    monkeypatch: pytest.MonkeyPatch,
    guarded: bool,  # noqa: FBT001 - parametrized
) -> None:
    """The control keeps each as if it were another: the patient is answered six times."""
    made = stage.booked(stage.house())
    texts()
    body = f"YES {code(made)}"
    if not guarded:
        kept = inbox._kept
        names = iter(f"SM{n}" for n in range(100, 106))
        monkeypatch.setattr(
            inbox,
            "_kept",
            lambda said, *more: kept(inbox.replace(said, provider_id=next(names)), *more),
        )
    assert at_once(6, lambda: _handed_over(body)) == []
    assert (Reply.objects.count(), Message.objects.filter(kind="reply").count()) == (
        (1, 1) if guarded else (6, 6)
    )


def _handed_over(body: str) -> None:
    said = inbox.Incoming(
        provider="twilio",
        provider_id="SM7",
        channel=stage.Channel.SMS,
        sender="+447700900123",
        body=body,
    )
    inbox.act_on_reply(incoming=said, now=NOW)


def test_a_confirmation_that_races_a_cancellation_is_answered_with_what_became_of_it() -> None:
    at = stage.house()
    for _ in range(5):
        made = stage.booked(at)
        texts()
        gate = Barrier(2)
        acts = iter([lambda m=made: _cancelled(m), lambda m=made: text(f"YES {code(m)}")])
        failed = at_once(2, lambda acts=acts, gate=gate: (next(acts), gate.wait(10))[0]())
        assert [e for e in failed if not isinstance(e, ClinicError)] == []
        made.refresh_from_db()
        assert made.status == "cancelled"
        said = answers()
        # “confirmed” was superseded by the cancellation, or the answer tells of it
        assert [s for s in said if "confirmed" in s] == []
        Appointment.objects.filter(pk=made.pk).update(start_q=1, end_q=2)


def _cancelled(made: Appointment) -> None:
    booking.cancel(appointment_id=made.pk, version=None, by=cast.reception(), now=NOW)

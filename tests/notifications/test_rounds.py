"""Senders that race, stall and die, as processes of their own, against a real SMTP server."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail.backends.smtp import EmailBackend
from django.db import connection
from django.utils import timezone

from clinic.embedded import free_port
from notifications import outbox
from notifications.models import Message, MessageText, OptOut
from notifications.providers.smtp import Smtp
from notifications.tasks import sweep
from scheduling.models import Patient, Todo
from tests import cast
from tests.notifications import stage, sweeper
from tests.notifications.stage import DAYS_14, NOW, Carrier
from tests.notifications.sweeper import ENOUGH

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Mailbox:
    """Keeps the Message-ID of each letter as it arrives, then answers after `wait` seconds.

    The letter whose number is `held` is answered when `free` is set.
    """

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.wait: Callable[[int], float] = lambda _: 0
        self.knocks = 0
        self.closed = False
        self.held = 0
        self.free = threading.Event()
        self.arrived = threading.Condition()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        line = next(x for x in envelope.content.splitlines() if x.startswith(b"Message-ID"))
        with self.arrived:
            self.ids.append(line.decode())
            self.arrived.notify_all()
            number = len(self.ids)
        await asyncio.sleep(self.wait(number))
        if number == self.held:
            await asyncio.to_thread(self.free.wait, ENOUGH)
        return "250 OK"

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.closed:
            self.knocks += 1
            return "421 4.7.0 Try again later, closing connection"
        envelope.mail_from = address
        return "250 OK"

    def await_letters(self, count: int) -> None:
        """Wait until so many have arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.ids) >= count, timeout=ENOUGH)

    @property
    def twice(self) -> int:
        """How many letters came more than once."""
        return sum(n - 1 for n in Counter(self.ids).values())


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    box, port = Mailbox(), free_port()
    door = Controller(box, hostname="127.0.0.1", port=port)
    door.start()
    yield box, port
    sweeper.end()
    door.stop()


def due(count: int) -> None:
    """Write so many visits, each with one e-mail that is due."""
    at = stage.house(phone="")
    for n in range(count):
        stage.booked(at, DAYS_14 + timedelta(hours=n))


def count(state: str) -> int:
    return Message.objects.filter(kind="booked", state=state).count()


def end_leases(*states: str) -> None:
    """Let the leases of a sender run out, as five minutes would."""
    Message.objects.filter(state__in=states).update(leased_until=LONG_AGO)


@contextmanager
def settled_may_be_sent_again() -> Iterator[None]:
    """Take away what stops a settled message in the database itself, and put it back."""
    rule = next(c for c in Message._meta.constraints if c.name == "message_open_until_settled")
    with connection.schema_editor() as editor:
        editor.remove_constraint(Message, rule)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            editor.add_constraint(Message, rule)


def test_two_processes_send_each_message_once(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    due(250)
    box.wait = lambda _: 0.002
    pair = [sweeper.started(port=port, now=NOW) for _ in range(2)]
    assert [sweeper.ended(p) for p in pair] == [0, 0]
    assert (len(box.ids), box.twice, count("accepted")) == (250, 0, 250)


def test_two_processes_send_the_news_of_several_visits_once(mailbox: tuple[Mailbox, int]) -> None:
    box, port = mailbox
    at = stage.house()
    for n in range(60):
        patient = cast.patient("Ada", f"Pine {n}", email=f"ada{n}@example.org", phone="")
        mine = stage.House(at.site, at.treatment, patient)
        visits = [stage.visit(mine, DAYS_14 + timedelta(weeks=week)) for week in range(4)]
        outbox.enqueue(appointments=visits, verb="book", now=NOW)
    box.wait = lambda _: 0.002
    pair = [sweeper.started(port=port, now=NOW) for _ in range(2)]
    assert [sweeper.ended(p) for p in pair] == [0, 0]
    accepted = Message.objects.filter(kind="several", state="accepted").count()
    assert (len(box.ids), box.twice, accepted) == (60, 0, 60)


def sweep_here(port: int, now: datetime) -> None:
    """Sweep in this process, to the same server."""
    backend = EmailBackend(host="127.0.0.1", port=port, timeout=20)
    clock = stage.Clock(now)
    smtp = Smtp(sender="clinic@localhost", backend=backend)
    outbox.sweep(clock=clock, using=stage.desk(smtp, clock))


def test_processes_share_what_one_learned_of_a_closed_door(mailbox: tuple[Mailbox, int]) -> None:
    """Each may knock once, for it had leased already; then nobody does until the rest is over."""
    box, port = mailbox
    due(150)
    box.closed = True
    pair = [sweeper.started(port=port, now=NOW) for _ in range(2)]
    assert [sweeper.ended(p) for p in pair] == [0, 0]
    for seconds in (0, 15, 29):
        sweep_here(port, NOW + timedelta(seconds=seconds))
    attempts = sum(Message.objects.values_list("attempts", flat=True))
    assert 1 <= box.knocks == attempts <= 2
    box.closed = False
    pair = [sweeper.started(port=port, now=NOW + timedelta(minutes=1)) for _ in range(2)]
    assert [sweeper.ended(p) for p in pair] == [0, 0]
    assert (len(box.ids), box.twice, count("accepted")) == (150, 0, 150)


def test_processes_share_the_pace_of_a_backlog(mailbox: tuple[Mailbox, int], settings: Any) -> None:
    box, port = mailbox
    due(50)
    settings.CATCH_UP_A_MINUTE = {"email": 20, "sms": 20}
    back = NOW + timedelta(hours=1)
    pair = [sweeper.started(port=port, now=back) for _ in range(2)]
    assert [sweeper.ended(p) for p in pair] == [0, 0]
    sent = [len(box.ids)]
    for minute in (0, 1, 1, 2):
        sweep_here(port, back + timedelta(minutes=minute))
        sent.append(len(box.ids))
    assert (sent, box.twice, count("accepted")) == ([20, 20, 40, 40, 50], 0, 50)


def test_celerys_processes_send_each_message_once_however_often_it_is_rung(
    mailbox: tuple[Mailbox, int],
) -> None:
    box, port = mailbox
    at, now = stage.house(phone=""), timezone.now()
    for n in range(120):
        made = stage.visit(at, now.replace(microsecond=0) + timedelta(days=14, hours=n))
        outbox.enqueue(appointments=[made], verb="book", now=now)
    box.wait = lambda _: 0.005
    for _ in range(12):
        sweep.apply_async(expires=60)
    worker = sweeper.celery_worker(port=port)
    box.await_letters(120)
    for _ in range(6):
        sweep.apply_async(expires=60)
    worker.terminate()
    worker.wait(ENOUGH)
    assert (len(box.ids), box.twice, count("accepted")) == (120, 0, 120)


@pytest.mark.parametrize(
    ("verb", "facts", "told"),
    [
        ("move", {"start": DAYS_14 + timedelta(days=1), "end": DAYS_14 + timedelta(1, 2700)}, 2),
        ("cancel", {"status": "cancelled"}, 2),
        ("opt out", {}, 1),
    ],
    ids=["move", "cancel", "opt-out"],
)
def test_a_change_while_the_letter_is_on_the_wire_is_followed_by_a_correction(
    mailbox: tuple[Mailbox, int], verb: str, facts: dict[str, Any], told: int
) -> None:
    """The server has the letter and has not answered; the visit changes and commits; then it does."""
    box, port = mailbox
    made = stage.booked(stage.house(phone=""))
    box.held = 1
    slow = sweeper.started(port=port, now=NOW)
    box.await_letters(1)
    assert count("sending") == 1
    if facts:
        stage.change(made, verb, **facts)
    else:
        OptOut.objects.create(channel="email", address="ada@example.org", at=NOW, source="reply")
    sweep_here(port, NOW)
    box.free.set()
    assert sweeper.ended(slow) == 0
    assert (len(box.ids), box.twice, count("accepted")) == (told, 0, 1)


def test_a_sender_killed_in_the_call_loses_nothing_and_repeats_nothing(
    mailbox: tuple[Mailbox, int],
) -> None:
    box, port = mailbox
    due(20)
    box.wait = lambda n: 30 if n == 8 else 0
    sender = sweeper.started(port=port, now=NOW)
    box.await_letters(8)
    sender.kill()
    sweeper.ended(sender)
    # what was taken may be known by the next mark alone, and is written down below
    assert (count("accepted") + count("sending"), count("claimed")) == (8, 12)
    end_leases("sending", "claimed")
    assert sweeper.ended(sweeper.started(port=port, now=NOW)) == 0
    assert (len(box.ids), box.twice) == (20, 0)
    assert (count("accepted"), count("unknown")) == (19, 1)
    stage.sweep(Carrier(name="smtp"), NOW + timedelta(minutes=20))
    assert (count("unknown"), count("dead"), Todo.objects.count()) == (0, 1, 1)


@pytest.mark.parametrize(("bare", "twice"), [(False, False), (True, True)], ids=["", "control"])
def test_a_sender_whose_lease_ran_out_sends_no_more(
    mailbox: tuple[Mailbox, int],
    bare: bool,  # noqa: FBT001 - parametrized
    twice: bool,  # noqa: FBT001 - parametrized
) -> None:
    """The control takes both guards away: then the same scene sends letters twice."""
    box, port = mailbox
    due(12)
    box.held = 3
    with settled_may_be_sent_again() if bare else nullcontext():
        slow = sweeper.started(port=port, now=NOW, bare=bare)
        box.await_letters(3)
        end_leases("claimed")
        assert sweeper.ended(sweeper.started(port=port, now=NOW)) == 0
        box.free.set()
        assert sweeper.ended(slow) == 0
    assert (box.twice > 0, len(set(box.ids))) == (twice, 12)
    assert bare or count("accepted") == 12  # bare, the slow one writes over what it does not hold


def test_an_answer_that_comes_after_the_lease_still_counts(
    mailbox: tuple[Mailbox, int],
) -> None:
    box, port = mailbox
    due(1)
    box.wait = lambda _: 4
    slow = sweeper.started(port=port, now=NOW)
    box.await_letters(1)
    end_leases("sending")
    stage.sweep(Carrier())
    assert count("unknown") == 1
    assert sweeper.ended(slow) == 0
    assert (count("accepted"), len(box.ids)) == (1, 1)


def test_a_message_is_marked_in_a_committed_transaction_before_its_call(
    mailbox: tuple[Mailbox, int],
) -> None:
    box, port = mailbox
    due(1)
    seen: list[int] = []
    box.wait = lambda _: 1
    sender = sweeper.started(port=port, now=NOW)
    box.await_letters(1)
    assert connection.in_atomic_block is False
    seen.append(count("sending"))
    assert sweeper.ended(sender) == 0
    assert seen == [1]


def test_a_message_that_cannot_be_written_does_not_hold_up_the_others() -> None:
    at = stage.house(phone="")
    broken = stage.booked(at)
    other = stage.booked(stage.House(at.site, at.treatment, cast.patient("Bo", "Ash", phone="")))
    Patient.objects.filter(pk=at.patient.pk).update(zone="Mars/Base")
    stage.sweep(Carrier())
    assert stage.states(broken)["0:booked:now:email"] == "unwritable"
    assert stage.states(other)["0:booked:now:email"] == "accepted"
    assert Todo.objects.get().appointment_id == broken.pk


def test_a_text_that_cannot_be_used_any_more_gives_way_to_the_shipped_one() -> None:
    made = stage.booked(stage.house(phone=""))
    MessageText.objects.update_or_create(
        kind="booked", channel="email", language="en", defaults={"body": "See you, {title}."}
    )
    carrier = Carrier()
    stage.sweep(carrier)
    assert stage.states(made)["0:booked:now:email"] == "accepted"
    assert "{title}" not in carrier.sent[0].text

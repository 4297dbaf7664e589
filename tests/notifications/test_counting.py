"""Caps on what one address gets: counted by what really went there, exact under concurrency."""

from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier, Thread
from typing import Self

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import bundles, counting, outbox, rounds
from notifications.core.caps import Cap
from notifications.core.habits import ANY, Habit, Habits
from notifications.core.policy import Policy
from notifications.models import Message
from notifications.providers import OutcomeUnknown, SendFailed
from scheduling.models import Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier, Clock, House

pytestmark = pytest.mark.django_db


def capped(**caps: Cap) -> Policy:
    """Count SMS only, at any hour."""
    return Policy(habits=Habits({ANY: {"email": Habit(), "sms": Habit(caps=caps)}}))


def sweep(carrier: Carrier, policy: Policy, now: object = NOW) -> None:
    clock = Clock(now)  # type: ignore[arg-type]
    outbox.sweep(clock=clock, using=stage.desk(carrier, clock, policy))


def family(count: int, **facts: object) -> list[House]:
    """Several people on one telephone."""
    first = stage.house(**facts)
    more = [
        House(first.site, first.treatment, cast.patient(f"Kid{n}", "Pine", **facts))
        for n in range(1, count)
    ]
    return [first, *more]


def reasons() -> list[str]:
    rows = Message.objects.filter(channel="sms", offset="now").order_by("pk")
    return [r.drop_reason or r.state for r in rows]


def test_news_that_is_one_too_many_goes_by_email_alone() -> None:
    for at in family(3, phone="+447700900123"):
        stage.booked(at)
    carrier = Carrier()
    sweep(carrier, capped(any=Cap(day=2)))
    assert reasons() == ["accepted", "accepted", "capped"]
    assert [str(x.channel) for x in carrier.sent].count("email") == 3
    assert Todo.objects.count() == 0


def test_where_there_is_no_other_way_reception_is_asked() -> None:
    for at in family(2, phone="+447700900123", email=""):
        stage.booked(at)
    sweep(Carrier(), capped(any=Cap(day=1)))
    assert reasons() == ["accepted", "capped"]
    assert "Enough was sent to this address already" in Todo.objects.get().text


def test_a_reminder_waits_for_a_day_with_room_while_it_is_of_use() -> None:
    at = stage.house(email="")
    made = stage.booked(at)
    due = made.start - timedelta(hours=49)
    policy = capped(any=Cap(day=1))
    other = stage.booked(at, DAYS_14 + timedelta(days=40))
    Message.objects.filter(appointment=other, offset="now").update(
        due_at=due - timedelta(minutes=1)
    )
    Message.objects.filter(appointment=made, offset="now").delete()
    carrier = Carrier()
    sweep(carrier, policy, due)
    assert [x.kind for x in carrier.sent] == ["booked"]
    waiting = Message.objects.get(appointment=made, offset="48h")
    # the next local date in London, from its first instant
    assert waiting.due_at == due.replace(hour=0, minute=0) + timedelta(days=1)
    sweep(carrier, policy, waiting.due_at)
    assert [x.kind for x in carrier.sent] == ["booked", "reminder"]


def test_a_reminder_that_would_wait_too_long_goes_by_email() -> None:
    at = stage.house()
    made = stage.booked(at)
    Message.objects.filter(offset="now").delete()
    due = made.start - timedelta(hours=4)
    other = stage.booked(at, DAYS_14 + timedelta(days=40))
    Message.objects.filter(appointment=other, offset="now").update(
        due_at=due - timedelta(minutes=1)
    )
    Message.objects.filter(offset__in=["7d", "48h"]).delete()
    carrier = Carrier()
    for _ in range(2):
        sweep(carrier, capped(any=Cap(day=1)), due)
    kinds = [(x.kind, str(x.channel)) for x in carrier.sent]
    assert sorted(kinds) == [("booked", "email"), ("booked", "sms"), ("reminder", "email")]
    assert stage.states(made) == {
        "0:reminder:3h:sms": "capped",
        "0:reminder:3h:email": "accepted",
    }


def test_what_was_certainly_not_sent_does_not_count_and_a_doubt_does() -> None:
    houses = family(3, phone="+447700900123", email="")
    for at in houses:
        stage.booked(at)
    errors = [SendFailed("no", permanent=True), OutcomeUnknown("timeout"), None]
    sweep(Carrier(errors=errors), capped(any=Cap(day=1)))
    assert reasons() == ["rejected", "unknown", "capped"]


def test_an_ordinary_message_costs_no_statement_more() -> None:
    """With caps and without: the count is read with the lease and checked with the mark."""
    at, counts = stage.house(email=""), []
    for policy in (Policy(), capped(any=Cap(day=9, week=20), reminder=Cap(day=9))):
        stage.booked(at, DAYS_14 + timedelta(days=len(counts)))
        with CaptureQueriesContext(connection) as queries:
            sweep(Carrier(), policy)
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.fixture
def _many(transactional_db: object) -> None:
    for at in family(12, phone="+447700900123", email=""):
        stage.booked(at)


@dataclass
class Waiting(Carrier):
    """A carrier whose sender waits, with its lease in its hands, until the others have theirs."""

    ready: Barrier = field(default_factory=lambda: Barrier(1))
    met: bool = False

    def __enter__(self) -> Self:
        if not self.met:
            self.met = True
            self.ready.wait(30)
        return self


def at_once(senders: int, policy: Policy) -> int:
    """Let several senders sweep at once, a message a lease; answer how many SMS left."""
    ready = Barrier(senders)
    carriers = [Waiting(ready=ready) for _ in range(senders)]

    def work(carrier: Carrier) -> None:
        clock = Clock(NOW)
        desk = stage.desk(carrier, clock, policy)
        try:
            for _ in range(6):
                rounds.once(desk, limit=2)
        finally:
            connection.close()

    threads = [Thread(target=work, args=(c,)) for c in carriers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(len(c.sent) for c in carriers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_many")
def test_four_senders_at_once_never_pass_the_cap() -> None:
    policy = capped(any=Cap(day=3))
    assert at_once(4, policy) <= 3
    # what was held back for another's sake is free at once, and goes up to the cap and no further
    assert not Message.objects.filter(state="claimed").exists()
    carrier = Carrier()
    sweep(carrier, policy, NOW + bundles.YIELD)
    assert Message.objects.filter(state="accepted").count() == 3


def test_whoever_loses_the_race_for_a_cap_lets_go_at_once() -> None:
    """Another sender's claim counts; when it comes to nothing, a lease need not be waited out."""
    for at in family(2, phone="+447700900123", email=""):
        stage.booked(at)
    other, mine = Message.objects.filter(offset="now").order_by("pk")
    held = {"state": "claimed", "token": other.ref, "leased_until": NOW + timedelta(days=400)}
    Message.objects.filter(pk=other.pk).update(**held)
    carrier, policy = Carrier(), capped(any=Cap(day=1))
    sweep(carrier, policy)
    mine.refresh_from_db()
    assert (mine.state, mine.token, mine.due_at) == ("pending", None, NOW + bundles.YIELD)
    Message.objects.filter(pk=other.pk).update(
        state="dropped", open=False, drop_reason="superseded", token=None, leased_until=None
    )
    sweep(carrier, policy, NOW + bundles.YIELD)
    mine.refresh_from_db()
    assert (mine.state, len(carrier.sent)) == ("accepted", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_many")
def test_without_the_guard_they_would_pass_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: each sender reads the same count before any has sent."""
    monkeypatch.setattr(counting, "ROOM", "TRUE OR %(day_from)s < %(week_from)s")
    assert at_once(4, capped(any=Cap(day=3))) > 3

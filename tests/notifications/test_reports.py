import random
import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifications import reports
from notifications.core import sms
from notifications.models import Message, SmsPrice
from scheduling.models import Appointment
from scheduling.reports import Page, attendance
from scheduling.reports.attendance import Only, Share
from tests.notifications import stage
from tests.scheduling.reports import ledger
from tests.scheduling.reports.ledger import SPRING, Ledger

pytestmark = pytest.mark.django_db

STATES = {
    "delivered": "delivered", "accepted": "sent", "undelivered": "failed", "rejected": "failed",
    "dead": "failed", "unknown": "unknown", "pending": "waiting", "dropped": "dropped",
}  # fmt: skip
RANK = {"delivered": 3, "accepted": 2, "unknown": 1, "undelivered": 1, "rejected": 1, "dead": 1}


def message(visit: Appointment, state: str, at: datetime, **facts: Any) -> Message:
    handed = state not in {"pending", "dropped"}
    row = {
        "appointment": visit, "patient": visit.patient, "site": visit.site, "kind": "reminder",
        "channel": "sms", "offset": "48h", "told_version": 0, "recipient": "x", "due_at": at,
        "first_due_at": at, "not_after": at, "dedupe_key": uuid.uuid4().hex, "state": state,
        "open": state in {"pending", "unknown"}, "created_at": at, "provider_id": "x" if handed else "",
        "sending_at": at if handed else None, "drop_reason": "superseded" if state == "dropped" else "",
    }  # fmt: skip
    return Message.objects.create(**{**row, **facts})


def sent(book: Ledger, count: int) -> list[Message]:
    """Write messages around both ends of the period, where local dates differ between the sites."""
    dice = random.Random(7)  # noqa: S311 - dice of a test
    ends = [datetime(2027, 3, 22, tzinfo=UTC), datetime(2027, 4, 5, tzinfo=UTC)]
    return [
        message(
            dice.choice(book.visits), dice.choice(list(STATES)),
            dice.choice(ends) + timedelta(minutes=dice.randrange(-600, 600)),
            kind=dice.choice(["reminder", "reminder", "booked"]), channel=dice.choice(["sms", "email"]),
            segments=dice.choice([1, 2, None]),
        )
        for _ in range(count)
    ]  # fmt: skip


def inside(each: Message) -> bool:
    at = (each.sending_at or each.due_at).astimezone(ZoneInfo(each.site.zone))
    return SPRING.first <= at.date() <= SPRING.last


def test_reminders_are_counted_by_what_became_of_them() -> None:
    book = ledger.written(5, 20)
    made = [m for m in sent(book, 150) if m.kind == "reminder" and inside(m)]
    by_hand = Counter((m.channel, STATES[m.state]) for m in made)

    found = reports.traffic(book.scope)[0].reminders

    assert found == by_hand
    assert 20 < by_hand.total() < 120
    for (channel, fate), count in found.items():
        many, rows = reports.reminder_rows(book.scope, channel=channel, fate=fate)
        assert many == len(rows) == count
    many, rows = reports.reminder_rows(book.scope)
    assert [row.id for row in rows] == [
        m.pk for m in sorted(made, key=lambda m: (m.sending_at or m.due_at, m.pk))
    ]
    assert reports.reminder_rows(book.scope, page=Page(3, 4)) == (many, rows[3:7])


def test_a_visit_counts_with_its_best_reminder() -> None:
    book = ledger.written(5, 60)
    dice = random.Random(8)  # noqa: S311 - dice of a test
    best: dict[int, int] = {}
    for visit in book.visits:
        for _ in range(dice.choice([0, 1, 2])):
            made = message(visit, dice.choice(list(STATES)), visit.start - timedelta(days=2))
            best[visit.pk] = max(best.get(visit.pk, 0), RANK.get(made.state, 0))
    other, told = book.visits[0], message(book.visits[1], "delivered", book.visits[1].start)
    message(other, "dropped", other.start, drop_reason="told_together", told_in=told)
    best[other.pk] = best[told.appointment_id] = 3

    cells = reports.attended(book.scope)

    by_hand: dict[int, Share] = {}
    for row in attendance.visits(book.scope)[1]:
        one = Share(
            int(row.outcome == "came"), int(row.outcome == "noshow"), int(row.outcome == "late")
        )
        rank = best.get(row.id, 0)
        by_hand[rank] = by_hand.get(rank, Share()) + one
    assert attendance.by(cells, 2) == by_hand
    assert attendance.total(cells) == attendance.total(attendance.counted(book.scope))
    for rank, share in by_hand.items():
        many, rows = reports.attended_rows(book.scope, Only(told=rank))
        assert many == len(rows) == share.all
        assert {(best.get(row.id, 0), row.told) for row in rows} == {(rank, rank)}


def test_spend_is_segments_times_the_price_of_the_day() -> None:
    book = ledger.written(5, 20)
    price = {"currency": "GBP", "source": "a bill"}
    SmsPrice.objects.create(
        country="GB", price=Decimal("0.04"), valid_from=date(2027, 1, 1), **price
    )
    turn = date(2027, 4, 3)
    own = SmsPrice.objects.create(
        site=book.clinic.site, price=Decimal("0.0355"), valid_from=turn, **price
    )
    texts = [
        m for m in sent(book, 200)
        if m.channel == "sms" and m.state in {"accepted", "delivered", "undelivered"} and inside(m)
    ]  # fmt: skip
    here = [m for m in texts if m.site_id == book.clinic.site.pk]
    by_hand = sum(
        ((m.segments or 0) * (own.price if _day(m) >= turn else Decimal("0.04")) for m in here),
        Decimal(),
    )

    before, both = reports.traffic(book.scope.before, book.scope)
    found = both.spend
    assert before == reports.traffic(book.scope.before)[0]

    mine = [s for s in found if s.priced.site_id == book.clinic.site.pk]
    assert sum((s.cost or Decimal() for s in mine), Decimal()) == by_hand > 0
    assert {s.cost for s in found if s.priced.site_id == book.other.pk} == {None}
    many, rows = reports.text_rows(book.scope)
    assert sum(s.texts for s in found) == len(texts) == many == len(rows)
    assert sum(row.cost or Decimal() for row in rows) == by_hand
    for each in found:
        many, rows = reports.text_rows(
            book.scope, site=each.priced.site_id, since=each.priced.first, kind=each.kind
        )
        assert (many, sum(row.segments or 0 for row in rows)) == (each.texts, each.segments)
    assert sum(s.segments for s in found) == sum(m.segments or 0 for m in texts)
    assert sum(s.uncounted for s in found) == sum(m.segments is None for m in texts)
    assert reports.text_rows(book.scope, site=book.clinic.site.pk, kind="booked")[0] == sum(
        m.kind == "booked" for m in here
    )


def _day(each: Message) -> date:
    assert each.sending_at is not None
    return each.sending_at.astimezone(ZoneInfo(each.site.zone)).date()


def test_segments_are_measured_as_a_text_leaves() -> None:
    stage.booked(stage.house())
    carrier = stage.Carrier()
    stage.sweep(carrier)
    left = Message.objects.filter(sending_at__isnull=False)
    assert {m.channel for m in left} == {"sms", "email"}
    texts = {each.ref: each.text for each in carrier.sent}
    for each in left:
        expected = sms.measure(texts[each.ref.hex]).segments if each.channel == "sms" else None
        assert each.segments == expected

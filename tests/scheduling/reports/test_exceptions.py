import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from scheduling import booking, idempotency, refusals
from scheduling.core.words import Reason, Severity, Wish
from scheduling.errors import Refused
from scheduling.idempotency import Answer
from scheduling.models import Override, Refusal
from scheduling.reports import Page, exceptions
from scheduling.reports.exceptions import Which
from tests import cast
from tests.scheduling.reports import ledger
from tests.scheduling.reports.ledger import SPRING, Ledger

pytestmark = pytest.mark.django_db


def moments(dice: random.Random, count: int) -> list[datetime]:
    """Draw instants around both ends of the period, where local dates differ between the sites."""
    ends = [datetime(2027, 3, 22, tzinfo=UTC), datetime(2027, 4, 5, tzinfo=UTC)]
    return [dice.choice(ends) + timedelta(minutes=dice.randrange(-600, 600)) for _ in range(count)]


def inside(at: datetime, zone: str) -> bool:
    return SPRING.first <= at.astimezone(ZoneInfo(zone)).date() <= SPRING.last


REST = {"SEED-GAP-RF", "LIT-TOXIN-ABL"}


def note(
    wish: Wish,
    reasons: Sequence[Reason],
    *,
    verb: Refusal.Verb = Refusal.Verb.BOOK,
    now: datetime = cast.NOW,
) -> None:
    asked = refusals.Asked(verb=verb, site_id=wish.site_id, treatment_id=wish.treatment_id)
    refusals.note(Refused(reasons), asked=asked, by=cast.reception(), now=now)


def overridden(book: Ledger) -> list[Override]:
    dice = random.Random(5)  # noqa: S311 - dice of a test
    users = [User.objects.create_user(f"dr-{n}") for n in range(3)]
    made = [
        Override(
            appointment=dice.choice(book.visits), code=dice.choice(["too_soon", "SEED-GAP-RF"]),
            reason="needed", by=user, by_name=f"Dr {user.username}", at=at,
        )
        for at in moments(dice, 120)
        for user in [dice.choice(users)]
    ]  # fmt: skip
    return Override.objects.bulk_create(made)


def test_overrides_are_counted_by_the_clock_of_their_site() -> None:
    book = ledger.written(4, 30)
    made = [o for o in overridden(book) if inside(o.at, o.appointment.zone)]
    by_hand = Counter((o.by_id, o.code) for o in made)

    found = exceptions.overrides(book.scope)

    assert {(o.by_id, o.code): o.count for o in found} == by_hand
    assert 20 < by_hand.total() < 120
    for each in found:
        rows = exceptions.override_rows(book.scope, by=each.by_id, code=each.code)
        assert len(rows) == each.count
        assert {row.by for row in rows} == {each.by}
    assert (
        exceptions.override_rows(book.scope, page=Page(1, 2))
        == (exceptions.override_rows(book.scope)[1:3])
    )


def test_refusals_are_counted_by_ask_and_by_rule() -> None:
    book = ledger.written(4, 1)
    dice = random.Random(6)  # noqa: S311 - dice of a test
    kept = []
    for at in moments(dice, 80):
        site = dice.choice([book.clinic.site, book.other])
        wish = book.clinic.wish(site_id=site.pk)
        codes = dice.sample(
            ["SEED-GAP-RF", "LIT-TOXIN-ABL", "resource_taken", "too_soon"], dice.choice([1, 2, 3])
        )
        reasons = [
            Reason(code=c, severity=Severity.HARD, sentence="", patient_sentence="") for c in codes
        ]
        verb = dice.choice(list(Refusal.Verb))
        note(wish, reasons, verb=verb, now=at)
        if inside(at, site.zone):
            kept.append((verb, codes))

    found = exceptions.refusals(book.scope)

    assert {r.code: r.asks for r in found} == Counter(code for _, codes in kept for code in codes)
    assert {r.code: r.family for r in found} == {
        "SEED-GAP-RF": "rest", "LIT-TOXIN-ABL": "rest", "resource_taken": "diary", "too_soon": "diary",
    }  # fmt: skip
    asks = {a.verb: (a.asks, a.rest) for a in exceptions.refused_asks(book.scope)}
    by_verb = Counter(verb.value for verb, _ in kept)
    for_rest = Counter(verb.value for verb, codes in kept if REST & {*codes})
    assert asks == {verb: (count, for_rest[verb]) for verb, count in by_verb.items()}
    for each in found:
        count, rows = exceptions.refusal_rows(book.scope, Which(family=each.family, code=each.code))
        assert count == len(rows) == each.asks
    for verb, (every, rest) in asks.items():
        assert exceptions.ask_rows(book.scope, Which(verb=verb))[0] == every
        count, listed = exceptions.ask_rows(book.scope, Which(verb=verb, family="rest"))
        assert count == len(listed) == rest
        assert all(REST & {*row.codes} for row in listed)
    assert exceptions.ask_rows(book.scope, page=Page(2, 3)) == (
        len(kept), exceptions.ask_rows(book.scope)[1][2:5],
    )  # fmt: skip


def test_a_refused_booking_is_kept_and_one_that_went_well_is_not() -> None:
    clinic = cast.build()
    start = cast.at(cast.day(7), 11)
    booking.book(wish=clinic.wish(), start=start, by=cast.reception(), now=cast.NOW)
    assert Refusal.objects.count() == 0
    with pytest.raises(Refused) as refused:
        booking.book(
            wish=clinic.wish(clinic.filler), start=cast.at(cast.day(9), 11), by=cast.reception(), now=cast.NOW
        )  # fmt: skip
    blocking = {r.code for r in refused.value.reasons if r.severity is not Severity.ADVISORY}
    kept = list(Refusal.objects.all())
    assert {r.code for r in kept} == blocking
    assert {(r.site_id, r.treatment_id, r.by, r.at) for r in kept} == {
        (clinic.site.pk, clinic.filler.pk, "Desk", cast.NOW)
    }
    assert "rest" in {r.family for r in kept}


def test_a_refused_move_is_kept() -> None:
    clinic = cast.build()
    visit = booking.book(
        wish=clinic.wish(clinic.review), start=cast.at(cast.day(2), 11), by=cast.reception(), now=cast.NOW
    ).appointment  # fmt: skip
    with pytest.raises(Refused):
        booking.move(
            appointment_id=visit.pk, to=cast.at(cast.day(2), 22), version=None, by=cast.reception(), now=cast.NOW
        )  # fmt: skip
    assert set(Refusal.objects.values_list("code", flat=True)) == {"outside_hours"}


def test_keeping_a_refusal_locks_no_other_row_or_table() -> None:
    clinic = cast.build()
    reason = Reason(code="too_soon", severity=Severity.HARD, sentence="", patient_sentence="")
    with transaction.atomic(), connection.cursor() as cursor:
        held = """SELECT DISTINCT c.relname FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            WHERE l.pid = pg_backend_pid() AND c.relkind = 'r'
            AND l.mode NOT IN ('AccessShareLock') AND c.relname LIKE 'scheduling%'"""
        cursor.execute(held)
        before = {name for (name,) in cursor.fetchall()}
        note(clinic.wish(), [reason])
        cursor.execute(held)
        assert {name for (name,) in cursor.fetchall()} - before == {"scheduling_refusal"}


@pytest.mark.django_db(transaction=True)
def test_a_refusal_alone_is_kept_in_a_transaction_that_nobody_waits_for() -> None:
    clinic = cast.build()
    reason = Reason(code="too_soon", severity=Severity.HARD, sentence="", patient_sentence="")
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        note(clinic.wish(), [reason])
        assert Refusal.objects.get().code == "too_soon"
        cursor.execute("SHOW synchronous_commit")
        assert cursor.fetchone() == ("on",)  # the next booking is waited for as ever
        cursor.execute("RESET synchronous_commit")


def test_a_refused_check_in_is_kept_with_what_was_asked() -> None:
    clinic = cast.build()
    visit = booking.book(
        wish=clinic.wish(), start=cast.at(cast.day(7), 11), by=cast.reception(), now=cast.NOW
    ).appointment
    for _ in range(2):  # asked again, it counts again
        with pytest.raises(Refused):
            booking.check_in(
                appointment_id=visit.pk, version=None, by=cast.reception(), now=visit.start
            )
    kept = list(Refusal.objects.all())
    assert {(r.code, r.verb, r.site_id, r.treatment_id) for r in kept} == {
        ("DES-CONSENT", "check-in", clinic.site.pk, clinic.resurfacing.pk)
    }
    assert len({r.ask for r in kept}) == 2


def test_a_refusal_outlives_the_savepoint_of_a_repeated_request() -> None:
    clinic = cast.build()

    def verb() -> Answer:
        booking.book(
            wish=clinic.wish(), start=cast.at(cast.day(7), 22), by=cast.reception(), now=cast.NOW
        )
        raise AssertionError("it was booked")

    asked = idempotency.asked(principal="user:1", endpoint="POST /", key="k", body={})
    for _ in range(2):
        answer = idempotency.once(
            request=asked, verb=verb, refusal=lambda _: Answer(status=409, text=""), now=cast.NOW
        )
        assert answer.status == 409
    assert Refusal.objects.values("ask").distinct().count() == 1

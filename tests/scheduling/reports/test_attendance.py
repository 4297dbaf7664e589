from datetime import timedelta

import pytest

from scheduling.models import Appointment
from scheduling.reports import Page, attendance
from scheduling.reports.attendance import Only, Share
from tests.scheduling.reports import ledger
from tests.scheduling.reports.ledger import Ledger

pytestmark = pytest.mark.django_db


def expected(book: Ledger) -> list[tuple[Appointment, str, int]]:
    """Judge every visit by hand."""
    found = []
    for visit in book.visits:
        if not ledger.SPRING.first <= visit.local_date <= ledger.SPRING.last:
            continue
        outcome = {"fulfilled": "came", "arrived": "came", "checked-in": "came", "noshow": "noshow"}
        said = outcome.get(visit.status)
        if visit.status == "cancelled" and visit.cancel_reason != "hold expired":
            assert visit.cancelled_at is not None
            if visit.start - visit.cancelled_at < timedelta(hours=24):
                said = "late"
        if said:
            ahead = visit.start - visit.created_at
            lead = sum(ahead >= timedelta(days=days) for days in (1, 7, 14, 28))
            found.append((visit, said, lead))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_counts_are_those_of_counting_by_hand(seed: int) -> None:
    book = ledger.written(seed, 80)
    seen = expected(book)

    cells = attendance.counted(book.scope)

    for index, key in ((0, lambda v, _: v.treatment_id), (1, lambda _, lead: lead)):
        by_hand: dict[int, Share] = {}
        for visit, said, lead in seen:
            one = Share(int(said == "came"), int(said == "noshow"), int(said == "late"))
            by_hand[key(visit, lead)] = by_hand.get(key(visit, lead), Share()) + one
        assert attendance.by(cells, index) == by_hand
    assert attendance.total(cells).all == len(seen) > 20


@pytest.mark.parametrize("seed", [1])
def test_rows_add_up_to_each_count(seed: int) -> None:
    book = ledger.written(seed)
    cells = attendance.counted(book.scope)
    count, everything = attendance.visits(book.scope)
    assert count == len(everything)
    assert [row.id for row in everything] == [
        visit.pk for visit, *_ in sorted(expected(book), key=lambda e: (e[0].start, e[0].pk))
    ]
    for lead, share in attendance.by(cells, 1).items():
        for outcome, many in zip(
            attendance.OUTCOMES, (share.came, share.no_show, share.late), strict=True
        ):
            found, rows = attendance.visits(book.scope, Only(lead=lead, outcomes=[outcome]))
            assert found == len(rows) == many
    for treatment, share in attendance.by(cells, 0).items():
        found, rows = attendance.visits(book.scope, Only(treatment=treatment))
        assert found == len(rows) == share.all
    assert attendance.visits(book.scope, page=Page(2, 3)) == (count, everything[2:5])


def test_sites_are_counted_apart() -> None:
    book = ledger.written(1)
    both = attendance.total(attendance.counted(book.scope))
    alone = [
        attendance.total(attendance.counted(type(book.scope)(ledger.SPRING, {pk: zone})))
        for pk, zone in book.scope.sites.items()
    ]
    assert alone[0] + alone[1] == both


def test_nothing_is_counted_where_nothing_was() -> None:
    book = ledger.written(1, 5)
    empty = book.over(ledger.SPRING.before.before.before)
    assert attendance.counted(empty) == {}
    assert attendance.visits(empty) == (0, [])

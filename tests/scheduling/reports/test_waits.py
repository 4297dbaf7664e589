from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling import booking, catalogue, diary
from scheduling.core.words import Wish
from scheduling.models import ThirdNext
from scheduling.reports import Kind, Period, Scope, waits
from tests import cast


@given(st.sets(st.integers(0, 60)), st.integers(1, 12))
def test_third_is_the_third_of_those_that_do_not_overlap(starts: set[int], length: int) -> None:
    taken: list[int] = []
    for start in sorted(starts):
        if all(start >= other + length for other in taken):
            taken.append(start)
    expected = taken[2] if len(taken) > 2 else None
    assert waits.third_of(sorted(starts), length) == expected


@pytest.mark.django_db
def test_a_morning_is_measured_once_and_as_the_diary_says() -> None:
    clinic = cast.build()
    measured = waits.measure(now=cast.NOW)
    rows = {row.treatment_id: row for row in ThirdNext.objects.all()}
    assert measured == len(rows) == 4
    for treatment in (clinic.review, clinic.resurfacing):
        wish = Wish(site_id=clinic.site.pk, treatment_id=treatment.pk)
        free = diary.free_starts(
            wish=wish, first=cast.TODAY, last=cast.day(10), now=cast.NOW
        ).starts
        first = free[0].start
        length = timedelta(minutes=treatment.minutes_default)
        second = next(s.start for s in free if s.start >= first + length)
        third = next(s.start for s in free if s.start >= second + length)
        assert rows[treatment.pk].third_on == third.date()
        assert rows[treatment.pk].days == (third.date() - cast.TODAY).days
    assert waits.measure(now=cast.NOW + timedelta(hours=3)) == 0
    assert waits.measure(now=cast.NOW + timedelta(hours=20)) == 0  # the next day, but before five
    assert waits.measure(now=cast.NOW + timedelta(hours=22)) == 4


@pytest.mark.django_db
def test_what_is_booked_makes_the_wait_longer() -> None:
    clinic = cast.build()
    site, offer = (
        catalogue.current().site(clinic.site.pk), catalogue.current().treatment(clinic.review.pk)
    )  # fmt: skip
    before, _ = waits.third_next(site=site, offer=offer, today=cast.TODAY, now=cast.NOW)
    clinic.site.absences.create(cause="closure", start=cast.NOW, end=cast.at(cast.day(4), 8))
    site = catalogue.current().site(clinic.site.pk)
    after, _ = waits.third_next(site=site, offer=offer, today=cast.TODAY, now=cast.NOW)
    assert (before, after) == (cast.TODAY, cast.day(4))
    assert booking.free_expired_holds(now=cast.NOW) == 0


@pytest.mark.django_db
def test_history_is_summed_and_listed() -> None:
    clinic = cast.build()
    days = [3, 5, None, 4]
    for n, count in enumerate(days):
        ThirdNext.objects.create(
            site=clinic.site, treatment=clinic.review, measured_on=cast.day(n), measured_at=cast.NOW,
            third_on=None if count is None else cast.day(n + count), days=count, reach_days=92,
        )  # fmt: skip
    scope = Scope(Period(Kind.CUSTOM, cast.day(0), cast.day(2)), {clinic.site.pk: clinic.site.zone})
    (wait,) = waits.waits(scope)
    assert (wait.mornings, wait.days, wait.median, wait.measured_on) == (3, None, 5.0, cast.day(2))
    count, rows = waits.mornings(scope)
    assert (count, [row.days for row in rows]) == (3, [None, 5, 3])
    count, rows = waits.mornings(scope, waits.Only(newest=True))
    assert (count, [row.days for row in rows]) == (1, [None])
    assert waits.daily(scope) == [(cast.day(0), 3.0), (cast.day(1), 5.0), (cast.day(2), 93.0)]
    assert waits.waits(scope.before) == []

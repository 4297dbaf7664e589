"""Hours that are added are noted for those who wait, as a cancelled visit is."""

from datetime import date, datetime, time, timedelta

import pytest

from scheduling import absences, grounds, waiting
from scheduling.models import Absence, Opening, OpeningHours, Site
from tests import cast
from tests.cast import NOW
from tests.scheduling.waiting import stage

pytestmark = pytest.mark.django_db

BY = cast.reception()


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.fixture
def waits(clinic: cast.Clinic) -> object:
    return stage.waits(clinic, clinic.patient)


def noted() -> list[tuple[str, str, str]]:
    found = Opening.objects.order_by("start")
    return [
        (f"{o.start:%a %d}", *(f"{t.astimezone(cast.LONDON):%H:%M}" for t in (o.start, o.end)))
        for o in found
    ]


def hours_of(clinic: cast.Clinic, weekday: int) -> OpeningHours:
    return OpeningHours.objects.get(resource=clinic.doctor, weekday=weekday)


def away(clinic: cast.Clinic, first: date, last: date) -> Absence:
    span = absences.LocalStretch(first=first, last=last).span(cast.LONDON)
    row = Absence(resource=clinic.doctor, cause="leave", start=span.start, end=span.end)
    grounds.keep(row=row, by=BY, now=NOW)
    return row


def test_a_longer_evening_is_noted_for_four_weeks_and_only_what_is_new(
    clinic: cast.Clinic, waits: object
) -> None:
    OpeningHours.objects.filter(resource=None, weekday=2).update(closes=time(20))
    row = hours_of(clinic, 2)
    row.closes = time(19)
    grounds.keep(row=row, by=BY, now=NOW)
    assert noted() == [(f"Wed {d}", "18:00", "19:00") for d in ("06", "13", "20", "27")]


def test_new_hours_on_a_free_day_are_noted(clinic: cast.Clinic, waits: object) -> None:
    OpeningHours.objects.filter(resource=clinic.nurse, weekday=1).delete()
    row = OpeningHours(
        site=clinic.site, resource=clinic.nurse, weekday=1, opens=time(9), closes=time(12),
        valid_from=cast.day(8), valid_until=cast.day(8),
    )  # fmt: skip
    grounds.keep(row=row, by=BY, now=NOW)
    assert noted() == [("Tue 12", "09:00", "12:00")]


def test_leave_that_is_shortened_or_withdrawn_is_noted(clinic: cast.Clinic, waits: object) -> None:
    row = away(clinic, cast.day(1), cast.day(3))
    assert noted() == []
    row.end = absences.at(cast.day(3), time(12), cast.LONDON)
    grounds.keep(row=row, by=BY, now=NOW)
    assert noted() == [("Thu 07", "12:00", "18:00")]
    grounds.remove(row=row, by=BY, now=NOW)
    assert noted()[:2] == [("Tue 05", "09:00", "18:00"), ("Wed 06", "09:00", "18:00")]


def test_hours_replaced_together_add_only_what_they_have_more(
    clinic: cast.Clinic, waits: object
) -> None:
    old = hours_of(clinic, 4)
    new = OpeningHours(
        site=clinic.site, resource=clinic.doctor, weekday=4, opens=time(9), closes=time(18)
    )
    with grounds.together(by=BY, now=NOW):
        grounds.remove(row=old, by=BY, now=NOW)
        grounds.keep(row=new, by=BY, now=NOW)
    assert noted() == []


def test_one_by_one_the_same_hours_would_seem_new(clinic: cast.Clinic, waits: object) -> None:
    """The control of the test above."""
    old = hours_of(clinic, 4)
    grounds.remove(row=old, by=BY, now=NOW)
    old.pk = None
    grounds.keep(row=old, by=BY, now=NOW)
    assert noted() != []


def test_where_nobody_waits_nothing_is_noted(clinic: cast.Clinic) -> None:
    grounds.remove(row=away(clinic, cast.day(1), cast.day(3)), by=BY, now=NOW)
    assert noted() == []


def test_what_a_change_that_fails_would_have_added_is_not_noted(
    clinic: cast.Clinic, waits: object
) -> None:
    row = away(clinic, cast.day(1), cast.day(1))
    with pytest.raises(LookupError), grounds.together(by=BY, now=NOW):  # noqa: PT012
        grounds.remove(row=row, by=BY, now=NOW)
        raise LookupError
    assert (noted(), Absence.objects.count()) == ([], 1)


def test_a_freed_day_is_offered_piece_by_piece(clinic: cast.Clinic) -> None:
    """What an accepted visit leaves of it is offered to the next."""
    Site.objects.filter(pk=clinic.site.pk).update(offers_automatic=True)
    entries = [stage.waits(clinic, cast.patient(name, "Wait")) for name in ("One", "Two")]
    grounds.remove(row=away(clinic, cast.day(2), cast.day(2)), by=BY, now=NOW)
    (one,) = waiting.offer_next(now=NOW)
    waiting.accept(offer_id=one.pk, by=BY, now=NOW)
    (two,) = waiting.offer_next(now=NOW)
    assert [one.entry, two.entry] == entries
    assert two.start == one.start + timedelta(minutes=15)
    assert noted()[-1] == ("Wed 06", "09:15", "18:00")


def starts() -> list[datetime]:
    return [o.start for o in Opening.objects.filter(closed_at=None)]


def test_a_time_that_may_be_taken_back_is_offered_once_it_stands(clinic: cast.Clinic) -> None:
    Site.objects.filter(pk=clinic.site.pk).update(offers_automatic=True)
    stage.waits(clinic, cast.patient("One", "Wait"))
    visit = stage.booked(clinic, clinic.patient, stage.FREED)
    settled = NOW + timedelta(seconds=30)
    waiting.came_free(visits=[visit], now=NOW, settled=settled)
    visit.delete()
    assert starts() == [stage.FREED]
    assert waiting.offer_next(now=NOW) == []
    assert [o.start for o in waiting.offer_next(now=settled)] == [stage.FREED]

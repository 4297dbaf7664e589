"""Some days of a site as they are drawn: visits in their parts, the ground, the stamp, the load."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from scheduling import booking, catalogue, diary
from scheduling.admin.calendar.spelling import clock, ends
from scheduling.core.timeline import ceil_q, instant
from scheduling.models import Absence, Appointment, OpeningHours, Resource
from tests import cast
from tests.scheduling.admin import screens

pytestmark = pytest.mark.django_db

DAY = cast.day(1)
LONDON = cast.LONDON


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def read(clinic: cast.Clinic, kind: str = "practitioner", first: date = DAY) -> diary.Agenda:
    return diary.agenda(site_id=clinic.site.pk, kind=kind, first=first, last=first)


def said(agenda: diary.Agenda, column: Resource, kind: str) -> list[str]:
    zone = agenda.site.tz
    return [
        f"{clock(each.start_q, zone)[11:]}-{clock(each.end_q, zone)[11:]} {each.words}".strip()
        for each in agenda.stretches()
        if (each.column, each.kind) == (column.pk, kind)
    ]


def test_columns_are_the_sites_things_of_one_kind(clinic: cast.Clinic) -> None:
    other = cast.site_named("Mayfair")
    cast.place("Elsewhere", Resource.Kind.ROOM, other)
    assert [c.name for c in read(clinic).columns] == ["Dr Amara Lind", "Noor Field"]
    assert [c.name for c in read(clinic, "room").columns] == ["Room 1"]
    assert [c.name for c in read(clinic, "device").columns] == ["CO2 laser"]


def test_what_is_held_around_the_visit_stands_apart(clinic: cast.Clinic) -> None:
    visit = screens.visit(clinic, 1, 11)
    (entry,) = read(clinic).entries
    zone = ZoneInfo(visit.zone)
    rooms = [
        (part.kind, clock(part.start_q, zone)[11:], clock(part.end_q, zone)[11:])
        for part in entry.parts([clinic.room.pk])
    ]
    assert rooms[0][0] == "before"
    assert rooms[0][2] == rooms[1][1] == "11:00"
    assert rooms[1] == ("visit", "11:00", f"{visit.end:%H:%M}")
    assert [kind for kind, *_ in rooms] == ["before", "visit", "after"]


def test_closed_hours_lunch_and_absences_are_told_apart(clinic: cast.Clinic) -> None:
    OpeningHours.objects.create(
        site=clinic.site, resource=clinic.doctor, weekday=DAY.weekday(), opens=time(13),
        closes=time(14), purpose="lunch",
    )  # fmt: skip
    Absence.objects.create(
        resource=clinic.doctor, cause="training", start=cast.at(DAY, 15), end=cast.at(DAY, 16)
    )
    agenda = read(clinic)
    assert said(agenda, clinic.doctor, "closed") == ["00:00-09:00", "18:00-00:00"]
    assert said(agenda, clinic.doctor, "lunch") == ["13:00-14:00 lunch"]
    assert said(agenda, clinic.doctor, "absence") == ["15:00-16:00 training"]
    assert said(agenda, clinic.nurse, "lunch") == []


def test_a_holiday_is_closed_by_name(clinic: cast.Clinic) -> None:
    clinic.site.closed_on_holidays = True
    clinic.site.save()
    good_friday = date(2027, 3, 26)
    agenda = read(clinic, first=good_friday)
    assert agenda.holidays == {good_friday: "Good Friday"}
    assert said(agenda, clinic.doctor, "closed") == ["00:00-00:00"]


def test_time_at_another_site_is_busy_and_nothing_more(clinic: cast.Clinic) -> None:
    other = cast.site_named("Mayfair")
    cast.open_weekly(other, clinic.doctor)
    booking.book(
        wish=clinic.wish(clinic.review, site_id=other.pk),
        start=cast.at(DAY, 10), by=cast.reception(), now=cast.NOW,
    )  # fmt: skip
    agenda = read(clinic)
    assert agenda.entries == ()
    assert said(agenda, clinic.doctor, "elsewhere") == ["10:00-10:15 at another site"]


def test_cancelled_visits_are_not_drawn(clinic: cast.Clinic) -> None:
    visit = screens.visit(clinic, 1, 11)
    booking.cancel(appointment_id=visit.pk, version=None, by=cast.reception(), now=cast.NOW)
    assert read(clinic).entries == ()


def test_reading_costs_the_same_for_one_and_three_visits(clinic: cast.Clinic) -> None:
    catalogue.current()

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            read(clinic)
        return len(asked)

    screens.visit(clinic, 1, 9, clinic.review)
    one = cost()
    for hour in (11, 13):
        screens.visit(clinic, 1, hour, clinic.review)
    assert (one, cost()) == (2, 2)


# ---------------------------------------------------------------- days on which the clocks change


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [(date(2027, 3, 28), "03:00", "05:00"), (date(2027, 10, 31), "00:30", "02:30")],
    ids=["forward", "back"],
)
def test_times_are_those_of_the_wall_when_the_clocks_change(
    clinic: cast.Clinic, day: date, opens: str, closes: str
) -> None:
    OpeningHours.objects.create(
        site=clinic.site, weekday=6, opens=time.fromisoformat(opens),
        closes=time.fromisoformat(closes),
    )  # fmt: skip
    OpeningHours.objects.create(
        site=clinic.site, resource=clinic.doctor, weekday=6, opens=time.fromisoformat(opens),
        closes=time.fromisoformat(closes),
    )  # fmt: skip
    closed = said(read(clinic, first=day), clinic.doctor, "closed")
    assert closed == [f"00:00-{opens}", f"{closes}-00:00"]


def test_a_visit_through_the_hour_that_comes_twice_ends_after_it_begins() -> None:
    start = datetime(2027, 10, 31, 1, 30, tzinfo=LONDON)
    low = ceil_q(start)
    assert instant(low) == start.astimezone(UTC)
    assert ends(low, low + 9, LONDON) == ("2027-10-31T01:30", "2027-10-31T02:15")


# ---------------------------------------------------------------- news


def test_the_stamp_is_another_after_each_change_and_only_then(clinic: cast.Clinic) -> None:
    def stamp() -> str:
        return diary.stamp(site_id=clinic.site.pk, first=DAY, last=DAY)

    seen = [stamp()]
    assert stamp() == seen[0] == read(clinic).stamp
    visit = screens.visit(clinic, 1, 11)
    seen.append(stamp())
    for hour, day in ((12, 1), (12, 2), (12, 1)):
        booking.move(
            appointment_id=visit.pk, to=cast.at(cast.day(day), hour), version=None,
            by=cast.reception(), now=cast.NOW,
        )  # fmt: skip
        seen.append(stamp())
    assert seen[-1] == read(clinic).stamp
    Absence.objects.create(
        resource=clinic.nurse, cause="sick", start=cast.at(DAY, 9), end=cast.at(DAY, 18)
    )
    seen.append(stamp())
    assert [n for n in range(len(seen) - 1) if seen[n] == seen[n + 1]] == []


def test_the_stamp_is_one_query(clinic: cast.Clinic) -> None:
    with CaptureQueriesContext(connection) as asked:
        diary.stamp(site_id=clinic.site.pk, first=DAY, last=DAY)
    assert len(asked) == 1


# ---------------------------------------------------------------- load


def test_load_counts_visits_and_the_time_they_hold_of_practitioners(clinic: cast.Clinic) -> None:
    for hour in (9, 11):
        screens.visit(clinic, 1, hour, clinic.review)
    Absence.objects.create(
        resource=clinic.nurse, cause="leave", start=cast.at(DAY, 9), end=cast.at(DAY, 13, 30)
    )
    before, day, *_ = diary.loads(
        site_id=clinic.site.pk, first=DAY - timedelta(days=1), last=DAY + timedelta(days=5)
    )
    minutes = sum(a.end_q - a.start_q for a in Appointment.objects.all()) * 5
    assert (day.visits, day.minutes_held) == (2, minutes)
    assert day.minutes_open == 9 * 60 + 4.5 * 60
    assert (before.visits, before.percent) == (0, 0)
    assert day.percent == round(100 * minutes / day.minutes_open)

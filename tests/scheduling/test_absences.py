from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from scheduling import absences, booking
from scheduling.absences import LocalStretch
from scheduling.errors import AmbiguousTime, Malformed, NonexistentTime
from scheduling.models import Absence, Appointment
from tests import cast

LONDON, BEIRUT = ZoneInfo("Europe/London"), ZoneInfo("Asia/Beirut")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("stretch", "zone", "start", "end"),
    [
        pytest.param(
            LocalStretch(first=date(2027, 1, 4), last=date(2027, 1, 4)),
            LONDON,
            utc(2027, 1, 4),
            utc(2027, 1, 5),
            id="one whole day",
        ),
        pytest.param(
            LocalStretch(first=date(2027, 3, 28), last=date(2027, 3, 28)),
            LONDON,
            utc(2027, 3, 28),
            utc(2027, 3, 28, 23),
            id="a day of 23 hours",
        ),
        pytest.param(
            LocalStretch(first=date(2027, 3, 27), last=date(2027, 3, 28)),
            BEIRUT,
            utc(2027, 3, 26, 22),
            utc(2027, 3, 28, 21),
            id="a day without a midnight",
        ),
        pytest.param(
            LocalStretch(
                first=date(2027, 7, 1), last=date(2027, 7, 2), begins=time(14), until=time(10)
            ),
            LONDON,
            utc(2027, 7, 1, 13),
            utc(2027, 7, 2, 9),
            id="from an afternoon to a morning",
        ),
    ],
)
def test_stretch_is_read_on_the_clock_of_the_site(
    stretch: LocalStretch, zone: ZoneInfo, start: datetime, end: datetime
) -> None:
    span = stretch.span(zone)
    assert (span.start, span.end) == (start, end)
    assert absences.as_said(Absence(start=start, end=end), zone) == stretch


@pytest.mark.parametrize(
    ("stretch", "error"),
    [
        (LocalStretch(first=date(2027, 1, 5), last=date(2027, 1, 4)), Malformed),
        (
            LocalStretch(
                first=date(2027, 1, 4), last=date(2027, 1, 4), begins=time(10), until=time(10)
            ),
            Malformed,
        ),
        (
            LocalStretch(first=date(2027, 3, 28), last=date(2027, 3, 28), begins=time(1, 30)),
            NonexistentTime,
        ),
        (
            LocalStretch(first=date(2027, 10, 31), last=date(2027, 10, 31), begins=time(1, 30)),
            AmbiguousTime,
        ),
    ],
)
def test_stretch_that_makes_no_sense_is_refused(
    stretch: LocalStretch, error: type[Exception]
) -> None:
    with pytest.raises(error):
        stretch.span(LONDON)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (utc(2027, 1, 4), utc(2027, 1, 5), "Mon 4 Jan 2027"),
        (utc(2027, 1, 4), utc(2027, 1, 6), "Mon 4 Jan 2027 to Tue 5 Jan 2027"),
        (utc(2027, 1, 4, 9), utc(2027, 1, 4, 12), "Mon 4 Jan 2027, 09:00 to 12:00"),
        (utc(2027, 1, 4, 9), utc(2027, 1, 5), "Mon 4 Jan 2027, 09:00 to 24:00"),
        (utc(2027, 1, 4, 9), utc(2027, 1, 5, 12), "Mon 4 Jan 2027 09:00 to Tue 5 Jan 2027 12:00"),
    ],
)
def test_absence_is_said_on_one_line(start: datetime, end: datetime, words: str) -> None:
    assert absences.in_words(Absence(start=start, end=end), LONDON) == words


@pytest.fixture
def clinic(db: None) -> cast.Clinic:
    return cast.build()


@pytest.fixture
def visit(clinic: cast.Clinic) -> Appointment:
    """Resurfacing on Tuesday 11:00-11:45, its room from 10:00 to 11:55."""
    return booking.book(
        wish=clinic.wish(practitioner_id=clinic.doctor.pk),
        start=cast.at(cast.day(1), 11),
        by=cast.reception(),
        now=cast.NOW,
    ).appointment


def struck(start: tuple[int, int], end: tuple[int, int], **whose: object) -> list[int]:
    absence = Absence(start=cast.at(cast.day(1), *start), end=cast.at(cast.day(1), *end), **whose)
    return list(absences.struck(absence).values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("who", "start", "end", "hit"),
    [
        ("doctor", (11, 40), (12, 0), True),
        ("doctor", (11, 45), (12, 0), False),
        ("doctor", (10, 0), (11, 0), False),
        ("nurse", (9, 0), (18, 0), False),
        ("room", (10, 0), (10, 5), True),
        ("room", (11, 55), (12, 30), False),
        ("site", (10, 0), (10, 5), True),
        ("site", (12, 0), (13, 0), False),
    ],
)
def test_absence_hits_what_its_resource_or_site_holds(
    clinic: cast.Clinic,
    visit: Appointment,
    who: str,
    start: tuple[int, int],
    end: tuple[int, int],
    *,
    hit: bool,
) -> None:
    whose = {"site": clinic.site} if who == "site" else {"resource": getattr(clinic, who)}
    assert struck(start, end, **whose) == ([visit.pk] if hit else [])


def test_absence_hits_no_cancelled_visit(clinic: cast.Clinic, visit: Appointment) -> None:
    booking.cancel(
        appointment_id=visit.pk, version=None, reason="ill", by=cast.reception(), now=cast.NOW
    )
    assert struck((9, 0), (18, 0), site=clinic.site) == []

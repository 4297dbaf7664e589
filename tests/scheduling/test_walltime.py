from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from scheduling.errors import AmbiguousTime, Malformed, NonexistentTime
from scheduling.walltime import WrongOffset, instant_of, local_date_of

LONDON = ZoneInfo("Europe/London")
HOWE = ZoneInfo("Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2027-07-05T10:30", 9),
        ("2027-07-05 10:30:00", 9),
        ("2027-07-05T10:30+01:00", 9),
        ("2027-01-05T10:30", 10),
        ("2027-01-05T10:30Z", 10),
        ("2027-01-05T10:30:00+00:00", 10),
    ],
)
def test_a_time_is_read_on_the_clock_of_the_site(text: str, hour: int) -> None:
    assert instant_of(text, LONDON).hour == hour
    assert instant_of(text, LONDON).tzinfo is UTC


def test_a_skipped_time_is_refused_with_both_instants_it_may_mean() -> None:
    with pytest.raises(NonexistentTime) as refused:
        instant_of("2027-03-28T01:30", LONDON)
    assert refused.value.facts["instants"] == [
        "2027-03-28T00:30:00+00:00",
        "2027-03-28T02:30:00+01:00",
    ]


def test_a_time_shown_twice_is_refused_with_both_instants() -> None:
    with pytest.raises(AmbiguousTime) as refused:
        instant_of("2027-04-04T01:45", HOWE)
    both = refused.value.facts["instants"]
    assert both == ["2027-04-04T01:45:00+11:00", "2027-04-04T01:45:00+10:30"]
    assert [instant_of(text, HOWE).hour for text in both] == [14, 15]


def test_an_offset_that_the_site_does_not_have_is_refused() -> None:
    with pytest.raises(WrongOffset) as refused:
        instant_of("2027-07-05T10:30+00:00", LONDON)
    assert refused.value.facts == {"local": "2027-07-05T11:30:00+01:00"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2027-02-30T10:00",
        "2027-W05-1T10:00",
        "20270705T1030",
        "2027-07-05",
        "2027-07-05T25:00",
        "2027-07-05T10:30+99:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59+14:00",
        "\uff12\uff10\uff12\uff17-07-05T10:30",
        "2027-07-05T10:30\n",
    ],
)
def test_what_is_no_time_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        instant_of(text, LONDON)


def test_a_date_is_read() -> None:
    assert local_date_of("2027-03-28") == date(2027, 3, 28)
    assert datetime.combine(local_date_of("2028-02-29"), datetime.min.time()).day == 29


@pytest.mark.parametrize("text", ["", "28.3.2027", "2027-02-29", "1969-01-01", "2200-01-01"])
def test_what_is_no_date_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        local_date_of(text)

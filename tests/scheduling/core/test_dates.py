"""Moments in the words of a language, by the clock of a place."""

from datetime import UTC, date, datetime, timedelta

import pytest

from notifications.core.sms import Encoding, measure
from scheduling.core.dates import Spoken, spoken

AT = datetime(2026, 12, 12, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "country", "zone", "said"),
    [
        ("en", "GB", "Europe/London", ("Saturday 12 December 2026", "Sat 12 Dec", "14:05")),
        ("en", "US", "America/New_York", ("Saturday, December 12, 2026", "Sat, Dec 12", "9:05 am")),
        (
            "es",
            "ES",
            "Europe/Madrid",
            ("s\u00e1bado 12 de diciembre de 2026", "sab 12 dic", "15:05"),
        ),
        ("xx", "FR", "Asia/Kathmandu", ("Saturday 12 December 2026", "Sat 12 Dec", "19:50")),
    ],
)
def test_spoken_follows_the_language_and_the_place(
    language: str, country: str, zone: str, said: tuple[str, str, str]
) -> None:
    assert spoken(at=AT, zone=zone, language=language, country=country) == Spoken(*said)


@pytest.mark.parametrize(
    ("home", "time"),
    [
        ("", "14:05"),
        ("Europe/London", "14:05"),
        ("Africa/Accra", "14:05"),
        ("America/New_York", "14:05 (London)"),
    ],
)
def test_spoken_names_the_clock_to_those_who_live_by_another(home: str, time: str) -> None:
    said = spoken(at=AT, zone="Europe/London", language="en", country="GB", home=home)
    assert said.time == time


@pytest.mark.parametrize(("hour", "time"), [(0, "12:05 am"), (12, "12:05 pm"), (23, "11:05 pm")])
def test_noon_and_midnight_by_the_american_clock(hour: int, time: str) -> None:
    at = AT.replace(hour=hour)
    assert spoken(at=at, zone="UTC", language="en", country="US").time == time


@pytest.mark.parametrize("language", ["en", "es"])
def test_short_dates_never_make_a_text_dearer(language: str) -> None:
    days = (datetime(2027, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(365))
    said = {spoken(at=d, zone="UTC", language=language, country="ES").short_date for d in days}
    assert {measure(text).encoding for text in said} == {Encoding.GSM7}
    assert len(said) == 365 == (date(2028, 1, 1) - date(2027, 1, 1)).days

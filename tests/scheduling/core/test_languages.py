"""Directions, plurals, and foreign words kept in order."""

import pytest

from notifications.core import itinerary
from notifications.core.sms import plain
from scheduling.core.dates import spoken
from scheduling.core.languages import bare, counted, direction, isolated, number, plural
from tests.scheduling.core.test_dates import AT


@pytest.mark.parametrize(
    ("language", "category", "numbers"),
    [
        ("en", "one", [1]),
        ("en", "other", [0, 2, 11, 101]),
        ("es", "one", [1]),
        ("ar", "zero", [0]),
        ("ar", "one", [1]),
        ("ar", "two", [2]),
        # the samples of CLDR 46's plurals.xml
        ("ar", "few", [3, 10, 103, 110, 1003]),
        ("ar", "many", [11, 26, 99, 111, 1011]),
        ("ar", "other", [100, 102, 200, 202, 300, 1000, 10000]),
    ],
)
def test_plurals_are_those_of_cldr(language: str, category: str, numbers: list[int]) -> None:
    assert {plural(language, n) for n in numbers} == {category}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["1 visit", "2 visits", "3 visits", "11 visits"]),
        ("es", ["1 cita", "2 citas", "3 citas", "11 citas"]),
        ("ar", ["موعد واحد", "موعدان", "3 مواعيد", "11 موعدًا"]),
    ],
)
def test_visits_are_counted_in_the_readers_plural(language: str, said: list[str]) -> None:
    forms = itinerary.words(language)["counted"]
    assert [counted(forms, language, n).format(n=n) for n in (1, 2, 3, 11)] == said


@pytest.mark.parametrize(
    ("country", "said"),
    [
        ("GB", ("السبت، 12 ديسمبر 2026", "السبت 12 ديسمبر", "14:05")),
        ("AE", ("السبت، 12 ديسمبر 2026", "السبت 12 ديسمبر", "2:05 م")),
        ("LB", ("السبت، 12 كانون الأول 2026", "السبت 12 كانون الأول", "2:05 م")),
        ("MA", ("السبت، 12 دجنبر 2026", "السبت 12 دجنبر", "14:05")),
    ],
)
def test_arabic_dates_follow_the_country(country: str, said: tuple[str, str, str]) -> None:
    when = spoken(at=AT, zone="Europe/London", language="ar", country=country)
    assert (when.date, when.short_date, when.time) == said


def test_foreign_words_are_isolated_only_where_the_text_runs_from_right_to_left() -> None:
    assert [direction(x) for x in ("ar", "en", "es")] == ["rtl", "ltr", "ltr"]
    assert isolated("12 Harley Street", "en") == "12 Harley Street"
    assert isolated("12 Harley Street", "ar") == "\u206812 Harley Street\u2069"
    assert number("+44 20", "ar") == "\u2066+44 20\u2069"
    assert (isolated("", "ar"), number("", "ar")) == ("", "")
    assert bare("\u2068A\u2069\u2066+1\u2069") == "A+1"


def test_marks_of_direction_stay_where_they_are_needed() -> None:
    assert plain("موعد \u200e+44") == ("موعد \u200e+44", ())
    assert plain("Tel \u200e+44")[0] == "Tel +44"

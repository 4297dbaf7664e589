"""A moment in the words of a language, by the clock of a place."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

NOON = 12


@dataclass(frozen=True, slots=True)
class Spoken:
    """One moment: the day in full and in short, and the time of day."""

    date: str
    short_date: str
    time: str


@lru_cache(maxsize=1024)
def spoken(*, at: datetime, zone: str, language: str, country: str, home: str = "") -> Spoken:
    """Say when `at` (UTC) is, by the clock of `zone`.

    A reader whose own zone (`home`) shows another time then is told which clock is meant.
    """
    local, habit = at.astimezone(ZoneInfo(zone)), _habit(language, country)
    parts = {
        "day": str(local.day),
        "year": str(local.year),
        "weekday": habit["weekdays"][local.weekday()],
        "month": habit["months"][local.month - 1],
        "short_weekday": habit["short_weekdays"][local.weekday()],
        "short_month": habit["short_months"][local.month - 1],
    }
    time = _time(local, habit)
    if home and at.astimezone(ZoneInfo(home)).utcoffset() != local.utcoffset():
        time += f" ({zone.rpartition('/')[2].replace('_', ' ')})"
    return Spoken(habit["date"].format(**parts), habit["short_date"].format(**parts), time)


def weekdays(language: str) -> list[str]:
    """Name the days of the week, Monday first, for boxes to tick."""
    names: list[str] = _habits()[language]["weekdays"]
    return [name[:1].upper() + name[1:] for name in names]


def spoken_day(day: date, *, language: str, country: str) -> str:
    """Say a local date in full."""
    noon = datetime.combine(day, time(NOON), UTC)
    return spoken(at=noon, zone="UTC", language=language, country=country).date


def short_month(index: int, language: str) -> str:
    """Name a month in short, 0 for January."""
    return str(_habit(language, "")["short_months"][index])


def _time(local: datetime, habit: dict[str, Any]) -> str:
    if habit["clock"] != NOON:
        return f"{local:%H:%M}"
    half = "am" if local.hour < NOON else "pm"
    return f"{local.hour % NOON or NOON}:{local:%M} {habit.get(half, half)}"


@cache
def _habits() -> dict[str, Any]:
    text = files("scheduling").joinpath("data", "dates.json").read_text("utf-8")
    habits: dict[str, Any] = json.loads(text)
    return habits


@cache
def _habit(language: str, country: str) -> dict[str, Any]:
    """Find how a language writes dates in a country; English where the language is unknown."""
    habits = _habits()
    found = habits.get(f"{language}-{country}") or habits.get(language) or habits["en"]
    whole: dict[str, Any] = habits.get(found.get("like", ""), {}) | found
    return whole

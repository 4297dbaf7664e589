"""The choice of another time as it is read: the soonest, the most convenient, then by week."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, islice
from typing import Any

from plans.pages.telling import Voice
from plans.shifting import Day, Places, Start
from scheduling.convenience import PARTS, Convenient
from scheduling.core.languages import counted
from scheduling.core.timeline import floor_q
from scheduling.doors.frame import Words

FEW = 3
"""How many of the soonest and of the most convenient stand on top."""

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One start to choose: the number that its address ends with, and when to be there."""

    start_q: int
    date: str
    time: str
    along: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayShown:
    """One date of a week: what can be chosen, or why nothing can."""

    date: str
    choices: tuple[Choice, ...]
    why: tuple[str, ...]
    along: bool
    count: str


def shown(
    found: Places, wished: Convenient, week: date | None, voice: Voice, words: Words
) -> dict[str, Any]:
    """Lay out where a visit can go; `week` begins with the date asked for, else the first with a start."""
    days = list(islice(found.soonest(), FEW))
    first = found.free.look.first
    last = found.free.look.last
    begins = min(max(week or (days[0].date if days else first), first), last)
    return {
        "soonest": [_choice(day.starts[0], day, voice) for day in days],
        "convenient": list(islice(_convenient(found, wished, voice), FEW)) if wished else [],
        "days": list(_days((found.on(day) for day in _dates(begins, last)), voice, words)),
        "earlier": max(begins - WEEK, first).isoformat() if begins > first else "",
        "later": (begins + WEEK).isoformat() if begins + WEEK <= last else "",
        "wished": bool(wished),
        "weekday_boxes": [(n, n in wished.weekdays, words["weekday_names"][n]) for n in range(7)],
        "part_boxes": [(p, p in wished.parts, words["part_names"][p]) for p in PARTS],
    }


def _dates(begins: date, last: date) -> Iterator[date]:
    day = begins
    while day < begins + WEEK and day <= last:
        yield day
        day += timedelta(days=1)


def _convenient(found: Places, wished: Convenient, voice: Voice) -> Iterator[Choice]:
    """Go through the first start of each day that is as the patient wishes."""
    suiting = (
        day
        for day, starts in found.by_day.items()
        if any(wished.suits(each.arrive_at) for each in starts)
    )
    for date_ in islice(suiting, 8 * FEW):
        day = found.on(date_)
        first = next((s for s in day.starts if wished.suits(s.arrive_at)), None)
        if first is not None:
            yield _choice(first, day, voice)


def _choice(start: Start, day: Day, voice: Voice) -> Choice:
    said = voice.moment(start.arrive_at)
    return Choice(start_q=floor_q(start.start), date=said.date, time=said.time, along=day.along)


def _days(days: Iterable[Day], voice: Voice, words: Words) -> Iterator[DayShown]:
    """Show each day that has starts; neighbours without any, for the same reasons, as one stretch."""

    def alike(day: Day) -> object:
        return day.date if day.starts else frozenset(reason.code for reason in day.reasons)

    for _, some in groupby(days, alike):
        first, *more = some
        until = f" – {voice.day(more[-1].date)}" if more else ""
        yield _day(first, until, voice, words)


def _day(day: Day, until: str, voice: Voice, words: Words) -> DayShown:
    return DayShown(
        date=f"{voice.day(day.date)}{until}",
        choices=tuple(_choice(each, day, voice) for each in day.starts),
        why=tuple(voice.why(day.reasons)),
        along=day.along,
        count=counted(words["times"], voice.language, len(day.starts)).format(n=len(day.starts)),
    )


def boxes(values: Iterable[str]) -> list[int]:
    """Read the weekdays that were ticked; what is no number is no weekday."""
    return [int(value) for value in values if value.isascii() and value.isdigit()]

"""A session's starts grouped by the dates they lie on: what a course is searched over.

A sitting is a stretch of quanta that share a start date and an end date, and that hold at least
one start. A session has some 180 of them in half a year, against thousands of starts, and all
day lags and day rules see nothing finer.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from plans.core.narrowing import Calendar
from scheduling.core.hours import offsets
from scheduling.core.timeline import EPOCH, SECONDS, Timeline, Window, covered

Days: TypeAlias = NDArray[np.int64]

FAR = 1 << 40
"""A day of the epoch that no course reaches."""

_DAY_S = 86_400
_NEAR_Q = 4 * 288
"""Quanta that are looked at first for the next start: most diaries have one within days."""
_NEAR = (1 << _NEAR_Q) - 1
_AROUND_Q = 2 * 288
"""Quanta beyond a window that its last session may reach into."""


@dataclass(frozen=True, slots=True)
class Sittings:
    """The sittings of one step, ascending: dates as days of the epoch, first and last start."""

    start: Days
    end: Days
    first: Days
    last: Days

    def __len__(self) -> int:
        return len(self.start)


def day_of(day: date) -> int:
    """Return a date as a day of the epoch."""
    return (day - EPOCH.date()).days


def date_of(day: int) -> date:
    """Return the date of a day of the epoch."""
    return EPOCH.date() + timedelta(days=day)


def dates(start_q: int, length: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return the local start date and end date of one session, as days of the epoch."""
    first, last = (EPOCH + timedelta(seconds=q * SECONDS) for q in (start_q, start_q + length))
    last -= timedelta(seconds=1)
    return day_of(first.astimezone(zone).date()), day_of(last.astimezone(zone).date())


def sittings(starts: Timeline, length: int, zone: ZoneInfo, window: Window) -> Sittings:
    """Group all of a session's starts by their dates."""
    return Starts(starts, length, zone, window).within(-FAR, FAR)


class Starts:
    """One session's starts, asked by date; only what a search needs of them is ever looked at."""

    def __init__(self, line: Timeline, length: int, zone: ZoneInfo, window: Window) -> None:
        """Look the window's dates up."""
        self.line, self.length, self.zone, self.window = line, length, zone, window
        self.dates = _dated(zone, window, length)
        self.calendar = self.dates.calendar
        self.span = self.dates.span if self.dates.span and line & self.dates.overnight else 0
        self.last = window.q1 - 1

    def dated(self, start_q: int) -> tuple[int, int]:
        """Return the start date and the end date of a start, in the window or out of it."""
        if self.window.holds(start_q):
            return self.calendar.day(start_q), self.calendar.end(start_q)
        return dates(start_q, self.length, self.zone)

    def next(self, day: int) -> int | None:
        """Return the first date with a start on or after a day of the epoch."""
        at = max(self.dates.begins(day) - self.window.q0, 0)
        rest = self.line >> at
        if not rest:
            return None
        near = rest & _NEAR or rest
        return max(day, self.dates.shown(self.window.q0 + at + (near & -near).bit_length() - 1))

    def previous(self, day: int) -> int | None:
        """Return the last date with a start on or before a day of the epoch."""
        end = max(self.dates.ends(day) - self.window.q0, 0)
        near = max(end - _NEAR_Q, 0)
        rest = self.line >> near & ((1 << (end - near)) - 1)
        if not rest:
            near, rest = 0, self.line & ((1 << end) - 1)
            if not rest:
                return None
        return min(day, self.dates.shown(self.window.q0 + near + rest.bit_length() - 1))

    def cut(self, low: int, high: int) -> tuple[int, Timeline]:
        """Return the starts of the dates from `low` to `high` as bits, and what they count from."""
        begin = max(self.dates.begins(low), self.window.q0)
        end = max(self.dates.ends(high), begin)
        line = self.line >> (begin - self.window.q0) & ((1 << (end - begin)) - 1)
        return begin, line

    def within(self, low: int, high: int) -> Sittings:
        """Group the starts of the dates from `low` to `high`, both inclusive."""
        begin, line = self.cut(low, high)
        rows = []
        calendar = self.calendar
        at = max(bisect_right(calendar.cuts, begin) - 1, 0)
        while line:
            # The first start that is left, and all that share its dates.
            skip = (line & -line).bit_length() - 1
            begin += skip
            line >>= skip
            at = bisect_right(calendar.cuts, begin, lo=at) - 1
            edge = calendar.cuts[at + 1] if at + 1 < len(calendar.cuts) else self.window.q1
            some = line & ((1 << (edge - begin)) - 1)
            rows.append(
                (calendar.starts[at], calendar.ends[at], begin, begin + some.bit_length() - 1)
            )
            line >>= edge - begin
            begin = edge
        return Sittings(*np.array(rows, dtype=np.int64).reshape(-1, 4).T)


class Pinned:
    """The one start of a session that is fixed, in the window or out of it."""

    def __init__(self, start_q: int, length: int, zone: ZoneInfo) -> None:
        """Look its dates up."""
        self.start_q = start_q
        self.length, self.zone = length, zone
        self.start, self.end = dates(start_q, length, zone)
        self.span = self.end - self.start
        self.calendar = Calendar([start_q], [self.start], [self.end], self.span)
        self.last = start_q

    def dated(self, start_q: int) -> tuple[int, int]:
        """Return the start date and the end date of a start."""
        return dates(start_q, self.length, self.zone)

    def cut(self, low: int, high: int) -> tuple[int, Timeline]:
        """Return its one start, if its date lies between, and what the bit counts from."""
        return self.start_q, int(low <= self.start <= high)

    def next(self, day: int) -> int | None:
        """Return its date if that is on or after a day of the epoch."""
        return self.start if self.start >= day else None

    def previous(self, day: int) -> int | None:
        """Return its date if that is on or before a day of the epoch."""
        return self.start if self.start <= day else None

    def within(self, low: int, high: int) -> Sittings:
        """Return its sitting, if its date lies between."""
        count = int(low <= self.start <= high)
        values = (self.start, self.end, self.start_q, self.start_q)
        return Sittings(*(np.full(count, value, dtype=np.int64) for value in values))


@dataclass(frozen=True, slots=True)
class _Dated:
    """A window's dates for sessions of one length.

    `overnight` are the starts whose session ends on a later date, at most `span` days later.
    Where a zone once showed a date again, the first and the last of its quanta count.
    """

    breaks: list[int]
    labels: list[int]
    firsts: list[int]
    lasts: list[int]
    overnight: Timeline
    span: int
    last_q: int
    calendar: Calendar

    def begins(self, day: int) -> int:
        """Return the first quantum that shows the day or a later one."""
        at = bisect_left(self.firsts, day)
        return self.breaks[at] if at < len(self.breaks) else self.last_q

    def ends(self, day: int) -> int:
        """Return the quantum after the last that shows the day or an earlier one."""
        at = bisect_right(self.lasts, day)
        return self.breaks[at] if at < len(self.breaks) else self.last_q

    def shown(self, quantum: int) -> int:
        """Return the date that the calendar shows, as a day of the epoch."""
        return self.labels[bisect_right(self.breaks, quantum) - 1]


@lru_cache(maxsize=256)
def _dated(zone: ZoneInfo, window: Window, length: int) -> _Dated:
    """Look up a window's dates, once."""
    breaks, shown = _calendar(zone, window)
    cuts, start, end = _segments(zone, window, length)
    edges = [*cuts.tolist(), window.q1]
    late = [(edges[i], edges[i + 1]) for i in np.flatnonzero(end > start).tolist()]
    return _Dated(
        breaks.tolist(),
        shown.tolist(),
        np.maximum.accumulate(shown).tolist() if len(shown) else [],
        np.minimum.accumulate(shown[::-1])[::-1].tolist() if len(shown) else [],
        covered(late, window),
        int((end - start).max(initial=0)),
        window.q1,
        Calendar(cuts.tolist(), start.tolist(), end.tolist(), int((end - start).max(initial=0))),
    )


@lru_cache(maxsize=256)
def _segments(zone: ZoneInfo, window: Window, length: int) -> tuple[Days, Days, Days]:
    """Return the quanta at which a start's start date or end date changes, and both dates there."""
    breaks, shown = _calendar(zone, Window(window.q0, window.q1 + length + _AROUND_Q))
    cuts = np.union1d(breaks, np.maximum(breaks - (length - 1), window.q0))
    cuts = cuts[cuts < window.q1] if window.length else cuts[:0]
    start = shown[np.searchsorted(breaks, cuts, side="right") - 1]
    end = shown[np.searchsorted(breaks, cuts + length - 1, side="right") - 1]
    return cuts, start, end


def _calendar(zone: ZoneInfo, window: Window) -> tuple[Days, Days]:
    """Return the quanta at which the calendar on the wall changes, and the date it shows then."""
    breaks, shown = list[int](), list[int]()
    for stretch in offsets(zone, window):
        day = (stretch.start + stretch.offset) // _DAY_S
        moment = stretch.start
        while moment < stretch.end:
            if not shown or shown[-1] != day:
                breaks.append(-(-moment // SECONDS))
                shown.append(day)
            day += 1
            moment = day * _DAY_S - stretch.offset
    return np.array(breaks, dtype=np.int64), np.array(shown, dtype=np.int64)

"""A session's starts grouped by the dates they lie on: what a course is searched over.

A sitting is a stretch of quanta that share a start date and an end date, and that hold at least
one start. A session has some 180 of them in half a year, against thousands of starts, and all
day lags and day rules see nothing finer.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from scheduling.core.hours import offsets
from scheduling.core.timeline import EPOCH, SECONDS, Timeline, Window, bits

Days: TypeAlias = NDArray[np.int64]

_DAY_S = 86_400
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

    def kept(self, mask: NDArray[np.bool_]) -> "Sittings":
        """Return the sittings that a mask keeps."""
        return Sittings(self.start[mask], self.end[mask], self.first[mask], self.last[mask])


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
    """Group a session's starts by their dates."""
    cuts, start, end = _segments(zone, window, length)
    quanta = bits(starts) + window.q0
    left = np.searchsorted(quanta, cuts)
    right = np.append(left[1:], len(quanta))
    some = np.flatnonzero(right > left)
    return Sittings(start[some], end[some], quanta[left[some]], quanta[right[some] - 1])


def pinned(start_q: int, length: int, zone: ZoneInfo) -> Sittings:
    """Return the one sitting of a session that is fixed, in the window or out of it."""
    start, end = dates(start_q, length, zone)
    return Sittings(
        *(np.array([value], dtype=np.int64) for value in (start, end, start_q, start_q))
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

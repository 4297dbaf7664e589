"""Weekly hours, absences and a zone -> a timeline, right on the days when the clocks change.

Hours are wall-clock promises: a place is open whenever the clock on its wall shows a time within
them. 01:00-04:00 therefore lasts 2 or 4 real hours on a clock-change day, a time that the clocks
skip is no time at all, and one that they show twice is open twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduling.core.timeline import EPOCH, SECONDS, Timeline, Window, busy, complement
from scheduling.core.words import Span

DAY = timedelta(days=1)
DAY_Q = 288
"""Quanta of a wall-clock day, 00:00 to 24:00, whatever the clocks do."""

_WEEK_Q = 7 * DAY_Q
_EPOCH_DATE = EPOCH.date()
_THURSDAY = 3
"""Weekday of 1970-01-01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHours:
    """One row of a weekly timetable, in wall-clock time; `weekday` 0 is Monday.

    `closes` at or before `opens` runs past midnight; 00:00 to 00:00 is the whole day. A row
    belongs to the date on which it begins: `valid_from`, `valid_until` (both inclusive) and
    closed dates ask for that date, also when the row runs into the next one. `lunch` closes.

    Raises:
        ValueError: the weekday is not 0 to 6, a time is finer than a second, or the dates are
            reversed.

    """

    weekday: int
    opens: time
    closes: time
    valid_from: date | None = None
    valid_until: date | None = None
    lunch: bool = False

    def __post_init__(self) -> None:
        """Refuse a row that would silently never open."""
        if self.weekday not in range(7):
            raise ValueError("a weekday is 0 (Monday) to 6 (Sunday)")
        if self.opens.microsecond or self.closes.microsecond:
            raise ValueError("hours are given to the second at most")
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("hours end on or after the date from which they hold")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the UTC time line, ``[start, end)`` in epoch seconds, of one UTC offset."""

    start: int
    end: int
    offset: int


@lru_cache(maxsize=512)
def opening(
    hours: tuple[WeeklyHours, ...], closed: frozenset[date], zone: ZoneInfo, window: Window
) -> Timeline:
    """Return when weekly hours are open, lunch taken out, on dates that are not closed.

    A quantum that is open only in part is not open; one that a row leaves just as the next begins
    is open in whole. No hours at all means closed.
    """
    stretches = offsets(zone, window)
    if not stretches:
        return 0
    # A night that began on the date before the window's first still counts.
    first = _wall_date(stretches[0].start + min(s.offset for s in stretches)) - DAY
    last = _wall_date(stretches[-1].end + max(s.offset for s in stretches))
    wall = lunch = 0
    for row in hours:
        pattern = _pattern(row)
        if row.lunch:
            lunch |= _dates_of(row, closed, first, last) * pattern
        else:
            wall |= _dates_of(row, closed, first, last) * pattern
    wall |= _seams(hours, closed, first, last)
    return _to_utc(wall & ~lunch, (first - _EPOCH_DATE).days * DAY_Q, stretches, window)


def present(line: Timeline, absences: Iterable[Span], window: Window) -> Timeline:
    """Return what is left of a timeline outside of the absences; a touched quantum is lost."""
    return line & complement(busy(absences, window), window)


def _wall_date(wall_seconds: int) -> date:
    return _EPOCH_DATE + timedelta(days=wall_seconds // (DAY_Q * SECONDS))


def _pattern(row: WeeklyHours) -> int:
    """Return a row's quanta counted from the midnight at which its date begins."""
    opens = _seconds(row.opens)
    closes = _seconds(row.closes)
    if closes <= opens:
        closes += DAY_Q * SECONDS
    if row.lunch:  # outward: a break that begins at 12:03 takes 12:00 with it
        start, end = opens // SECONDS, -(-closes // SECONDS)
    else:
        start, end = -(-opens // SECONDS), closes // SECONDS
    return ((1 << (end - start)) - 1) << start if start < end else 0


def _seams(hours: tuple[WeeklyHours, ...], closed: frozenset[date], first: date, last: date) -> int:
    """Return the quanta in which one row closes, off the grid, and another is open from then on."""
    heads, tails = list[tuple[int, int]](), list[tuple[int, int]]()
    for row in hours:
        opens, closes = _seconds(row.opens), _seconds(row.closes)
        closes += DAY_Q * SECONDS if closes <= opens else 0
        if row.lunch or not (opens % SECONDS or closes % SECONDS):
            continue
        dates = _dates_of(row, closed, first, last)
        heads.append((closes % SECONDS, dates << closes // SECONDS))
        tails.append((opens % SECONDS, dates << opens // SECONDS))
    line = 0
    for until, head in heads:
        for since, tail in tails:
            if since <= until:
                line |= head & tail
    return line


def _seconds(wall: time) -> int:
    return wall.hour * 3600 + wall.minute * 60 + wall.second


def _dates_of(row: WeeklyHours, closed: frozenset[date], first: date, last: date) -> int:
    """Return a bit at each midnight of wall time, from `first`, with which the row's dates begin."""
    low = max(first, row.valid_from) if row.valid_from else first
    high = min(last, row.valid_until) if row.valid_until else last
    low += timedelta(days=(row.weekday - low.weekday()) % 7)
    weeks = (high - low).days // 7 + 1
    if weeks <= 0:
        return 0
    start = (low - first).days * DAY_Q
    dates = _every(_WEEK_Q, weeks) << start
    for day in closed:
        if day.weekday() == row.weekday and low <= day <= high:
            dates &= ~(1 << (day - first).days * DAY_Q)
    return dates


@lru_cache(maxsize=64)
def _every(period: int, count: int) -> int:
    """Return `count` bits, `period` apart, from bit 0; the division is what takes the time."""
    return ((1 << (period * count)) - 1) // ((1 << period) - 1)


def _to_utc(wall: int, wall0: int, stretches: tuple[Stretch, ...], window: Window) -> Timeline:
    """Cut a line of wall-clock quanta, from quantum `wall0`, into UTC by stretches of offset."""
    line = 0
    for stretch in stretches:
        start, end = _grid(stretch, window)
        if start >= end:
            continue
        # An offset off the grid (before 1972) makes a UTC quantum touch two wall quanta.
        low = start + stretch.offset // SECONDS - wall0
        high = start - (-stretch.offset // SECONDS) - wall0
        both = (wall >> low) & (wall >> high)
        line |= (both & ((1 << (end - start)) - 1)) << (start - window.q0)
    return line


def _grid(stretch: Stretch, window: Window) -> tuple[int, int]:
    """Return the quanta that lie entirely in a stretch, cut to the window."""
    start = -(-stretch.start // SECONDS)
    end = stretch.end // SECONDS
    return max(start, window.q0), min(end, window.q1)


def offsets(zone: ZoneInfo, window: Window) -> tuple[Stretch, ...]:
    """Return the window as stretches of one UTC offset, ascending and without holes."""
    start, end = window.q0 * SECONDS, window.q1 * SECONDS
    if start >= end:
        return ()
    first = (EPOCH + timedelta(seconds=start)).year
    last = (EPOCH + timedelta(seconds=end - 1)).year
    return tuple(
        Stretch(max(s.start, start), min(s.end, end), s.offset)
        for year in range(first, last + 1)
        for s in _year(zone, year)
        if s.start < end and s.end > start
    )


@lru_cache(maxsize=1024)
def _year(zone: ZoneInfo, year: int) -> tuple[Stretch, ...]:
    """Return a UTC year's stretches: one look-up a day, bisected to the second where they differ.

    Two changes within a day that cancel each other would be missed; IANA 2026f has none.
    """
    edge = int((datetime(year, 1, 1, tzinfo=UTC) - EPOCH).total_seconds())
    end = int((datetime(year, 12, 31, tzinfo=UTC) - EPOCH).total_seconds()) + DAY_Q * SECONDS
    found = []
    start, offset = edge, _offset(zone, edge)
    while edge < end:
        ahead = min(edge + DAY_Q * SECONDS, end)
        if _offset(zone, ahead) != offset:
            ahead = _turn(zone, edge, ahead)
            found.append(Stretch(start, ahead, offset))
            start, offset = ahead, _offset(zone, ahead)
        edge = ahead
    found.append(Stretch(start, end, offset))
    return tuple(s for s in found if s.start < s.end)


def _turn(zone: ZoneInfo, low: int, high: int) -> int:
    """Return the first second at which the offset is no longer that of `low`."""
    before = _offset(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = (EPOCH + timedelta(seconds=moment)).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def resolve(wall: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Return the UTC instants at which the zone's clocks show a naive wall time, ascending.

    None: the clocks skip it. Two: they show it twice, and a person has to say which.
    """
    found = set()
    for fold in (0, 1):
        moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None, fold=0) == wall.replace(fold=0):
            found.add(moment)
    return tuple(sorted(found))


@lru_cache(maxsize=8192)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first UTC instant at which the zone's calendar shows `day`, or a later date.

    That is midnight where there is one, the end of the gap where there is none, and the same
    instant as the next day's where the whole day is skipped.
    """
    midnight = (day - _EPOCH_DATE).days * DAY_Q * SECONDS
    around = Window(midnight // SECONDS - 2 * DAY_Q, midnight // SECONDS + 2 * DAY_Q)
    for stretch in offsets(zone, around):
        moment = max(stretch.start, midnight - stretch.offset)
        if moment < stretch.end:
            return EPOCH + timedelta(seconds=moment)
    raise ValueError(f"{day} has no beginning in {zone}")


@lru_cache(maxsize=8192)
def day_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """Return a local date's quanta, ``[start_q, end_q)``; empty for a date that is skipped.

    Dates share no quantum and leave none out.
    """
    return _ceil(day_start(day, zone)), _ceil(day_start(day + DAY, zone))


def _ceil(moment: datetime) -> int:
    return -((EPOCH - moment) // timedelta(seconds=SECONDS))


def days_window(first: date, last: date, zone: ZoneInfo) -> Window:
    """Return the window of the local dates `first` to `last`, both inclusive."""
    return Window(day_bounds(first, zone)[0], day_bounds(last, zone)[1])


def local_date(quantum: int, zone: ZoneInfo) -> date:
    """Return the date that the zone's calendar shows when a quantum starts."""
    return (EPOCH + timedelta(seconds=quantum * SECONDS)).astimezone(zone).date()


@lru_cache(maxsize=128)
def step_mask(window: Window, zone: ZoneInfo, step_minutes: int) -> Timeline:
    """Return the quanta whose local wall-clock minute is a multiple of the step.

    Raises:
        ValueError: the step is no multiple of 5 minutes that divides the hour.

    """
    if step_minutes <= 0 or step_minutes % 5 or 60 % step_minutes:
        raise ValueError("a step is a multiple of 5 minutes that divides the hour")
    line = 0
    period = step_minutes * 60 // SECONDS
    for stretch in offsets(zone, window):
        start, end = _grid(stretch, window)
        if start >= end or stretch.offset % SECONDS:
            continue  # an offset off the grid shows no multiple of 5 minutes on a quantum
        start += -(start + stretch.offset // SECONDS) % period
        count = -(-(end - start) // period)
        if count > 0:
            line |= _every(period, count) << (start - window.q0)
    return line

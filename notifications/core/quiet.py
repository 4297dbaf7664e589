"""The local hours in which a telephone may sound, exact over every change of the clocks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The local hours in which a telephone may sound: `opens` included, `closes` excluded.

    08:00 to 20:00 lies within the strictest figure in use, 08:00-21:00 for solicitations
    (47 CFR 64.1200(c)(1)); reminders are informational, and still nobody likes one at night.

    Raises:
        ValueError: it closes before it opens.

    """

    opens: time = time(8)
    closes: time = time(20)

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError("a window must open before it closes")

    def is_open(self, at: datetime, zone: ZoneInfo) -> bool:
        """Tell whether the clock on the wall of `zone` shows an hour of the window."""
        return self.opens <= at.astimezone(zone).time() < self.closes

    def next_open(self, at: datetime, zone: ZoneInfo) -> datetime:
        """Give `at` itself when the window is open, else the next opening, in UTC."""
        if self.is_open(at, zone):
            return at
        days = (at.astimezone(zone).date() + n * DAY for n in range(4))
        opened = next(t for day in days for t in self._openings(day, zone) if t >= at)
        if opened.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset():
            return opened
        # clocks that are put back at night can show an open hour once more
        turned = _jump(at, opened, zone)
        return turned if self.is_open(turned, zone) else opened

    def last_chance(self, at: datetime, zone: ZoneInfo, margin: timedelta) -> datetime:
        """Give a moment of the last window that closed by `at`, `margin` before its end, in UTC.

        The margin leaves a late sender time; a window that is shorter is used from its opening.
        """
        days = (at.astimezone(zone).date() - n * DAY for n in range(4))
        closings = ((day, _instants(day, self.closes, zone)[-1]) for day in days)
        day, closed = next((day, t) for day, t in closings if t <= at)
        opened = _instants(day, self.opens, zone)[0]
        chance = max(opened, closed - margin)
        # in a repeated hour the margin may reach back into a time when it was shut
        return chance if self.is_open(chance, zone) else opened

    def _openings(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        for instant in _instants(day, self.opens, zone):
            if self.is_open(instant, zone):
                yield instant


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """Find when a local date begins, in UTC; some dates have no midnight."""
    return _instants(day, time(0), zone)[0]


def _instants(day: date, wall: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """List when the clock on the wall reaches a time: twice in a repeated hour, else once.

    A time that the clocks skip is reached at the jump.
    """
    local = datetime.combine(day, wall, tzinfo=zone)
    one, two = (local.replace(fold=n).astimezone(UTC) for n in (0, 1))
    if one <= two:
        return (one,) if one == two else (one, two)
    return (_jump(two, one, zone),)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Find the second at which the clocks of `zone` jump, between two instants around it."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


@cache
def country_of(zone: str) -> str:
    """Name the country of a zone by its code (ISO 3166), empty where the table has none.

    The table is `zone.tab` of the tz database, from the package that all zones come from.
    """
    return _countries().get(zone, "")


@cache
def _countries() -> dict[str, str]:
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and line[0] != "#")
    return {row[2]: row[0] for row in rows}

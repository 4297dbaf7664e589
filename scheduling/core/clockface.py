"""Quanta as ISO 8601 text on a zone's clock, thousands at a time.

A `datetime` per start, its `astimezone` and its `isoformat` cost more than the search that found
the start; a day's and a clock's text are made once each instead.
"""

from bisect import bisect_right
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from scheduling.core.hours import offsets
from scheduling.core.timeline import EPOCH, SECONDS, Window

_DAY_SECONDS = 24 * 3600
_EPOCH_ORDINAL = EPOCH.toordinal()


class Clockface:
    """Spells the quanta of one window as the zone's clock shows them, with its offset then."""

    def __init__(self, zone: ZoneInfo, window: Window) -> None:
        """Find the window's stretches of one offset, and each offset's text."""
        stretches = offsets(zone, window)
        self._since = [-(-stretch.start // SECONDS) for stretch in stretches]
        self._offsets = [
            (
                stretch.offset,
                (EPOCH + timedelta(seconds=stretch.start)).astimezone(zone).isoformat()[19:],
            )
            for stretch in stretches
        ]
        self._days: dict[int, str] = {}
        self._times: dict[int, str] = {}

    def text(self, quantum: int) -> str:
        """Spell a quantum of the window, such as 2027-03-28T02:00:00+01:00."""
        offset, behind = self._offsets[bisect_right(self._since, quantum) - 1]
        day, second = divmod(quantum * SECONDS + offset, _DAY_SECONDS)
        shown = self._days.get(day)
        if shown is None:
            shown = self._days[day] = date.fromordinal(_EPOCH_ORDINAL + day).isoformat()
        clock = self._times.get(second)
        if clock is None:
            minute, rest = divmod(second, 60)
            clock = self._times[second] = f"T{minute // 60:02}:{minute % 60:02}:{rest:02}"
        return shown + clock + behind

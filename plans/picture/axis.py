"""The time axis: dates to places, Mondays and months."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from plans.picture.frames import Frame
from plans.picture.values import Tick

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
SHORTEST = timedelta(days=28)
"""Days that even the shortest plan is shown on."""

NARROWEST_WEEK = 3
"""Units below which the ticks of weeks would be a grey bar."""

STEPS = (1, 2, 3, 6, 12)
"""How many months may stand between two labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Dates from `first` to `last` laid out between two places."""

    first: date
    last: date
    left: int
    right: int

    @property
    def days(self) -> int:
        """Count the days between both ends."""
        return (self.last - self.first).days

    def at(self, day: date) -> int:
        """Answer the place of a date; one beyond the axis stands at its end."""
        since = min(max((day - self.first).days, 0), self.days)
        return self.left + (self.right - self.left) * since // self.days

    def units(self, days: int) -> int:
        """Answer how long so many days are."""
        return (self.right - self.left) * days // self.days

    def holds(self, day: date) -> bool:
        """Tell whether a date lies on the axis."""
        return self.first <= day <= self.last


def axis_over(first: date, last: date, frame: Frame) -> Axis:
    """Lay out an axis that begins on a Monday and leaves some room at its end."""
    first -= timedelta(days=first.weekday())
    last = max(last, first + SHORTEST)
    return Axis(
        first=first,
        last=last + max((last - first) // 40, DAY * 2),
        left=frame.gutter + frame.margin,
        right=frame.width - frame.margin,
    )


def weeks(axis: Axis) -> tuple[int, ...]:
    """Answer the places of the Mondays, unless they would lie too close."""
    if axis.units(7) < NARROWEST_WEEK:
        return ()
    return tuple(axis.at(axis.first + WEEK * n) for n in range(axis.days // 7 + 1))


def months(axis: Axis, frame: Frame) -> tuple[Tick, ...]:
    """Answer the firsts of months, as many of them labelled as have room."""
    label, year = frame.width_of("Sep  "), frame.width_of("2027  ")
    step = next((n for n in STEPS if axis.units(28 * n) >= label), STEPS[-1])
    ticks: list[Tick] = []
    for day in _firsts(axis):
        x = axis.at(day)
        named = (day.month - 1) % step == 0 and x + label <= frame.width
        begins = named and (day.month == 1 or not any(tick.label for tick in ticks))
        ticks.append(
            Tick(
                x=x,
                label=f"{day:%b}" if named else "",
                year=f"{day:%Y}" if begins and _clear(x, ticks, year) else "",
            )
        )
    return tuple(ticks)


def _clear(x: int, ticks: list[Tick], room: int) -> bool:
    """Tell whether a year has room after the one before it."""
    return all(x - tick.x >= room for tick in ticks if tick.year)


def _firsts(axis: Axis) -> Iterator[date]:
    day = axis.first.replace(day=1)
    while day <= axis.last:
        if day >= axis.first:
            yield day
        day = (day + timedelta(days=32)).replace(day=1)

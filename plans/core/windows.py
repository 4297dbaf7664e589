"""Between which dates each session of a course may lie, as its lags and what is fixed stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from plans.core.course import DAY_MINUTES, Lag, Unit


@dataclass(frozen=True, slots=True)
class Due:
    """Local dates, both inclusive; without `last` no lag ends the window."""

    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Lain:
    """The local dates on which a session began and ended, or will."""

    start: date
    end: date


def windows(
    steps: Sequence[tuple[str, Sequence[Lag]]], lain: Mapping[str, Lain], floor: date
) -> dict[str, Due]:
    """Return each session's window, in order; `floor` is the first date of what waits for nothing.

    Earlier sessions that have a date count with it, the others with their own window. A session
    never comes before one that precedes it in the course. Lags to steps that are not there (left
    out) bind nothing. Lags in minutes are read as the dates that they can lead to.
    """
    found: dict[str, Due] = {}
    reached = floor
    for key, lags in steps:
        first, last = reached, None
        for lag in lags:
            bounds = _bounds(lag, lain.get(lag.after), found.get(lag.after))
            if bounds is None:
                continue
            first = max(first, bounds.first)
            if bounds.last is not None:
                last = bounds.last if last is None else min(last, bounds.last)
        found[key] = Due(first, last)
        reached = max(reached, lain[key].end if key in lain else first)
    return found


def _bounds(lag: Lag, lain: Lain | None, due: Due | None) -> Due | None:
    """Return what one lag leaves, from where the earlier session lies or may lie."""
    if lain is not None:
        low = high = lain.end if lag.unit is Unit.DAYS else lain.start
    elif due is not None:
        low, high = due.first, due.last or date.max
    else:
        return None
    least, most = lag.least, lag.most
    if lag.unit is Unit.MINUTES:
        least = least // DAY_MINUTES
        most = None if most is None else -(-most // DAY_MINUTES)
    first = low + timedelta(days=least)
    if most is None or high == date.max:
        return Due(first)
    return Due(first, high + timedelta(days=most))

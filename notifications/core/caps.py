"""How many messages one address may get in a day and in a week."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from notifications.core.quiet import DAY, first_instant

WEEK = 7
"""A week is any seven local dates that hold the day, as everywhere in the house."""

_MANY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `day` messages on one local date and `week` on any seven; None sets no bound."""

    day: int | None = None
    week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A cap at one moment: fewer than `day` since `day_from`, fewer than `week` since `week_from`.

    Both moments are in UTC, the first instants of local dates.
    """

    day_from: datetime
    day: int
    week_from: datetime
    week: int


def tightest(caps: Iterable[Cap]) -> Cap | None:
    """Make one cap of several that all hold; None where there is none."""
    every = list(caps)
    days = [c.day for c in every if c.day is not None]
    weeks = [c.week for c in every if c.week is not None]
    if not days and not weeks:
        return None
    return Cap(day=min(days, default=None), week=min(weeks, default=None))


def room(cap: Cap, at: datetime, zone: ZoneInfo) -> Room:
    """Spell what a cap allows at `at` (UTC), by the dates of the reader's zone."""
    today = at.astimezone(zone).date()
    return Room(
        day_from=first_instant(today, zone),
        day=_MANY if cap.day is None else cap.day,
        week_from=first_instant(today - (WEEK - 1) * DAY, zone),
        week=_MANY if cap.week is None else cap.week,
    )


def has_room(cap: Cap, sent: Sequence[datetime], at: datetime, zone: ZoneInfo) -> bool:
    """Tell whether one more may be sent at `at`, after those `sent` before (all UTC)."""
    allows = room(cap, at, zone)
    today = sum(s >= allows.day_from for s in sent)
    this_week = sum(s >= allows.week_from for s in sent)
    return today < allows.day and this_week < allows.week


def next_room(cap: Cap, sent: Sequence[datetime], at: datetime, zone: ZoneInfo) -> datetime | None:
    """Find the first instant from `at` on with room for one more; None where there never is."""
    today = at.astimezone(zone).date()
    begins = (first_instant(today + n * DAY, zone) for n in range(1, WEEK + 2))
    return next((t for t in (at, *begins) if has_room(cap, sent, t, zone)), None)

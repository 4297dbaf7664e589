"""Times as people and programs write them, read as the instants they stand for at a site."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from scheduling.core.hours import resolve
from scheduling.errors import AmbiguousTime, Malformed, NonexistentTime

EARLIEST, LATEST = date(1970, 1, 2), date(2199, 12, 31)
"""Dates that the diary can hold without its arithmetic leaving the calendar."""

LIVING = date(1900, 1, 1)
"""The first date of anybody's life that is still of use."""

_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(?P<offset>Z|[+-]\d{2}:\d{2})?",
    re.ASCII,
)
_FORM = (
    "Write a time as 2027-03-28T10:30, on the site's clock, or with the site's offset behind it."
)


class WrongOffset(Malformed):
    """The offset is not the one that the site's clocks have at that instant."""

    code = "wrong_offset"


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """Read an ISO 8601 time as an instant in UTC.

    Without an offset it is the wall time of `zone`; with one, the offset must be what the zone
    truly has then, so that a program with old clock rules is told and not obeyed.

    Raises:
        Malformed: it is no time, or outside of the years 1970 to 2199.
        WrongOffset: the zone has another offset at that instant.
        NonexistentTime: the clocks skip it; `instants` has it by the clock before and after.
        AmbiguousTime: the clocks show it twice; `instants` has both.

    """
    match = _TIME.fullmatch(text)
    try:
        read = datetime.fromisoformat(text) if match else None
    except ValueError:
        read = None
    if match is None or read is None:
        raise Malformed(_FORM)
    if not EARLIEST <= read.date() <= LATEST:
        raise Malformed("A time lies between the years 1970 and 2199.")
    return _wall(read, zone) if match["offset"] is None else _exact(read, zone)


def _exact(read: datetime, zone: ZoneInfo) -> datetime:
    local = read.astimezone(zone)
    if local.utcoffset() != read.utcoffset():
        raise WrongOffset(
            f"{zone.key} does not have that offset then; this instant is {local.isoformat()} there.",
            local=local.isoformat(),
        )
    return read.astimezone(UTC)


def _wall(wall: datetime, zone: ZoneInfo) -> datetime:
    instants = resolve(wall, zone)
    if len(instants) == 1:
        return instants[0]
    shown = f"{wall:%H:%M} on {wall.day} {wall:%B %Y}"
    if instants:
        both = [instant.astimezone(zone).isoformat() for instant in instants]
        raise AmbiguousTime(
            f"The clocks show {shown} twice. Say which: {' or '.join(both)}.", instants=both
        )
    # Fold 1 reads a skipped time by the clock after the gap, which is the earlier instant.
    around = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
    both = [instant.astimezone(zone).isoformat() for instant in around]
    raise NonexistentTime(
        f"The clocks skip {shown}. Did you mean {' or '.join(both)}?", instants=both
    )


def local_date_of(text: str, *, since: date = EARLIEST) -> date:
    """Read a date as YYYY-MM-DD; `since` is the first that makes sense.

    Raises:
        Malformed: it is no date, or outside of the years of `since` to 2199.

    """
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else None
    except ValueError:
        day = None
    if day is None:
        raise Malformed("Write a date as 2027-03-28.")
    if not since <= day <= LATEST:
        raise Malformed(f"A date lies between the years {since.year} and {LATEST.year}.")
    return day

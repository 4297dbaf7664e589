"""Civil dates: months that do not lie, birthdays, and where a local day begins."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def wait_until(day: date, months: int) -> date:
    """Add months to a wait: a day that does not exist becomes the 1st of the month after.

    31 August + 6 months is 1 March, so that no wait is shortened (CDSi CALCDT-5, convention D4).
    """
    year, month = _months(day, months)
    if day.day <= monthrange(year, month)[1]:
        return date(year, month, day.day)
    return date(year, month, monthrange(year, month)[1]) + DAY


def valid_until(day: date, months: int) -> date:
    """Add months to a validity: a day that does not exist becomes the month's last day.

    31 August + 6 months is 28 February, the last valid day itself (convention D4).
    """
    year, month = _months(day, months)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _months(day: date, months: int) -> tuple[int, int]:
    years, month = divmod(day.month - 1 + months, 12)
    return day.year + years, month + 1


def birthday(born: date, age: int) -> date:
    """Give the local date on which somebody is `age`; 29 February is 1 March in common years.

    Convention D8: the later reading, since a year too few is the careful side.
    """
    return wait_until(born, 12 * age)


def age_on(born: date, day: date) -> int:
    """Give the age in whole years on a local date, never below 0."""
    years = day.year - born.year
    return max(0, years if day >= birthday(born, years) else years - 1)


@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Give the first instant, in UTC, of a local date; right where midnight does not exist.

    Where clocks go from 24:00 back to 23:00 the date begins at the second midnight, since the
    hour before it belongs to the old date twice over.
    """
    wall = datetime.combine(day, time())
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).date() < day:
        # No such midnight: fold 0 reads it with the old offset and lands on the old date.
        instant = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return instant


def spoken(day: date) -> str:
    """Write a date as people read it: 9 March 2026."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def days(count: int) -> str:
    """Write a number of days: 1 day, 7 days."""
    return f"{count} day" if count == 1 else f"{count} days"

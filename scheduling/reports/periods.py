"""Stretches of local dates that reports count over: weeks, months, quarters, or any dates."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

DAY = timedelta(days=1)
LONGEST_DAYS = 366
"""Days of the longest period that a report counts over."""


class Kind(StrEnum):
    """How a period is said."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Period:
    """Local dates `first` to `last`, both inclusive, the same dates at every site.

    Weeks begin on Monday (ISO 8601), quarters with January, April, July and October.

    Raises:
        ValueError: reversed, or longer than `LONGEST_DAYS`.

    """

    kind: Kind
    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse what cannot be counted over."""
        if not 0 <= (self.last - self.first).days < LONGEST_DAYS:
            raise ValueError(f"a period has 1 to {LONGEST_DAYS} days")

    @classmethod
    def holding(cls, kind: Kind, day: date) -> "Period":
        """Answer the week, month or quarter that holds a date; of no kind, that date alone."""
        if kind is Kind.WEEK:
            first = day - day.weekday() * DAY
            return cls(kind, first, first + 6 * DAY)
        if kind is Kind.CUSTOM:
            return cls(kind, day, day)
        first = day.replace(day=1)
        if kind is Kind.QUARTER:
            first = first.replace(month=first.month - (first.month - 1) % 3)
        return cls(kind, first, _months_on(first, 3 if kind is Kind.QUARTER else 1) - DAY)

    @property
    def days(self) -> int:
        """Number of dates."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """The period before it: the last week, month or quarter, else as many days."""
        if self.kind is not Kind.CUSTOM:
            return Period.holding(self.kind, self.first - DAY)
        return Period(self.kind, self.first - self.days * DAY, self.first - DAY)

    @property
    def after(self) -> "Period":
        """The period after it."""
        if self.kind is not Kind.CUSTOM:
            return Period.holding(self.kind, self.last + DAY)
        return Period(self.kind, self.last + DAY, self.last + self.days * DAY)

    def __str__(self) -> str:
        """Say the dates."""
        if self.kind is Kind.MONTH:
            return f"{self.first:%B %Y}"
        if self.kind is Kind.QUARTER:
            return f"{self.first:%B} to {self.last:%B %Y}"
        if self.first == self.last:
            return f"{self.first:%-d %b %Y}"
        return f"{self.first:%-d %b %Y} to {self.last:%-d %b %Y}"


def _months_on(first: date, count: int) -> date:
    """Answer the first of a month some months on."""
    index = first.year * 12 + first.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)

"""In which order those who wait are offered a time; no Django.

The order is the same wherever it is asked for: urgent first; then the plan session whose
last fitting date is nearest; then those who have no visit at all before those who would only like
theirs earlier; then the longest wait.
"""

from dataclasses import dataclass
from datetime import date, datetime, time


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What the order knows of somebody who waits: `since` aware, `not_after` a local date."""

    id: int
    since: datetime
    urgent: bool = False
    has_visit: bool = False
    not_after: date | None = None


def rank(waiting: Waiting) -> tuple[bool, date, bool, datetime, int]:
    """Answer the key by which those who wait are sorted, the first to be offered lowest."""
    return (
        not waiting.urgent,
        waiting.not_after or date.max,
        waiting.has_visit,
        waiting.since,
        waiting.id,
    )


ORDER = (
    "Urgent first; then the session of a course whose last fitting date is nearest; then those who"
    " have no visit before those who would like theirs earlier; then the longest wait."
)
"""The order in a sentence, for the screen that shows it."""


def because(waiting: Waiting) -> tuple[str, ...]:
    """Say what puts somebody where they stand, in the order in which it counts."""
    said = ["urgent: a clinician asks for it"] if waiting.urgent else []
    if waiting.not_after:
        said.append(f"a session of a course, to be by {waiting.not_after:%-d %b %Y}")
    said.append("would like their visit earlier" if waiting.has_visit else "has no visit")
    return (*said, f"waits since {waiting.since:%-d %b %Y}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suits:
    """When somebody could come, by the site's clock; no weekdays (0 is Monday) mean any."""

    until: date
    weekdays: frozenset[int] = frozenset()
    from_time: time | None = None
    until_time: time | None = None

    def allows(self, local: datetime) -> bool:
        """Tell whether a start suits, both ends of the hours included."""
        day, at = local.date(), local.time().replace(tzinfo=None)
        if day > self.until or (self.weekdays and day.weekday() not in self.weekdays):
            return False
        early = self.from_time is not None and at < self.from_time
        late = self.until_time is not None and at > self.until_time
        return not early and not late

"""How full each day of a month is: visits, and the practitioners' time that they hold."""

from dataclasses import dataclass
from datetime import date

from scheduling import catalogue, statements
from scheduling.core import hours
from scheduling.diary.agenda import GONE
from scheduling.models import Resource

_BOOKED = """
SELECT a.local_date, count(DISTINCT a.id), coalesce(sum(l.end_q - l.start_q), 0) * 5
FROM scheduling_appointment a
LEFT JOIN scheduling_allocation l ON l.appointment_id = a.id AND l.active AND l.resource_id = ANY(%s)
WHERE a.site_id = %s AND a.local_date BETWEEN %s AND %s AND a.status <> ALL(%s)
GROUP BY a.local_date
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One local date: its visits, the minutes they hold of practitioners, and those there are.

    `minutes_open` counts the hours of all practitioners less their absences.
    """

    date: date
    visits: int
    minutes_held: int
    minutes_open: int
    holiday: str = ""

    @property
    def percent(self) -> int:
        """Say how full the day is; more than 100 where somebody works past the hours."""
        return round(100 * self.minutes_held / self.minutes_open) if self.minutes_open else 0


def loads(*, site_id: int, first: date, last: date) -> list[Load]:
    """Read the load of each local date from `first` to `last`, both inclusive, in one query.

    Raises:
        NotFound: there is no such site.

    """
    ground = catalogue.current()
    site = ground.site(site_id)
    window = hours.days_window(first, last, site.tz)
    people = [
        thing.id
        for thing in ground.resources.values()
        if thing.kind == Resource.Kind.PRACTITIONER and thing.works_at(site_id)
    ]
    asked = [people, site_id, first, last, list(GONE)]
    booked = {day: (count, minutes) for day, count, minutes in statements.rows(_BOOKED, asked)}
    present = ground.lines(site, window).present
    found = []
    for n in range((last - first).days + 1):
        day = first + n * hours.DAY
        low, high = hours.day_bounds(day, site.tz)
        opened = sum((present[pk] & window.between(low, high)).bit_count() for pk in people)
        count, minutes = booked.get(day, (0, 0))
        found.append(
            Load(
                date=day,
                visits=count,
                minutes_held=minutes,
                minutes_open=opened * 5,
                holiday=ground.holiday(site, day),
            )
        )
    return found

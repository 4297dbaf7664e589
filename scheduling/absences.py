"""Absences: entered in the wall time of a site, and which booked visits they hit.

An absence never cancels anything: reception sees the visits and moves them one by one.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from scheduling import walltime
from scheduling.core.hours import day_start
from scheduling.core.words import OCCUPYING, Span
from scheduling.errors import Malformed
from scheduling.models import Absence, Appointment, Site

QUANTUM = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalStretch:
    """A stretch as a person says it at a site: days, and times unless whole days are meant.

    Both days are inclusive; `until` without a time is the end of `last`.
    """

    first: date
    last: date
    begins: time | None = None
    until: time | None = None

    def span(self, zone: ZoneInfo) -> Span:
        """Turn it into instants.

        Raises:
            Malformed: it ends before it begins, or lies beyond the diary.
            NonexistentTime: the clocks skip one of its times.
            AmbiguousTime: the clocks show one of its times twice.

        """
        if (
            min(self.first, self.last) < walltime.EARLIEST
            or max(self.first, self.last) > walltime.LATEST
        ):
            raise Malformed("A time lies between the years 1970 and 2199.")
        start = at(self.first, self.begins, zone)
        end = (
            day_start(self.last + timedelta(days=1), zone)
            if self.until is None
            else at(self.last, self.until, zone)
        )
        if start >= end:
            raise Malformed("An absence ends after it starts.")
        return Span(start, end)


def at(day: date, wall: time | None, zone: ZoneInfo) -> datetime:
    """Turn a local date and wall time into an instant; without a time, the start of the day.

    Raises:
        NonexistentTime: the clocks skip that time.
        AmbiguousTime: the clocks show it twice.

    """
    if wall is None:
        return day_start(day, zone)
    return walltime.instant_of(datetime.combine(day, wall).isoformat(), zone)


def as_said(absence: Absence, zone: ZoneInfo) -> LocalStretch:
    """Read an absence back as a person at the site would say it."""
    start, end = absence.start.astimezone(zone), absence.end.astimezone(zone)
    whole_end = absence.end == day_start(end.date(), zone)
    last = end.date() - timedelta(days=1) if whole_end else end.date()
    return LocalStretch(
        first=start.date(),
        begins=None if absence.start == day_start(start.date(), zone) else start.time(),
        last=last,
        until=None if whole_end else end.time(),
    )


def in_words(absence: Absence, zone: ZoneInfo) -> str:
    """Say the stretch on one line, in the wall time of a zone."""
    said = as_said(absence, zone)
    first = f"{said.first:%a %-d %b %Y}"
    if said.begins is None and said.until is None:
        return first if said.first == said.last else f"{first} to {said.last:%a %-d %b %Y}"
    begins = f"{said.begins or time():%H:%M}"
    until = "24:00" if said.until is None else f"{said.until:%H:%M}"
    if said.first == said.last:
        return f"{first}, {begins} to {until}"
    return f"{first} {begins} to {said.last:%a %-d %b %Y} {until}"


def who(absence: Absence) -> str:
    """Name the resource that is away, or the site that is closed."""
    return str(absence.resource) if absence.resource_id else f"{absence.site} (whole site)"


def clock_of(absence: Absence) -> Site | None:
    """Choose the site whose clock an absence is read by: its own, else the first one."""
    if absence.site_id:
        return absence.site
    if absence.resource and absence.resource.site_id:
        return absence.resource.site
    return Site.objects.order_by("pk").first()


def struck(absence: Absence) -> QuerySet[Appointment]:
    """List the visits that an absence hits, in order of time.

    They hold the absent resource, or lie at the closed site; preparation and cleaning count.
    """
    start_q = (absence.start - _EPOCH) // QUANTUM
    end_q = -((_EPOCH - absence.end) // QUANTUM)
    held = Q(
        allocations__active=True, allocations__start_q__lt=end_q, allocations__end_q__gt=start_q
    )
    if absence.resource_id:
        hit = held & Q(allocations__resource=absence.resource_id)
    else:
        hit = Q(site=absence.site_id) & (held | Q(start__lt=absence.end, end__gt=absence.start))
    return (
        Appointment.objects.filter(hit, status__in=sorted(OCCUPYING))
        .select_related("treatment", "site", "patient")
        .order_by("start", "pk")
        .distinct()
    )

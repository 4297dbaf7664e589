"""Some days of a site as the diary draws them: columns, visits in their parts, and the ground.

Times are quanta of 5 minutes; the edge spells them on the site's clock. Two statements, however
many visits: the visits with what they hold, and when somebody is busy at another site, which
carries the catalogue's counter along.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import md5
from typing import Any

from scheduling import catalogue, statements
from scheduling.catalogue import Ground, Place, Thing
from scheduling.core import hours
from scheduling.core.timeline import Timeline, Window, complement, covered, spans
from scheduling.core.words import Status
from scheduling.models import Record
from scheduling.models.appointments import LONGEST_Q

GONE = (Status.CANCELLED.value, Status.ENTERED_IN_ERROR.value)
"""Statuses that are not drawn."""

_FIELDS = """a.id, a.patient_id, a.treatment_id, a.procedure, a.start_q, a.end_q, a.status,
  a.version, a.areas, a.size, a.series_id, a.seq, a.confirmed_at IS NOT NULL, a.recovery_least,
  a.recovery_typical, a.note, a.local_date, trim(p.given_name || ' ' || p.family_name)"""
_VISITS = f"""
SELECT {_FIELDS}, held.held
FROM scheduling_appointment a JOIN scheduling_patient p ON p.id = a.patient_id
LEFT JOIN LATERAL (
  SELECT array_agg(ARRAY[l.resource_id, l.start_q, l.end_q] ORDER BY l.id) AS held
  FROM scheduling_allocation l WHERE l.appointment_id = a.id) held ON true
WHERE a.site_id = %s AND a.local_date BETWEEN %s AND %s AND a.status <> ALL(%s)
ORDER BY a.start_q, a.id
"""  # noqa: S608 - no text of anybody's
_ELSEWHERE = f"""
SELECT ground.counter, away.* FROM (SELECT ({catalogue.COUNTER}) AS counter) ground
LEFT JOIN (
  SELECT l.resource_id, l.start_q, l.end_q
  FROM scheduling_allocation l JOIN scheduling_appointment a ON a.id = l.appointment_id
  WHERE l.active AND l.resource_id = ANY(%s) AND l.start_q >= %s AND l.start_q < %s
    AND a.site_id <> %s
  ORDER BY l.resource_id, l.start_q) away ON true
"""  # noqa: S608
_STAMP = f"""
SELECT ({catalogue.COUNTER}), md5(coalesce(string_agg(id || '.' || version, ' ' ORDER BY id), '')),
  (SELECT coalesce(max(id), 0) FROM {Record._meta.db_table})
FROM scheduling_appointment
WHERE site_id = %s AND local_date BETWEEN %s AND %s AND status <> ALL(%s)
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of one visit in one column: the visit itself, or what is held around it."""

    column: int
    start_q: int
    end_q: int
    kind: str
    """`visit`, `before` (numbing, preparing) or `after` (cleaning)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A visit as the diary draws it."""

    pk: int
    patient_id: int
    treatment_id: int
    procedure: str
    start_q: int
    end_q: int
    status: str
    version: int
    areas: tuple[str, ...]
    size: str
    series_id: int | None
    seq: int | None
    confirmed: bool
    recovery_least: date | None
    recovery_typical: date | None
    note: str
    local_date: date
    patient: str
    held: tuple[tuple[int, int, int], ...]

    def parts(self, columns: Iterable[int]) -> Iterator[Part]:
        """Cut what the visit holds in some columns into the visit itself and what is around it."""
        wanted = frozenset(columns)
        for column, low, high in self.held:
            if column not in wanted:
                continue
            if low < self.start_q:
                yield Part(column, low, min(high, self.start_q), "before")
            if low < self.end_q and self.start_q < high:
                yield Part(column, max(low, self.start_q), min(high, self.end_q), "visit")
            if self.end_q < high:
                yield Part(column, max(low, self.end_q), high, "after")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time of one column in which nothing is booked, and why."""

    column: int
    start_q: int
    end_q: int
    kind: str
    """`closed`, `lunch`, `absence` or `elsewhere`."""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Agenda:
    """The days `first` to `last` (local, both inclusive) of a site, by one kind of resource."""

    ground: Ground
    site: Place
    kind: str
    first: date
    last: date
    entries: tuple[Entry, ...]
    elsewhere: tuple[tuple[int, int, int], ...]

    @property
    def stamp(self) -> str:
        """What `stamp` answers while nothing has changed."""
        shown = sorted((entry.pk, entry.version) for entry in self.entries)
        words = " ".join(f"{pk}.{version}" for pk, version in shown)
        digest = md5(words.encode(), usedforsecurity=False).hexdigest()
        return f"{self.ground.version}-{digest}"

    @cached_property
    def window(self) -> Window:
        """The quanta of the days, on the site's clock."""
        return hours.days_window(self.first, self.last, self.site.tz)

    @cached_property
    def columns(self) -> tuple[Thing, ...]:
        """The site's resources of the kind, and those that left but still hold something."""
        used = {column for entry in self.entries for column, _, _ in entry.held}
        return tuple(
            thing
            for thing in _things(self.ground, self.site, self.kind)
            if thing.active or thing.id in used
        )

    def stretches(self) -> Iterator[Stretch]:
        """List when each column is closed, at lunch, away or busy at another site."""
        lines = self.ground.lines(self.site, self.window)
        for thing in self.columns:
            opened, present = lines.opened[thing.id], lines.present[thing.id]
            lunch = self._unbroken(thing) & ~opened
            yield from self._drawn(thing, complement(opened | lunch, self.window), "closed")
            yield from self._drawn(thing, lunch, "lunch", "lunch")
            yield from self._away(thing, opened & ~present)
        shown = {thing.id for thing in self.columns}
        for column, low, high in self.elsewhere:
            if column in shown:
                yield Stretch(column, low, high, "elsewhere", "at another site")

    def _drawn(self, thing: Thing, line: Timeline, kind: str, words: str = "") -> Iterator[Stretch]:
        for low, high in spans(line, self.window):
            yield Stretch(thing.id, low, high, kind, words)

    def _away(self, thing: Thing, line: Timeline) -> Iterator[Stretch]:
        """Name the cause of each absence, where it falls into the hours."""
        for absent in (*thing.absences, *self.site.absences):
            mine = line & covered([(absent.start_q, absent.end_q)], self.window)
            line &= ~mine
            yield from self._drawn(thing, mine, "absence", absent.cause)

    def _unbroken(self, thing: Thing) -> Timeline:
        """Answer a resource's hours as if nobody had lunch, on days that are no holidays."""
        own = thing.follows_site_hours and thing.site_id == self.site.id
        table = self.site.hours if own else thing.hours.get(self.site.id, ())
        return hours.opening(
            tuple(row for row in table if not row.lunch),
            frozenset(self.holidays),
            self.site.tz,
            self.window,
        )

    @cached_property
    def holidays(self) -> dict[date, str]:
        """The days on which the site is closed for a public holiday, with its name."""
        days = (hours.DAY * n + self.first for n in range((self.last - self.first).days + 1))
        found = {day: self.ground.holiday(self.site, day) for day in days}
        return {day: name for day, name in found.items() if name}


def agenda(*, site_id: int, kind: str, first: date, last: date) -> Agenda:
    """Read the days of a site for the columns of one kind of resource.

    Raises:
        NotFound: there is no such site.

    """
    ground = catalogue.remembered()
    if ground is None or site_id not in ground.sites:
        ground = catalogue.current()
    counter, found = _read(ground, site_id, kind, (first, last))
    if counter != found.ground.version:  # what was remembered is no longer the newest
        found = _read(catalogue.current(counter), site_id, kind, (first, last))[1]
    return found


def _read(ground: Ground, site_id: int, kind: str, days: tuple[date, date]) -> tuple[int, Agenda]:
    """Read the days with a catalogue; give its counter in the same breath."""
    site = ground.site(site_id)
    window = hours.days_window(*days, site.tz)
    shown = [thing.id for thing in _things(ground, site, kind)]
    visits, elsewhere = statements.rows_of_each(
        (_VISITS, [site_id, *days, list(GONE)]),
        (_ELSEWHERE, [shown, window.q0 - LONGEST_Q, window.q1, site_id]),
    )
    return elsewhere[0][0], Agenda(
        ground=ground,
        site=site,
        kind=kind,
        first=days[0],
        last=days[1],
        entries=tuple(_entry(row) for row in visits),
        elsewhere=tuple((a, b, c) for _, a, b, c in elsewhere if a is not None),
    )


def stamp(*, site_id: int, first: date, last: date) -> str:
    """Answer what is another once anything on these days has changed; one query.

    The catalogue's counter stands for hours, absences and names; each visit's version for itself.
    """
    return news(site_id=site_id, first=first, last=last)[0]


def news(*, site_id: int, first: date, last: date) -> tuple[str, int]:
    """Answer the `stamp` and, in the same query, the newest record, which may complete papers."""
    ((counter, digest, record),) = statements.rows(_STAMP, [site_id, first, last, list(GONE)])
    return f"{counter}-{digest}", record


def _things(ground: Ground, site: Place, kind: str) -> list[Thing]:
    return [t for t in ground.resources.values() if t.kind == kind and t.works_at(site.id)]


def _entry(row: Sequence[Any]) -> Entry:
    (pk, patient_id, treatment_id, procedure, start_q, end_q, status, version, areas, size,
     series_id, seq, confirmed, least, typical, note, day, patient, held) = row  # fmt: skip
    return Entry(
        pk=pk,
        patient_id=patient_id,
        treatment_id=treatment_id,
        procedure=procedure,
        start_q=start_q,
        end_q=end_q,
        status=status,
        version=version,
        areas=tuple(areas),
        size=size,
        series_id=series_id,
        seq=seq,
        confirmed=confirmed,
        recovery_least=least,
        recovery_typical=typical,
        note=note,
        local_date=day,
        patient=patient or "somebody new",
        held=tuple((a, b, c) for a, b, c in held or ()),
    )

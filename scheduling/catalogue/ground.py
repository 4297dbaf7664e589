"""The catalogue at one version, and what follows from it alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from scheduling.catalogue.closures import closed_dates, public_holidays
from scheduling.catalogue.values import Able, Absent, Offer, Place, Thing, Timetable
from scheduling.core import hours, rules
from scheduling.core.protocol import Protocol
from scheduling.core.timeline import Timeline, Window, complement, covered
from scheduling.errors import ClinicError, NotFound
from scheduling.walltime import EARLIEST, LATEST

KEPT = 64
"""How many windows of opening lines one version of the catalogue remembers."""


class NoProtocol(ClinicError):
    """Rules that cannot be asked cannot be kept: nothing is booked."""

    code = "no_protocol"
    sentence = (
        "No clinical protocol is active, so nothing can be booked. A medical lead activates one."
    )


@dataclass(frozen=True, slots=True)
class Lines:
    """A site's resources in one window, before any booking.

    `whole` is when the site itself is open, `opened` is opening hours, `present` is that without absences, `here` leaves out only the
    absences (what an urgent visit after closing could use), `able` says when a skill that lapses
    is held.
    """

    whole: Timeline
    opened: Mapping[int, Timeline]
    present: Mapping[int, Timeline]
    here: Mapping[int, Timeline]
    able: Mapping[tuple[str, int], Timeline]


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Sites, resources, treatments and the active protocol, as they stood at `version`."""

    version: int
    sites: Mapping[int, Place]
    resources: Mapping[int, Thing]
    treatments: Mapping[int, Offer]
    protocol_id: int | None
    active_protocol: Protocol | None
    _lines: dict[tuple[int, Window], Lines] = field(default_factory=dict, repr=False, compare=False)
    _able: dict[tuple[int, str, str], tuple[int, ...]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def site(self, site_id: int) -> Place:
        """Answer a site.

        Raises:
            NotFound: there is none.

        """
        if site_id not in self.sites:
            raise NotFound("There is no such site.")
        return self.sites[site_id]

    def treatment(self, treatment_id: int) -> Offer:
        """Answer a treatment.

        Raises:
            NotFound: there is none.

        """
        if treatment_id not in self.treatments:
            raise NotFound("There is no such treatment.")
        return self.treatments[treatment_id]

    def able(self, site_id: int, kind: str, skill: str) -> tuple[int, ...]:
        """Answer the ids of a site's active resources of a kind that hold a skill, ascending."""
        key = (site_id, kind, skill)
        if key not in self._able:
            self._able[key] = tuple(
                sorted(
                    thing.id
                    for thing in self.resources.values()
                    if thing.active
                    and thing.kind == kind
                    and thing.works_at(site_id)
                    and thing.holds(skill)
                )
            )
        return self._able[key]

    @cached_property
    def shortest_q(self) -> int:
        """Quanta of the shortest visit that is offered: no shorter gap is of use."""
        minutes = [offer.minutes_least for offer in self.treatments.values() if offer.active]
        return min(minutes, default=5) // 5

    @property
    def protocol(self) -> Protocol:
        """The active protocol, parsed.

        Raises:
            NoProtocol: none is active.

        """
        if self.active_protocol is None:
            raise NoProtocol
        return self.active_protocol

    @property
    def areas(self) -> frozenset[str]:
        """Codes of the body areas that the active protocol knows."""
        return frozenset(self.protocol.areas.masks)

    @property
    def indications(self) -> frozenset[str]:
        """Codes of the indications that the active protocol knows."""
        return frozenset(self.protocol.indications)

    def recovery(
        self, *, procedure: str, size: str, depth: str, end: datetime, zone: str
    ) -> rules.Recovery | None:
        """Answer the local dates until which the skin rests after a visit that ended at `end`.

        An end at exactly 00:00 belongs to the day before (convention D2). None for procedures
        without recovery.
        """
        last = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
        return rules.recovery(procedure, size, depth, last, self.protocol)

    def holiday(self, site: Place, day: date) -> str:
        """Name the public holiday on which the site is closed that day; empty for none."""
        if not site.closed_on_holidays:
            return ""
        return public_holidays(site.country, site.subdivision, day.year).get(day, "")

    def lines(self, site: Place, window: Window) -> Lines:
        """Answer a site's opening, presence and skills in a window; remembered for this version."""
        found = self._lines.get((site.id, window))
        if found is None:
            found = self._build(site, window)
            for oldest in list(self._lines)[: len(self._lines) - KEPT + 1]:
                self._lines.pop(oldest, None)
            self._lines[site.id, window] = found
        return found

    def _build(self, site: Place, window: Window) -> Lines:
        zone = site.tz
        first = hours.local_date(window.q0, zone) - hours.DAY
        last = hours.local_date(window.q1, zone)
        closed = (
            closed_dates(site.country, site.subdivision, first.year, last.year)
            if site.closed_on_holidays
            else frozenset()
        )
        whole = hours.opening(site.hours, closed, zone, window)
        gone = _gone(site.absences, window)
        opened, present, here = {}, {}, {}
        timetables: dict[int, Timeline] = {}
        able: dict[tuple[str, int], Timeline] = {}
        for thing in self.resources.values():
            if thing.site_id not in (None, site.id):
                continue  # another site's room or device is no candidate here
            table = thing.hours.get(site.id, ())
            if thing.follows_site_hours and thing.site_id == site.id:
                opened[thing.id] = whole
            else:
                if id(table) not in timetables:
                    timetables[id(table)] = whole & hours.opening(table, closed, zone, window)
                opened[thing.id] = timetables[id(table)]
            away = gone | _gone(thing.absences, window)
            present[thing.id] = opened[thing.id] & ~away
            here[thing.id] = complement(away, window)
            able |= {(skill, thing.id): line for skill, line in _able(thing, zone, window)}
        return Lines(whole, opened, present, here, able)


def _gone(absences: tuple[Absent, ...], window: Window) -> Timeline:
    return covered(((absent.start_q, absent.end_q) for absent in absences), window)


def _able(thing: Thing, zone: ZoneInfo, window: Window) -> list[tuple[str, Timeline]]:
    """Return a line for each skill that does not hold for ever."""
    lines: dict[str, Timeline] = {}
    for able in thing.skills:
        lines[able.skill] = lines.get(able.skill, 0) | _held(able, zone, window)
    return [(skill, line) for skill, line in lines.items() if line != window.full]


def _held(able: Able, zone: ZoneInfo, window: Window) -> Timeline:
    start, end = window.q0, window.q1
    if able.valid_from is not None and able.valid_from > EARLIEST:
        start = hours.day_bounds(able.valid_from, zone)[0]
    if able.valid_until is not None and able.valid_until < LATEST:
        end = hours.day_bounds(able.valid_until, zone)[1]
    return window.between(start, end)


def weekly_quanta(table: Timetable) -> int:
    """Count the quanta a week that a timetable opens, lunch taken out, validity not asked."""
    total = 0
    for row in table:
        opens, closes = (t.hour * 12 + t.minute // 5 for t in (row.opens, row.closes))
        length = closes - opens if closes > opens else closes - opens + hours.DAY_Q
        total += -length if row.lunch else length
    return max(total, 0)

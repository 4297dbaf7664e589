"""What the catalogue holds, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from scheduling.core.hours import WeeklyHours
from scheduling.core.languages import Called

Timetable = tuple[WeeklyHours, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """A stretch in which a resource or a whole site is not there, in UTC and in quanta.

    Quanta are rounded outward: what an absence touches is gone.
    """

    start: datetime
    end: datetime
    start_q: int
    end_q: int
    cause: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Able:
    """A skill that a resource holds on local dates of the visit, both inclusive; None is open."""

    skill: str
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site: its zone, its own hours and its rules for booking."""

    id: int
    name: str
    zone: str
    country: str
    subdivision: str
    closed_on_holidays: bool
    step_minutes: int
    notice_minutes: int
    horizon_days: int
    cancel_notice_hours: int
    phone: str
    active: bool
    hours: Timetable = ()
    absences: tuple[Absent, ...] = ()

    @property
    def tz(self) -> ZoneInfo:
        """The site's zone."""
        return ZoneInfo(self.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A resource: where it works when, what it can do and when it is away.

    `hours` maps a site's id to the timetable there; `site_id` is None for a practitioner.
    """

    id: int
    kind: str
    name: str
    site_id: int | None
    follows_site_hours: bool
    active: bool
    hours: Mapping[int, Timetable] = field(default_factory=dict)
    absences: tuple[Absent, ...] = ()
    skills: tuple[Able, ...] = ()

    def works_at(self, site_id: int) -> bool:
        """Tell whether the resource has its place or any hours at a site."""
        return self.site_id == site_id or site_id in self.hours

    def holds(self, skill: str) -> bool:
        """Tell whether the resource holds, held or will hold a skill; an empty one needs nothing."""
        return not skill or any(able.skill == skill for able in self.skills)


@dataclass(frozen=True, slots=True)
class Asked:
    """One resource that a treatment holds, in quanta from the visit's start and from its end."""

    kind: str
    skill: str
    skill_name: str
    from_q: int
    until_q: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Abroad:
    """What a treatment is called in another language than the clinic's; empty where nobody said."""

    language: str
    name: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A treatment: what it is, how long, and its needs; each need is a tuple of alternatives."""

    id: int
    name: str
    procedure: str
    minutes_least: int
    minutes_default: int
    minutes_most: int
    active: bool
    self_booking: bool
    asks_area: bool
    summary: str = ""
    needs: tuple[tuple[Asked, ...], ...] = ()
    abroad: tuple[Abroad, ...] = ()
    spoken: str = "en"
    """The language of its own name and summary, which is the clinic's (ISO 639-1)."""

    def named(self, language: str) -> Called:
        """Give the name in a language; where it has none there, the clinic's own."""
        theirs = self._there(language).name
        return Called(
            theirs or self.name, spoken=language if theirs else self.spoken, page=language
        )

    def summed_up(self, language: str) -> Called:
        """Give the summary in a language; where there is none, the clinic's own, maybe empty."""
        theirs, ours = self._there(language).summary, self.summary
        return Called(theirs or ours, spoken=language if theirs else self.spoken, page=language)

    def _there(self, language: str) -> Abroad:
        found = (abroad for abroad in self.abroad if abroad.language == language)
        return next(found, Abroad(language=language))

    @property
    def prep_minutes(self) -> int:
        """Minutes that the widest need begins before the visit."""
        return 5 * max((-asked.from_q for need in self.needs for asked in need), default=0)

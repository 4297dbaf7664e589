"""The words that every room of the house shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open stretch of time, ``[start, end)``, both ends in UTC.

    Spans that only touch do not overlap: 09:00-09:30 and 09:30-10:00 share a room.

    Raises:
        ValueError: the span is empty or reversed, or an end is not in UTC.

    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        """Refuse a span that could not happen."""
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("a span's ends are aware and in UTC")
        if self.start >= self.end:
            raise ValueError("a span ends after it starts")

    @property
    def length(self) -> timedelta:
        """Elapsed time from start to end."""
        return self.end - self.start

    def overlaps(self, other: "Span") -> bool:
        """Tell whether both spans hold a common instant."""
        return self.start < other.end and other.start < self.end


class Severity(StrEnum):
    """How strong a reason is: nobody overrides `HARD` at booking; `ADVISORY` never blocks."""

    HARD = "hard"
    OVERRIDE = "override"
    ADVISORY = "advisory"

    @property
    def rank(self) -> int:
        """0 for the worst; sorts reasons worst first."""
        return ("hard", "override", "advisory").index(self.value)


class Status(StrEnum):
    """FHIR R5 appointment statuses (hl7.org/fhir/valueset-appointmentstatus.html)."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    CHECKED_IN = "checked-in"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    WAITLIST = "waitlist"


COUNTED = frozenset({Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED})
"""Statuses that count clinically (protocol convention D5)."""

OCCUPYING = COUNTED | {Status.PENDING}
"""Statuses whose resources are held; a hold is `pending` and does not count clinically."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A patient's sentence before it is filled in: the English template and what its braces name.

    It is what the same sentence is said from in another language; facts are figures, dates and
    codes, never words that would have to be translated first.
    """

    template: str
    facts: Mapping[str, int | str | date] = field(default_factory=dict)
    name: str = ""
    """The sentence's name among the translations, where a code has several; else the code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a visit may not be (or may be, with a caution): one shape on every screen.

    `earliest` is the local date on which this reason alone ends; None when no date ends it.
    `other` is the id of the visit that this one clashes with, empty for reasons without one; it
    binds an override to its pair and stays inside the house. `plain` is what the patient's sentence
    is said from in other languages (`core.sentences`); it stays inside the house too.
    """

    code: str
    severity: Severity
    sentence: str
    patient_sentence: str
    arithmetic: str = ""
    source: str = ""
    sureness: str = ""
    earliest: date | None = None
    other: str = ""
    plain: Plain | None = field(default=None, compare=False, repr=False)

    def as_dict(self) -> dict[str, str | None]:
        """Spell the reason as JSON, dates as YYYY-MM-DD."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "sentence": self.sentence,
            "patient_sentence": self.patient_sentence,
            "arithmetic": self.arithmetic,
            "source": self.source,
            "sureness": self.sureness,
            "earliest": self.earliest.isoformat() if self.earliest else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a member of staff, a patient by a link, or the house itself.

    `sites` is None where the actor may act at every site. `may_override` is the named
    clinician's permission, read once at the edge. Words to patients about what is done wait for
    the `afterthought`, in which it may be undone; `takes_back` is the visit's `told_version` before
    the step that is being undone.
    """

    name: str
    user_id: int | None = None
    patient_id: int | None = None
    may_override: bool = False
    sites: frozenset[int] | None = None
    afterthought: timedelta = timedelta()
    takes_back: int | None = None

    def works_at(self, site_id: int) -> bool:
        """Tell whether the actor may change things at this site."""
        return self.sites is None or site_id in self.sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody would like to book, before a start is chosen.

    `resources` maps a kind to the ids asked for; `moving` is the appointment whose own place
    does not count; empty `areas` mean "not said", which overlaps everything.
    """

    site_id: int
    treatment_id: int
    patient_id: int | None = None
    minutes: int | None = None
    areas: tuple[str, ...] = ()
    size: str = ""
    depth: str = ""
    indication: str = ""
    encounter: str = ""
    practitioner_id: int | None = None
    resources: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    moving: int | None = None
    series_id: int | None = None
    seq: int | None = None
    not_before: date | None = None
    not_after: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One resource for one stretch, in 5-minute quanta of the Unix epoch, half-open."""

    resource_id: int
    kind: str
    start_q: int
    end_q: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a visit would hold, and what the diary says against it.

    `held` is empty when no combination of free resources exists; it is given even when only
    overridable reasons (outside hours, too soon, off the step) speak against the start.
    `start_q` and `end_q` are the visit itself; `prep_minutes` the time to be there before it.
    `versions` are the diary versions of the held resources that the choice was made on.
    """

    start_q: int
    end_q: int
    prep_minutes: int
    held: tuple[Held, ...] = ()
    reasons: tuple[Reason, ...] = ()
    versions: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FreeStart:
    """A start that booking would accept, in the site's zone, and what it would hold.

    `arrive_at` is the time to be there: the start less the preparation.
    """

    start: datetime
    arrive_at: datetime
    resources: Mapping[str, tuple[int, ...]]

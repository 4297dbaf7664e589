"""What the rules look at: a visit, what is known of the patient, and the patient's own diary."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from scheduling.core.words import Status

INSTANT = timedelta(microseconds=1)


class Moment(StrEnum):
    """When the question is asked.

    Consent is asked for at check-in only; a consultation that is merely booked counts no longer then.
    """

    BOOKING = "booking"
    CHECK_IN = "check_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One session, asked for, booked or done; the rules compare visits by their own civil dates.

    `start` and `end` are any aware datetimes with ``start < end`` and are kept in UTC; `zone` is
    the zone of the visit's site. Empty `areas`, `size` or `depth` mean "not said" and are read
    the careful way: overlaps everything, large, deep. `start_date` is the local date of the start,
    `end_date` the local date of the last moment: an end at exactly 00:00 belongs to the day before
    (conventions D1, D2). `series` is the course of treatment, `seq` its step; visits with one
    `encounter` are done together. A visit with the `id` asked about is never its own neighbour.

    Raises:
        ValueError: an end is naive, or the visit does not end after it starts.

    """

    id: int | str
    procedure: str
    start: datetime
    end: datetime
    zone: ZoneInfo
    areas: frozenset[str] = frozenset()
    size: str = ""
    depth: str = ""
    status: Status | Literal["requested"] = "requested"
    indication: str = ""
    encounter: str = ""
    series: int | str | None = None
    seq: int | None = None
    start_date: date = field(init=False)
    end_date: date = field(init=False)

    def __post_init__(self) -> None:
        """Keep instants in UTC and the civil dates beside them."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a visit's start and end are aware")
        fix = object.__setattr__
        fix(self, "start", self.start.astimezone(UTC))
        fix(self, "end", self.end.astimezone(UTC))
        if self.start >= self.end:
            raise ValueError("a visit ends after it starts")
        fix(self, "start_date", self.start.astimezone(self.zone).date())
        fix(self, "end_date", (self.end - INSTANT).astimezone(self.zone).date())


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One dated clinical fact. `type` decides which fields say something.

    * `consultation`, `consent`, `patch_test`: `start`, `end` (aware), `status`, `zone`; a patch
      test also `procedure` (the modality tested) and `result` (anything but no reaction blocks).
      Appointments for a consultation or a patch test that are still to come are given as such
      records with their status `booked`.
    * `healed`: `areas`, `on`. `doctor_directed`: `on`.
    * `prior_session` (done elsewhere): `procedure, areas, size, depth, on`, perhaps `indication`.
    * `isotretinoin`, `sun_exposure`, `fake_tan`, `waxing`, `pregnancy`, `breastfeeding`,
      `active_infection`, `photosensitising_drug` (+`drug_class`), `dental_or_vaccine`,
      `adverse_event` (+`code`, `areas`): `start_date`, `end_date`; no `end_date` is ongoing.
    """

    type: str
    start: datetime | None = None
    end: datetime | None = None
    zone: ZoneInfo | None = None
    status: Status | Literal[""] = ""
    procedure: str = ""
    result: str = ""
    areas: frozenset[str] = frozenset()
    size: str = ""
    depth: str = ""
    on: date | None = None
    start_date: date | None = None
    end_date: date | None = None
    code: str = ""
    drug_class: str = ""
    indication: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that is known of one patient, clinic-wide: records, and visits past and to come.

    `visits` may hold every status; the rules count what the protocol counts (convention D5).
    """

    born: date | None = None
    fitzpatrick: int | None = None
    records: tuple[Record, ...] = ()
    visits: tuple[Visit, ...] = ()

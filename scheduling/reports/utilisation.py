"""How full the diary is: minutes held against minutes open, by resource and hour of the week."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from scheduling import catalogue
from scheduling.catalogue import Ground, Place, Thing
from scheduling.core import hours
from scheduling.core.timeline import (
    SECONDS,
    Indexes,
    Timeline,
    Window,
    bits,
    instant,
    spans,
    unpacked_each,
)
from scheduling.core.words import COUNTED
from scheduling.reports.periods import DAY
from scheduling.reports.scopes import Page, Scope, asked

HOURS = 168
"""Hours of a week; 0 is Monday 00:00-01:00 by the clock on the wall."""

MINUTES = SECONDS // 60

_HELD = """
FROM scheduling_allocation l
JOIN scheduling_appointment a ON a.id = l.appointment_id
JOIN scheduling_resource r ON r.id = l.resource_id
WHERE l.active AND a.site_id = %(site)s AND a.local_date BETWEEN %(from)s AND %(until)s
  AND a.status = ANY(%(counted)s) AND r.kind = %(kind)s
  AND (%(resource)s::bigint IS NULL OR l.resource_id = %(resource)s::bigint)
"""

_PACKED = f"""
SELECT l.resource_id,
  string_agg(int4send(l.start_q) || int4send(l.end_q), ''::bytea ORDER BY l.start_q),
  coalesce(string_agg(
    int4send(greatest(l.start_q, a.start_q)) || int4send(least(l.end_q, a.end_q)), ''::bytea
    ORDER BY l.start_q)
    FILTER (WHERE greatest(l.start_q, a.start_q) < least(l.end_q, a.end_q)), ''::bytea)
{_HELD} GROUP BY 1
"""

Minutes = NDArray[np.int64]


@dataclass(slots=True)
class Use:
    """Minutes of one resource by hour of the week, each an array of `HOURS`.

    `open`: opening hours without lunch and absences. `visit` and `hold` lie within them: the
    visit itself, and numbing before or cleaning after it. `outside` is held while closed.
    """

    open: Minutes = field(default_factory=lambda: np.zeros(HOURS, dtype=np.int64))
    visit: Minutes = field(default_factory=lambda: np.zeros(HOURS, dtype=np.int64))
    hold: Minutes = field(default_factory=lambda: np.zeros(HOURS, dtype=np.int64))
    outside: Minutes = field(default_factory=lambda: np.zeros(HOURS, dtype=np.int64))

    def __add__(self, other: "Use") -> "Use":
        """Put two together."""
        return Use(
            self.open + other.open,
            self.visit + other.visit,
            self.hold + other.hold,
            self.outside + other.outside,
        )


@dataclass(frozen=True, slots=True)
class _Site:
    """One site's period: which hour of the week each quantum lies in, and who is open."""

    place: Place
    window: Window
    hour: Indexes
    present: Mapping[int, Timeline]


def measured(scope: Scope, *, kind: str, resource: int | None = None) -> dict[int, Use]:
    """Measure each resource of a kind that works at the sites, or is held there."""
    found: dict[int, Use] = {}
    with catalogue.steady() as ground:
        for site in _sites(scope, ground):
            packed = asked(_PACKED, _params(scope, site, kind, resource))
            held = unpacked_each({row[0]: bytes(row[1]) for row in packed}, site.window)
            visit = unpacked_each({row[0]: bytes(row[2]) for row in packed}, site.window)
            for thing in ground.resources.values():
                if _counts(thing, site, kind, resource, held):
                    use = _use(site, thing.id, held.get(thing.id, 0), visit.get(thing.id, 0))
                    found[thing.id] = found[thing.id] + use if thing.id in found else use
    return found


def _counts(
    thing: Thing, site: _Site, kind: str, resource: int | None, held: Collection[int]
) -> bool:
    if thing.kind != kind or resource not in (None, thing.id):
        return False
    return thing.id in held or (thing.active and thing.works_at(site.place.id))


def _sites(scope: Scope, ground: Ground) -> list[_Site]:
    found = []
    for site_id in scope.sites:
        place = ground.site(site_id)
        window = hours.days_window(scope.period.first, scope.period.last, place.tz)
        present = ground.lines(place, window).present
        found.append(_Site(place, window, hour_of_week(place, window), present))
    return found


def hour_of_week(place: Place, window: Window) -> Indexes:
    """Answer for each quantum of a window the hour of the week that the site's clock shows."""
    shown = np.zeros(window.length, dtype=np.int64)
    for stretch in hours.offsets(place.tz, window):
        quanta = np.arange(-(-stretch.start // SECONDS), -(-stretch.end // SECONDS))
        local = (quanta * SECONDS + stretch.offset) // 3600
        shown[quanta - window.q0] = (local + _THURSDAY) % HOURS
    return shown


_THURSDAY = 3 * 24
"""The hour of the week in which the Unix epoch lies."""


def _params(scope: Scope, site: _Site, kind: str, resource: int | None) -> dict[str, Any]:
    return {
        "site": site.place.id,
        # a visit may hold something on the day before or after its own
        "from": scope.period.first - DAY,
        "until": scope.period.last + DAY,
        "counted": [status.value for status in COUNTED],
        "kind": kind,
        "resource": resource,
    }


def _use(site: _Site, resource: int, held: Timeline, visit: Timeline) -> Use:
    present = site.present.get(resource, 0)
    lines = (present, present & visit, present & held & ~visit, held & ~present)
    return Use(*(np.bincount(site.hour[bits(line)], minlength=HOURS) * MINUTES for line in lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One stretch in which a resource was open, on its site's clock."""

    site: str
    resource: str
    start: datetime
    end: datetime

    @property
    def minutes(self) -> int:
        """How long it is, by the clock that does not jump."""
        return int((self.end.astimezone(UTC) - self.start.astimezone(UTC)).total_seconds()) // 60


def opened(scope: Scope, *, kind: str, resource: int | None = None) -> list[Stretch]:
    """List what makes up the open minutes of `measured`, in order of time."""
    found = []
    with catalogue.steady() as ground:
        for site in _sites(scope, ground):
            held = {row[0] for row in asked(_PACKED, _params(scope, site, kind, resource))}
            named = site.place.name, site.place.tz
            for thing in ground.resources.values():
                if _counts(thing, site, kind, resource, held):
                    open_in = spans(site.present.get(thing.id, 0), site.window)
                    found += [_stretch(*named, thing.name, *each) for each in open_in]
    return sorted(found, key=lambda each: (each.start, each.resource))


def _stretch(site: str, zone: ZoneInfo, resource: str, low: int, high: int) -> Stretch:
    start, end = (instant(q).astimezone(zone) for q in (low, high))
    return Stretch(site=site, resource=resource, start=start, end=end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One visit's hold on one resource, with its minutes in the hours asked for."""

    visit_id: int
    local_date: date
    local_time: time
    site: str
    patient: str
    treatment: str
    resource: str
    visit: int
    hold: int
    outside: int


_EACH = f"""
SELECT coalesce(string_agg(int8send(a.id) || int8send(l.resource_id) || int4send(l.start_q)
  || int4send(l.end_q) || int4send(a.start_q) || int4send(a.end_q), ''::bytea
  ORDER BY l.start_q, l.id), ''::bytea) {_HELD}
"""
_EACH_AS = np.dtype([("ids", ">i8", 2), ("quanta", ">i4", 4)])
"""A visit's and a resource's id; start and end of the hold, start and end of the visit."""

_NAMED = """
SELECT a.id, a.local_date, a.local_time, s.name, trim(p.given_name || ' ' || p.family_name), t.name
FROM scheduling_appointment a
JOIN scheduling_site s ON s.id = a.site_id
JOIN scheduling_patient p ON p.id = a.patient_id
JOIN scheduling_treatment t ON t.id = a.treatment_id
WHERE a.id = ANY(%(ids)s)
"""


PARTS = ("visit", "hold", "outside")
"""What a hold's minutes are: the visit, numbing or cleaning around it, or held while closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which holds: of one resource, in one hour of the week, with minutes of one part; None is any."""

    resource: int | None = None
    hour: int | None = None
    part: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """How many holds there are, their minutes by `PARTS` together, and those of the page."""

    count: int
    minutes: Mapping[str, int]
    rows: list[Held]


def holds(scope: Scope, *, kind: str, only: Only | None = None, page: Page | None = None) -> Holds:
    """List what makes up the minutes of `measured`."""
    page, only = page or Page(), only or Only()
    with catalogue.steady() as ground:
        parts = [
            _rows(
                site,
                bytes(asked(_EACH, _params(scope, site, kind, only.resource))[0][0]),
                only.hour,
            )
            for site in _sites(scope, ground)
        ]
        rows = np.concatenate(parts) if parts else np.zeros((0, 5), dtype=np.int64)
        if only.part is not None:
            rows = rows[rows[:, 2 + PARTS.index(only.part)] > 0]
        end = None if page.most is None else page.skip + page.most
        return Holds(
            count=len(rows),
            minutes=dict(zip(PARTS, rows[:, 2:].sum(axis=0).tolist(), strict=True)),
            rows=_told(rows[page.skip : end].tolist(), ground),
        )


def _rows(site: _Site, packed: bytes, hour: int | None) -> Minutes:
    """Answer visit, resource and three counts of minutes of each hold that has any."""
    each = np.frombuffer(packed, dtype=_EACH_AS)
    ids, quanta = each["ids"].astype(np.int64), each["quanta"].astype(np.int64)
    wanted = np.ones(site.window.length, bool) if hour is None else site.hour == hour
    minutes = np.zeros((len(each), 3), dtype=np.int64)
    for resource in np.unique(ids[:, 1]).tolist():
        mine = ids[:, 1] == resource
        minutes[mine] = _minutes(site, resource, quanta[mine], wanted)
    rows: Minutes = np.hstack((ids, minutes))[minutes.any(axis=1)]
    return rows


def _minutes(site: _Site, resource: int, each: Indexes, wanted: NDArray[np.bool_]) -> Minutes:
    """Count each hold's minutes: in the visit, around it, and while closed."""
    q0, q1 = site.window.q0, site.window.q1
    present = np.zeros(site.window.length, bool)
    present[bits(site.present.get(resource, 0))] = True
    inside = np.concatenate(([0], np.cumsum(present & wanted)))
    closed = np.concatenate(([0], np.cumsum(~present & wanted)))
    start, end = (np.clip(each[:, n], q0, q1) - q0 for n in (0, 1))
    low = np.clip(np.maximum(each[:, 0], each[:, 2]), q0, q1) - q0
    high = np.maximum(np.clip(np.minimum(each[:, 1], each[:, 3]), q0, q1) - q0, low)
    visit = inside[high] - inside[low]
    hold = inside[end] - inside[start] - visit
    return np.stack((visit, hold, closed[end] - closed[start]), axis=1) * MINUTES


def _told(rows: list[list[int]], ground: Ground) -> list[Held]:
    named = {row[0]: row[1:] for row in asked(_NAMED, {"ids": [visit for visit, *_ in rows]})}
    return [_held(row, named[row[0]], ground.resources[row[1]].name) for row in rows]


def _held(row: list[int], named: tuple[Any, ...], resource: str) -> Held:
    visit, _, inside, around, closed = row
    local_date, local_time, site, patient, treatment = named
    return Held(
        visit_id=visit,
        local_date=local_date,
        local_time=local_time,
        site=site,
        patient=patient,
        treatment=treatment,
        resource=resource,
        visit=inside,
        hold=around,
        outside=closed,
    )

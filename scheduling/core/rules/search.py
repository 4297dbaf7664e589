"""When may it be: the earliest start, and the few instants at which an answer can change."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from scheduling.core.protocol.values import Protocol
from scheduling.core.rules.calendar import DAY, day_start
from scheduling.core.rules.chart import Chart, Moment, Visit
from scheduling.core.rules.scene import Scene, Session, scene_of
from scheduling.core.rules.stretches import first_minute, last_minute, stretches, turning_points
from scheduling.core.rules.table import Line, table
from scheduling.core.rules.verdicts import findings, worst_of
from scheduling.core.words import Severity

HORIZON: Final = 366
"""Days searched after the requested date (convention D10)."""

_ANY: Final = Moment.BOOKING


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """When a visit may be, other sessions left where they are, opening hours and staff ignored.

    `start` is the first allowed minute, in the visit's zone, and `allowed` its local date;
    `with_override` the first date on which a named clinician could book it. `latest_before` is
    the last allowed date before the one asked for, told when a later session is in the way. Each
    is None when there is no such date within 366 days.
    """

    allowed: date | None
    start: datetime | None
    with_override: date | None
    latest_before: date | None


def change_points(
    visit: Visit, chart: Chart, protocol: Protocol, first: date, last: date
) -> tuple[datetime, ...]:
    """Give the UTC instants that cut `first` to `last` (local, inclusive) into even stretches.

    From one instant up to the next no start of a visit of this length changes which rules fire
    or how severely, whatever the jurisdiction. The first instant is the beginning of `first`.
    """
    scene, asked = scene_of(visit, chart, protocol, now=visit.start, moment=_ANY)
    lines = table(protocol, visit.procedure, frozenset(protocol.profiles))
    low, high = day_start(first, visit.zone), day_start(last + DAY, visit.zone)
    return (low, *turning_points(scene, asked, lines, low, high))


def earliest(
    visit: Visit,
    chart: Chart,
    protocol: Protocol,
    *,
    now: datetime,
    profiles: frozenset[str] = frozenset(),
    moment: Moment = Moment.BOOKING,
) -> Outlook:
    """Search every minute from the requested start, never before `now`, for 366 days (D10)."""
    scene, asked = scene_of(visit, chart, protocol, now=now, moment=moment)
    lines = table(protocol, visit.procedure, profiles)
    with_override: date | None = None
    low, high = max(asked.start, first_minute(now)), _begin(asked, scene, HORIZON + 1)
    for begin, end in stretches(scene, asked, lines, low, high) if low < high else ():
        start = begin if begin == low else first_minute(begin)
        if end is not None and start >= end:
            continue
        moved = scene.at(asked, start)
        worst = worst_of(findings(scene, moved, lines))
        if worst is Severity.HARD:
            continue
        with_override = with_override or moved.first
        if worst is not Severity.OVERRIDE:
            return Outlook(
                allowed=moved.first,
                start=start.astimezone(visit.zone),
                with_override=with_override,
                latest_before=_latest_before(scene, asked, lines),
            )
    return Outlook(
        allowed=None,
        start=None,
        with_override=with_override,
        latest_before=_latest_before(scene, asked, lines),
    )


def clear_stretches(  # noqa: PLR0913 - one question, each part needed
    visit: Visit,
    chart: Chart,
    protocol: Protocol,
    first: date,
    last: date,
    *,
    now: datetime,
    profiles: frozenset[str] = frozenset(),
    moment: Moment = Moment.BOOKING,
) -> list[tuple[datetime, datetime]]:
    """Give the stretches of starts, ``[begin, end)`` in UTC, at which no rule blocks the visit.

    `first` and `last` are local dates, both inclusive. One look at the rules answers a stretch.
    """
    scene, asked = scene_of(visit, chart, protocol, now=now, moment=moment)
    lines = table(protocol, visit.procedure, profiles)
    low, high = day_start(first, visit.zone), day_start(last + DAY, visit.zone)
    return [
        (begin, end or high)
        for begin, end in stretches(scene, asked, lines, low, high)
        if worst_of(findings(scene, scene.at(asked, begin), lines)) in {None, Severity.ADVISORY}
    ]


def _begin(asked: Session, scene: Scene, days: int) -> datetime:
    return day_start(asked.first + timedelta(days=days), scene.zone)


def _latest_before(scene: Scene, asked: Session, lines: tuple[Line, ...]) -> date | None:
    """Search backwards from the date before the one asked for, down to `now`."""
    obstructed = any(
        found.later and found.severity is not Severity.ADVISORY
        for found in findings(scene, asked, lines)
    )
    low, high = first_minute(scene.now), _begin(asked, scene, 0)
    if not obstructed or low >= high:
        return None
    for begin, end in reversed(list(stretches(scene, asked, lines, low, high))):
        start = last_minute(end) if end is not None else begin
        if start < begin:
            continue
        moved = scene.at(asked, start)
        if worst_of(findings(scene, moved, lines)) in {None, Severity.ADVISORY}:
            return moved.first
    return None

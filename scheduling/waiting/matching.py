"""For whom a stretch of free time is legal, in the stated order."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from scheduling import booking, diary
from scheduling.booking import Booked, wish_of
from scheduling.core.ranking import Suits, Waiting, rank
from scheduling.core.words import Actor, FreeStart, Status, Wish
from scheduling.errors import ClinicError
from scheduling.models import Offer, WaitingEntry
from scheduling.waiting.guarding import guarded

MOST = 10
"""How many are shown or tried for one stretch of time."""

LONGEST_LOOK = 200
"""How many of those who wait are looked at for it, the first in the order first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time at a site, `[start, end)`, aware; a visit is to begin in it."""

    site_id: int
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody who waits, and the first start in the gap that they could have."""

    entry: WaitingEntry
    start: FreeStart


def matches(*, opening: Gap, now: datetime, most: int = MOST) -> list[Match]:
    """Find who could take a free time, under every rule and within their own wishes, ranked.

    Who has an open offer is left out. A session of a course is tried and undone, so that its
    later sessions are known to stay valid.
    """
    found: list[Match] = []
    for entry in _ranked(opening, now):
        start = _first(entry, opening, now)
        if start is not None:
            found.append(Match(entry, start))
        if len(found) == most:
            break
    return found


def _ranked(opening: Gap, now: datetime) -> list[WaitingEntry]:
    offered = Offer.objects.filter(entry=OuterRef("pk"), state=Offer.State.OPEN)
    rows = WaitingEntry.objects.select_related("patient", "treatment", "appointment", "site")
    waits = rows.filter(site=opening.site_id, closed_at=None).exclude(Exists(offered))
    able = [entry for entry in waits if _still_waits(entry, now)]
    return sorted(able, key=lambda entry: rank(_standing(entry)))[:LONGEST_LOOK]


def _still_waits(entry: WaitingEntry, now: datetime) -> bool:
    if entry.patient.deceased_on is not None:
        return False
    visit = entry.appointment
    return visit is None or (visit.status == Status.BOOKED and visit.start > now)


def _standing(entry: WaitingEntry) -> Waiting:
    visit = entry.appointment
    return Waiting(
        id=entry.pk,
        since=entry.created_at,
        urgent=entry.urgent,
        has_visit=visit is not None,
        not_after=visit.not_after if visit else None,
    )


def suits(entry: WaitingEntry) -> Suits:
    """Spell when somebody could come."""
    return Suits(
        until=entry.until,
        weekdays=frozenset(entry.weekdays),
        from_time=entry.from_time,
        until_time=entry.until_time,
    )


def wish(entry: WaitingEntry) -> Wish:
    """Spell what somebody waits for as booking reads it."""
    if entry.appointment is not None:
        moved = wish_of(entry.appointment)
        return replace(moved, practitioner_id=entry.practitioner_id)
    return Wish(
        site_id=entry.site_id,
        treatment_id=entry.treatment_id,
        patient_id=entry.patient_id,
        practitioner_id=entry.practitioner_id,
        areas=tuple(entry.areas),
        size=entry.size,
        depth=entry.depth,
        indication=entry.indication,
    )


def _first(entry: WaitingEntry, opening: Gap, now: datetime) -> FreeStart | None:
    asked, when = wish(entry), suits(entry)
    visit = entry.appointment
    for day in _days(opening, entry.site.zone):
        if day > entry.until:
            return None
        free = diary.free_starts(wish=asked, first=day, last=day, now=now)
        for start in free.starts:
            inside = opening.start <= start.start < opening.end and when.allows(start.start)
            earlier = visit is None or start.start < visit.start
            if inside and earlier and _stays_valid(entry, start.start, now):
                return start
    return None


def _days(opening: Gap, zone: str) -> Iterator[date]:
    local = ZoneInfo(zone)
    day = opening.start.astimezone(local).date()
    last = (opening.end - timedelta(microseconds=1)).astimezone(local).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _stays_valid(entry: WaitingEntry, start: datetime, now: datetime) -> bool:
    """Try a session of a course at its new start, and undo it; other visits need no trial."""
    if entry.appointment is None or entry.appointment.series_id is None:
        return True
    by = Actor(name="waiting list")
    try:
        with transaction.atomic():
            take(entry, start, by=by, now=now)
            transaction.set_rollback(True)
    except ClinicError:
        return False
    return True


def take(entry: WaitingEntry, start: datetime, *, by: Actor, now: datetime) -> Booked:
    """Book the start for somebody who waits, or move their visit to it, within every guard.

    Raises: see `booking.book` and `booking.move`.
    """
    with guarded(entry, now):
        if entry.appointment_id is None:
            return booking.book(wish=wish(entry), start=start, by=by, now=now)
        place = booking.Place(start=start, practitioner_id=entry.practitioner_id)
        return booking.move(
            appointment_id=entry.appointment_id, to=place, version=None, by=by, now=now
        )

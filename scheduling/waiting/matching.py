"""For whom a stretch of free time is legal, in the stated order."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from scheduling import booking, diary
from scheduling.booking import Booked, wish_of
from scheduling.core.ranking import Suits, Waiting, because, rank
from scheduling.core.words import Actor, FreeStart, Reason, Severity, Status, Wish
from scheduling.errors import ClinicError, Refused
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody who waits, in their place: the first start that they could have, or why none.

    `because` is what gives them their place; `reasons` are booking's own, with their arithmetic
    and source; `instead` says what no rule of booking says.
    """

    entry: WaitingEntry
    because: tuple[str, ...]
    start: FreeStart | None = None
    reasons: tuple[Reason, ...] = ()
    instead: str = ""


def survey(*, opening: Gap, now: datetime, most: int = MOST * 3) -> list[Look]:
    """Look at the first `most` of those who wait, in order, and say of each what a time is to them.

    For reception, who offer by hand: also those who cannot have it are told, and why.
    """
    return [_seen(entry, opening, now) for entry in _ranked(opening, now, offered=True)[:most]]


def _seen(entry: WaitingEntry, opening: Gap, now: datetime) -> Look:
    """Look at one; what is not given here any more is said of them, and hides no other."""
    try:
        return _look(entry, opening, now)
    except ClinicError as error:
        return Look(entry=entry, because=because(_standing(entry)), instead=error.sentence)


def _look(entry: WaitingEntry, opening: Gap, now: datetime) -> Look:
    look = Look(entry=entry, because=because(_standing(entry)))
    if entry.offered:  # type: ignore[attr-defined]
        return replace(look, instead="An offer waits for their answer.")
    visit, when = entry.appointment, suits(entry)
    if visit is not None and visit.start <= opening.start:
        return replace(look, instead="Their visit is not later than this time.")
    free = [s for s in _free(entry, opening, now) if opening.start <= s.start < opening.end]
    if not free:
        reasons = diary.explain_start(wish=wish(entry), start=opening.start, now=now)
        against = tuple(r for r in reasons if r.severity is not Severity.ADVISORY)
        instead = "" if against else "Their visit does not fit into this stretch."
        return replace(look, reasons=against, instead=instead)
    fits = [s for s in free if when.allows(s.start) and (visit is None or s.start < visit.start)]
    if not fits:
        return replace(look, instead="They asked for other days or hours.")
    return _look_along(look, fits, now)


def _look_along(look: Look, fits: Sequence[FreeStart], now: datetime) -> Look:
    """Take the first start after which the later sessions of a course stay valid."""
    why: ClinicError | None = None
    for start in fits:
        why = _broken(look.entry, start.start, now)
        if why is None:
            return replace(look, start=start)
    reasons = why.reasons if isinstance(why, Refused) else ()
    instead = "" if reasons or why is None else why.sentence
    return replace(look, reasons=tuple(reasons), instead=instead)


def matches(*, opening: Gap, now: datetime, most: int = MOST) -> list[Match]:
    """Find who could take a free time, under every rule and within their own wishes, ranked.

    Who has an open offer is left out. A session of a course is tried and undone, so that its
    later sessions are known to stay valid.
    """
    found: list[Match] = []
    for entry in _ranked(opening, now, offered=False)[:LONGEST_LOOK]:
        start = None
        with suppress(ClinicError):  # what is not given here any more suits nobody
            start = _first(entry, opening, now)
        if start is not None:
            found.append(Match(entry, start))
        if len(found) == most:
            break
    return found


def _ranked(opening: Gap, now: datetime, *, offered: bool) -> list[WaitingEntry]:
    """List those who wait at the site in their order, those with an open offer if asked for."""
    open_one = Offer.objects.filter(entry=OuterRef("pk"), state=Offer.State.OPEN)
    rows = WaitingEntry.objects.select_related("patient", "treatment", "appointment", "site")
    waits = rows.filter(site=opening.site_id, closed_at=None).annotate(offered=Exists(open_one))
    kept = waits if offered else waits.filter(offered=False)
    able = [entry for entry in kept if _still_waits(entry, now)]
    return sorted(able, key=lambda entry: rank(_standing(entry)))


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
    when, visit = suits(entry), entry.appointment
    for start in _free(entry, opening, now):
        inside = opening.start <= start.start < opening.end and when.allows(start.start)
        earlier = visit is None or start.start < visit.start
        if inside and earlier and _broken(entry, start.start, now) is None:
            return start
    return None


def _free(entry: WaitingEntry, opening: Gap, now: datetime) -> Iterator[FreeStart]:
    """Give the free starts of the gap's days that are not past what is of use."""
    asked = wish(entry)
    for day in _days(opening, entry.site.zone):
        if day <= entry.until:
            yield from diary.free_starts(wish=asked, first=day, last=day, now=now).starts


def _days(opening: Gap, zone: str) -> Iterator[date]:
    local = ZoneInfo(zone)
    day = opening.start.astimezone(local).date()
    last = (opening.end - timedelta(microseconds=1)).astimezone(local).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _broken(entry: WaitingEntry, start: datetime, now: datetime) -> ClinicError | None:
    """Try a session of a course at its new start, and undo it; other visits need no trial."""
    if entry.appointment is None or entry.appointment.series_id is None:
        return None
    by = Actor(name="waiting list")
    try:
        with transaction.atomic():
            take(entry, start, by=by, now=now)
            transaction.set_rollback(True)
    except ClinicError as error:
        return error
    return None


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

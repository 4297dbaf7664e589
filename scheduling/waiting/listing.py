"""On and off the list."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from scheduling import catalogue, trail
from scheduling.booking import known_wish
from scheduling.core.words import Actor, Status, Wish
from scheduling.errors import Malformed, NotFound, WrongState
from scheduling.integrity import retrying
from scheduling.models import Appointment, Offer, Patient, WaitingEntry

LONGEST_NAME = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """When a time would suit, and until when; `appointment_id` is the visit to be earlier."""

    until: date
    appointment_id: int | None = None
    weekdays: tuple[int, ...] = ()
    from_time: time | None = None
    until_time: time | None = None
    urgent: bool = False


@retrying
def join(*, wish: Wish, want: Want, by: Actor, now: datetime) -> WaitingEntry:
    """Put a patient on the list for what they wish.

    With `want.appointment_id` the visit says what is wished for, and `wish` only for whom.

    Raises:
        AlreadyWaiting: once a treatment and site is enough.
        Malformed: hours or weekdays that make no sense, a date that is past, unknown words.
        WrongState: the visit is not to come.
        NotFound: no such patient, site, treatment or visit for this actor.

    """
    patient = _patient(wish, by)
    visit = _visit(want, patient, by, now)
    ground = catalogue.current()
    site = ground.site(visit.site_id if visit else wish.site_id)
    _makes_sense(want, today=now.astimezone(site.tz).date())
    if visit is None:
        ground.treatment(wish.treatment_id)
        known_wish(wish)
    entry = WaitingEntry(
        patient=patient,
        site_id=site.id,
        appointment=visit,
        practitioner_id=wish.practitioner_id,
        **_what(visit or wish),
        weekdays=sorted(set(want.weekdays)),
        from_time=want.from_time,
        until_time=want.until_time,
        until=want.until,
        urgent=want.urgent,
        created_at=now,
        created_by=by.name[:LONGEST_NAME],
    )
    entry.save()
    trail.write([trail.entry(subject=entry, verb="wait", by=by, now=now)])
    return entry


def _what(asked: Appointment | Wish) -> dict[str, Any]:
    """Name what is waited for."""
    return {
        "treatment_id": asked.treatment_id,
        "areas": list(asked.areas),
        "size": asked.size,
        "depth": asked.depth,
        "indication": asked.indication,
    }


def _patient(wish: Wish, by: Actor) -> Patient:
    if by.patient_id not in (None, wish.patient_id):
        raise NotFound
    rows = Patient.objects.filter(provisional=False, deceased_on=None)
    found = rows.filter(pk=wish.patient_id or 0).first()
    if found is None:
        raise NotFound
    return found


def _visit(want: Want, patient: Patient, by: Actor, now: datetime) -> Appointment | None:
    if want.appointment_id is None:
        return None
    visit = Appointment.objects.filter(pk=want.appointment_id, patient=patient).first()
    if visit is None or not by.works_at(visit.site_id):
        raise NotFound
    if visit.status != Status.BOOKED or visit.start <= now:
        raise WrongState("Only a visit that is still to come can be earlier.")
    return visit


def _makes_sense(want: Want, today: date) -> None:
    if want.until < today:
        raise Malformed("That date is past.", field="until")
    if not set(want.weekdays) <= set(range(7)):
        raise Malformed("Weekdays are 0, Monday, to 6, Sunday.", field="weekdays")
    if want.from_time and want.until_time and want.from_time > want.until_time:
        raise Malformed("The earliest time is after the latest.", field="from_time")


@retrying
def leave(
    *,
    entry_id: int,
    by: Actor,
    now: datetime,
    closed_as: WaitingEntry.Closed = WaitingEntry.Closed.LEFT,
) -> WaitingEntry:
    """Take a patient off the list, with what was offered; twice is as good as once.

    Raises:
        NotFound: no such place on the list for this actor.

    """
    entry = seen(entry_id, by)
    if entry.closed_at is None:
        close(entry, closed_as, now)
        Offer.objects.filter(entry=entry, state=Offer.State.OPEN).update(
            state=Offer.State.WITHDRAWN, closed_at=now
        )
        trail.write([trail.entry(subject=entry, verb="leave", by=by, now=now)])
    return entry


def seen(entry_id: int, by: Actor) -> WaitingEntry:
    """Lock a place on the list that is this actor's to change.

    Raises:
        NotFound: there is none.

    """
    entry = WaitingEntry.objects.select_for_update(no_key=True).filter(pk=entry_id).first()
    if entry is None or not by.works_at(entry.site_id):
        raise NotFound
    if by.patient_id not in (None, entry.patient_id):
        raise NotFound
    return entry


def close(entry: WaitingEntry, closed_as: WaitingEntry.Closed, now: datetime) -> None:
    """Write that the wait is over."""
    entry.closed_at, entry.closed_as = now, closed_as
    entry.save(update_fields=["closed_at", "closed_as"])

"""Visits that another system kept: those to come are held as they were promised, the past is noted.

A visit that was promised elsewhere is not asked for again: what the rules say against it does not
undo it. It is written where what it needs is free, and what speaks against it is answered, for a
person to settle. Where something it needs is taken, nothing can be written: the constraint holds
for everybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scheduling import catalogue, diary, statements, trail
from scheduling.booking import intake, locks, overrides, rows
from scheduling.booking.ask import Ask, ChoiceLost, checked
from scheduling.booking.dependents import flag_dependents
from scheduling.core.rules import Moment
from scheduling.core.timeline import ceil_q
from scheduling.core.words import OCCUPYING, Actor, Choice, Held, Reason, Status
from scheduling.errors import Malformed, WrongState
from scheduling.integrity import GroundsMoved, ResourceTaken, retrying
from scheduling.models import Allocation, Appointment

BRING_IN = "bring_in"
"""The verb of a visit taken over: it has its reminders, and no message that it was booked."""

ABOUT_BOOKING = frozenset({"too_soon", "too_late"})
"""Reasons against booking a visit now, not against a visit that was promised long ago."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A visit as it was written, or None where it could not be, and all that speaks against it."""

    appointment: Appointment | None
    against: tuple[Reason, ...] = ()


def bring_in(*, ask: Ask, by: Actor, now: datetime) -> Brought:
    """Hold a visit to come as another system promised it, whatever the rules say against it.

    Nothing is written where what it needs is taken, away or missing, or the patient is elsewhere.

    Raises:
        Malformed: a word that no rule knows, a start that is past or not on a 5-minute mark.
        NotFound: no such site, treatment, patient or resource for this actor.

    """
    checked(ask, by)
    if ask.start <= now:
        raise Malformed("What is past is noted as it ended, not booked.")
    for _ in range(intake.CHOICES):
        choice = diary.choose(wish=ask.wish, start=ask.start, now=now)
        if not choice.held or any(r.code == "patient_busy" for r in choice.reasons):
            return Brought(None, _against([*choice.reasons, *_skin(ask, choice, now)]))
        try:
            return _held(ask, choice, by, now)
        except (ChoiceLost, ResourceTaken, GroundsMoved):
            continue
    return Brought(None, (diary.plain_reason("resource_taken"),))


def _skin(ask: Ask, choice: Choice, now: datetime) -> tuple[Reason, ...]:
    return diary.clinical(wish=ask.wish, choice=choice, now=now, moment=Moment.BOOKING)


def _against(reasons: Sequence[Reason]) -> tuple[Reason, ...]:
    return tuple(r for r in overrides.blocking(reasons) if r.code not in ABOUT_BOOKING)


@retrying
def _held(ask: Ask, choice: Choice, by: Actor, now: datetime) -> Brought:
    """Write under the locks of the patient and of what is held, as a booking is."""
    patients, keys = locks.known({ask.wish.patient_id or 0}, visits=1)
    known = patients[ask.wish.patient_id or 0]
    with catalogue.steady(known.counter) as ground, statements.gathered():
        locks.hold_fast(held=choice.held, moving=[], grounds=ground.version)
        reasons = intake.decided(ask, choice, now, free=True, patient=known)
        visit = Appointment(
            pk=keys[0],
            patient_id=ask.wish.patient_id or 0,
            status=Status.BOOKED.value,
            booked_by=by.name,
            created_at=now,
        )
        rows.describe(visit, ask.wish)
        rows.place(visit, ask.wish, choice)
        statements.insert(visit)
        rows.hold_resources(visit, choice)
        _announce(visit, told=True, by=by, now=now)
    return Brought(visit, _against(reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How a visit ended elsewhere: its status, when it truly ended, why it was cancelled."""

    status: Status
    ended_at: datetime | None = None
    cancel_reason: str = ""


NOT_A_PAST = frozenset({Status.PENDING, Status.PROPOSED, Status.WAITLIST})


@retrying
def note_past(*, ask: Ask, past: Past, by: Actor, now: datetime) -> Appointment:
    """Write a visit down as it was elsewhere, so that the rules know of it; nobody is told.

    What it occupied is kept where nothing else did at that time.

    Raises:
        Malformed: a status that is no end, a word that no rule knows, or an end before the start
            or in the future.
        NotFound: see `bring_in`.
        PatientBusy: the patient has another visit at that time.

    """
    checked(ask, by)
    if past.status in NOT_A_PAST:
        raise Malformed(f"A visit does not end as “{past.status}”.")
    _in_its_time(past, ask.start, now)
    locks.lock_patients([ask.wish.patient_id or 0])
    choice = _as_it_lay(ask)
    visit = Appointment(
        patient_id=ask.wish.patient_id or 0,
        status=past.status.value,
        booked_by=by.name,
        created_at=now,
        actual_end=past.ended_at,
        cancel_reason=past.cancel_reason[:200],
    )
    _stamp(visit, past, ask.start)
    rows.describe(visit, ask.wish)
    rows.place(visit, ask.wish, choice)
    visit.save()
    if past.status in OCCUPYING:
        rows.hold_resources(visit, _what_was_free(choice))
    _announce(visit, told=False, by=by, now=now)
    return visit


@retrying
def note_ended(
    *, appointment_id: int, version: int | None, past: Past, by: Actor, now: datetime
) -> Appointment:
    """Note how a booked visit ended elsewhere; no rule is asked about the past, nobody is told.

    Raises:
        Malformed: a status that is no end, or an end before the start or in the future.
        WrongState: it is not booked, or has not begun.
        StaleVersion, NotFound: see `move`.

    """
    if past.status in NOT_A_PAST | {Status.BOOKED}:
        raise Malformed(f"A visit does not end as “{past.status}”.")
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    if visit.status != Status.BOOKED or visit.start > now:
        raise WrongState("Only a booked visit that has begun can have ended elsewhere.")
    _in_its_time(past, visit.start, now)
    before = rows.picture(visit)
    if past.status not in OCCUPYING:
        rows.free_resources([visit.pk])
    visit.status, visit.actual_end = past.status.value, past.ended_at
    visit.cancel_reason = past.cancel_reason[:200]
    _stamp(visit, past, visit.start)
    rows.set_recovery(visit)
    step = rows.Step(verb=BRING_IN, told=False, by=by, now=now)
    rows.finish(visit, step, rows.changes(before, rows.picture(visit)))
    flag_dependents(visit, now=now)
    return visit


def _in_its_time(past: Past, start: datetime, now: datetime) -> None:
    if past.ended_at is not None and not start < past.ended_at <= now:
        raise Malformed("A visit ends after its start, and not in the future.", field="ended")


def _as_it_lay(ask: Ask) -> Choice:
    start_q = ceil_q(ask.start)
    minutes = ask.wish.minutes
    offer = catalogue.current().treatment(ask.wish.treatment_id)
    end_q = start_q + max(1, -(-(minutes or offer.minutes_default) // 5))
    held = [
        Held(resource_id, kind, start_q, end_q)
        for kind, ids in ask.wish.resources.items()
        for resource_id in ids
    ]
    return Choice(start_q=start_q, end_q=end_q, prep_minutes=offer.prep_minutes, held=tuple(held))


def _what_was_free(choice: Choice) -> Choice:
    """Keep of what a past visit held only what no other visit holds; two systems may disagree."""
    locks.lock_resources([held.resource_id for held in choice.held])
    free = tuple(
        held
        for held in choice.held
        if not Allocation.objects.filter(
            resource_id=held.resource_id,
            active=True,
            start_q__lt=held.end_q,
            end_q__gt=held.start_q,
        ).exists()
    )
    return replace(choice, held=free)


_STAMPS: Mapping[Status, str] = {
    Status.ARRIVED: "arrived_at",
    Status.CHECKED_IN: "checked_in_at",
    Status.FULFILLED: "completed_at",
    Status.CANCELLED: "cancelled_at",
}


def _stamp(visit: Appointment, past: Past, start: datetime) -> None:
    if (field := _STAMPS.get(past.status)) is not None:
        setattr(visit, field, past.ended_at or start)


def _announce(visit: Appointment, *, told: bool, by: Actor, now: datetime) -> None:
    what = rows.changes({}, rows.picture(visit))
    entry = trail.entry(subject=visit, verb=BRING_IN, by=by, now=now, what=what)
    rows.announce([visit], rows.Step(verb=BRING_IN, told=told, by=by, now=now), [entry])

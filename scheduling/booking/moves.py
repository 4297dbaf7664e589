"""A visit moved to another time, length or practitioner."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from scheduling import diary
from scheduling.booking import locks, overrides, rows
from scheduling.booking.ask import Ask, Booked, ChoiceLost, checked, wish_of, with_earliest
from scheduling.booking.dependents import flag_dependents
from scheduling.booking.intake import CHOICES, decided
from scheduling.booking.overrides import OverrideAsk
from scheduling.core.rules import Moment
from scheduling.core.words import Actor, Choice, Severity, Status, Wish
from scheduling.errors import Refused, WrongState
from scheduling.integrity import ResourceTaken, retrying
from scheduling.models import Appointment, Refusal, Resource

MOVABLE = frozenset({Status.PENDING, Status.BOOKED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a visit goes: an aware start, and what else changes; None keeps what there is.

    Without a practitioner the present one is kept where free, else anyone who can.
    """

    start: datetime
    minutes: int | None = None
    practitioner_id: int | None = None
    resources: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    appointment_id: int
    version: int | None
    by: Actor
    now: datetime


def move(
    *,
    appointment_id: int,
    to: datetime | Place,
    version: int | None,
    by: Actor,
    now: datetime,
    override: OverrideAsk | None = None,
) -> Booked:
    """Move a booked visit, its own old place not counted, all rules asked again.

    Raises:
        Refused: see `book`.
        StaleVersion: somebody changed the visit since `version` (None: whatever it is).
        WrongState: the visit has begun, or is over.
        NotFound, Forbidden, Busy: see `book`.

    """
    glimpse = locks.seen(appointment_id=appointment_id, by=by)
    place = to if isinstance(to, Place) else Place(start=to)
    ask = checked(Ask(wish=_wish_at(glimpse, place), start=place.start, override=override), by)
    errand = _Move(appointment_id=appointment_id, version=version, by=by, now=now)
    present = [] if place.practitioner_id or place.resources else _practitioners(glimpse)
    return with_earliest(
        [ask], by, now, lambda: _until_written(ask, present, errand), Refusal.Verb.MOVE
    )


def _wish_at(appointment: Appointment, place: Place) -> Wish:
    wish = wish_of(appointment)
    return replace(
        wish,
        minutes=place.minutes or wish.minutes,
        practitioner_id=place.practitioner_id,
        resources=place.resources,
    )


def _practitioners(appointment: Appointment) -> list[int]:
    held = appointment.allocations.filter(active=True, resource__kind=Resource.Kind.PRACTITIONER)
    return list(held.order_by("resource_id").values_list("resource_id", flat=True))


def _until_written(ask: Ask, present: list[int], errand: _Move) -> Booked:
    for _ in range(CHOICES):
        choice = _choice(ask, present, errand.now)
        if not choice.held or any(r.severity is Severity.HARD for r in choice.reasons):
            skin = diary.clinical(
                wish=ask.wish, choice=choice, now=errand.now, moment=Moment.BOOKING
            )
            raise Refused([*choice.reasons, *skin])
        try:
            return _write(ask=ask, choice=choice, errand=errand)
        except (ChoiceLost, ResourceTaken):
            continue
    raise Refused([diary.plain_reason("resource_taken")])


def _choice(ask: Ask, present: list[int], now: datetime) -> Choice:
    if len(present) == 1:
        same = replace(ask.wish, practitioner_id=present[0])
        choice = diary.choose(wish=same, start=ask.start, now=now)
        # what could be held in spite of a closed door is not free: somebody else may be
        if choice.held and all(r.severity is Severity.ADVISORY for r in choice.reasons):
            return choice
    return diary.choose(wish=ask.wish, start=ask.start, now=now)


@retrying
def _write(*, ask: Ask, choice: Choice, errand: _Move) -> Booked:
    appointment = locks.locked(
        appointment_id=errand.appointment_id,
        by=errand.by,
        version=errand.version,
        resources={h.resource_id for h in choice.held},
    )
    if appointment.status not in MOVABLE:
        raise WrongState(f"A visit that is {appointment.get_status_display()} is not moved.")
    reasons = decided(ask, choice, errand.now)
    before = rows.picture(appointment)
    rows.place(appointment, ask.wish, choice)
    given = overrides.live(appointment.pk)
    covered = overrides.covered_by([o for o in given if o.other_id], appointment)
    fresh = overrides.settle(reasons=reasons, ask=ask.override, by=errand.by, covered=covered)
    overrides.lapse(overrides=given, appointment=appointment, now=errand.now)
    rows.drop_resources(appointment.pk)
    # A patient's yes was to the old time.
    appointment.confirmed_at = None
    told = appointment.status != Status.PENDING and rows.picture(appointment) != before
    step = rows.Step(verb="move", told=told, by=errand.by, now=errand.now)
    rows.finish(appointment, step, rows.changes(before, rows.picture(appointment)))
    rows.hold_resources(appointment, choice)
    overrides.write(
        appointment=appointment, reasons=fresh, ask=ask.override, by=errand.by, now=errand.now
    )
    flag_dependents(appointment, now=errand.now)
    return Booked(appointment, tuple(r for r in reasons if r.severity is Severity.ADVISORY))

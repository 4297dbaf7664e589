"""Several visits of a course placed at once: booked, kept or moved, all of them or none.

`book_many` writes one visit after another and asks the rules at each. Here everything is written
first and the rules are asked about what then stands, because a course that moves as a whole breaks
them half-way: the second session is moved past the third, which follows a moment later.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from scheduling import catalogue, diary, trail
from scheduling.booking import locks, overrides, rows
from scheduling.booking.ask import Ask, Booked, checked, wish_of
from scheduling.booking.dependents import flag_coming
from scheduling.booking.intake import HOLD_MINUTES
from scheduling.booking.overrides import OverrideAsk
from scheduling.core.rules import Moment
from scheduling.core.timeline import floor_q
from scheduling.core.words import Actor, Choice, Held, Reason, Severity, Status, Wish
from scheduling.errors import Malformed, NotFound, Refused, StaleVersion, WrongState
from scheduling.integrity import PatientBusy, ResourceTaken, named_constraints, retrying
from scheduling.models import Allocation, Appointment, Change

MOVABLE = frozenset({Status.PENDING, Status.BOOKED})
"""What may be placed anew; a hold that is placed is booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """One visit at an aware start, with exactly what it holds there.

    `wish.moving` is the visit that goes there, or the hold that is booked; without it a visit is
    new. `version` is the one at which that visit was read; None for whatever it is. `override` is
    a named clinician's reason against what refuses it there.
    """

    wish: Wish
    start: datetime
    held: tuple[Held, ...]
    version: int | None = None
    override: OverrideAsk | None = None

    @property
    def choice(self) -> Choice:
        """What is held, in the words of a booking."""
        start_q = floor_q(self.start)
        return Choice(
            start_q=start_q,
            end_q=start_q + (self.wish.minutes or 0) // 5,
            prep_minutes=5 * max((start_q - h.start_q for h in self.held), default=0),
            held=self.held,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One visit at the new place at which it was shown; `version` is the one at which it was read.

    `codes` are the refusals that only an override covers.
    """

    visit_id: int
    version: int
    start: datetime
    held: tuple[Held, ...]
    codes: tuple[str, ...] = ()

    def spelled(self) -> list[Any]:
        """Spell it in what JSON knows, for a page to send back."""
        held = [[h.resource_id, h.kind, h.start_q, h.end_q] for h in self.held]
        return [self.visit_id, self.version, self.start.isoformat(), held, list(self.codes)]

    @classmethod
    def read(cls, row: Sequence[Any]) -> Self:
        """Read what `spelled` spelled."""
        visit_id, version, start, held, codes = row
        return cls(
            visit_id=visit_id,
            version=version,
            start=datetime.fromisoformat(start),
            held=tuple(Held(*each) for each in held),
            codes=tuple(codes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    by: Actor
    now: datetime
    until: datetime | None = None
    verb: str = "arrange"


def arrange(*, placings: Sequence[Placing], by: Actor, now: datetime) -> list[Booked]:
    """Book and move these visits together; the patient is told once, of all that changed.

    Raises:
        Refused: diary or skin refuses one of them where it would lie; the fact `ask` is its index.
        Forbidden: an override without the permission.
        StaleVersion: somebody changed a visit since it was read.
        WrongState: a visit has begun or is over, or a hold was released.
        Malformed: nothing is asked, or a visit has no minutes.
        NotFound, Busy: see `book`.

    """
    return _arranged(_sensible(placings, by), _Errand(by=by, now=now))


def move_many(*, placings: Sequence[Placing], by: Actor, now: datetime) -> list[Booked]:
    """Move visits of any patients together, as `move` does one; each patient is told once.

    What `move` tells the upper floors is told here too: a plan is looked at where its visit moved.

    Raises: see `arrange`.
    """
    if any(placing.wish.moving is None for placing in placings):
        raise Malformed("Only visits that are booked are moved.")
    return _arranged(_sensible(placings, by), _Errand(by=by, now=now, verb="move"))


def as_shown(*, moves: Sequence[Move], reason: str = "") -> list[Placing]:
    """Place visits where they were shown; `reason` is a named clinician's, for what refuses them.

    Raises:
        Malformed: nothing was chosen, or a visit twice.
        NotFound: one of the visits is gone.

    """
    visits = Appointment.objects.in_bulk([move.visit_id for move in moves])
    if not moves or len({move.visit_id for move in moves}) != len(moves):
        raise Malformed("Choose at least one visit, and none of them twice.")
    if len(visits) != len(moves):
        raise NotFound("There is no such visit that you can change.")
    return [
        Placing(
            wish=wish_of(visits[move.visit_id]),
            start=move.start,
            held=move.held,
            version=move.version,
            override=OverrideAsk(reason=reason, codes=frozenset(move.codes))
            if move.codes
            else None,
        )
        for move in moves
    ]


def hold_many(
    *, placings: Sequence[Placing], by: Actor, now: datetime, minutes: int = HOLD_MINUTES
) -> list[Booked]:
    """Keep new visits for some minutes while they are read out, under the rules as if all were booked.

    Raises: see `arrange`.
    """
    if any(placing.wish.moving is not None for placing in placings):
        raise Malformed("Only new visits are held.")
    until = now + timedelta(minutes=minutes)
    return _arranged(_sensible(placings, by), _Errand(by=by, now=now, until=until))


def _sensible(placings: Sequence[Placing], by: Actor) -> Sequence[Placing]:
    if not placings:
        raise Malformed("Name at least one visit.")
    for placing in placings:
        checked(Ask(wish=placing.wish, start=placing.start), by)
        if not placing.wish.minutes or not placing.held:
            raise Malformed("Say how long each visit takes and what it holds.")
    return placings


@retrying
def _arranged(placings: Sequence[Placing], errand: _Errand) -> list[Booked]:
    known = _locked(placings, errand.by)
    held = _holding(known)
    before = {pk: _pictured(visit, held.get(pk, ())) for pk, visit in known.items()}
    _set_aside(known.values())
    with catalogue.steady():
        visits = [_put(index, placing, known, errand) for index, placing in enumerate(placings)]
        booked = _judged(placings, visits, errand)
    if errand.until is not None:
        _only_held(visits, errand.until)
    after = [
        _pictured(visit, [held.resource_id for held in placing.held])
        for placing, visit in zip(placings, visits, strict=True)
    ]
    _tell(visits, before, after, errand)
    if errand.until is None:
        for patient in {visit.patient_id for visit in visits}:
            flag_coming(patient, now=errand.now)
    return booked


def _only_held(visits: Sequence[Appointment], until: datetime) -> None:
    """Turn what was written as booked, for the rules to see, into holds."""
    for visit in visits:
        visit.status, visit.expires_at = Status.PENDING.value, until
        visit.save(update_fields=["status", "expires_at"])


def _locked(placings: Sequence[Placing], by: Actor) -> dict[int, Appointment]:
    """Lock everything that changes, in the house's one order, and read the visits that move."""
    going = {p.wish.moving: p.version for p in placings if p.wish.moving is not None}
    glimpses = [locks.seen(appointment_id=pk, by=by) for pk in sorted(going)]
    patients = {p.wish.patient_id for p in placings if p.wish.patient_id is not None}
    held = Allocation.objects.filter(appointment__in=going).values_list("resource_id", flat=True)
    locks.lock(
        patients=patients | {glimpse.patient_id for glimpse in glimpses},
        resources={h.resource_id for p in placings for h in p.held} | set(held),
    )
    found = Appointment.objects.select_for_update(no_key=True).filter(pk__in=going)
    visits = {visit.pk: visit for visit in found.order_by("pk")}
    for pk, version in going.items():
        _can_go(visits.get(pk), version)
    return visits


def _can_go(visit: Appointment | None, version: int | None) -> None:
    if visit is None:
        raise NotFound("There is no such visit that you can change.")
    if version is not None and visit.version != version:
        raise StaleVersion(version=visit.version)
    if visit.status not in MOVABLE:
        raise WrongState(f"A visit that is {visit.get_status_display()} is not moved.")


def _set_aside(visits: Collection[Appointment]) -> None:
    """Let every visit go from its place at once, so that one may take another's."""
    for visit in visits:
        rows.drop_resources(visit.pk)
    Appointment.objects.filter(pk__in=[visit.pk for visit in visits]).update(
        status=Status.PROPOSED.value, expires_at=None
    )


def _put(
    index: int, placing: Placing, known: dict[int, Appointment], errand: _Errand
) -> Appointment:
    """Place one of them; what only a constraint can say is a refusal of that one too."""
    try:
        with named_constraints():
            return _placed(placing, known, errand)
    except (ResourceTaken, PatientBusy) as error:
        raise Refused([diary.plain_reason(error.code)], ask=index) from error


def _placed(placing: Placing, known: dict[int, Appointment], errand: _Errand) -> Appointment:
    """Write one visit at its new place; what was a hold becomes a visit."""
    pk = placing.wish.moving
    visit = known[pk] if pk is not None else Appointment(created_at=errand.now)
    if pk is None or visit.status == Status.PENDING:
        visit.booked_by = errand.by.name
    visit.patient_id = placing.wish.patient_id or 0
    was = visit.start_q
    rows.describe(visit, placing.wish)
    rows.place(visit, placing.wish, placing.choice)
    if visit.start_q != was:
        # A patient's yes was to the old time.
        visit.confirmed_at = None
    visit.status, visit.expires_at = Status.BOOKED.value, None
    visit.save()
    rows.hold_resources(visit, placing.choice)
    return visit


def _judged(
    placings: Sequence[Placing], visits: Sequence[Appointment], errand: _Errand
) -> list[Booked]:
    """Ask diary and skin about each visit among all the others as they lie now.

    Raises:
        Refused: one of them may not be; nothing is written.

    """
    read = {v.patient_id: diary.known(v.patient_id) for v in visits}
    booked = []
    for index, (placing, visit) in enumerate(zip(placings, visits, strict=True)):
        fresh, skin = diary.again(
            wish=replace(placing.wish, moving=visit.pk),
            choice=placing.choice,
            now=errand.now,
            moment=Moment.BOOKING,
            patient=read[visit.patient_id],
        )
        reasons = [*fresh, *skin]
        try:
            _settle(visit, reasons, placing, errand)
        except Refused as refusal:
            refusal.facts["ask"] = index
            raise
        booked.append(Booked(visit, tuple(r for r in reasons if r.severity is Severity.ADVISORY)))
    return booked


def _settle(
    visit: Appointment, reasons: Sequence[Reason], placing: Placing, errand: _Errand
) -> None:
    """Let standing overrides cover what they cover, end those that the move outruns, add a new one."""
    given = overrides.live(visit.pk) if placing.wish.moving is not None else []
    standing = overrides.covered_by([o for o in given if o.other_id], visit)
    ask, by, now = placing.override, errand.by, errand.now
    fresh = overrides.settle(reasons=reasons, ask=ask, by=by, covered=standing)
    overrides.lapse(overrides=given, appointment=visit, now=now)
    overrides.write(appointment=visit, reasons=fresh, ask=ask, by=by, now=now)


def _holding(visits: Collection[int]) -> dict[int, list[int]]:
    """Read what visits hold now."""
    held = Allocation.objects.filter(appointment__in=visits, active=True)
    found: dict[int, list[int]] = {}
    for pk, resource in held.values_list("appointment_id", "resource_id"):
        found.setdefault(pk, []).append(resource)
    return found


def _pictured(visit: Appointment, held: Iterable[int]) -> dict[str, Any]:
    """Take what the trail compares, with whom and what the visit holds."""
    return {**rows.picture(visit), "resources": sorted(held)}


def _tell(
    visits: Sequence[Appointment],
    before: Mapping[int, Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
    errand: _Errand,
) -> None:
    """Write versions and trail, and send the news of all that changed as one.

    Another person or room is a new version, but patients are told when and where, not with whom.
    """
    verb = "hold" if errand.until else errand.verb
    entries = list[Change]()
    told, quiet = list[Appointment](), list[Appointment]()
    for visit, now_is in zip(visits, after, strict=True):
        was = before.get(visit.pk, {})
        what = rows.changes(dict(was), dict(now_is))
        if not what:
            continue
        heard = what.keys() != {"resources"}
        if was:
            visit.version += 1
            visit.told_version += int(heard and was["status"] != Status.PENDING)
            visit.save(update_fields=["version", "told_version"])
        (told if heard else quiet).append(visit)
        entries.append(
            trail.entry(subject=visit, verb=verb, by=errand.by, now=errand.now, what=what)
        )
    step = rows.Step(verb=verb, told=errand.until is None, by=errand.by, now=errand.now)
    rows.announce(told, step, entries)
    if quiet:
        rows.announce(quiet, replace(step, told=False), [])

"""New visits: booked, held for a while, or booked together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from scheduling import catalogue, diary, statements, trail
from scheduling.booking import locks, overrides, rows
from scheduling.booking.ask import Ask, Booked, ChoiceLost, checked, with_earliest
from scheduling.booking.ending import free_expired_holds
from scheduling.booking.overrides import OverrideAsk
from scheduling.core.rules import Moment
from scheduling.core.words import Actor, Choice, Held, Reason, Severity, Status, Wish
from scheduling.errors import Malformed, Refused, WrongState
from scheduling.integrity import GroundsMoved, ResourceTaken, retrying
from scheduling.models import Allocation, Appointment

CHOICES = 3
"""How often another combination is chosen when somebody takes the first one in between."""

HOLD_MINUTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """What all visits of one call share: who, when, and until when it is only held."""

    by: Actor
    now: datetime
    until: datetime | None = None


def book(
    *, wish: Wish, start: datetime, by: Actor, now: datetime, override: OverrideAsk | None = None
) -> Booked:
    """Book one visit, with the best free combination of what it needs.

    `start` is aware; any zone.

    Raises:
        Refused: skin or diary says no; holds every reason and the earliest start that works.
        Forbidden: an override without the permission.
        NotFound: no such site, treatment, patient or resource for this actor.
        Busy: the database lost the order of changes three times.

    """
    return book_many(asks=[Ask(wish=wish, start=start, override=override)], by=by, now=now)[0]


def book_many(*, asks: Sequence[Ask], by: Actor, now: datetime) -> list[Booked]:
    """Book several visits, all or none; two or more on one day share an encounter.

    Raises: see `book`; the refusal's fact `ask` is the index of the visit refused.
    """
    if not asks:
        raise Malformed("Name at least one visit.")
    return _kept(list(asks), _Errand(by=by, now=now))


def hold(
    *, wish: Wish, start: datetime, by: Actor, now: datetime, minutes: int = HOLD_MINUTES
) -> Booked:
    """Keep a start for 1 to 60 minutes while a form is filled; it holds resources, not skin.

    Raises: see `book`.
    """
    if not 1 <= minutes <= 60:  # noqa: PLR2004 - a hold is for the length of a form
        raise Malformed("A hold lasts 1 to 60 minutes.")
    errand = _Errand(by=by, now=now, until=now + timedelta(minutes=minutes))
    return _kept([Ask(wish=wish, start=start)], errand)[0]


def book_held(
    *,
    appointment_id: int,
    wish: Wish,
    by: Actor,
    now: datetime,
    override: OverrideAsk | None = None,
) -> Booked:
    """Book what a hold keeps, under the rules as they stand now.

    Raises:
        WrongState: the hold has expired, or was booked already.
        and see `book`.

    """
    kept = locks.seen(appointment_id=appointment_id, by=by)
    if kept.status != Status.PENDING or kept.expires_at is None or kept.expires_at <= now:
        raise WrongState("The time kept for you has expired. Please choose again.")
    resources: dict[str, tuple[int, ...]] = {}
    for held in Allocation.objects.filter(appointment=kept, active=True).select_related("resource"):
        kind = held.resource.kind
        resources[kind] = (*resources.get(kind, ()), held.resource_id)
    wish = replace(wish, moving=kept.pk, resources=resources)
    ask = Ask(wish=wish, start=kept.start, override=override)
    return _kept([ask], _Errand(by=by, now=now))[0]


def _kept(asks: list[Ask], errand: _Errand) -> list[Booked]:
    with catalogue.steady():
        checked_asks = [checked(ask, errand.by) for ask in _in_one_encounter(asks)]
        return with_earliest(
            checked_asks,
            errand.by,
            errand.now,
            lambda: _chosen_and_written(checked_asks, errand),
        )


def _in_one_encounter(asks: list[Ask]) -> list[Ask]:
    """Give visits booked together on one day the same encounter, where none is named."""
    if len({ask.start.date() for ask in asks}) > 1 or len(asks) == 1:
        return asks
    name = next((a.wish.encounter for a in asks if a.wish.encounter), uuid4().hex)
    return [replace(a, wish=replace(a.wish, encounter=a.wish.encounter or name)) for a in asks]


def _chosen_and_written(asks: Sequence[Ask], errand: _Errand) -> list[Booked]:
    """Choose outside the transaction, write inside it, and choose again on a loss."""
    for _ in range(CHOICES):
        choices = _choices(asks, errand)
        try:
            return _write_all(asks=asks, choices=choices, errand=errand)
        except (ChoiceLost, ResourceTaken, GroundsMoved):
            continue
    raise Refused([diary.plain_reason("resource_taken")])


def _choices(asks: Sequence[Ask], errand: _Errand) -> list[Choice]:
    taken: tuple[Held, ...] = ()
    choices: list[Choice] = []
    for index, ask in enumerate(asks):
        choice = _choice(ask, taken, errand.now)
        if not choice.held or any(r.severity is Severity.HARD for r in choice.reasons):
            _refuse_outright(index, ask, choice, errand)
        choices.append(choice)
        taken += choice.held
    return choices


def _choice(ask: Ask, beside: tuple[Held, ...], now: datetime) -> Choice:
    """Choose; when nothing is free, sweep the holds that have expired and look once more."""
    choice = diary.choose(wish=ask.wish, start=ask.start, now=now, beside=beside)
    if choice.held or not free_expired_holds(now=now):
        return choice
    return diary.choose(wish=ask.wish, start=ask.start, now=now, beside=beside)


def _refuse_outright(index: int, ask: Ask, choice: Choice, errand: _Errand) -> None:
    """Refuse without a lock what no lock can mend, with the skin's reasons beside the diary's."""
    patient = diary.known(ask.wish.patient_id or 0)
    skin = diary.clinical(
        wish=ask.wish, choice=choice, now=errand.now, moment=Moment.BOOKING, patient=patient
    )
    raise Refused([*choice.reasons, *skin], ask=index, patient=patient)


@retrying
def _write_all(*, asks: Sequence[Ask], choices: Sequence[Choice], errand: _Errand) -> list[Booked]:
    """Decide under the patients' locks, and write under the resources' as well.

    Everybody waits for the same few devices: their locks, the look whether what was chosen is free
    still, and all that is written travel together, when everything is ready.
    """
    who = {ask.wish.patient_id for ask in asks if ask.wish.patient_id is not None}
    patients, keys = locks.known(who, visits=len(asks))
    counter = max((p.counter for p in patients.values() if p.counter is not None), default=None)
    with catalogue.steady(counter) as ground, statements.gathered():
        locks.hold_fast(
            held=[held for choice in choices for held in choice.held],
            moving=[ask.wish.moving for ask in asks if ask.wish.moving is not None],
            grounds=ground.version,
        )
        booked = [
            _write_one(ask, choice, errand, _Place(index, keys[index], patients))
            for index, (ask, choice) in enumerate(zip(asks, choices, strict=True))
        ]
        _tell([b.appointment for b in booked], errand)
    return booked


def _tell(visits: Sequence[Appointment], errand: _Errand) -> None:
    verb = "hold" if errand.until else "book"
    step = rows.Step(verb=verb, told=errand.until is None, by=errand.by, now=errand.now)
    entries = [
        trail.entry(
            subject=v,
            verb=verb,
            by=errand.by,
            now=errand.now,
            what=rows.changes({}, rows.picture(v)),
        )
        for v in visits
    ]
    rows.announce(visits, step, entries)


@dataclass(frozen=True, slots=True)
class _Place:
    """One visit's place among those written together: its index, its key, and who is known.

    What was read of a patient before is true of the first only; the others must see it.
    """

    index: int
    key: int
    patients: Mapping[int, diary.Known]

    def patient(self, ask: Ask) -> diary.Known | None:
        """Answer what was read of the patient, where that is still all."""
        return None if self.index else self.patients.get(ask.wish.patient_id or 0)


def _write_one(ask: Ask, choice: Choice, errand: _Errand, place: _Place) -> Booked:
    reasons = decided(ask, choice, errand.now, free=True, patient=place.patient(ask))
    try:
        overridden = overrides.settle(reasons=reasons, ask=ask.override, by=errand.by)
    except Refused as refusal:
        refusal.facts["ask"] = place.index
        raise
    appointment = _row(ask, errand)
    rows.describe(appointment, ask.wish)
    rows.place(appointment, ask.wish, choice)
    if ask.wish.moving is None:
        appointment.pk = place.key
        statements.insert(appointment)
    else:
        appointment.save()
    rows.hold_resources(appointment, choice)
    overrides.write(
        appointment=appointment, reasons=overridden, ask=ask.override, by=errand.by, now=errand.now
    )
    return Booked(appointment, tuple(r for r in reasons if r.severity is Severity.ADVISORY))


def decided(
    ask: Ask,
    choice: Choice,
    now: datetime,
    *,
    free: bool = False,
    patient: diary.Known | None = None,
) -> list[Reason]:
    """Ask diary and skin again, under the locks; see `diary.again`.

    Raises:
        ChoiceLost: somebody took what was chosen; another choice may do.

    """
    fresh, skin = diary.again(
        wish=ask.wish, choice=choice, now=now, moment=Moment.BOOKING, free=free, patient=patient
    )
    if any(r.code == "resource_taken" for r in fresh):
        raise ChoiceLost
    return [*fresh, *skin]


def _row(ask: Ask, errand: _Errand) -> Appointment:
    """Answer the row to write: a new one, or the hold that is being booked, emptied."""
    status = Status.PENDING if errand.until else Status.BOOKED
    wish = ask.wish
    if wish.moving is None:
        return Appointment(
            patient_id=wish.patient_id or 0,
            status=status.value,
            expires_at=errand.until,
            booked_by=errand.by.name,
            created_at=errand.now,
        )
    kept = Appointment.objects.select_for_update(no_key=True).get(pk=wish.moving)
    if kept.status != Status.PENDING:
        raise WrongState("This hold was booked or released already.")
    rows.drop_resources(kept.pk)
    kept.status, kept.expires_at = status.value, None
    kept.patient_id, kept.booked_by, kept.version = (
        wish.patient_id or 0,
        errand.by.name,
        kept.version + 1,
    )
    return kept

"""A practitioner runs late: the rest of the day moved on by some minutes, seen before it is done.

Looking writes nothing. What is shown is a move for each visit that may go, with exactly what it
would hold, and for every other one why it stays; `shift` moves just what was shown, or nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling import booking, diary
from scheduling.booking import Booked, Move, overrides
from scheduling.core.timeline import floor_q, instant
from scheduling.core.words import Actor, Held, Reason, Severity, Status, Wish
from scheduling.diary import Look, Setting
from scheduling.diary.choosing import held_at, masked, worst_first
from scheduling.errors import Malformed, NotFound
from scheduling.models import Allocation, Appointment, Resource

MOST = 240
"""Minutes; who is later than that has an absence, and its visits are arranged anew."""

CLASHES = frozenset({"resource_taken", "no_combination"})

HERE = "is in the house already: tell them in person; the diary keeps the time"
KEPT = "is kept for somebody for some minutes, and is not booked yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What a shift would mean for one visit; without a `move` it stays, and the rest says why.

    `reasons` stand against it; a move that has some needs a clinician's override. `clashes` name
    what is in the way, `swaps` what it would hold instead of what it holds.
    """

    visit: Appointment
    new: datetime
    move: Move | None = None
    reasons: tuple[Reason, ...] = ()
    clashes: tuple[str, ...] = ()
    swaps: tuple[str, ...] = ()
    stays: str = ""

    @property
    def free(self) -> bool:
        """Tell whether anybody at the desk may move it."""
        return self.move is not None and not self.reasons


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """The rest of a day: its visits, what each holds, and by how much it moves on."""

    visits: Sequence[Appointment]
    held: Mapping[int, tuple[Held, ...]]
    quanta: int
    by: Actor
    now: datetime
    going: frozenset[int] = field(default_factory=frozenset)

    def shifted(self, visit: Appointment) -> tuple[Held, ...]:
        """Answer what a visit holds, moved on."""
        n = self.quanta
        return tuple(
            replace(h, start_q=h.start_q + n, end_q=h.end_q + n) for h in self.held[visit.pk]
        )

    def beside(self, patient_id: int) -> tuple[Held, ...]:
        """Answer what the other patients' visits will hold when they have gone."""
        return tuple(
            held
            for visit in self.visits
            if visit.pk in self.going and visit.patient_id != patient_id
            for held in self.shifted(visit)
        )


def preview(
    *, practitioner_id: int, site_id: int, minutes: int, by: Actor, now: datetime
) -> list[Consequence]:
    """Show what becomes of each visit of the rest of today, in order, were it `minutes` later.

    A visit that cannot go stays where it is, and so may stand in the way of those before it.

    Raises:
        Malformed: the minutes are no multiple of 5 from 5 to 240.
        NotFound: no such practitioner, or a site where the actor does not work.

    """
    if not 0 < minutes <= MOST or minutes % 5:
        raise Malformed(f"Move on by 5 to {MOST} minutes, in steps of 5.", field="minutes")
    if not by.works_at(site_id):
        raise NotFound
    visits = rest_of_day(practitioner_id=practitioner_id, site_id=site_id, now=now)
    going = frozenset(visit.pk for visit in visits if visit.status == Status.BOOKED)
    day = _Day(visits=visits, held=_held(visits), quanta=minutes // 5, by=by, now=now, going=going)
    found: dict[int, Consequence] = {}
    while True:
        # Whoever stays holds on to their place, which those who go must find taken.
        tried = _tried(replace(day, going=going))
        stuck = {pk: each for pk, each in tried.items() if not each.free}
        found |= tried
        if not stuck:
            return [found.get(visit.pk) or _staying(visit, day) for visit in visits]
        going -= stuck.keys()


def rest_of_day(*, practitioner_id: int, site_id: int, now: datetime) -> list[Appointment]:
    """Read what is left of a practitioner's day at a site, with patients and treatments.

    Raises:
        NotFound: there is no such practitioner.

    """
    who = Resource.objects.filter(pk=practitioner_id, kind=Resource.Kind.PRACTITIONER)
    if not who.exists():
        raise NotFound("There is no such practitioner.")
    mine = Allocation.objects.filter(resource=practitioner_id, active=True)
    rows = Appointment.objects.filter(
        site=site_id,
        end__gt=now,
        start__lt=now + timedelta(days=1),
        status__in=[Status.BOOKED.value, Status.ARRIVED.value, Status.PENDING.value],
        pk__in=mine.filter(end_q__gt=floor_q(now)).values("appointment"),
    )
    visits = rows.select_related("patient", "treatment", "site").order_by("start", "pk")
    return [visit for visit in visits if visit.local_date == now.astimezone(_zone(visit)).date()]


def shift(*, moves: Sequence[Move], reason: str, by: Actor, now: datetime) -> list[Booked]:
    """Move all of these visits in one transaction, or none; each patient is told once.

    `reason` is a named clinician's, for the moves that something speaks against.

    Raises:
        Refused: one of them can no longer lie there; the fact `ask` is its index.
        StaleVersion: somebody changed a visit since it was shown.
        WrongState: a visit has begun, or is over.
        Forbidden: a reason was needed, and the actor may not override.
        Malformed: nothing was chosen, or a visit twice.
        NotFound, Busy: see `booking.book`.

    """
    placings = booking.as_shown(moves=moves, reason=reason)
    return booking.move_many(placings=placings, by=by, now=now)


def _tried(day: _Day) -> dict[int, Consequence]:
    """Try every visit that goes, patient by patient, among all the others at their new places."""
    mine: dict[int, list[Appointment]] = {}
    for visit in day.visits:
        if visit.pk in day.going:
            mine.setdefault(visit.patient_id, []).append(visit)
    return {each.visit.pk: each for visits in mine.values() for each in _of_patient(visits, day)}


def _of_patient(visits: Sequence[Appointment], day: _Day) -> Iterable[Consequence]:
    starts = [visit.start_q + day.quanta for visit in visits]
    setting = _setting(visits, starts, day)
    wishes = [_pinned(visit, day.held[visit.pk]) for visit in visits]
    seen = diary.looks(wishes=wishes, setting=setting, now=day.now)
    skins = diary.against(seen=seen, starts=starts, setting=setting, now=day.now)
    for visit, start_q, look, skin in zip(visits, starts, seen, skins, strict=True):
        left = _uncovered(visit, skin, visits)
        found = _one(visit, start_q, look, left, day)
        if {reason.code for reason in found.reasons} & CLASHES:
            found = _elsewhere(found, start_q, left, setting, day)
        yield found


def _setting(visits: Sequence[Appointment], starts: Sequence[int], day: _Day) -> Setting:
    dates = [instant(q).astimezone(_zone(visits[0])).date() for q in starts]
    beside = day.beside(visits[0].patient_id)
    return Setting(first=min(dates), last=max(dates), without=day.going, beside=beside)


def _one(
    visit: Appointment, start_q: int, look: Look, skin: Sequence[Reason], day: _Day
) -> Consequence:
    """Say what a visit would hold at its new start, and all that speaks against it."""
    chosen, needs = held_at(look, start_q)
    reasons = tuple(worst_first([*masked(look, start_q), *needs, *skin]))
    hard = any(reason.severity is Severity.HARD for reason in reasons)
    move = None
    if chosen and not hard:
        codes = tuple(sorted({reason.code for reason in reasons}))
        move = Move(
            visit_id=visit.pk,
            version=visit.version,
            start=instant(start_q),
            held=chosen,
            codes=codes,
        )
    clashes = _clashes(visit, day) if {r.code for r in reasons} & CLASHES else ()
    return Consequence(
        visit=visit, new=instant(start_q), move=move, reasons=reasons, clashes=clashes
    )


def _elsewhere(
    found: Consequence, start_q: int, skin: Sequence[Reason], setting: Setting, day: _Day
) -> Consequence:
    """Look whether another room or device would do, with the same practitioner."""
    visit, held = found.visit, day.held[found.visit.pk]
    who = tuple(h.resource_id for h in held if h.kind == Resource.Kind.PRACTITIONER)
    wish = replace(booking.wish_of(visit), resources={Resource.Kind.PRACTITIONER.value: who})
    look = diary.looks(wishes=[wish], setting=setting, now=day.now)[0]
    other = _one(visit, start_q, look, skin, day)
    if other.move is None or other.reasons:
        return found
    return replace(other, clashes=(), swaps=_swaps(held, other.move.held))


def _swaps(before: Iterable[Held], after: Iterable[Held]) -> tuple[str, ...]:
    was = {h.resource_id: h.kind for h in before}
    will = {h.resource_id: h.kind for h in after}
    names = dict(Resource.objects.filter(pk__in=[*was, *will]).values_list("pk", "name"))
    gone = {kind: names[pk] for pk, kind in was.items() if pk not in will}
    return tuple(
        f"{names[pk]} instead of {gone[kind]}" if kind in gone else names[pk]
        for pk, kind in will.items()
        if pk not in was
    )


def _clashes(visit: Appointment, day: _Day) -> tuple[str, ...]:
    """Name the visits that hold what this one would need; of other sites, only that there is one."""
    told = []
    for held in day.shifted(visit):
        rows = Allocation.objects.filter(
            resource=held.resource_id, active=True, start_q__lt=held.end_q, end_q__gt=held.start_q
        ).exclude(appointment__in=day.going)
        for row in rows.select_related(
            "resource", "appointment__patient", "appointment__treatment"
        ):
            other, zone = row.appointment, _zone(visit)
            low, high = (f"{instant(q).astimezone(zone):%H:%M}" for q in (row.start_q, row.end_q))
            who = (
                f"{other.patient}, {other.treatment}"
                if day.by.works_at(other.site_id)
                else "a visit at another site"
            )
            told.append(f"{row.resource.name} is held {low} to {high} for {who}")
    return tuple(dict.fromkeys(told))


def _uncovered(
    visit: Appointment, skin: Sequence[Reason], visits: Sequence[Appointment]
) -> list[Reason]:
    """Leave out what a standing override covers; ids of visits that go along are read back."""
    named = [
        replace(r, other=str(visits[int(r.other[1:])].pk)) if r.other.startswith(":") else r
        for r in skin
    ]
    standing = overrides.covered_by([o for o in overrides.live(visit.pk) if o.other_id], visit)
    return [reason for reason in named if (reason.code, reason.other) not in standing]


def _pinned(visit: Appointment, held: Iterable[Held]) -> Wish:
    """Spell a visit as the wish for exactly what it holds."""
    resources: dict[str, tuple[int, ...]] = {}
    for each in held:
        resources[each.kind] = (*resources.get(each.kind, ()), each.resource_id)
    return replace(booking.wish_of(visit), resources=resources)


def _held(visits: Iterable[Appointment]) -> dict[int, tuple[Held, ...]]:
    rows = Allocation.objects.filter(appointment__in=[v.pk for v in visits], active=True)
    found: dict[int, tuple[Held, ...]] = {}
    for row in rows.select_related("resource").order_by("pk"):
        held = Held(row.resource_id, row.resource.kind, row.start_q, row.end_q)
        found[row.appointment_id] = (*found.get(row.appointment_id, ()), held)
    return found


def _staying(visit: Appointment, day: _Day) -> Consequence:
    stays = HERE if visit.status == Status.ARRIVED else KEPT
    new = visit.start + timedelta(minutes=5 * day.quanta)
    return Consequence(visit=visit, new=new, stays=stays)


def _zone(visit: Appointment) -> ZoneInfo:
    return ZoneInfo(visit.zone)

"""What an absence hits and what is offered instead, in the words that reception reads out."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from plans.picture.words import full_day
from plans.rearranging import Affected, Offer
from scheduling import booking, catalogue, diary
from scheduling.booking import Move
from scheduling.core.words import FreeStart
from scheduling.models import Allocation, Appointment, Patient, Resource
from scheduling.screens import refusing, times
from scheduling.screens.times import wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """Until when a visit can wait; `tone` is a tone of the style sheet."""

    words: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One visit that is hit; `when` is on the site's clock."""

    affected: Affected
    when: datetime
    deadline: Deadline

    @property
    def visit(self) -> Appointment:
        """The visit itself."""
        return self.affected.visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """Who treats, and with and where."""

    who: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One visit that would move, on the site's clock; without `hit` it only moves along."""

    visit: Appointment
    hit: Hit | None
    old: datetime
    new: datetime
    by: str
    before: Crew
    after: Crew

    @property
    def late(self) -> bool:
        """Tell whether the new date lies beyond what is allowed."""
        last = self.hit.affected.breaks_on if self.hit else None
        return last is not None and self.new.date() > last


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """One visit for which nothing was found, and the first start after it that rules and diary allow."""

    hit: Hit
    instead: times.Start | None
    day: datetime | None

    @property
    def late(self) -> bool:
        """Tell whether that start lies beyond what is allowed."""
        last = self.hit.affected.breaks_on
        return self.day is not None and last is not None and self.day.date() > last


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is offered to one patient; `token` spells the moves for the form."""

    patient: Patient
    deadline: Deadline
    moves: tuple[Move, ...]
    shifts: tuple[Shift, ...]
    stuck: tuple[Stuck, ...]
    reasons: tuple[refusing.Told, ...]


def hits(affected: Iterable[Affected], *, now: datetime, back: datetime) -> list[Hit]:
    """Put visits that are hit into words; from `back` on nobody is away any more."""
    return [_hit(each, now, back) for each in affected]


def _hit(each: Affected, now: datetime, back: datetime) -> Hit:
    zone = ZoneInfo(each.visit.zone)
    today, returns = (moment.astimezone(zone).date() for moment in (now, back))
    return Hit(
        affected=each,
        when=wall(each.visit.start, zone),
        deadline=_deadline(each.breaks_on, today, returns),
    )


def _deadline(last: date | None, today: date, returns: date) -> Deadline:
    """Say until when a visit can wait; it is red where that ends before anybody is back."""
    if last is None:
        return Deadline(words="can wait", tone="")
    if last < today:
        return Deadline(words=f"was due by {full_day(last)}", tone="bad")
    return Deadline(words=f"must be by {full_day(last)}", tone="bad" if last < returns else "warn")


def lines(offers: Sequence[Offer], *, now: datetime, back: datetime) -> list[Line]:
    """Put offers into words: two queries, and a search for each visit without a place."""
    before = _crews([visit for offer in offers for visit in offer.visits.values()])
    names = {pk: thing.name for pk, thing in catalogue.current().resources.items()}
    return [
        _line(offer, hits(offer.affected, now=now, back=back), before, names, now)
        for offer in offers
    ]


def _line(
    offer: Offer,
    hit: Sequence[Hit],
    before: Mapping[int, Crew],
    names: Mapping[int, str],
    now: datetime,
) -> Line:
    by_visit = {each.visit.pk: each for each in hit}
    shifts = []
    for move in offer.moves:
        visit = offer.visits[move.visit_id]
        after = _crew((held.kind, names[held.resource_id]) for held in move.held)
        was = before.get(visit.pk, Crew(who="", rest=""))
        shifts.append(_shift(move, visit, by_visit.get(visit.pk), was, after))
    return Line(
        patient=hit[0].visit.patient,
        deadline=hit[0].deadline,
        moves=offer.moves,
        shifts=tuple(sorted(shifts, key=lambda shift: shift.visit.start)),
        stuck=() if offer.moves else tuple(_stuck(each, now) for each in hit),
        reasons=refusing.told(offer.reasons),
    )


def _shift(move: Move, visit: Appointment, hit: Hit | None, before: Crew, after: Crew) -> Shift:
    zone = ZoneInfo(visit.zone)
    old, new = wall(visit.start, zone), wall(move.start, zone)
    return Shift(
        visit=visit, hit=hit, old=old, new=new, by=_by(old, new), before=before, after=after
    )


def _by(old: datetime, new: datetime) -> str:
    """Say by how much a visit moves."""
    days = (new.date() - old.date()).days
    if not days:
        if old == new:
            return "same time"
        return "earlier that day" if new < old else "later that day"
    noun = "1 day" if abs(days) == 1 else f"{abs(days)} days"
    return f"{noun} {'later' if days > 0 else 'earlier'}"


def _stuck(hit: Hit, now: datetime) -> Stuck:
    visit = hit.visit
    found = diary.earliest_start(wish=booking.wish_of(visit), after=visit.start, now=now)
    return Stuck(hit=hit, instead=_button(found, visit), day=_day(found, visit))


def _button(found: FreeStart | None, visit: Appointment) -> times.Start | None:
    if found is None:
        return None
    return times.button(found, ZoneInfo(visit.zone), times.names_of([found]))


def _day(found: FreeStart | None, visit: Appointment) -> datetime | None:
    return wall(found.start, ZoneInfo(visit.zone)) if found else None


def _crews(visits: Sequence[Appointment]) -> dict[int, Crew]:
    """Read who and what visits hold now, in one query."""
    rows = Allocation.objects.filter(appointment__in=[visit.pk for visit in visits], active=True)
    found: dict[int, list[tuple[str, str]]] = {}
    for pk, kind, name in rows.order_by("pk").values_list(
        "appointment_id", "resource__kind", "resource__name"
    ):
        found.setdefault(pk, []).append((kind, name))
    return {pk: _crew(held) for pk, held in found.items()}


def _crew(held: Iterable[tuple[str, str]]) -> Crew:
    """Name people apart from things, rooms before devices."""
    people = Resource.Kind.PRACTITIONER.value
    names = sorted(held, key=lambda each: each[0], reverse=True)
    return Crew(
        who=", ".join(name for kind, name in names if kind == people),
        rest=", ".join(name for kind, name in names if kind != people),
    )


def spelled(moves: Iterable[Move]) -> list[list[Any]]:
    """Spell moves as JSON; see `read`."""
    return [move.spelled() for move in moves]


def read(rows: Iterable[Sequence[Any]]) -> tuple[Move, ...]:
    """Read moves as `spelled` spelled them."""
    return tuple(Move.read(row) for row in rows)

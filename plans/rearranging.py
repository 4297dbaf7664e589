"""Somebody is sick or a device is down: every visit that it hits, arranged anew together.

Who would be harmed first comes first. Each patient's course is re-flowed as a whole, around what
the patients before have been given, so that what is offered to one stands whatever the others say.
Nothing moves until it is accepted.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from plans.courses import SessionView, views
from plans.courses.rows import Rows
from plans.models import Plan
from plans.planning import keeping
from plans.planning.fitting import must_fit, unfit
from plans.planning.posing import Task
from plans.planning.reach import opened_plan
from plans.planning.refusing import NO_PLAN, reason
from plans.planning.solving import solved
from scheduling import absences, booking, diary
from scheduling.booking import Booked, Move, Placing
from scheduling.booking.locks import lock_patients
from scheduling.core.timeline import bits, instant
from scheduling.core.words import Actor, Held, Reason, Status
from scheduling.diary import Setting
from scheduling.errors import ClinicError, Malformed, NotFound, Refused, WrongState
from scheduling.integrity import retrying
from scheduling.models import Absence, Appointment

UNDER_WAY = (Status.ARRIVED.value, Status.CHECKED_IN.value)
"""Statuses of a patient who is in the house."""

REACH_DAYS = 60
"""Days on either side of a visit outside of any plan in which another place is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One visit that an absence hits; `breaks_on` is the last local date that its plan allows.

    None where nothing breaks, however late it comes.
    """

    visit: Appointment
    breaks_on: date | None
    plan_id: int | None = None
    session: str = ""

    @property
    def harm(self) -> tuple[date, datetime, int]:
        """Rank by whose longest lag breaks first, then by time."""
        return self.breaks_on or date.max, self.visit.start, self.visit.pk


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is offered to one patient: all moves that the absence makes necessary, or why none is.

    `visits` has each visit that would move, struck or not, by id.
    """

    affected: tuple[Affected, ...]
    moves: tuple[Move, ...] = ()
    visits: dict[int, Appointment] = field(default_factory=dict)
    reasons: tuple[Reason, ...] = ()

    @property
    def held(self) -> tuple[Held, ...]:
        """Everything that the moves would hold."""
        return tuple(held for move in self.moves for held in move.held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What an absence hits besides: `here` is kept for a while or has begun, and is not moved.

    `elsewhere` counts the visits that lie at sites where the actor does not work.
    """

    here: tuple[Appointment, ...]
    elsewhere: int


def absence_of(*, absence_id: int, by: Actor) -> Absence:
    """Answer an absence that this actor may see: of a site of theirs, or of nobody's.

    Raises:
        NotFound: there is none.

    """
    found = Absence.objects.select_related("resource__site", "site").filter(pk=absence_id).first()
    if found is not None:
        home = found.resource.site_id if found.resource else found.site_id
        if home is None or by.works_at(home):
            return found
    raise NotFound("There is no such absence.")


def affected(*, absence_id: int, by: Actor, now: datetime) -> list[Affected]:
    """List the coming visits that an absence hits, those first that would be harmed first.

    Raises:
        NotFound: there is no such absence, or it is of a site where the actor does not work.

    """
    absence = absence_of(absence_id=absence_id, by=by)
    visits = [visit for visit in _coming(absence, now) if by.works_at(visit.site_id)]
    sessions = _sessions(visits, now)
    found = [_affected(visit, sessions.get(visit.pk)) for visit in visits]
    return sorted(found, key=lambda each: each.harm)


def others(*, absence_id: int, by: Actor, now: datetime) -> Others:
    """List what an absence hits and this actor cannot arrange anew; what is over is left out.

    Raises: see `affected`.
    """
    absence = absence_of(absence_id=absence_id, by=by)
    kept = Q(status=Status.PENDING.value, expires_at__gt=now)
    begun = Q(status=Status.BOOKED.value, start__lte=now) | Q(status__in=UNDER_WAY)
    here = absences.struck(absence).filter(kept | begun)
    return Others(
        here=tuple(visit for visit in here if by.works_at(visit.site_id)),
        elsewhere=sum(not by.works_at(visit.site_id) for visit in _coming(absence, now)),
    )


def propose(*, absence_id: int, by: Actor, now: datetime) -> list[Offer]:
    """Offer each patient a new arrangement, in the order of harm; nothing is booked or kept.

    A patient for whom nothing is left, but would be were it not for the others, is served first
    and the search begun again, once each.

    Raises: see `affected`.
    """
    groups = _groups(affected(absence_id=absence_id, by=by, now=now))
    offers, tried = _offered(groups, by, now), set[int]()
    while (at := _stuck(offers, tried)) is not None:
        tried.add(_whose(offers[at]))
        # Whoever has no place even alone is not helped by coming first: no need to begin again.
        if _one(groups[at], (), by, now).moves:
            groups.insert(0, groups.pop(at))
            offers = _offered(groups, by, now)
    return sorted(offers, key=lambda offer: offer.affected[0].harm)


def _stuck(offers: Sequence[Offer], tried: Collection[int]) -> int | None:
    """Find the first patient behind others for whom nothing is left and who was not tried yet."""
    found = (
        at
        for at, offer in enumerate(offers)
        if at and not offer.moves and _whose(offer) not in tried
    )
    return next(found, None)


def _whose(offer: Offer) -> int:
    return offer.affected[0].visit.patient_id


def accept(*, moves: Sequence[Move], by: Actor, now: datetime) -> list[Booked]:
    """Move all of these visits in one transaction, or none; each patient is told once.

    Raises:
        Refused: one of them can no longer lie there; the fact `ask` is its index.
        StaleVersion, WrongState, NotFound: see `booking.arrange`.
        Malformed: nothing was chosen, or a visit twice.

    """
    if not moves:
        raise Malformed("Choose at least one patient.")
    placings = booking.as_shown(moves=moves)
    series = {p.wish.series_id for p in placings if p.wish.series_id is not None}
    plans = list(Plan.objects.filter(series__in=series).values_list("pk", flat=True))
    return _moved(placings, plans, by, now)


@retrying
def _moved(
    placings: Sequence[Placing], plans: Collection[int], by: Actor, now: datetime
) -> list[Booked]:
    """Move, and hold the plans to their lags as the sessions that stayed lie now."""
    lock_patients({p.wish.patient_id for p in placings if p.wish.patient_id is not None})
    before = unfit(plans, now=now)
    booked = booking.arrange(placings=placings, by=by, now=now)
    must_fit(plans, before, now=now)
    return booked


def lost(*, moves: Sequence[Move], error: ClinicError) -> list[Appointment]:
    """Answer the visits because of which `accept` raised; empty where nobody can tell.

    They come with their patients.
    """
    rows = Appointment.objects.select_related("patient").in_bulk([m.visit_id for m in moves])
    at = error.facts.get("ask")
    if at is not None:
        return [rows[moves[at].visit_id]]
    return [
        rows[move.visit_id]
        for move in moves
        if move.visit_id in rows and rows[move.visit_id].version != move.version
    ]


def _coming(absence: Absence, now: datetime) -> QuerySet[Appointment]:
    return absences.struck(absence).filter(status=Status.BOOKED.value, start__gt=now)


def _sessions(visits: Iterable[Appointment], now: datetime) -> dict[int, tuple[int, SessionView]]:
    """Read, by visit, the plan and the session that it is of."""
    series = {visit.series_id for visit in visits if visit.series_id is not None}
    plans = Plan.objects.filter(series__in=series, abandoned_at=None)
    return {
        session.visit.id: (view.id, session)
        for view in views(plans.select_related("patient", "site"), now=now)
        for session in view.sessions
        if session.visit is not None
    }


def _affected(visit: Appointment, of: tuple[int, SessionView] | None) -> Affected:
    if of is None:
        return Affected(visit=visit, breaks_on=visit.not_after)
    plan_id, session = of
    return Affected(visit=visit, breaks_on=session.due_last, plan_id=plan_id, session=session.name)


def _groups(hit: Iterable[Affected]) -> list[list[Affected]]:
    """Part what is hit by patient, a patient's worst first."""
    groups: dict[int, list[Affected]] = {}
    for each in hit:
        groups.setdefault(each.visit.patient_id, []).append(each)
    return list(groups.values())


def _offered(groups: Sequence[list[Affected]], by: Actor, now: datetime) -> list[Offer]:
    """Serve the patients in turn, each around those before."""
    offers, taken = list[Offer](), tuple[Held, ...]()
    for group in groups:
        offer = _one(group, taken, by, now)
        offers.append(offer)
        taken += offer.held
    return offers


def _one(group: Sequence[Affected], taken: tuple[Held, ...], by: Actor, now: datetime) -> Offer:
    """Find new places for all of a patient's visits that are hit, plan by plan."""
    moves, visits = list[Move](), dict[int, Appointment]()
    try:
        for plan_id in dict.fromkeys(each.plan_id for each in group):
            mine = taken + tuple(held for move in moves for held in move.held)
            some = [each.visit for each in group if each.plan_id == plan_id]
            if plan_id is None:
                found = [_nearest(visit, mine, now) for visit in some]
                visits |= {visit.pk: visit for visit in some}
            else:
                rows = opened_plan(plan_id=plan_id, by=by, now=now)
                found, moved = _reflowed(rows, mine, now)
                visits |= moved
            moves += found
    except Refused as refusal:
        return Offer(affected=tuple(group), reasons=refusal.reasons)
    except (NotFound, Malformed, WrongState) as error:
        # one patient's retired treatment or far site is no reason to leave the others without offers
        return Offer(affected=tuple(group), reasons=(reason(NO_PLAN, error.sentence),))
    return Offer(affected=tuple(group), moves=tuple(moves), visits=visits)


def _reflowed(
    rows: Rows, taken: tuple[Held, ...], now: datetime
) -> tuple[list[Move], dict[int, Appointment]]:
    """Move a course by as little as the absence makes necessary; what has no date gets none here."""
    moving = keeping.movable(rows, now)
    bare = frozenset(s.pk for s in rows.sessions if rows.visit(s) is None)
    task = Task(read=rows, now=now, moving=moving, beside=taken, leaving=bare)
    work, found = solved(task)
    moves, visits = list[Move](), dict[int, Appointment]()
    for place in found.placements:
        visit = moving.get(work.sessions[place.key].pk)
        if visit is None or keeping.stays(task, visit, place):
            continue
        visits[visit.pk] = visit
        moves.append(
            Move(
                visit_id=visit.pk,
                version=visit.version,
                start=instant(place.start_q),
                held=place.held,
            )
        )
    return moves, visits


def _nearest(visit: Appointment, taken: tuple[Held, ...], now: datetime) -> Move:
    """Find the place nearest to a visit's own: by days, then by time of day.

    Raises:
        Refused: there is none within `REACH_DAYS`.

    """
    zone = ZoneInfo(visit.zone)
    today, reach = now.astimezone(zone).date(), timedelta(days=REACH_DAYS)
    setting = Setting(
        first=max(today, visit.local_date - reach),
        last=visit.local_date + reach,
        without=frozenset({visit.pk}),
        beside=taken,
    )
    wish = booking.wish_of(visit)
    look = diary.looks(wishes=[wish], setting=setting, now=now)[0]
    starts = [instant(int(bit) + look.window.q0) for bit in bits(look.starts)]
    if not starts:
        raise Refused(diary.told(look, visit.start_q))
    best = min(starts, key=lambda start: _distance(visit, start.astimezone(zone)))
    choice = diary.choose(wish=wish, start=best, now=now, beside=taken)
    return Move(visit_id=visit.pk, version=visit.version, start=best, held=choice.held)


def _distance(visit: Appointment, start: datetime) -> tuple[int, int, bool]:
    """Measure how far a start lies from a visit; of two alike, the later one is kinder."""
    minutes = start.hour * 60 + start.minute - visit.local_time.hour * 60 - visit.local_time.minute
    days = (start.date() - visit.local_date).days
    return abs(days), abs(minutes), (days, minutes) < (0, 0)

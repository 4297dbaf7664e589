"""One visit moved by whom it is for: where it can go, what goes with it, and all of it booked.

A visit that is a session of a plan takes the others along where it must: the plan is solved with
the new start given and everything else moved as little as possible, as a re-flow does. What was
shown is what is booked, in one transaction, or nothing is.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from plans.core.openings import opened
from plans.courses.rows import Rows
from plans.models import Plan, Session
from plans.planning import keeping
from plans.planning.fitting import must_fit, unfit
from plans.planning.noting import OWN
from plans.planning.posing import WANTED, Posed, Task, posed
from plans.planning.reach import opened_plan
from plans.planning.refusing import away, elsewhere
from plans.planning.solving import placed, solved
from scheduling import booking, catalogue, diary, refusals
from scheduling.booking import Placing, locks
from scheduling.core.hours import days_window
from scheduling.core.timeline import floor_q, instant
from scheduling.core.words import Actor, Held, Reason, Status
from scheduling.diary import FreeStarts
from scheduling.errors import ClinicError, Refused, WrongState
from scheduling.integrity import retrying
from scheduling.models import Appointment, Refusal

REACH_DAYS = 120
"""How far ahead the soonest starts are looked for."""

DATES_TRIED = 60
"""For how many dates the whole course is tried before the soonest ones are given up."""

QUANTUM = timedelta(minutes=5)


class ShiftChanged(ClinicError):
    """What would move is no longer what was shown; nothing was moved. `shift` is what would move now."""

    code = "shift_changed"
    sentence = "What would move has changed since it was shown. Please look again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One visit, as it lies now, and where it would lie; `name` is its session's or treatment's."""

    visit: Appointment
    start: datetime
    held: tuple[Held, ...]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """All that would change, the visit that was asked about first; `seen` stands for exactly this."""

    moves: tuple[Moved, ...]
    plan_id: int | None = None

    @property
    def seen(self) -> str:
        """A digest of which versions of which visits would go where, and what they would hold."""
        told = [
            (m.visit.pk, m.visit.version, floor_q(m.start), sorted(h.resource_id for h in m.held))
            for m in self.moves
        ]
        return hashlib.sha256(repr(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Start:
    """A start that can be had, on the site's clock, and the time to be there."""

    start: datetime
    arrive_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    """A local date: its starts, or why it has none. `along`: other visits move with it."""

    date: date
    starts: tuple[Start, ...] = ()
    reasons: tuple[Reason, ...] = ()
    along: bool = False


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where one visit can go; days are worked out when they are read, each once."""

    visit: Appointment
    free: FreeStarts
    course: "Course | None" = None
    _fits: dict[date, bool | None] = field(default_factory=dict)

    @cached_property
    def by_day(self) -> Mapping[date, Sequence[Start]]:
        """The starts that diary and rules leave, by local date; where the visit lies is none."""
        zone, days = ZoneInfo(self.visit.zone), dict[date, list[Start]]()
        for quantum, holding in zip(self.free.quanta.tolist(), self.free.holdings, strict=True):
            if quantum == self.visit.start_q:
                continue
            start = instant(quantum).astimezone(zone)
            arrive = instant(quantum - holding.before_q).astimezone(zone)
            days.setdefault(start.date(), []).append(Start(start, arrive))
        return days

    def soonest(self) -> Iterator[Day]:
        """Go through the days that have starts, the nearest first, as far as it is worth looking."""
        for day in list(self.by_day)[:DATES_TRIED]:
            found = self.on(day)
            if found.starts:
                yield found

    def on(self, day: date) -> Day:
        """Answer one date: its starts, as far as the course can follow, or why there are none."""
        starts = self.by_day.get(day, ())
        if not starts:
            return Day(day, reasons=self._why(day))
        if day not in self._fits:
            self._fits[day] = self.course.along(day) if self.course else False
        along = self._fits[day]
        if along is None:
            return Day(day, reasons=(elsewhere(),))
        return Day(day, tuple(starts), along=along)

    def _why(self, day: date) -> tuple[Reason, ...]:
        look = self.course.look if self.course else self.free.look
        found = FreeStarts(replace(look, first=day, last=day))
        if self.course and found.quanta.size:
            return (away(),)
        return tuple(reason for hidden in found.hidden for reason in hidden.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """The plan of a visit, posed with every visit that may move along."""

    work: Posed
    key: str

    @property
    def look(self) -> diary.Look:
        """What diary and rules say of the visit itself."""
        return self.work.looks[self.key]

    def along(self, day: date) -> bool | None:
        """Tell whether others must move too if the visit lies on a date; None where it cannot."""
        problem, window = self.work.problem, self.look.window
        bounds = days_window(day, day, problem.course.zone)
        opening = problem.openings[self.key]
        mask = window.between(bounds.q0, bounds.q1)
        search = replace(opening.search, allowed={**opening.search.allowed, WANTED: mask})
        was = {key: place for key, place in problem.was.items() if key != self.key}
        openings = {**problem.openings, self.key: opened(search)}
        found = placed(replace(problem, openings=openings, was=was))
        if found is None or found.left_out:
            return None
        lies = {place.key: place.start_q for place in found.placements}
        return any(lies[key] != place.start_q for key, place in was.items())


def places(*, appointment_id: int, by: Actor, now: datetime) -> Places:
    """Look where a visit can go, from today on; nothing is kept and nothing changes.

    Raises:
        WrongState: it has begun, is over, or the site's notice has passed (`notice_hours`).
        Refused: it is of a plan that rests or is over.
        NotFound: no such visit for this actor.

    """
    visit = _movable(appointment_id, by, now)
    first = now.astimezone(ZoneInfo(visit.zone)).date()
    horizon = catalogue.current().site(visit.site_id).horizon_days
    last = first + timedelta(days=min(horizon, REACH_DAYS))
    read = _plan_of(visit, by, now)
    if read is None:
        found = diary.free_starts(wish=booking.wish_of(visit), first=first, last=last, now=now)
        return Places(visit=visit, free=found)
    task, session = _task(read, visit, now)
    work, key = posed(task), task.keys[session.pk]
    course = Course(work=work, key=key)
    first, last = max(first, work.setting.first), min(last, work.setting.last)
    search = work.problem.openings[key].search
    free = FreeStarts(replace(course.look, first=first, last=max(first, last), search=search))
    return Places(visit=visit, free=free, course=course)


def preview(*, appointment_id: int, to: datetime, by: Actor, now: datetime) -> Shift:
    """Tell all that would change if a visit were moved; nothing does.

    Raises:
        Refused: that start cannot be had, with every reason; or the course cannot follow there.
        and see `places`.

    """
    visit = _movable(appointment_id, by, now)
    read = _plan_of(visit, by, now)
    if read is None:
        wish = booking.wish_of(visit)
        against = booking.blocking(diary.explain_start(wish=wish, start=to, now=now))
        if against or floor_q(to) == visit.start_q:
            raise Refused(against or [diary.plain_reason("patient_busy")])
        return Shift(moves=(Moved(visit=visit, start=to, held=(), name=visit.treatment.name),))
    return Shift(moves=_along(read, visit, to, now), plan_id=read.plan.pk)


def shift(*, appointment_id: int, to: datetime, seen: str, by: Actor, now: datetime) -> Shift:
    """Move a visit and all that must go with it, as it was shown, in one transaction.

    Raises:
        ShiftChanged: what would move is no longer what `seen` stands for.
        Refused: somebody was faster, or the rules say no by now.
        StaleVersion: a visit was changed at this very moment.
        and see `places`.

    """
    with _noting(appointment_id, by, now):
        found = preview(appointment_id=appointment_id, to=to, by=by, now=now)
    if found.seen != seen:
        raise ShiftChanged(shift=found)
    visit = found.moves[0].visit
    if found.plan_id is None:
        booking.move(
            appointment_id=visit.pk, to=found.moves[0].start, version=visit.version, by=by, now=now
        )
    else:
        placings = [
            Placing(
                wish=booking.wish_of(moved.visit),
                start=moved.start,
                held=moved.held,
                version=moved.visit.version,
            )
            for moved in found.moves
        ]
        with _noting(appointment_id, by, now):
            _arranged(placings, [found.plan_id], by, now)
    return found


@contextmanager
def _noting(appointment_id: int, by: Actor, now: datetime) -> Iterator[None]:
    """Keep a refusal for the reports, as `booking.move` does of a visit that moves alone."""
    try:
        yield
    except Refused as refusal:
        visit = locks.seen(appointment_id=appointment_id, by=by)
        asked = refusals.Asked(
            verb=Refusal.Verb.MOVE,
            site_id=visit.site_id,
            treatment_id=visit.treatment_id,
            own=OWN,
        )
        refusals.note(refusal, asked=asked, by=by, now=now)
        raise


@retrying
def _arranged(
    placings: Sequence[Placing], plans: Collection[int], by: Actor, now: datetime
) -> None:
    """Move them together, and hold the plan to its lags as the others lie by now."""
    locks.lock_patients({p.wish.patient_id for p in placings if p.wish.patient_id is not None})
    before = unfit(plans, now=now)
    booking.arrange(placings=placings, by=by, now=now)
    must_fit(plans, before, now=now)


def _movable(appointment_id: int, by: Actor, now: datetime) -> Appointment:
    """Read a visit that this actor may move now."""
    locks.seen(appointment_id=appointment_id, by=by)
    visits = Appointment.objects.select_related("site", "treatment", "patient")
    visit = visits.get(pk=appointment_id)
    if visit.status != Status.BOOKED or visit.start <= now:
        raise WrongState("This visit has begun, is over or was cancelled.")
    if by.patient_id is not None:
        booking.in_time(visit, now)
    return visit


def _plan_of(visit: Appointment, by: Actor, now: datetime) -> Rows | None:
    if visit.series_id is None:
        return None
    plan = Plan.objects.filter(series=visit.series_id).first()
    if plan is None:
        return None
    read = opened_plan(plan_id=plan.pk, by=by, now=now)
    # a visit that no session of its plan claims moves alone
    return read if any(session.seq == visit.seq for session in read.sessions) else None


def _task(read: Rows, visit: Appointment, now: datetime) -> tuple[Task, Session]:
    """Let every visit of the plan move that is not near, fixed or over; sessions without one wait."""
    session = next(s for s in read.sessions if s.seq == visit.seq)
    notice = timedelta(hours=catalogue.current().site(visit.site_id).cancel_notice_hours)
    near = now + notice
    moving = {pk: v for pk, v in keeping.movable(read, now).items() if v.start >= near}
    bare = frozenset(s.pk for s in read.sessions if read.visit(s) is None)
    task = Task(read=read, now=now, moving=moving | {session.pk: visit}, leaving=bare)
    return task, session


def _along(read: Rows, visit: Appointment, to: datetime, now: datetime) -> tuple[Moved, ...]:
    """Solve the plan with the visit's start given; list what moves, the visit itself first."""
    task, session = _task(read, visit, now)
    wanted = floor_q(to)
    alone = posed(task)
    key = task.keys[session.pk]
    window = alone.problem.course.window
    if wanted == visit.start_q or not window.has(alone.problem.openings[key].starts, wanted):
        told = diary.told(alone.looks[key], wanted) if window.holds(wanted) else ()
        raise Refused(booking.blocking(told) or [diary.plain_reason("resource_taken")])
    try:
        work, found = solved(replace(task, wanted={session.pk: wanted}))
    except Refused as refusal:
        raise Refused([elsewhere(), *refusal.reasons]) from refusal
    if found.left_out:
        raise Refused([elsewhere()])
    moves = []
    for place in found.placements:
        one = work.sessions[place.key]
        held = task.moving.get(one.pk)
        if held is not None and not keeping.stays(task, held, place):
            start = instant(place.start_q)
            moves.append(Moved(visit=held, start=start, held=place.held, name=one.name))
    return tuple(sorted(moves, key=lambda m: (m.visit.pk != visit.pk, m.start)))

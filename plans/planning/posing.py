"""A patient's plan posed as a problem of the solver: rows, diary and rules -> steps and openings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from plans.core.course import Apart, Course, Crowd, Lag, Placement, Step, Unit
from plans.core.gaps import needed
from plans.core.openings import PATIENT_AWAY, Opening, opened, presence
from plans.core.ruling import Between, Kind, Law, assumed, between
from plans.core.solver import Problem
from plans.courses.reading import lags_of
from plans.courses.rows import Rows
from plans.models import Session
from plans.planning.refusing import NO_PLAN, refused
from plans.planning.wishes import preference_of
from scheduling import booking, catalogue, diary
from scheduling.core import rules
from scheduling.core.protocol.values import WindowCap
from scheduling.core.rules import Record
from scheduling.core.timeline import ceil_q
from scheduling.core.words import Held, Wish
from scheduling.diary import Look, Setting
from scheduling.models import Appointment

Pair = tuple[Session, Session, Between]

ASSESSED = frozenset({"consultation", "patch_test"})
"""Procedures whose booked visit counts, provisionally, for the sessions that follow."""
WANTED = "wanted"
"""The mask of the one start that somebody chose for a session."""
ONE_DATE = "dates"


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is to be placed of a plan, and what stays.

    `moving` are the booked visits that may move, by session; `was` says where sessions should
    rather stay than there; `wanted` are starts (quanta) that somebody chose. `ignoring` are visits
    that count for nothing, such as a proposal's own holds; `beside` is what others will hold;
    sessions `leaving` are no matter of this task.
    """

    read: Rows
    now: datetime
    moving: Mapping[int, Appointment] = field(default_factory=dict)
    was: Mapping[int, Placement] = field(default_factory=dict)
    wanted: Mapping[int, int] = field(default_factory=dict)
    ignoring: frozenset[int] = frozenset()
    beside: tuple[Held, ...] = ()
    leaving: frozenset[int] = frozenset()

    @cached_property
    def active(self) -> list[Session]:
        """The sessions that are not skipped and not left out of it, in order."""
        return [s for s in self.read.sessions if s.skipped_at is None and s.pk not in self.leaving]

    @cached_property
    def open(self) -> list[Session]:
        """The sessions that are placed anew: without a visit, or with one that may move."""
        return [s for s in self.active if self.read.visit(s) is None or s.pk in self.moving]

    @cached_property
    def keys(self) -> dict[int, str]:
        """A name for each session, unique in the plan: what refusals call it."""
        names = [session.name for session in self.active]
        numbered = {f"{s.name} ({s.seq})" for s in self.active}
        alone = {name for name in names if names.count(name) == 1} - numbered
        return {s.pk: s.name if s.name in alone else f"{s.name} ({s.seq})" for s in self.active}


@dataclass(frozen=True, kw_only=True)
class Posed:
    """A task as the solver reads it; `looks` and `sessions` are by the steps' keys."""

    task: Task
    problem: Problem
    looks: Mapping[str, Look]
    sessions: Mapping[str, Session]
    setting: Setting


def posed(task: Task) -> Posed:
    """Pose a plan as a problem.

    Raises:
        Refused: the rules let one session never follow another, whatever the dates.
        Malformed, NotFound, NoProtocol: see `diary.looks`.

    """
    setting = _setting(task)
    wishes = [wish_for(task, session) for session in task.open]
    seen = diary.looks(wishes=wishes, setting=setting, now=task.now)
    looks = {task.keys[s.pk]: look for s, look in zip(task.open, seen, strict=True)}
    course = _course(task, looks)
    here = presence(course.preference, course.zone, course.window)
    return Posed(
        task=task,
        problem=Problem(
            course,
            {task.keys[s.pk]: _opening(task, s, looks[task.keys[s.pk]], here) for s in task.open},
            pins={task.keys[s.pk]: _pin(task, s) for s in task.active if s not in task.open},
            was=_was(task),
        ),
        looks=looks,
        sessions={task.keys[s.pk]: s for s in task.active},
        setting=setting,
    )


def _setting(task: Task) -> Setting:
    """Say from when to when the course is looked for, and what is assumed of each session."""
    plan, today = task.read.plan, task.now.astimezone(task.read.zone).date()
    first = max(today, plan.not_before or today)
    horizon = today + timedelta(days=catalogue.current().site(plan.site_id).horizon_days)
    last = max(first, horizon)
    return Setting(
        first=first,
        last=last,
        without=frozenset(v.pk for v in task.moving.values()) | task.ignoring,
        beside=task.beside,
        assumed=[_assumed(task, session, first, last) for session in task.open],
    )


def _course(task: Task, looks: Mapping[str, Look]) -> Course:
    """Compile the steps, and what the rules ask between them."""
    pairs = _pairs(task)
    steps = _steps(task, looks, pairs)
    return Course(
        steps=steps,
        zone=task.read.zone,
        window=next(iter(looks.values())).window,
        aparts=needed(
            steps,
            [
                Apart(first=task.keys[one.pk], then=task.keys[two.pk], days=gap.days, code=gap.code)
                for one, two, gap in pairs
                if gap.days
            ],
        ),
        crowds=_crowds(task),
        preference=preference_of(task.read.plan),
        worth=_worth(looks.values()),
    )


def wish_for(task: Task, session: Session) -> Wish:
    """Spell a session as the wish that books it, or moves its visit."""
    visit = task.moving.get(session.pk)
    if visit is not None:
        return booking.wish_of(visit)
    plan = task.read.plan
    return Wish(
        site_id=plan.site_id,
        treatment_id=session.treatment_id,
        patient_id=plan.patient_id,
        minutes=session.minutes,
        areas=tuple(session.areas),
        size=session.size,
        depth=session.depth,
        indication=plan.indication,
        series_id=plan.series_id,
        seq=session.seq,
    )


def _assumed(task: Task, session: Session, first: date, last: date) -> tuple[Record, ...]:
    """Assume what the sessions before this one will leave on file."""
    before = [s for s in task.open if s.seq < session.seq]
    kinds = {s.treatment.procedure for s in before} & ASSESSED
    if any(s.treatment.procedure == session.treatment.procedure for s in before):
        kinds.add("patch_test")  # a session of the same laser renews the test
    return assumed(session.treatment.procedure, frozenset(kinds), first, (last - first).days)


def _steps(task: Task, looks: Mapping[str, Look], pairs: Sequence[Pair]) -> tuple[Step, ...]:
    steps, same, tail = list[Step](), "", list[str]()
    for session in task.active:
        key = task.keys[session.pk]
        lags = [
            replace(lag, after=task.keys[int(lag.after)])
            for lag in lags_of(task.read, session)
            if int(lag.after) in task.keys
        ]
        lags += [
            Lag(after=task.keys[one.pk], least=gap.minutes, unit=Unit.MINUTES)
            for one, two, gap in pairs
            if two is session and gap.minutes
        ]
        bound = {lag.after for lag in lags if lag.unit is Unit.DAYS}
        lags += [Lag(after=earlier) for earlier in tail if earlier not in bound]
        length = looks[key].question.length if key in looks else _lasted(task, session)
        steps.append(
            Step(
                key=key,
                length=length,
                lags=tuple(lags),
                same_as=(same or None) if session.same_practitioner else None,
                optional=session.optional and key in looks,
            )
        )
        if session.same_practitioner:
            same = key
        # The order of a course holds too where an optional session is left out in between.
        tail = [*tail, key] if steps[-1].optional else [key]
    return tuple(steps)


def _lasted(task: Task, session: Session) -> int:
    place = _pin(task, session)
    return place.end_q - place.start_q


def kind_of(session: Session, indication: str) -> Kind:
    """Read what the rules compare of a session."""
    return Kind(
        procedure=session.treatment.procedure,
        minutes=session.minutes,
        areas=frozenset(session.areas),
        size=session.size,
        depth=session.depth,
        indication=indication,
    )


def law_of(read: Rows) -> Law:
    """Name the rules that hold at a plan's site, and whom they ask about."""
    ground, plan = catalogue.current(), read.plan
    site = ground.site(plan.site_id)
    return Law(
        protocol=ground.protocol,
        profiles=rules.profiles_for(site.country, site.subdivision, ground.protocol),
        born=plan.patient.birth_date,
        fitzpatrick=plan.patient.fitzpatrick,
    )


def _pairs(task: Task) -> list[Pair]:
    """Ask what lies between each two sessions that are both placed anew.

    Raises:
        Refused: one may never follow another.

    """
    law, on = law_of(task.read), task.now.astimezone(task.read.zone).date()
    kinds = {s.pk: kind_of(s, task.read.plan.indication) for s in task.open}
    found = []
    for at, one in enumerate(task.open):
        for two in task.open[at + 1 :]:
            gap = between(kinds[one.pk], kinds[two.pk], law, on)
            if gap.never:
                names = task.keys[two.pk], task.keys[one.pk]
                sentence = f"{names[0]} can never follow {names[1]}. {gap.never[0].sentence}"
                raise refused(NO_PLAN, sentence, *gap.never)
            found.append((one, two, gap))
    return found


def _crowds(task: Task) -> tuple[Crowd, ...]:
    """Compile how many sessions may lie within so many days."""
    law = law_of(task.read)
    found = []
    for rule in law.protocol.rules:
        if not isinstance(rule, WindowCap):
            continue
        some = [s for s in task.open if s.treatment.procedure in rule.procedures]
        if some:
            taken = [
                lies.local_date
                for session in task.active
                if session not in task.open
                and session.treatment.procedure in rule.procedures
                and (lies := task.read.visit(session)) is not None
            ]
            found.append(
                Crowd(
                    steps=frozenset(task.keys[s.pk] for s in some),
                    count=rule.count,
                    days=rule.days,
                    taken=tuple(taken),
                    code=rule.code,
                )
            )
    return tuple(found)


def _worth(seen: Iterable[Look]) -> dict[int, int]:
    worth: dict[int, int] = {}
    for look in seen:
        for resource, value in look.question.taste.worth.items():
            worth[resource] = max(value, worth.get(resource, 0))
    return worth


def _opening(task: Task, session: Session, look: Look, here: int) -> Opening:
    """Build a session's opening: what diary and rules leave, on the dates that are asked."""
    allowed = {**look.search.allowed, ONE_DATE: look.dates}
    if here != look.window.full:
        allowed[PATIENT_AWAY] = here
    wanted = task.wanted.get(session.pk)
    if wanted is not None:
        allowed[WANTED] = look.window.between(wanted, wanted + 1)
    return opened(replace(look.search, allowed=allowed))


def _was(task: Task) -> dict[str, Placement]:
    """Say where sessions are that should move as little as possible."""
    lies = {task.keys[pk]: lies_at(task, pk, visit) for pk, visit in task.moving.items()}
    lies |= {task.keys[pk]: place for pk, place in task.was.items()}
    return {key: place for key, place in lies.items() if key not in _chosen(task)}


def _chosen(task: Task) -> set[str]:
    return {task.keys[pk] for pk in task.wanted}


def _pin(task: Task, session: Session) -> Placement:
    visit = task.read.visit(session)
    assert visit is not None  # noqa: S101 - a session without a visit is open
    return lies_at(task, session.pk, visit)


def lies_at(task: Task, session_id: int, visit: Appointment) -> Placement:
    """Read where a session's visit lies, and what it holds."""
    end = visit.end_q if visit.actual_end is None else ceil_q(visit.actual_end)
    return Placement(
        key=task.keys[session_id],
        start_q=visit.start_q,
        end_q=max(end, visit.start_q + 1),
        held=tuple(task.read.held.get(visit.pk, ())),
    )

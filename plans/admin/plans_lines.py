"""What the page of a plan tells besides its picture: the sessions as lines, the plan's facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from plans.courses import (
    DecisionView,
    PlanView,
    ProposalView,
    ProposedView,
    SessionView,
    State,
    Thing,
    VisitView,
)
from plans.models import Plan
from plans.picture import words
from scheduling import protocols
from scheduling.core.protocol.values import Titles
from scheduling.models import Change
from scheduling.screens.skin import SIZES, said
from scheduling.screens.times import wall

MORNING, AFTERNOON, EVENING = "00:00-12:00", "12:00-17:00", "17:00-00:00"
TIMES: Mapping[str, str] = {
    MORNING: "in the morning",
    AFTERNOON: "in the afternoon",
    EVENING: "from 17:00",
}
"""Times of day with a name; others are shown as they are."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One session in the table: the same facts as in the picture, in words."""

    session: SessionView
    kind: str
    state: str
    when: datetime | None
    was: datetime | None
    arrive: datetime | None
    who: str
    rest: str
    who_now: str
    window: str
    lags: tuple[str, ...]
    what: str
    recovery: str
    steps: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The open proposal: what it books, what it moves, and until when it is kept."""

    view: ProposalView
    moves: tuple[Line, ...]
    new: tuple[Line, ...]
    left_out: tuple[str, ...]
    why: tuple[str, ...]
    made_at: datetime
    held_until: datetime | None
    minutes_left: int
    lapsed: bool

    @property
    def firsts(self) -> list[tuple[int, Line]]:
        """Offer to accept only the first so many, by date."""
        return list(enumerate(self.new[:-1], 1))


def lines_of(plan: PlanView) -> list[Line]:
    """Put every session of a plan into words."""
    titles = protocols.in_force().titles
    return [_line(session, plan, titles) for session in plan.sessions]


def _line(session: SessionView, plan: PlanView, titles: Titles) -> Line:
    zone = ZoneInfo(plan.zone)
    proposed, visit = session.proposed, session.visit
    # A visit may keep its time and change hands or rooms: that is told as a change too.
    changes = bool(proposed and proposed.visit_id)
    moves = bool(proposed and proposed.moves)
    shown = proposed if proposed and (changes or session.state is State.PROPOSED) else None
    at = shown or (visit if session.state is not State.UNPLANNED else None)
    who, rest = _held(at.held if at else ())
    return Line(
        session=session,
        kind=State.PROPOSED.value if changes else session.state.value,
        state="to be moved" if moves else "to be changed" if changes else session.state.value,
        when=wall(at.start, zone) if at else None,
        was=wall(visit.start, zone) if visit and changes else None,
        arrive=wall(shown.arrive_at, zone) if shown and shown.arrive_at != shown.start else None,
        who=who,
        rest=rest,
        who_now=_instead_of(visit, shown) if visit and shown and changes else "",
        window=words.window(session),
        lags=tuple(words.lag(each) for each in session.lags),
        what=_what(session, plan, titles),
        recovery=_recovery(session),
        steps=_steps(session, plan),
    )


def _held(held: Sequence[Thing]) -> tuple[str, str]:
    """Name who treats, and the room and device besides."""
    names = sorted((thing.kind != "room", thing.name, thing.kind) for thing in held)
    who = ", ".join(name for _, name, kind in names if kind == "practitioner")
    return who, ", ".join(name for _, name, kind in names if kind != "practitioner")


def _instead_of(visit: VisitView, shown: ProposedView) -> str:
    """Name what a visit holds now and would hold no more."""
    return ", ".join(filter(None, _held([t for t in visit.held if t not in shown.held])))


def _what(session: SessionView, plan: PlanView, titles: Titles) -> str:
    """Tell of a session what the plan as a whole does not tell."""
    own = (session.areas, session.size, session.depth)
    size = dict(SIZES)[session.size] if session.size else ""
    facts = [said(session.areas, titles), size, session.depth]
    if own == (plan.areas, plan.size, plan.depth):
        facts = []
    facts += [f"{session.minutes} min", "same practitioner" if session.same_practitioner else ""]
    facts += ["optional" if session.optional else ""]
    return ", ".join(fact for fact in facts if fact)


def _recovery(session: SessionView) -> str:
    at = session.proposed if session.state is State.PROPOSED else session.visit
    if session.proposed and session.proposed.visit_id:
        at = session.proposed
    if at is None or not at.recovery_most or not at.recovery_least:
        return ""
    return f"{words.day(at.recovery_least)}, at most {words.full_day(at.recovery_most)}"


_STEPS: Mapping[State, frozenset[str]] = {
    State.UNPLANNED: frozenset({"skip"}),
    State.PROPOSED: frozenset({"adjust", "skip"}),
    State.MISSED: frozenset({"skip"}),
    State.BOOKED: frozenset({"move", "fix"}),
}


def _steps(session: SessionView, plan: PlanView) -> frozenset[str]:
    """Name the steps worth a button on this line; the verbs still decide."""
    if plan.standing.over:
        return frozenset()
    steps = _STEPS.get(session.state, frozenset())
    if session.fixed:
        steps = steps - {"fix"} | {"unfix"}
    if session.proposed and plan.proposal:
        steps = steps | {"adjust"}
    return steps


def offer_of(plan: PlanView, lines: Sequence[Line], now: datetime) -> Offer | None:
    """Tell of the open proposal, as it is read out; None without one."""
    view = plan.proposal
    if view is None:
        return None
    zone = ZoneInfo(plan.zone)
    proposed = [line for line in lines if line.session.proposed and line.when]
    proposed.sort(key=lambda line: (line.when or datetime.max, line.session.seq))  # noqa: DTZ901 - wall times
    left = view.held_until - now if view.held_until else None
    names = {session.id: f"{session.seq}. {session.name}" for session in plan.sessions}
    return Offer(
        view=view,
        moves=tuple(line for line in proposed if line.was),
        new=tuple(line for line in proposed if line.session.state is State.PROPOSED),
        left_out=tuple(names[pk] for pk in view.left_out if pk in names),
        why=tuple(dict.fromkeys(filter(None, (_why(each) for each in view.why)))),
        made_at=wall(view.made_at, zone),
        held_until=wall(view.held_until, zone) if view.held_until else None,
        minutes_left=max(int(left.total_seconds() + 59) // 60, 0) if left else 0,
        lapsed=bool(left is not None and left.total_seconds() <= 0),
    )


def _why(reason: Mapping[str, str | None]) -> str:
    return " ".join(filter(None, (reason.get("sentence"), reason.get("arithmetic"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was agreed for the whole plan, in words; empty where nothing was."""

    what: str
    indication: str
    days: str
    times: str
    between: str
    away: str
    paused: str
    paid: str


def facts_of(plan: PlanView) -> Facts:
    """Put the plan's own facts into words."""
    titles = protocols.in_force().titles
    size = dict(SIZES)[plan.size] if plan.size else ""
    what = [said(plan.areas, titles), size, plan.depth]
    bounds = [
        f"not before {words.full_day(plan.not_before)}" if plan.not_before else "",
        f"not after {words.full_day(plan.not_after)}" if plan.not_after else "",
    ]
    paid = plan.paid_sessions
    return Facts(
        what=", ".join(filter(None, what)),
        indication=titles.of("indications", plan.indication) if plan.indication else "",
        days=", ".join(WEEKDAYS[n] for n in plan.weekdays),
        times=", ".join(TIMES.get(each, each) for each in plan.times),
        between=", ".join(filter(None, bounds)),
        away=", ".join(words.between(*each) for each in words.stretches(plan.blocked)),
        paused=_paused(plan),
        paid="" if paid is None else f"paid {paid} of {plan.progress.of}",
    )


def _paused(plan: PlanView) -> str:
    if plan.paused_at is None:
        return ""
    when = words.full(wall(plan.paused_at, ZoneInfo(plan.zone)))
    return f"“{plan.pause_reason}” {plan.paused_by}, {when}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One line of the plan's history, on the site's clock."""

    at: datetime
    by: str
    did: str
    why: str


DONE: Mapping[str, str] = {
    "start": "made the plan",
    "propose": "proposed dates",
    "accept": "accepted the proposal",
    "declined": "declined the proposal",
}
"""The audit trail's verbs in words; a proposal that a newer one replaced is no news."""

DECIDED: Mapping[str, str] = {
    "pause": "paused the plan",
    "resume": "let the plan go on",
    "abandon": "abandoned the plan",
    "skip": "left a session out",
    "fix": "fixed a session",
    "unfix": "let a session move again",
}
"""What is told with its reason, which the trail does not keep."""


def history_of(row: Plan, plan: PlanView, *, most: int = 40) -> list[Past]:
    """Read what became of a plan and its proposals, the newest first."""
    zone = ZoneInfo(plan.zone)
    proposals = list(row.proposals.values_list("pk", flat=True))
    own = Q(subject="plan", subject_id=row.pk)
    of_proposals = Q(subject="proposal", subject_id__in=proposals)
    changes = Change.objects.filter(own | of_proposals, verb__in=DONE)[:most]
    done = [Past(at=wall(c.at, zone), by=c.by, did=DONE[c.verb], why="") for c in changes]
    decided = [
        Past(at=wall(d.at, zone), by=d.by, did=DECIDED.get(d.verb, d.verb), why=_why_decided(d))
        for d in plan.decisions
    ]
    return sorted([*decided, *done], key=lambda past: past.at, reverse=True)[:most]


def _why_decided(decision: DecisionView) -> str:
    """Give the reason, with the session's name where it does not name it itself."""
    if decision.session and decision.session not in decision.reason:
        return f"{decision.session}: {decision.reason}"
    return decision.reason

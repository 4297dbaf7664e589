"""The sessions of a course in a patient's words: where each stands, what is proposed, what is next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from plans.courses import PlanView, ProposedView, SessionView, State, Thing, VisitView
from plans.pages.telling import PRACTITIONER, Voice
from scheduling.core.languages import counted
from scheduling.models import Appointment

Words = Mapping[str, Any]
WAITING = frozenset({State.UNPLANNED, State.MISSED})
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One session as it is read."""

    seq: int
    name: str
    state: str
    when: str = ""
    was: str = ""
    who: str = ""
    rest: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An open proposal as it is read: its sessions, and how long its times are kept, in words."""

    id: int
    kept: str
    lines: tuple[Line, ...]


def lines(plan: PlanView, voice: Voice, words: Words) -> list[Line]:
    """Tell every session as it stands now; what is proposed is told apart (`offer_of`)."""
    preps = _preps(plan)
    return [_line(each, preps, voice, words) for each in plan.sessions]


def _preps(plan: PlanView) -> Mapping[int, int]:
    """Read how long before its start each visit asks the patient to be there."""
    visits = [each.visit.id for each in plan.sessions if each.visit]
    rows = Appointment.objects.filter(pk__in=visits)
    return dict(rows.values_list("pk", "prep_minutes"))


def _line(each: SessionView, preps: Mapping[int, int], voice: Voice, words: Words) -> Line:
    visit = each.visit
    lies = visit is not None and each.state in {State.BOOKED, State.DONE}
    when = who = rest = ""
    if visit is not None and lies:
        booked = each.state is State.BOOKED
        when = (
            _moment(visit.start, preps.get(visit.id, 0), voice)
            if booked
            else voice.day(visit.local_date)
        )
        who, rest = _who(visit.held, words), _rest(visit, voice, words)
    elif each.state is State.PROPOSED and each.proposed is not None:
        when = _moment(each.proposed.arrive_at, 0, voice)
    return Line(
        seq=each.seq,
        name=each.name,
        state=words["states"][each.state],
        when=when,
        who=who,
        rest=rest,
        due=_due(each, voice, words),
    )


def offer_of(plan: PlanView, voice: Voice, words: Words, now: datetime) -> Offer | None:
    """Tell what is proposed, with every date and person; None where nothing is."""
    if plan.proposal is None or plan.standing.over or plan.events or plan.paused_at:
        return None
    preps = _preps(plan)
    return Offer(
        id=plan.proposal.id,
        kept=_kept(plan.proposal.held_until, voice, words, now),
        lines=tuple(
            _offered(each, each.proposed, preps, voice, words)
            for each in plan.sessions
            if each.proposed is not None
        ),
    )


def _offered(
    each: SessionView,
    to: ProposedView,
    preps: Mapping[int, int],
    voice: Voice,
    words: Words,
) -> Line:
    said = voice.moment(to.arrive_at)
    was = ""
    if to.moves and to.was is not None:
        was = words["from"].format(when=_moment(to.was, preps.get(to.visit_id or 0, 0), voice))
    return Line(
        seq=each.seq,
        name=each.name,
        state=words["states"]["proposed"],
        when=f"{said.date}{words['comma']}{said.time}",
        was=was,
        who=_who(to.held, words),
        rest=_rest(to, voice, words),
    )


def _kept(until: datetime | None, voice: Voice, words: Words, now: datetime) -> str:
    """Say until when the times are kept; whole minutes, rounded down, so that none is promised twice."""
    if until is None or until - now < MINUTE:
        return str(words["not_kept"])
    minutes = (until - now) // MINUTE
    form = counted(words["kept"], voice.language, minutes)
    return form.format(time=voice.moment(until).time, n=minutes)


def next_of(plan: PlanView, voice: Voice, words: Words, now: datetime) -> Line | None:
    """Tell what comes next: the nearest visit, else the first session that waits for a date."""
    if plan.standing.over:
        return None
    coming = [s for s in plan.sessions if s.state is State.BOOKED and s.visit and s.visit.end > now]
    waiting = [s for s in plan.sessions if s.state in WAITING]
    first = min(coming, key=_starts, default=None) or next(iter(waiting), None)
    return _line(first, _preps(plan), voice, words) if first else None


def _starts(each: SessionView) -> datetime:
    assert each.visit is not None  # noqa: S101 - only booked sessions are compared
    return each.visit.start


def _moment(start: datetime, prep: int, voice: Voice) -> str:
    said = voice.there(start, prep)
    comma = "، " if voice.language == "ar" else ", "
    return f"{said.date}{comma}{said.time}"


def _who(held: Sequence[Thing], words: Words) -> str:
    names = [thing.name for thing in held if thing.kind == PRACTITIONER]
    return words["with"].format(who=", ".join(dict.fromkeys(names))) if names else ""


def _rest(lies: VisitView | ProposedView, voice: Voice, words: Words) -> str:
    """Say until when the skin needs rest, and may need it."""
    least, most = lies.recovery_least, lies.recovery_most
    if least is None:
        return ""
    if most is None or most <= least:
        return str(words["rest"]).format(least=voice.day(least))
    return str(words["rest_more"]).format(least=voice.day(least), most=voice.day(most))


def _due(each: SessionView, voice: Voice, words: Words) -> str:
    """Say between which dates a session without one should lie."""
    first, last = each.due_first, each.due_last
    if each.state not in WAITING or first is None:
        return ""
    if each.overdue and last is not None:
        return str(words["overdue"]).format(last=voice.day(last))
    if last is None:
        return str(words["due_from"]).format(first=voice.day(first))
    return _between(first, last, voice, words)


def _between(first: date, last: date, voice: Voice, words: Words) -> str:
    return str(words["due"]).format(first=voice.day(first), last=voice.day(last))

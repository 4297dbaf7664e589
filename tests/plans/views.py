"""Plans as they are read, built by hand: what the screens and the picture draw.

`TODAY` is that of `tests.cast`; days are counted from it.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from plans.courses import (
    LagView,
    PlanView,
    Progress,
    ProposalView,
    ProposedView,
    SessionView,
    Standing,
    State,
    Thing,
    VisitView,
)
from tests import cast

ZONE = "Europe/London"
DOCTOR = Thing(id=1, kind="practitioner", name="Dr Amara Lind")
ROOM = Thing(id=2, kind="room", name="Room 1")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A session in short; `on` is its day from today, `now` where a moving visit is today."""

    state: State = State.UNPLANNED
    on: int | None = None
    now: int | None = None
    rest: tuple[int, int] | None = None
    lags: tuple[LagView, ...] = ()
    due: tuple[int, int | None] | None = None
    overdue: bool = False
    name: str = "Fractional CO2"


def lag(after: int, least: int, target: int | None = None, most: int | None = None) -> LagView:
    return LagView(
        after_id=after * 10,
        after_seq=after,
        after_name="Fractional CO2",
        least=least,
        target=target,
        most=most,
        unit="days",
    )


def visit(on: int, rest: tuple[int, int] | None = None, status: str = "booked") -> VisitView:
    day = cast.day(on)
    return VisitView(
        id=500 + on,
        version=1,
        status=status,
        start=cast.at(day, 10),
        end=cast.at(day, 10, 45),
        zone=ZONE,
        local_date=day,
        end_date=day,
        confirmed=False,
        recovery_least=day + timedelta(days=rest[0]) if rest else None,
        recovery_typical=day + timedelta(days=rest[0]) if rest else None,
        recovery_most=day + timedelta(days=rest[1]) if rest else None,
        held=(DOCTOR, ROOM),
    )


def proposed(on: int, now: int | None = None, rest: tuple[int, int] | None = None) -> ProposedView:
    day = cast.day(on)
    return ProposedView(
        start=cast.at(day, 11),
        end=cast.at(day, 11, 45),
        zone=ZONE,
        local_date=day,
        arrive_at=cast.at(day, 10),
        was=None if now is None else cast.at(cast.day(now), 10),
        visit_id=None if now is None else 500 + now,
        held=(DOCTOR, ROOM),
        kept=False,
        window_first=day - timedelta(days=7),
        window_last=day + timedelta(days=7),
        why="" if now is None else "The session before it was moved.",
        recovery_least=day + timedelta(days=rest[0]) if rest else None,
        recovery_most=day + timedelta(days=rest[1]) if rest else None,
    )


def session(seq: int, line: Line) -> SessionView:
    seen = line.on if line.now is None else line.now
    has_visit = line.state in {State.DONE, State.BOOKED, State.MISSED} and seen is not None
    moves = line.now is not None or line.state is State.PROPOSED
    first, last = line.due or (None, None)
    return SessionView(
        id=seq * 10,
        seq=seq,
        name=line.name,
        treatment_id=1,
        treatment="Laser resurfacing",
        procedure="fractional_ablative",
        minutes=45,
        areas=("face",),
        size="face",
        depth="deep",
        same_practitioner=False,
        optional=False,
        fixed=False,
        state=line.state,
        lags=line.lags,
        due_first=None if first is None else cast.day(first),
        due_last=None if last is None else cast.day(last),
        due=line.due is not None and not line.overdue,
        overdue=line.overdue,
        stray=False,
        skip_reason="no need" if line.state is State.SKIPPED else "",
        visit=visit(seen, line.rest) if has_visit and seen is not None else None,
        proposed=proposed(line.on, line.now, line.rest) if moves and line.on is not None else None,
    )


def counted(sessions: tuple[SessionView, ...]) -> Progress:
    states = [each.state for each in sessions]
    return Progress(
        done=states.count(State.DONE),
        booked=states.count(State.BOOKED),
        due=sum(each.due for each in sessions),
        overdue=sum(each.overdue for each in sessions),
        missed=states.count(State.MISSED),
        of=len(states) - states.count(State.SKIPPED),
    )


def plan(*lines: Line, **facts: object) -> PlanView:
    sessions = tuple(session(n, line) for n, line in enumerate(lines, 1))
    made = PlanView(
        id=7,
        version=3,
        name="Acne scars, then filler",
        patient_id=1,
        patient="Ada Pine",
        site_id=1,
        site="Harley House",
        zone=ZONE,
        today=cast.TODAY,
        series_id=1,
        template_id=1,
        indication="",
        areas=("face",),
        size="face",
        depth="deep",
        weekdays=(),
        times=(),
        practitioner_id=None,
        not_before=None,
        not_after=None,
        blocked=(),
        standing=Standing.RUNNING,
        paused_at=None,
        paused_by="",
        pause_reason="",
        abandon_reason="",
        events=(),
        sessions=sessions,
        progress=counted(sessions),
        paid_sessions=None,
        proposal=None,
        needs_reflow=(),
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def open_proposal(kind: str = "new", end: date | None = None, **facts: object) -> ProposalView:
    made = ProposalView(
        id=31,
        kind=kind,
        end_date=end or cast.day(120),
        made_at=cast.NOW,
        made_by="Desk",
        held_until=None,
        stale=False,
    )
    return replace(made, **facts)  # type: ignore[arg-type]


def acne(**facts: object) -> PlanView:
    """A course in the middle: one done, one booked, one proposed, one missed, one skipped, one to come."""
    gap = (28, 35, 56)
    return plan(
        Line(state=State.DONE, on=-40, name="Consultation"),
        Line(state=State.DONE, on=-30, rest=(7, 28), lags=(lag(1, 1, 7, 90),)),
        Line(state=State.MISSED, on=-2, lags=(lag(2, *gap),), due=(-2, 26)),
        Line(state=State.BOOKED, on=33, rest=(7, 28), lags=(lag(2, *gap),)),
        Line(state=State.PROPOSED, on=66, rest=(7, 28), lags=(lag(4, *gap),)),
        Line(state=State.SKIPPED, name="Review", lags=(lag(5, 14, 21, None),)),
        Line(due=(94, None), name="Filler", lags=(lag(5, 28),)),
        blocked=(cast.day(50), cast.day(51), cast.day(52)),
        proposal=open_proposal(),
        **facts,
    )


def reflowed() -> PlanView:
    """A re-flow: the second session went three weeks later, and takes the rest along."""
    gap = (28, 35, 56)
    return plan(
        Line(state=State.DONE, on=-30, rest=(7, 28)),
        Line(state=State.BOOKED, on=26, rest=(7, 28), lags=(lag(1, *gap),)),
        Line(state=State.BOOKED, on=54, now=40, rest=(7, 28), lags=(lag(2, *gap),)),
        Line(state=State.BOOKED, on=89, now=75, lags=(lag(3, 28, 28),), name="Filler"),
        proposal=open_proposal("reflow"),
    )


def longest(count: int = 30, every: int = 25) -> PlanView:
    """As much as anybody plans: thirty sessions over two years."""
    return plan(
        *(
            Line(
                state=State.DONE if n < 4 else State.BOOKED if n < 12 else State.PROPOSED,
                on=(n - 4) * every,
                rest=(1, 5),
                lags=(lag(n, 21, 28, 42),) if n else (),
                name=f"Hair removal, legs, {n + 1} of {count}",
            )
            for n in range(count)
        )
    )

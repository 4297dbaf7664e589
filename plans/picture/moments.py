"""Where each session lies in time, whatever its state: what the picture is laid out from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from plans.courses import PlanView, ProposedView, SessionView, State

TICK = timedelta(microseconds=1)

SOME_DAYS = timedelta(days=14)
"""How much of a stretch without an end is shown at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One session in time; dates are the site's.

    `day` is where its mark stands, `was` where its visit would leave from, `end` the date from
    which later lags count, `rest` until when its skin rests (least, most), `due` the window of a
    session without a place.
    """

    session: SessionView
    kind: str
    day: date | None = None
    was: date | None = None
    end: date | None = None
    rest: tuple[date, date] | None = None
    due: tuple[date, date | None] | None = None

    @property
    def dates(self) -> Iterator[date]:
        """List every date that the picture has to show."""
        yield from filter(None, (self.day, self.was, self.end, *(self.rest or ())))
        if self.due:
            yield self.due[0]
            yield self.due[1] or self.due[0] + SOME_DAYS


def moment_of(session: SessionView) -> Moment:
    """Place a session: by what is proposed, else by its visit, else by its window."""
    proposed, visit = session.proposed, session.visit
    if proposed and (proposed.moves or session.state is State.PROPOSED):
        return Moment(
            session=session,
            kind=State.PROPOSED,
            day=proposed.local_date,
            was=visit.local_date if visit and proposed.moves else None,
            end=_end(proposed),
            rest=_rest(proposed.recovery_least, proposed.recovery_most),
        )
    if visit and session.state in {State.DONE, State.BOOKED}:
        return Moment(
            session=session,
            kind=session.state,
            day=visit.local_date,
            end=visit.end_date,
            rest=_rest(visit.recovery_least, visit.recovery_most),
        )
    missed = visit.local_date if visit and session.state is State.MISSED else None
    waits = session.state is not State.SKIPPED and session.due_first
    return Moment(
        session=session,
        kind=session.state,
        day=missed,
        due=(session.due_first, _not_before(session)) if waits and session.due_first else None,
    )


def _not_before(session: SessionView) -> date | None:
    """Answer the last date of a window, which never ends before it begins."""
    if session.due_first is None or session.due_last is None:
        return session.due_last
    return max(session.due_first, session.due_last)


def _end(proposed: ProposedView) -> date:
    """Answer the local date on which it would end; exactly midnight belongs to the day before."""
    return (proposed.end - TICK).astimezone(ZoneInfo(proposed.zone)).date()


def _rest(least: date | None, most: date | None) -> tuple[date, date] | None:
    return (least, most) if least and most else None


def moments(plan: PlanView) -> list[Moment]:
    """Place every session of a plan, in their order."""
    return [moment_of(session) for session in plan.sessions]

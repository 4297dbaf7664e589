"""A session, its window and its lags in words: the same in the picture, its titles and the table."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Protocol

from plans.core.course import Unit
from plans.courses import LagView, PlanView, Progress, SessionView, Standing, State, VisitView

STANDING = {
    Standing.RUNNING: "running",
    Standing.PAUSED: "paused",
    Standing.PAUSED_BY_EVENT: "paused by an adverse event",
    Standing.COMPLETE: "complete",
    Standing.ABANDONED: "abandoned",
}

TONES = {
    Standing.RUNNING: "now",
    Standing.PAUSED: "warn",
    Standing.PAUSED_BY_EVENT: "bad",
    Standing.COMPLETE: "good",
    Standing.ABANDONED: "plain",
}
"""How a standing looks; a tone of the style sheet."""


def day(when: date) -> str:
    """Write a date short: Tue 3 Mar."""
    return f"{when:%a} {when.day} {when:%b}"


def full_day(when: date) -> str:
    """Write a date so that no year is guessed: Tue 3 Mar 2027."""
    return f"{day(when)} {when:%Y}"


def at(moment: datetime) -> str:
    """Write a moment of the site's clock: Tue 3 Mar, 10:00."""
    return f"{day(moment)}, {moment:%H:%M}"


def full(moment: datetime) -> str:
    """Write a moment of the site's clock with its year: Tue 3 Mar 2027, 10:00."""
    return f"{full_day(moment)}, {moment:%H:%M}"


def said(session: SessionView) -> str:
    """Say where a session stands, short enough for the picture."""
    proposed, visit = session.proposed, session.visit
    if proposed and proposed.moves:
        left = f"from {day(visit.local_date)} " if visit else ""
        return f"moves {left}to {at(proposed.local_start)}"
    if session.state is State.PROPOSED and proposed:
        return f"proposed {at(proposed.local_start)}"
    if visit and session.state in {State.BOOKED, State.DONE}:
        return _visited(session, visit)
    return "skipped" if session.state is State.SKIPPED else _waiting(session)


def _visited(session: SessionView, visit: VisitView) -> str:
    if session.state is State.DONE:
        return f"done {day(visit.local_date)}"
    return f"booked {at(visit.local_start)}{', fixed' if session.fixed else ''}"


def _waiting(session: SessionView) -> str:
    """Say of a session without a place when it should come."""
    missed = "missed" if session.state is State.MISSED else ""
    if missed and session.visit:
        missed = f"missed {day(session.visit.local_date)}"
    return ", ".join(filter(None, [missed, _due(session)]))


def _due(session: SessionView) -> str:
    if session.overdue and session.due_last:
        return f"overdue since {day(session.due_last)}"
    if session.due_first is None:
        return "" if session.state is State.MISSED else "no date yet"
    if session.due_last is None:
        return f"due from {day(session.due_first)}"
    return f"due {day(session.due_first)} to {day(session.due_last)}"


def window(session: SessionView) -> str:
    """Say between which dates a session should lie, as the others lie or are proposed."""
    first, last = session.due_first, session.due_last
    if session.proposed:
        first, last = session.proposed.window_first, session.proposed.window_last
    if first is None:
        return "" if last is None else f"until {full_day(last)}"
    return f"from {full_day(first)}" if last is None else between(first, last)


class Gap(Protocol):
    """A lag as a row or as a value: `least`, `target`, `most` in its `unit`."""

    @property
    def least(self) -> int: ...  # noqa: D102 - columns
    @property
    def target(self) -> int | None: ...  # noqa: D102
    @property
    def most(self) -> int | None: ...  # noqa: D102
    @property
    def unit(self) -> str: ...  # noqa: D102


def lag(each: LagView) -> str:
    """Say how long after an earlier session: 28 to 42 days after 1, best 35."""
    return gap(each, f"after {each.after_seq}")


def gap(each: Gap, after: str) -> str:
    """Say how long a lag is, and from what it counts."""
    unit = "min" if each.unit == Unit.MINUTES else "day"
    best = f", best {each.target}" if each.target not in {None, each.least, each.most} else ""
    if each.most is None:
        return f"at least {_count(each.least, unit)} {after}{best}"
    if each.least == each.most:
        return f"{_count(each.least, unit)} {after}"
    return f"{each.least} to {_count(each.most, unit)} {after}{best}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 or unit == "min" else f"{number} {unit}s"


def title(session: SessionView) -> str:
    """Tell all of a session in one line, for whoever points at it or hears it."""
    proposed, visit = session.proposed, session.visit
    facts = [said(session)]
    if proposed and proposed.moves and visit:
        facts = [f"moves from {full(visit.local_start)} to {full(proposed.local_start)}"]
    if session.stray and not (proposed and proposed.moves):
        facts.append("outside of its window")
    facts += [lag(each) for each in session.lags]
    if visit and visit.recovery_most and session.state in {State.DONE, State.BOOKED}:
        facts.append(f"skin rests until {full_day(visit.recovery_most)} at most")
    return f"{session.seq}. {session.name}: {'; '.join(facts)}"


def stretches(days: Iterable[date]) -> list[tuple[date, date]]:
    """Join dates that follow one another, as (first, last), both inclusive."""
    found: list[tuple[date, date]] = []
    for each in sorted(set(days)):
        if found and (each - found[-1][1]).days == 1:
            found[-1] = (found[-1][0], each)
        else:
            found.append((each, each))
    return found


def between(first: date, last: date) -> str:
    """Write a stretch of dates, both inclusive."""
    return full_day(first) if first == last else f"{day(first)} to {full_day(last)}"


def progress(of: Progress) -> str:
    """Count how far a plan is: 1 of 4 done, 2 booked, 1 overdue."""
    counts = {
        "booked": of.booked,
        "due": of.due,
        "overdue": of.overdue,
        "missed": of.missed,
    }
    told = [f"{count} {word}" for word, count in counts.items() if count]
    return ", ".join([f"{of.done} of {of.of} done", *told])


def about(plan: PlanView) -> str:
    """Sum a plan up in a sentence, for whoever cannot see its picture."""
    ends = [session.on for session in plan.sessions if session.on]
    last = f" The last date so far is {full_day(max(ends))}." if ends else ""
    return f"{STANDING[plan.standing].capitalize()}: {progress(plan.progress)}.{last}"

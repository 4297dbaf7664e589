"""A plan of six sessions over 180 days, against OR-Tools CP-SAT on the same feasible starts.

20 practitioners, 10 rooms, 6 devices, each session holding one of each for 45 minutes, starts every
five minutes, least, target and most days between neighbours. "build" makes each session's
feasible starts from what is free (lines of hours and busy time are there); "search" is all that
comes after, resources chosen; CP-SAT gets each session's feasible starts as the domain of a
variable and finds the same two levels, the earliest end and then the least days off target,
which must be equal. It chooses no resources, so it is asked less than we are.
"""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from datetime import time as clock
from zoneinfo import ZoneInfo

from benchmarks.report import Report

LONDON = ZoneInfo("Europe/London")
FIRST, DAYS, SESSIONS, LENGTH_Q = date(2026, 11, 30), 180, 6, 9
SEED = 45
FASTER_AT_LEAST = 100
SHARE_AT_MOST = 0.1
LAGS = ((21, 28, 42), (28, 35, 42), (14, 21, 28), (28, 28, 35), (7, 14, 21))


@dataclass(frozen=True, slots=True)
class Row:
    """One instance: milliseconds, and whether the optima agree."""

    crowd: float
    build: float
    search: float
    oracle: float
    equal: bool


def measure(report: Report, *, smoke: bool) -> None:
    """Plan instances of growing scarcity, and hold the medians against the targets."""
    report.section("Plans", *(__doc__ or "").strip().splitlines()[2:])
    crowds = (0.97, 0.98) if smoke else (0.5, 0.7, 0.85, 0.95, 0.97, 0.98)
    rows = [_row(crowd, number, 3 if smoke else 15) for number, crowd in enumerate(crowds)]
    report.table(
        ("busy", "build ms", "search ms", "CP-SAT ms", "CP-SAT / search", "search / build", "equal"),
        [
            (f"{row.crowd:.0%}", row.build, row.search, row.oracle, row.oracle / row.search,
             row.search / row.build, "yes" if row.equal else "NO")
            for row in rows
        ],
    )  # fmt: skip
    ratio = statistics.median(row.oracle / row.search for row in rows)
    share = statistics.median(row.search / row.build for row in rows)
    report.at_least("plans: optima equal to CP-SAT's", sum(r.equal for r in rows), len(rows))
    report.at_least("plans: CP-SAT / search", ratio, FASTER_AT_LEAST)
    report.at_most("plans: search / building feasible starts", share, SHARE_AT_MOST)


def _row(crowd: float, seed: int, rounds: int) -> Row:
    from plans.core.solver import Problem, propose

    course, searches = instance(crowd, SEED + seed)
    built, found = list[float](), list[float]()
    proposal = None
    for _ in range(rounds):
        openings, spent = _timed(lambda: _opened(searches))
        built.append(spent)
        proposal, spent = _timed(lambda known=openings: propose(Problem(course, known)))
        found.append(spent)
    days = [_days(course, opening.starts) for opening in _opened(searches).values()]
    answer, oracle = _timed(lambda: cp_sat(days))
    ours = None
    if proposal is not None:
        ours = (proposal.end.toordinal(), proposal.cost.off_target // 1440)
    return Row(crowd, statistics.median(built), statistics.median(found), oracle, ours == answer)


def _timed(run):  # type: ignore[no-untyped-def]
    begun = time.perf_counter()
    result = run()
    return result, (time.perf_counter() - begun) * 1000


def _opened(searches):  # type: ignore[no-untyped-def]
    from plans.core.openings import opened

    return {key: opened(search) for key, search in searches.items()}


def instance(crowd: float, seed: int):  # type: ignore[no-untyped-def]
    """Draw a course and a diary in which this share of the opening time is busy."""
    from plans.core.course import Course, Lag, Step
    from scheduling.core.availability import Option, Search
    from scheduling.core.hours import WeeklyHours, days_window, opening

    window = days_window(FIRST, FIRST + timedelta(days=DAYS - 1), LONDON)
    rows = tuple(WeeklyHours(weekday=d, opens=clock(9), closes=clock(18)) for d in range(6))
    hours = opening(rows, frozenset[date](), LONDON, window)
    dice = random.Random(seed)
    free = {number: _drawn(hours, window.length, crowd, dice) for number in range(36)}
    needs = tuple(
        (Option(kind, tuple(some)),)
        for kind, some in (
            ("practitioner", range(20)), ("room", range(20, 30)), ("device", range(30, 36)),
        )
    )  # fmt: skip
    steps = [Step(key="session 1", length=LENGTH_Q)]
    for number, (least, target, most) in enumerate(LAGS, 2):
        lag = Lag(after=f"session {number - 1}", least=least, target=target, most=most)
        steps.append(Step(key=f"session {number}", length=LENGTH_Q, lags=(lag,)))
    worth = {number: number % 4 for number in range(36)}
    course = Course(steps=tuple(steps), zone=LONDON, window=window, worth=worth)
    searches = {
        step.key: Search(window=window, needs=needs, length=LENGTH_Q, free=free) for step in steps
    }
    return course, searches


def _drawn(hours: int, length: int, crowd: float, dice: random.Random) -> int:
    """Take visits of 45 minutes out of the hours of each of the days that are drawn as busy."""
    line = hours
    for day in range(0, length, 288):
        for _ in range(12):
            if dice.random() < crowd:
                line &= ~(((1 << LENGTH_Q) - 1) << (day + dice.randrange(100, 216)))
        if dice.random() < max(crowd - 0.9, 0) * 10:
            line &= ~(((1 << 288) - 1) << day)
    return line


def _days(course, starts: int) -> list[int]:  # type: ignore[no-untyped-def]
    """List a session's starts as minutes from the ordinal of local midnight: date and time."""
    from datetime import UTC, datetime

    from scheduling.core.timeline import SECONDS, bits

    moments = [
        datetime.fromtimestamp((int(bit) + course.window.q0) * SECONDS, UTC).astimezone(LONDON)
        for bit in bits(starts)
    ]
    return [m.date().toordinal() * 288 + (m.hour * 60 + m.minute) // 5 for m in moments]


def cp_sat(starts: Sequence[Sequence[int]]) -> tuple[int, int] | None:
    """Return the earliest last date and then the least days off target, proved by CP-SAT."""
    from ortools.sat.python import cp_model

    if not all(starts):
        return None
    model = cp_model.CpModel()
    base = min(min(each) for each in starts) // 288
    days = []
    for number, each in enumerate(starts):
        domain = cp_model.Domain.from_values([value - base * 288 for value in each])
        start = model.new_int_var_from_domain(domain, f"start {number}")
        day = model.new_int_var(0, DAYS + 1, f"day {number}")
        model.add_division_equality(day, start, 288)
        days.append(day)
    offs = []
    for number, (least, target, most) in enumerate(LAGS):
        gap = days[number + 1] - days[number]
        model.add_linear_constraint(gap, least, most)
        off = model.new_int_var(0, DAYS, f"off {number}")
        model.add_abs_equality(off, gap - target)
        offs.append(off)
    model.minimize(days[-1] * 10_000 + sum(offs))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    if solver.solve(model) != cp_model.OPTIMAL:
        return None
    return base + solver.value(days[-1]), sum(solver.value(off) for off in offs)

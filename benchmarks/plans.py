"""A plan of six sessions over 180 days, against OR-Tools CP-SAT on the same feasible starts.

20 practitioners, 10 rooms, 6 devices, each session holding one of each for 45 minutes, starts every
five minutes, least, target and most days between neighbours. "build" makes each session's
feasible starts: busy spans as the database packs them into timelines, the patient's chart put to
every rule of the shipped protocol, needs combined (opening hours are remembered, and the reading
of the rows is not counted); "search" is all that comes after, resources chosen; CP-SAT gets each session's feasible starts as the domain of a
variable and finds the same two levels, the earliest end and then the least days off target,
which must be equal. It chooses no resources, so it is asked less than we are.
"""

import random
import statistics
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
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
    end: date | None
    equal: bool


def measure(report: Report, *, smoke: bool) -> None:
    """Plan instances of growing scarcity, and hold the medians against the targets."""
    report.section("Plans", *(__doc__ or "").strip().splitlines()[2:])
    crowds = (0.9, 0.95) if smoke else (0.5, 0.7, 0.8, 0.9, 0.93, 0.95)
    rows = [_row(crowd, number, 3 if smoke else 15) for number, crowd in enumerate(crowds)]
    report.table(
        ("busy", "build ms", "search ms", "CP-SAT ms", "CP-SAT / search", "search / build", "ends", "equal"),
        [
            (f"{row.crowd:.0%}", row.build, row.search, row.oracle, row.oracle / row.search,
             row.search / row.build, row.end, "yes" if row.equal else "NO")
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

    course, packed, hours = instance(crowd, SEED + seed)
    built, found = list[float](), list[float]()
    proposal = None
    for _ in range(rounds):
        openings, spent = _timed(lambda: _opened(course, packed, hours))
        built.append(spent)
        proposal, spent = _timed(lambda known=openings: propose(Problem(course, known)))
        found.append(spent)
    openings = _opened(course, packed, hours)
    days = [_days(course, opening.starts) for opening in openings.values()]
    answer, oracle = _timed(lambda: cp_sat(days))
    ours = end = None
    if proposal is not None:
        end = proposal.end
        ours = (proposal.end.toordinal(), proposal.cost.off_target // 1440)
    return Row(
        crowd, statistics.median(built), statistics.median(found), oracle, end, ours == answer
    )


def _timed(run):  # type: ignore[no-untyped-def]
    begun = time.perf_counter()
    result = run()
    return result, (time.perf_counter() - begun) * 1000


def _opened(course, packed, hours: int):  # type: ignore[no-untyped-def]
    """Build each session's opening: what is free, and when no rule speaks against it."""
    from plans.core.openings import opened
    from scheduling.core.availability import Option, Search
    from scheduling.core.timeline import unpacked_each

    busy = unpacked_each(packed, course.window)
    free = {number: hours & ~line for number, line in busy.items()}
    kinds = (("practitioner", 0, 20), ("room", 20, 30), ("device", 30, 36))
    needs = tuple((Option(kind, tuple(range(low, high))),) for kind, low, high in kinds)
    return {
        step.key: opened(
            Search(
                window=course.window,
                needs=needs,
                length=step.length,
                free=free,
                allowed={"rules": _clear(course, number)},
            )
        )
        for number, step in enumerate(course.steps)
    }


def _clear(course, number: int) -> int:  # type: ignore[no-untyped-def]
    """Ask every clinical rule when it lets a session be, for a patient with a chart."""
    from scheduling.core import rules
    from scheduling.core.protocol import shipped
    from scheduling.core.timeline import busy
    from scheduling.core.words import Span, Status

    now = datetime.combine(FIRST - timedelta(days=1), clock(20), UTC)
    earlier = now - timedelta(days=30)
    met = rules.Record(
        type="consultation", start=earlier, end=earlier + timedelta(minutes=30), zone=LONDON,
        status=Status.FULFILLED,
    )  # fmt: skip
    facts = {"procedure": "fractional_nonablative", "areas": frozenset({"face"}), "zone": LONDON}
    facts |= {"size": "medium", "depth": "superficial", "series": 1}
    done = rules.Visit(
        id="done",
        start=earlier,
        end=earlier + timedelta(minutes=45),
        status=Status.FULFILLED,
        **facts,
    )
    asked = rules.Visit(
        id=f"session {number + 1}", start=now, end=now + timedelta(minutes=45), **facts
    )
    chart = rules.Chart(born=date(1985, 4, 12), fitzpatrick=2, records=(met,), visits=(done,))
    last = FIRST + timedelta(days=DAYS - 1)
    found = rules.clear_stretches(asked, chart, shipped(), FIRST, last, now=now)
    return busy([Span(start, end) for start, end in found], course.window)


def instance(crowd: float, seed: int):  # type: ignore[no-untyped-def]
    """Draw a course, what of 36 resources' time is busy as the database packs it, and the hours."""
    from plans.core.course import Course, Lag, Step
    from scheduling.core.hours import WeeklyHours, days_window, opening

    window = days_window(FIRST, FIRST + timedelta(days=DAYS - 1), LONDON)
    rows = tuple(WeeklyHours(weekday=d, opens=clock(9), closes=clock(18)) for d in range(6))
    hours = opening(rows, frozenset[date](), LONDON, window)
    dice = random.Random(seed)
    packed = {
        number: b"".join(struct.pack(">ii", *span) for span in _drawn(window.q0, crowd, dice))
        for number in range(36)
    }
    steps = [Step(key="session 1", length=LENGTH_Q)]
    for number, (least, target, most) in enumerate(LAGS, 2):
        lag = Lag(after=f"session {number - 1}", least=least, target=target, most=most)
        steps.append(Step(key=f"session {number}", length=LENGTH_Q, lags=(lag,)))
    worth = {number: number % 4 for number in range(36)}
    course = Course(steps=tuple(steps), zone=LONDON, window=window, worth=worth)
    return course, packed, hours


def _drawn(q0: int, crowd: float, dice: random.Random) -> list[tuple[int, int]]:
    """Draw visits of 45 minutes, one after another; the busier, the more days are full."""
    spans = []
    for day in range(DAYS):
        begin = q0 + day * 288
        if dice.random() < max(crowd - 0.9, 0) * 10:
            spans.append((begin + 96, begin + 230))
            continue
        spans += [
            (begin + at, begin + at + LENGTH_Q)
            for at in range(108 + dice.randrange(LENGTH_Q), 208, LENGTH_Q)
            if dice.random() < crowd
        ]
    return spans


def _days(course, starts: int) -> list[int]:  # type: ignore[no-untyped-def]
    """List a session's starts as minutes from the ordinal of local midnight: date and time."""
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

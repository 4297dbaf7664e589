"""Courses of shapes that are hard to plan: many sessions that bind or touch each other."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import permutations
from zoneinfo import ZoneInfo

from plans.core.course import Apart, Course, Crowd, Lag, Preference, Step, Unit
from plans.core.openings import opened
from plans.core.solver import Problem
from scheduling.core.availability import Need, Option, Search
from scheduling.core.hours import WeeklyHours, days_window, opening
from scheduling.core.timeline import Timeline, Window, covered
from tests.plans.core.courses import LONDON

FIRST = date(2027, 1, 11)
KINDS = (("practitioner", 4), ("room", 3), ("device", 2))
WORTH = {number: number % 4 for number in range(9)}
EARLY = Preference(weekdays=frozenset({2, 3}), times=((time(9), time(11)),))


def drawing(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 -- dice, not secrets


def window(days: int) -> Window:
    return days_window(FIRST, FIRST + timedelta(days=days - 1), LONDON)


def hours(asked: Window) -> Timeline:
    rows = tuple(WeeklyHours(weekday=d, opens=time(9), closes=time(18)) for d in range(6))
    return opening(rows, frozenset(), LONDON, asked)


def diary(asked: Window, dice: random.Random, *, busy: float, away: float) -> Timeline:
    """Draw when a resource is free: visits one after another, and whole days away."""
    spans = [(q, q + 9) for q in range(asked.q0, asked.q1, 10) if dice.random() < busy]
    spans += [(q, q + 288) for q in range(asked.q0, asked.q1, 288) if dice.random() < away]
    return hours(asked) & ~covered(spans, asked)


def needs_of(kinds: int) -> tuple[Need, ...]:
    needs, low = list[Need](), 0
    for kind, count in KINDS[:kinds]:
        needs.append((Option(kind, tuple(range(low, low + count))),))
        low += count
    return tuple(needs)


def problem(
    course: Course, free: dict[int, Timeline], needs: Callable[[Step], Sequence[Need]]
) -> Problem:
    asked = course.window
    return Problem(
        course,
        {
            step.key: opened(
                Search(
                    window=asked,
                    needs=tuple(needs(step)),
                    length=step.length,
                    free=free,
                    allowed={"window": asked.between(asked.q0, asked.q1 - step.length + 1)},
                )
            )
            for step in course.steps
        },
    )


def clinic(course: Course, dice: random.Random, *, busy: float, away: float, kinds: int) -> Problem:
    free = {n: diary(course.window, dice, busy=busy, away=away) for n in range(9)}
    return problem(course, free, lambda _: needs_of(kinds))


def minutes(seed: int, count: int, *, one_place: bool) -> Problem:
    """Sessions of one day, lags in minutes between many of them, with targets."""
    dice = drawing(seed)
    steps = list[Step]()
    for j in range(count):
        lags = []
        for i in range(j):
            if dice.random() < 0.4:
                least = dice.randrange(-12, 6 * (j - i) + 1) * 5
                most = least + dice.randrange(6, 60) * 5 if dice.random() < 0.5 else None
                lag = {"least": least, "target": least + dice.randrange(100), "most": most}
                lags.append(Lag(after=f"s{i}", unit=Unit.MINUTES, **lag))  # type: ignore[arg-type]
        steps.append(Step(key=f"s{j}", length=dice.choice((1, 3, 6)), lags=tuple(lags)))
    course = Course(
        steps=tuple(steps), zone=LONDON, window=window(1), worth=WORTH, one_place=one_place
    )
    return clinic(course, dice, busy=0.3, away=0, kinds=dice.randrange(1, 4))


def machines(seed: int, count: int) -> Problem:
    """A project with least and most lags between starts, on three machines of which each is one."""
    dice = drawing(seed)
    lengths = [dice.randrange(1, 11) for _ in range(count)]
    uses = {
        f"s{j}": [r for r in range(3) if dice.random() < 0.6] or [dice.randrange(3)]
        for j in range(count)
    }
    steps = list[Step]()
    for j in range(count):
        lags = []
        for i in range(j):
            if dice.random() < 0.35:
                least = dice.randrange(lengths[i] * 2 + 1) * 5
                most = least + dice.randrange(12 * (j - i)) * 5 if dice.random() < 0.5 else None
                lags.append(Lag(after=f"s{i}", least=least, most=most, unit=Unit.MINUTES))
        steps.append(Step(key=f"s{j}", length=lengths[j], lags=tuple(lags)))
    course = Course(steps=tuple(steps), zone=LONDON, window=window(1), one_place=False)
    free = dict.fromkeys(range(3), course.window.full)
    return problem(course, free, lambda step: [(Option("machine", (r,)),) for r in uses[step.key]])


def projects(seed: int, count: int) -> Problem:
    """The same with a day for a unit of time, and a last step whose date is the makespan."""
    plain = machines(seed, count).course
    steps = [
        replace(
            step,
            length=step.length * 288,
            lags=tuple(
                replace(
                    lag, least=lag.least * 288, most=None if lag.most is None else lag.most * 288
                )
                for lag in step.lags
            ),
        )
        for step in plain.steps
    ]
    after = [Lag(after=step.key, least=step.length * 5, unit=Unit.MINUTES) for step in steps]
    steps.append(Step(key="end", length=1, lags=tuple(after)))
    course = replace(plain, steps=tuple(steps), zone=ZoneInfo("UTC"), window=window(100))
    free = dict.fromkeys(range(3), course.window.full)
    dice = drawing(seed)
    uses = {step.key: dice.sample(range(3), dice.randrange(1, 3)) for step in steps[:-1]}
    return problem(
        course, free, lambda step: [(Option("machine", (r,)),) for r in uses.get(step.key, ())]
    )


def crossed(seed: int, count: int) -> Problem:
    """Lags in days with targets between nearly all sessions: no order of elimination is small."""
    dice = drawing(seed)
    steps = [
        Step(
            key=f"s{j}",
            length=6,
            lags=tuple(
                Lag(after=f"s{i}", least=least, target=least + dice.randrange(12))
                for i in range(j)
                for least in [dice.randrange(5 * (j - i))]
            ),
        )
        for j in range(count)
    ]
    course = Course(steps=tuple(steps), zone=LONDON, window=window(8 * count), worth=WORTH)
    return clinic(course, dice, busy=0.7, away=0.4, kinds=1)


def ruled(seed: int, count: int) -> Problem:
    """Rules for either order and two crowds, with hardly any lag."""
    dice = drawing(seed)
    steps = [
        Step(key=f"s{j}", length=9, lags=() if j % 2 else (Lag(after="s0", target=14),) * (j > 0))
        for j in range(count)
    ]
    keys = [step.key for step in steps]
    aparts = [
        Apart(first=one, then=two, days=dice.randrange(2, 15))
        for one, two in permutations(keys, 2)
        if dice.random() < 0.4
    ]
    crowds = (
        Crowd(steps=frozenset(keys), count=2, days=14, taken=(FIRST + timedelta(days=9),)),
        Crowd(steps=frozenset(keys[:3]), count=1, days=6),
    )
    course = Course(
        steps=tuple(steps),
        zone=LONDON,
        window=window(11 * count),
        aparts=tuple(aparts),
        crowds=crowds,
    )
    return clinic(course, dice, busy=0.8, away=0.3, kinds=1)


def paired(seed: int, count: int) -> Problem:
    """Days between visits, minutes within each, and wishes."""
    dice = drawing(seed)
    steps = list[Step]()
    for j in range(count):
        before = f"s{j - 1 if j % 2 else j - 2}"
        if j % 2:
            lags = [Lag(after=before, least=45, target=60, most=180, unit=Unit.MINUTES)]
        else:
            lags = [Lag(after=before, least=14, target=dice.randrange(14, 30))] if j else []
        if j > 2:
            lags.append(Lag(after=f"s{dice.randrange(j - 1)}", target=dice.randrange(40)))
        steps.append(Step(key=f"s{j}", length=dice.choice((3, 6)), lags=tuple(lags)))
    course = Course(
        steps=tuple(steps), zone=LONDON, window=window(70), worth=WORTH, preference=EARLY
    )
    return clinic(course, dice, busy=0.8, away=0.3, kinds=2)


def loose(seed: int, count: int) -> Problem:
    """No lags at all, wishes that not all can have, one patient."""
    dice = drawing(seed)
    steps = tuple(Step(key=f"s{j}", length=dice.choice((6, 9))) for j in range(count))
    course = Course(steps=steps, zone=LONDON, window=window(9), worth=WORTH, preference=EARLY)
    return clinic(course, dice, busy=0.8, away=0.4, kinds=2)


def hands(seed: int, count: int) -> Problem:
    """Two groups of sessions, each of which wants one practitioner."""
    dice = drawing(seed)
    steps = tuple(
        Step(
            key=f"s{j}",
            length=9,
            lags=(Lag(after=f"s{j - 1}", least=7, target=14, most=40),) if j else (),
            same_as=f"s{j - 2}" if j > 1 else None,
        )
        for j in range(count)
    )
    course = Course(steps=steps, zone=LONDON, window=window(100), worth=WORTH)
    return clinic(course, dice, busy=0.8, away=0.6, kinds=2)


SHAPES: dict[str, Callable[[int, int], Problem]] = {
    "minutes": lambda seed, count: minutes(seed, count, one_place=True),
    "minutes side by side": lambda seed, count: minutes(seed, count, one_place=False),
    "machines": machines,
    "projects": projects,
    "crossed": crossed,
    "ruled": ruled,
    "paired": paired,
    "loose": loose,
    "hands": hands,
}

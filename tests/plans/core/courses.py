"""Small random courses for hypothesis, and hand-made ones."""

from dataclasses import replace
from datetime import date, time
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from plans.core.course import ANY, Apart, Course, Crowd, Lag, Preference, Step, Unit
from plans.core.openings import opened
from plans.core.solver import Problem
from scheduling.core.availability import Option, Search
from scheduling.core.hours import days_window
from scheduling.core.timeline import Window

LONDON = ZoneInfo("Europe/London")
SPRING = date(2027, 3, 26)
"""Two days before the clocks go forward in London."""
DAYS = 9


def window(first: date = SPRING, days: int = DAYS) -> Window:
    last = date.fromordinal(first.toordinal() + days - 1)
    return days_window(first, last, LONDON)


@st.composite
def lags(draw: st.DrawFn, key: str) -> Lag:
    if draw(st.integers(0, 3)) == 0:
        least = draw(st.sampled_from([0, 25, 60, 1440, 2880]))
        most = draw(st.sampled_from([None, least + 30, least + 600, least + 3000]))
        target = draw(st.sampled_from([None, least + 15, least + 700]))
        return Lag(after=key, least=least, target=target, most=most, unit=Unit.MINUTES)
    least = draw(st.sampled_from([-2, 0, 0, 1, 2, 3]))
    most = draw(st.sampled_from([None, least, least + 1, least + 2]))
    target = draw(st.sampled_from([None, least, least + 1, least + 3]))
    return Lag(after=key, least=least, target=target, most=most)


@st.composite
def steps(draw: st.DrawFn) -> tuple[Step, ...]:
    found: list[Step] = []
    for number in range(draw(st.integers(2, 4))):
        earlier = [step.key for step in found]
        asked = draw(st.lists(st.sampled_from(earlier), max_size=2)) if earlier else []
        found.append(
            Step(
                key=f"s{number}",
                length=draw(st.sampled_from([1, 6, 12])),
                lags=tuple(draw(lags(key)) for key in asked),
                same_as=draw(st.sampled_from([None, None, *earlier])),
                optional=draw(st.integers(0, 5)) == 0,
            )
        )
    if all(step.optional for step in found):
        found[0] = replace(found[0], optional=False)
    return tuple(found)


@st.composite
def preferences(draw: st.DrawFn) -> Preference:
    if draw(st.booleans()):
        return ANY
    return Preference(
        weekdays=draw(st.frozensets(st.integers(0, 6), max_size=3)),
        times=draw(st.sampled_from([(), ((time(9), time(12)),), ((time(12), time()),)])),
        practitioners=draw(st.frozensets(st.sampled_from([1, 2]), max_size=1)),
    )


@st.composite
def courses(draw: st.DrawFn) -> Course:
    chosen = draw(steps())
    keys = [step.key for step in chosen]
    pairs = st.tuples(st.sampled_from(keys), st.sampled_from(keys)).filter(lambda p: p[0] != p[1])
    aparts = tuple(
        Apart(first=one, then=two, days=draw(st.integers(1, 3)))
        for one, two in draw(st.lists(pairs, max_size=2))
    )
    crowds = ()
    if draw(st.integers(0, 2)) == 0:
        some = draw(st.frozensets(st.sampled_from(keys), min_size=2))
        crowds = (Crowd(steps=some, count=draw(st.integers(1, 2)), days=draw(st.integers(2, 4))),)
    return Course(
        steps=chosen,
        zone=LONDON,
        window=window(),
        aparts=aparts,
        crowds=crowds,
        preference=draw(preferences()),
        worth=draw(st.sampled_from([{}, {1: 2, 2: 1, 3: 4}])),
        one_place=draw(st.integers(0, 3)) > 0,
    )


HOURS = (8 * 12, 9 * 12, 9 * 12 + 6, 10 * 12, 14 * 12, 22 * 12, 23 * 12 + 6, 287)
"""Quanta of a day at which the small courses may start; two of them run over midnight."""


@st.composite
def searches(draw: st.DrawFn, course: Course) -> dict[str, Search]:
    """Draw each step's starts, its needs, and what is free."""
    days = [day * 288 for day in range(DAYS)]
    moments = st.tuples(st.sampled_from(days), st.sampled_from(HOURS)).map(sum)
    full = course.window.full
    free = {}
    for resource in (1, 2, 3, 4):
        busy = draw(st.lists(moments, max_size=2))
        free[resource] = full
        for at in busy:
            free[resource] &= ~(((1 << 30) - 1) << at)
    found = {}
    for step in course.steps:
        starts = draw(st.lists(moments, min_size=1, max_size=4, unique=True))
        hands = Option("practitioner", draw(st.sampled_from([(1,), (2,), (1, 2)])))
        room = Option("room", (3,), draw(st.sampled_from([0, -6])), draw(st.sampled_from([0, 6])))
        other = Option("room", (3, 4))
        needs = draw(st.sampled_from([(hands,), (hands, room), (hands, room, other)]))
        found[step.key] = Search(
            window=course.window,
            needs=tuple((need,) for need in needs),
            length=step.length,
            free=free,
            allowed={"drawn": sum(1 << at for at in starts) & full},
        )
    return found


@st.composite
def problems(draw: st.DrawFn) -> tuple[Problem, dict[str, Search]]:
    course = draw(courses())
    asked = draw(searches(course))
    return Problem(course, {key: opened(search) for key, search in asked.items()}), asked

"""The few instants that decide, against asking at every few minutes."""

from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.core.casebook import Case
from scheduling.core.rules import Chart, Moment, Visit, change_points, earliest, judge
from scheduling.core.rules.calendar import DAY, day_start
from tests.scheduling.core.charts import NOW, PROTOCOL, questions
from tests.scheduling.core.test_casebook import CASES

EVERYWHERE = frozenset(PROTOCOL.profiles)
slowly = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def moved(visit: Visit, start: datetime) -> Visit:
    return replace(visit, start=start, end=start + (visit.end - visit.start))


def fired(visit: Visit, chart: Chart, moment: Moment = Moment.BOOKING) -> set[tuple[str, str]]:
    verdict = judge(visit, chart, PROTOCOL, now=NOW, profiles=EVERYWHERE, moment=moment)
    return {(reason.code, reason.severity.value) for reason in verdict.reasons}


@slowly
@given(question=questions(), moment=st.sampled_from(list(Moment)), offset=st.integers(0, 46))
def test_change_points_leave_nothing_out(
    question: tuple[Visit, Chart], moment: Moment, offset: int
) -> None:
    visit, chart = question
    first = visit.start_date - DAY
    points = change_points(visit, chart, PROTOCOL, first, first + 2 * DAY)
    assert list(points) == sorted(set(points))
    assert points[0] == day_start(first, visit.zone)
    known: dict[datetime, set[tuple[str, str]]] = {}
    for start in brute_starts(visit, first, offset):
        begin = points[bisect_right(points, start) - 1]
        if begin not in known:
            known[begin] = fired(moved(visit, begin), chart, moment)
        assert fired(moved(visit, start), chart, moment) == known[begin], (start, begin)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_change_points_leave_nothing_out_of_the_worked_cases(case: Case) -> None:
    """Worked cases stand on the edges of their rules: both sides are asked about by brute force."""
    visit, chart = case.visit, case.chart
    days = {visit.start_date}
    for key in ("earliest_allowed_local_date", "latest_allowed_local_date_before"):
        if stated := case.expected.get(key):
            days.add(date.fromisoformat(stated))
    for day in days:
        points = change_points(visit, chart, PROTOCOL, day - DAY, day + DAY)
        known: dict[datetime, set[tuple[str, str]]] = {}
        for start in brute_starts(visit, day - DAY, 20):
            begin = points[bisect_right(points, start) - 1]
            if begin not in known:
                known[begin] = fired(moved(visit, begin), chart, case.moment)
            assert fired(moved(visit, start), chart, case.moment) == known[begin], (start, begin)


def brute_starts(visit: Visit, first: date, offset: int) -> list[datetime]:
    """Every 47 minutes of three local days, and every edge of them where day rules may turn."""
    begin, end = day_start(first, visit.zone), day_start(first + 3 * DAY, visit.zone)
    minute, length = timedelta(minutes=1), visit.end - visit.start
    found = [begin + (offset + 47 * step) * minute for step in range(92)]
    for day in range(4):
        edge = day_start(first + day * DAY, visit.zone)
        found += [edge - minute, edge, edge + minute, edge - length, edge - length + minute]
    return sorted(start for start in found if begin <= start < end)


@slowly
@given(question=questions())
def test_earliest_agrees_with_asking_every_half_hour(question: tuple[Visit, Chart]) -> None:
    visit, chart = question
    outlook = earliest(visit, chart, PROTOCOL, now=NOW, profiles=EVERYWHERE)
    until = outlook.start.astimezone(UTC) if outlook.start else visit.start + 40 * DAY
    if outlook.start:
        assert answer(moved(visit, until), chart) == "allowed"
        assert outlook.allowed == outlook.start.astimezone(visit.zone).date()
    start = visit.start
    while start < until:
        said = answer(moved(visit, start), chart)
        assert said != "allowed"
        if outlook.with_override is None or start < day_start(outlook.with_override, visit.zone):
            assert said == "blocked"
        start += max(timedelta(minutes=30), (until - visit.start) / 150)


@slowly
@given(question=questions())
def test_earliest_start_has_nothing_allowed_a_minute_before(
    question: tuple[Visit, Chart],
) -> None:
    visit, chart = question
    outlook = earliest(visit, chart, PROTOCOL, now=NOW, profiles=EVERYWHERE)
    if outlook.start is None or outlook.start == visit.start:
        return
    before = outlook.start.astimezone(UTC) - timedelta(minutes=1)
    assert before < visit.start or answer(moved(visit, before), chart) != "allowed"


@slowly
@given(question=questions())
def test_latest_before_is_the_last_allowed_date(question: tuple[Visit, Chart]) -> None:
    visit, chart = question
    now = visit.start - 10 * DAY
    latest = earliest(visit, chart, PROTOCOL, now=now, profiles=EVERYWHERE).latest_before
    if latest is None:
        return
    assert now.astimezone(visit.zone).date() <= latest < visit.start_date
    assert any(
        answer(moved(visit, start), chart) == "allowed" for start in minutes(visit, latest, 1)
    )
    day = latest + DAY
    while day < visit.start_date:
        assert {answer(moved(visit, start), chart) for start in minutes(visit, day, 45)}.isdisjoint(
            {"allowed"}
        )
        day += DAY


def answer(visit: Visit, chart: Chart) -> str:
    return judge(visit, chart, PROTOCOL, now=NOW, profiles=EVERYWHERE).verdict


def minutes(visit: Visit, day: date, step: int) -> list[datetime]:
    start, end = day_start(day, visit.zone), day_start(day + DAY, visit.zone)
    found = []
    while start < end:
        found.append(start)
        start += timedelta(minutes=step)
    return found

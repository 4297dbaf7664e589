from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from plans.core.solver import Problem, propose, reflow
from scheduling.core.availability import Search
from tests.plans.core import brute, courses

small = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@small
@given(courses.problems())
def test_propose_finds_the_best_of_all_plans(drawn: tuple[Problem, dict[str, Search]]) -> None:
    problem, searches = drawn

    found = propose(problem)

    wanted = brute.best(problem.course, searches)
    assert (None if found is None else brute.ranked(problem, found)) == wanted


@small
@given(courses.problems())
def test_reflow_with_nothing_changed_moves_nothing(
    drawn: tuple[Problem, dict[str, Search]],
) -> None:
    problem, _ = drawn
    found = propose(problem)
    if found is None:
        return
    was = {place.key: place for place in found.placements}

    again = reflow(replace(problem, was=was))

    assert again is not None
    assert again.cost.moved == again.cost.days_moved == 0
    assert {p.key: (p.start_q, p.held) for p in again.placements if p.key in was} == {
        key: (p.start_q, p.held) for key, p in was.items()
    }


@small
@given(courses.problems(), courses.problems())
def test_reflow_moves_least_of_all_plans(
    drawn: tuple[Problem, dict[str, Search]], other: tuple[Problem, dict[str, Search]]
) -> None:
    problem, searches = drawn
    asked = {step.key: step for step in problem.course.steps}
    before = propose(other[0])
    was = {p.key: p for p in before.placements if p.key in asked} if before else {}
    was = {k: replace(p, end_q=p.start_q + asked[k].length) for k, p in was.items()}

    found = reflow(replace(problem, was=was))

    wanted = brute.best(problem.course, searches, was)
    assert (None if found is None else brute.ranked(problem, found, was)) == wanted

"""Courses whose sessions touch, compete or bind one another, against CP-SAT's proofs."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks import plans, proofs
from plans.core.reasons import why_not
from plans.core.solver import Problem, propose, reflow
from scheduling.core.availability import Search
from tests.plans.core import brute, courses
from tests.plans.core.shapes import SHAPES

FEW = {"machines": 8, "projects": 6, "crossed": 4, "ruled": 4}
"""Sessions that CP-SAT can still prove an optimum for in a second or two, where not 5."""
MANY = {"machines": 10, "projects": 10, "ruled": 5}
"""Sessions of the largest course, where not 8."""


def ours(problem: Problem) -> tuple[int, ...] | None:
    found = plans.levels(problem)
    return None if found is None else (0, *found)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", SHAPES)
def test_propose_is_as_good_as_cp_sat_proves(shape: str, seed: int) -> None:
    problem = SHAPES[shape](seed, FEW.get(shape, 5))

    assert ours(problem) == proofs.levels(problem)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("shape", SHAPES)
def test_many_sessions_have_a_legal_plan_or_a_reason(shape: str, seed: int) -> None:
    problem = SHAPES[shape](seed, MANY.get(shape, 8))

    found = propose(problem)

    if found is None:
        assert why_not(problem).sentence
    else:
        assert brute.holds(problem.course, {place.key: place for place in found.placements})


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(courses.problems(), courses.problems())
def test_reflow_around_a_pin_moves_as_little_as_cp_sat_proves(
    drawn: tuple[Problem, dict[str, Search]], other: tuple[Problem, dict[str, Search]]
) -> None:
    problem, _ = drawn
    before = propose(other[0])
    if before is None:
        return
    asked = {step.key: step for step in problem.course.steps}
    was = {p.key: p for p in before.placements if p.key in asked}
    was = {key: replace(p, end_q=p.start_q + asked[key].length) for key, p in was.items()}
    pins = {key: was[key] for key in sorted(was)[:1]}
    openings = {key: o for key, o in problem.openings.items() if key not in pins}
    asking = Problem(problem.course, openings, pins, was)

    found = reflow(asking)

    proved = proofs.levels(asking, moving=True)
    if found is None:
        assert proved is None
        return
    assert proved is not None
    count, moved, days, off, _, unmet, waste = proved
    cost = found.cost
    optional = {step.key for step in problem.course.steps if step.optional} - set(pins)
    assert len(optional) - len(found.left_out) == count
    assert (cost.moved, cost.days_moved, cost.off_target) == (moved, days, off)
    assert (cost.unmet, cost.waste) == (unmet, waste)
    assert all(found.at(key) == pin for key, pin in pins.items())

"""Courses of six sessions over half a year, against CP-SAT on the same feasible starts."""

import pytest

from benchmarks import plans
from plans.core.solver import Problem


@pytest.mark.parametrize("seed", range(6))
def test_propose_ends_spaces_and_holds_as_cp_sat_proves_best(seed: int) -> None:
    course, packed, hours = plans.instance(0.93, seed)
    openings = plans.opened_each(course, plans.unpacked(course, packed), hours)
    problem = Problem(course, openings)

    assert plans.levels(problem) == plans.asked(problem)[0]

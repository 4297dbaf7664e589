"""Courses of six sessions over half a year, against CP-SAT on the same feasible starts."""

import pytest

from benchmarks import plans
from plans.core.solver import Problem, propose


@pytest.mark.parametrize("seed", range(6))
def test_propose_ends_and_spaces_a_long_course_as_cp_sat_proves_best(seed: int) -> None:
    course, packed, hours = plans.instance(0.95, seed)
    openings = plans._opened(course, packed, hours)

    found = propose(Problem(course, openings))

    days = [plans._days(course, opening.starts) for opening in openings.values()]
    ours = found and (found.end.toordinal(), found.cost.off_target // 1440)
    assert ours == plans.cp_sat(days)

"""Optima proved by CP-SAT, level by level."""

from itertools import combinations
from typing import TypeAlias

from ortools.sat.python import cp_model

from benchmarks.cpsat import Model
from plans.core.solver import Problem

Levels: TypeAlias = tuple[int, ...]


class OutOfTimeError(Exception):
    """CP-SAT did not prove an optimum in the time it was given."""


def levels(problem: Problem, *, moving: bool = False, seconds: float = 600) -> Levels | None:
    """Return the least levels of a plan, the number of optional sessions first; None without one.

    Raises:
        OutOfTimeError: nothing is proved in time.

    """
    steps = problem.course.steps
    required = [s for s in steps if not s.optional or s.key in problem.pins]
    optional = [s for s in steps if s not in required]
    bare = least(Model(problem, required, moving=moving), seconds=seconds)
    if bare is None:
        return None
    ahead = 2 if moving else 1
    for count in range(len(optional), 0, -1):
        found = []
        for some in combinations(optional, count):
            chosen = [s for s in steps if s in required or s in some]
            each = least(Model(problem, chosen, moving=moving), seconds=seconds)
            if each is not None and each[:ahead] <= bare[:ahead]:
                found.append(each)
        if found:
            return (count, *min(found))
    return (0, *bare)


def least(model: Model, *, seconds: float) -> Levels | None:
    """Minimise the levels one after another, each held at its optimum; None without a plan.

    Raises:
        OutOfTimeError: a level is not proved in time.

    """
    found: list[int] = []
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = seconds
    goals = model.goals()
    if solver.solve(model.model) == cp_model.INFEASIBLE:
        return None
    for goal in goals:
        if isinstance(goal, int):
            found.append(goal)
            continue
        model.model.minimize(goal)
        status = solver.solve(model.model)
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise OutOfTimeError(solver.status_name(status))
        found.append(round(solver.objective_value))
        model.model.add(goal == found[-1])
        model.model.clear_hints()
        for at in range(len(model.model.proto.variables)):
            variable = model.model.get_int_var_from_proto_index(at)
            model.model.add_hint(variable, solver.value(variable))
    return tuple(found)

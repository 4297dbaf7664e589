"""The benchmark's courses as CP-SAT takes them fastest: a start, its date by division, places.

`benchmarks.cpsat` is the model of everything; this one leaves out what these courses have not
got: sessions that could compete, nights, rules. With literals for dates it took ten times as long,
and so did presolve with probing, other levels of linearization, no presolve, and eight workers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ortools.sat.python import cp_model

from plans.core.solver import Problem
from scheduling.core.timeline import SECONDS, bits

DAY_Q = 288
_DAYS = 1 << 9
"""More days than the window has."""
_END, _OFF = 1 << 16, 1 << 8
"""Weights of one sum: six sessions are less than 256 days off target, and hold less worth."""


class Rival:
    """One course as a model, with or without resources."""

    def __init__(self, problem: Problem, *, resources: bool = True) -> None:
        self.problem, self.resources = problem, resources
        zone = problem.course.zone
        first = datetime.fromtimestamp(problem.course.window.q0 * SECONDS, UTC).astimezone(zone)
        self.base = first.date().toordinal()
        self.model = cp_model.CpModel()
        self.seconds = 0.0
        self.worth: list[Any] = []
        self.domains: dict[int, Any] = {}
        self.days = {step.key: self._day(step.key) for step in self.problem.course.steps}
        self.end = list(self.days.values())[-1]
        self.off = sum(self._lags())

    def _day(self, key: str) -> Any:
        """Return the date of a session whose start and places are variables."""
        opening, model = self.problem.openings[key], self.model
        if not opening.starts:
            model.add_bool_or([])
            return 0
        start = model.new_int_var_from_domain(self._domain(opening.starts), f"start {key}")
        day = model.new_int_var(0, _DAYS, f"day {key}")
        model.add_division_equality(day, start, DAY_Q)
        for need in opening.needs if self.resources else ():
            taken = []
            for place in need:
                fits = place.fits & opening.starts
                if fits:
                    here = model.new_bool_var(f"{key} takes {place.resource}")
                    model.add_linear_expression_in_domain(
                        start, self._domain(fits)
                    ).only_enforce_if(here)
                    taken.append(here)
                    self.worth.append(self.problem.course.worth.get(place.resource, 0) * here)
            model.add_exactly_one(taken)
        return day

    def _domain(self, line: int) -> Any:
        """Return starts as quanta of wall time."""
        if line not in self.domains:
            self.domains[line] = cp_model.Domain.from_values(self._wall(line))
        return self.domains[line]

    def _wall(self, line: int) -> Sequence[int]:
        course = self.problem.course
        moments = [
            datetime.fromtimestamp((int(bit) + course.window.q0) * SECONDS, UTC).astimezone(
                course.zone
            )
            for bit in bits(line)
        ]
        return [
            (m.date().toordinal() - self.base) * DAY_Q + (m.hour * 60 + m.minute) // 5
            for m in moments
        ]

    def _lags(self) -> list[Any]:
        """Bind neighbours, and return how many days each lag is off its target."""
        found = []
        for step in self.problem.course.steps:
            for lag in step.lags:
                gap = self.days[step.key] - self.days[lag.after]
                self.model.add_linear_constraint(gap, lag.least, lag.most or _DAYS)
                off = self.model.new_int_var(0, _DAYS, "off")
                self.model.add_abs_equality(off, gap - (lag.target or 0))
                found.append(off)
        return found

    def best(self) -> tuple[int, int, int] | None:
        """Return the earliest end, the least days off target, the least worth; None without a plan.

        Raises:
            RuntimeError: CP-SAT did not prove an optimum within ten minutes.

        """
        worth = sum(self.worth)
        self.model.minimize(self.end * _END + self.off * _OFF + worth)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.max_time_in_seconds = 600
        status = solver.solve(self.model)
        self.seconds += solver.wall_time
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise RuntimeError(solver.status_name(status))
        held = solver.value(worth) if self.worth else 0
        return self.base + solver.value(self.end), solver.value(self.off), held

    def fix(self, end: int, off: int) -> None:
        """Hold the first two levels at their optima."""
        self.model.add(self.end == end - self.base)
        self.model.add(self.off == off)

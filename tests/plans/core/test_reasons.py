from dataclasses import replace
from datetime import date

import pytest

from plans.core.course import Course, Crowd, Lag, NoPlan, Placement, Step
from plans.core.openings import opened
from plans.core.reasons import why_not
from plans.core.solver import Problem, propose, reflow
from scheduling.core.availability import Option, Search
from scheduling.core.words import Held
from tests.plans.core.courses import LONDON, window

WINDOW = window(date(2027, 3, 22), 30)


def course(*steps: Step) -> Course:
    return Course(steps=steps, zone=LONDON, window=WINDOW)


def at(day: int, hour: int = 9) -> int:
    """Count quanta from the window's start to an hour of one of its days, before the clocks change."""
    return day * 288 + hour * 12


def problem(plan: Course, starts: dict[str, list[int]], nurse: int | None = None) -> Problem:
    free = {1: WINDOW.full if nurse is None else nurse}
    return Problem(
        plan,
        {
            step.key: opened(
                Search(
                    window=WINDOW,
                    needs=((Option("practitioner", (1,)),),),
                    length=step.length,
                    free=free,
                    allowed={"drawn": sum(1 << bit for bit in starts[step.key])},
                )
            )
            for step in plan.steps
        },
    )


FIRST = Step(key="laser 1", length=6)


def then(**lag: int | None) -> Step:
    return Step(key="laser 2", length=6, lags=(Lag(after="laser 1", **lag),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lag", "starts", "code", "by"),
    [
        ({"least": 1, "most": 3}, [at(5)], "lag_most", 2),
        ({"least": 4}, [at(2)], "lag_least", 2),
        ({"least": 40}, [at(5)], "horizon", 11),
    ],
    ids=["most", "least", "horizon"],
)
def test_why_not_names_the_lag_and_by_how_much(
    lag: dict[str, int | None], starts: list[int], code: str, by: int
) -> None:
    asked = problem(course(FIRST, then(**lag)), {"laser 1": [at(0)], "laser 2": starts})

    reason = why_not(asked)

    assert propose(asked) is None
    assert (reason.code, reason.step, reason.by) == (code, "laser 2", by)


def test_why_not_names_the_resource_that_a_step_lacks() -> None:
    busy = WINDOW.full & ~(((1 << 288) - 1) << at(5, 0))
    asked = problem(course(FIRST, then(least=1)), {"laser 1": [at(0)], "laser 2": [at(5)]}, busy)

    assert why_not(asked) == NoPlan(
        code="no_start",
        step="laser 2",
        relaxed="practitioner",
        resources=(1,),
        sentence=(
            "laser 2 has no start in the whole time asked: "
            "no practitioner for it is free when all else is."
        ),
    )


def test_why_not_names_the_rule() -> None:
    crowd = Crowd(steps=frozenset({"laser 1", "laser 2"}), count=1, days=7)
    plan = replace(course(FIRST, then(least=1)), crowds=(crowd,))
    asked = problem(plan, {"laser 1": [at(0)], "laser 2": [at(4), at(6)]})

    reason = why_not(asked)

    assert (reason.code, reason.relaxed) == ("rule", "max_per_window")


def test_propose_pulls_an_early_session_back_where_greedy_gets_stuck() -> None:
    plan = course(FIRST, then(least=2, most=3))
    asked = problem(plan, {"laser 1": [at(0), at(3)], "laser 2": [at(5)]})

    found = propose(asked)

    assert found is not None
    assert [place.start_q - WINDOW.q0 for place in found.placements] == [at(3), at(5)]


def test_pins_never_move_and_the_rest_follows_them() -> None:
    plan = course(FIRST, then(least=2, most=3))
    asked = problem(plan, {"laser 1": [at(0)], "laser 2": [at(2), at(3), at(12)]})
    start = WINDOW.q0 + at(10)
    pin = Placement(
        key="laser 1",
        start_q=start,
        end_q=start + 6,
        held=(Held(1, "practitioner", start, start + 6),),
    )
    was = Placement(key="laser 2", start_q=WINDOW.q0 + at(2), end_q=WINDOW.q0 + at(2) + 6)

    found = reflow(replace(asked, pins={"laser 1": pin}, was={"laser 2": was}))

    assert found is not None
    assert found.at("laser 1") == pin
    assert found.at("laser 2").start_q == WINDOW.q0 + at(12)
    assert (found.cost.moved, found.cost.days_moved) == (1, 10)


def test_a_pin_before_the_window_counts_for_the_lags_after_it() -> None:
    plan = course(FIRST, then(least=7))
    asked = problem(plan, {"laser 1": [], "laser 2": [at(1), at(3)]})
    start = WINDOW.q0 - 5 * 288 + 108
    done = Placement(key="laser 1", start_q=start, end_q=start + 6)

    found = propose(replace(asked, pins={"laser 1": done}))

    assert found is not None
    assert found.at("laser 2").start_q == WINDOW.q0 + at(3)


def test_why_not_names_the_one_practitioner_that_no_two_sessions_share() -> None:
    plan = course(FIRST, replace(then(least=1), same_as="laser 1"))
    starts = {"laser 1": at(0), "laser 2": at(5)}
    free = {1: WINDOW.full & ~(((1 << 288) - 1) << at(5, 0)), 2: 0}
    free[2] = WINDOW.full & ~free[1]
    openings = {
        key: opened(
            Search(
                window=WINDOW,
                needs=((Option("practitioner", (1, 2)),),),
                length=6,
                free=free,
                allowed={"drawn": 1 << bit},
            )
        )
        for key, bit in starts.items()
    }

    reason = why_not(Problem(plan, openings))

    assert reason.code == "same_practitioner"

"""Why a course has no plan: the smallest single change that would give it one.

Everything that binds the course is loosened alone: each lag, each rule, each need, each mask of
the starts, the one practitioner. Of what helps, lags come first, the one that must give way least;
then rules, the practitioner, the patient's own dates, and resources. With the change named there
is a plan, and with a day (or a quantum) less of it none was found: each change is asked for a
bounded number of nodes (`PATIENCE`), so that a reason takes seconds at most.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from plans.core.course import DAY_MINUTES, Course, Lag, NoPlan, Step, Unit
from plans.core.gaps import framed
from plans.core.openings import PATIENT_AWAY, Opening, without_mask, without_need
from plans.core.sittings import dates, sittings
from plans.core.solver import Problem, possible

PATIENCE = 300
"""Nodes of a search, and choices of practitioners, that one change may take.

What is not settled by then counts as no help.
"""


@dataclass(frozen=True, slots=True)
class _Change:
    """One thing loosened: the reason it would be, and the problem for each amount of it.

    `most` is the amount at which it binds nothing any more; 0 where it is there or not.
    """

    reason: NoPlan
    loosened: Callable[[int], Problem]
    most: int = 0
    step: int = 1
    spelled: str = ""


def why_not(problem: Problem) -> NoPlan:
    """Return the smallest reason found for a course that has no plan.

    Optional steps are never the reason: they are left out.
    """
    bare = _required(problem)
    alone = _no_start(bare) or _too_short(bare)
    if alone is not None:
        return alone
    found = [reason for change in _changes(bare) if (reason := _least(change)) is not None]
    if found:
        return min(found, key=_size)
    stuck = _stuck(bare)
    return NoPlan(
        code="together",
        step=stuck,
        sentence=f"No single change helps: the rules, lags and resources around {stuck} exclude one another together.",
    )


def _required(problem: Problem) -> Problem:
    """Return the problem without its optional steps, and without what it would like to keep."""
    course = problem.course
    steps = [s for s in course.steps if not s.optional or s.key in problem.pins]
    keys = {step.key for step in steps}
    kept = replace(
        course,
        steps=tuple(_within(step, keys) for step in steps),
        aparts=tuple(r for r in course.aparts if {r.first, r.then} <= keys),
        crowds=tuple(replace(c, steps=c.steps & keys) for c in course.crowds),
    )
    return Problem(kept, problem.openings, problem.pins)


def _within(step: Step, keys: set[str]) -> Step:
    lags = tuple(lag for lag in step.lags if lag.after in keys)
    return replace(step, lags=lags, same_as=step.same_as if step.same_as in keys else None)


def _size(reason: NoPlan) -> tuple[int, int]:
    """Rank reasons: lags by how much they must give way, then everything else by its kind."""
    order = ("lag_most", "lag_least", "rule", "same_practitioner", "patient", "mask", "resource")
    if reason.code.startswith("lag"):
        unit = DAY_MINUTES if reason.relaxed.endswith(Unit.DAYS) else 1
        return 0, (reason.by or 0) * unit
    return order.index(reason.code), 0


def _no_start(problem: Problem) -> NoPlan | None:
    """Name a step that could not begin at all in the window, even alone, and what it lacks."""
    for step in problem.course.steps:
        opening = problem.openings.get(step.key)
        if step.key in problem.pins or opening is None or opening.starts:
            continue
        for number, need in enumerate(opening.search.needs):
            if without_need(opening, number).starts:
                wanted = sorted({r for option in need for r in option.candidates})
                kind = need[0].kind
                return NoPlan(
                    code="no_start",
                    step=step.key,
                    relaxed=kind,
                    resources=tuple(wanted),
                    sentence=f"{step.key} has no start in the whole time asked: no {kind} for it is free when all else is.",
                )
        mask = next((code for code in opening.allowed if without_mask(opening, code).starts), "")
        cause = f"“{mask}” leaves none" if mask else "nothing it needs is free together"
        return NoPlan(
            code="no_start",
            step=step.key,
            relaxed=mask,
            sentence=f"{step.key} has no start in the whole time asked: {cause}.",
        )
    return None


def _too_short(problem: Problem) -> NoPlan | None:
    """Say by how many days the window is too short for the leasts of lags and rules."""
    course = problem.course
    frame = framed(course, course.steps, frozenset(problem.pins))
    first = {
        step.key: sittings(
            problem.openings[step.key].starts, step.length, course.zone, course.window
        )
        for step in course.steps
        if step.key not in problem.pins
    }
    lows = [
        int(first[s.key].start[0])
        if s.key in first
        else dates(problem.pins[s.key].start_q, s.length, course.zone)[0]
        for s in course.steps
    ]
    lows = [
        max([low, *(lows[i] + row[at] for i, row in enumerate(frame.least) if row[at] is not None)])  # type: ignore[operator]
        for at, low in enumerate(lows)
    ]
    last = dates(course.window.q1 - 1, 1, course.zone)[0]
    short = max(lows) - last
    if short <= 0:
        return None
    late = course.steps[lows.index(max(lows))].key
    return NoPlan(
        code="horizon",
        step=late,
        by=short,
        relaxed="horizon",
        sentence=f"The time asked is too short: {late} cannot come before {short} more {_plural(short, 'day')}.",
    )


def _changes(problem: Problem) -> Iterator[_Change]:
    course = problem.course
    for step in course.steps:
        for lag in step.lags:
            yield from _lag_changes(problem, step, lag)
    for rule in course.aparts:
        less = replace(course, aparts=tuple(r for r in course.aparts if r is not rule))
        sentence = f"The rule {rule.code} keeps {rule.then} {rule.days} days from {rule.first}."
        yield _fixed(
            problem,
            less,
            NoPlan(
                code="rule", step=rule.then, other=rule.first, relaxed=rule.code, sentence=sentence
            ),
        )
    for crowd in course.crowds:
        less = replace(course, crowds=tuple(c for c in course.crowds if c is not crowd))
        sentence = f"The rule {crowd.code} allows {crowd.count} sessions in {crowd.days} days."
        yield _fixed(problem, less, NoPlan(code="rule", relaxed=crowd.code, sentence=sentence))
    if any(step.same_as for step in course.steps):
        less = replace(course, steps=tuple(replace(s, same_as=None) for s in course.steps))
        sentence = "No one practitioner is free for all the sessions that want the same one."
        yield _fixed(problem, less, NoPlan(code="same_practitioner", sentence=sentence))
    yield from _mask_changes(problem)
    yield from _need_changes(problem)


def _fixed(problem: Problem, course: Course, reason: NoPlan) -> _Change:
    return _Change(reason, lambda _: replace(problem, course=course))


def _lag_changes(problem: Problem, step: Step, lag: Lag) -> Iterator[_Change]:
    """Loosen a lag at either end; by days, or by quanta of five minutes."""
    course = problem.course
    span = (course.window.length * 5) // (DAY_MINUTES if lag.unit is Unit.DAYS else 1)
    grain = 1 if lag.unit is Unit.DAYS else 5

    def changed(new: Lag) -> Problem:
        lags = tuple(new if each is lag else each for each in step.lags)
        steps = tuple(replace(s, lags=lags) if s is step else s for s in course.steps)
        return replace(problem, course=replace(course, steps=steps))

    if lag.most is not None:
        most = lag.most
        reason = NoPlan(
            code="lag_most",
            step=step.key,
            other=lag.after,
            relaxed=f"most {most} {lag.unit}",
            sentence="at most",
        )
        yield _Change(reason, lambda by: changed(replace(lag, most=most + by)), span, grain)
    if lag.least > 0:
        reason = NoPlan(
            code="lag_least",
            step=step.key,
            other=lag.after,
            relaxed=f"least {lag.least} {lag.unit}",
            sentence="at least",
        )
        yield _Change(
            reason, lambda by: changed(replace(lag, least=lag.least - by)), lag.least, grain
        )


def _mask_changes(problem: Problem) -> Iterator[_Change]:
    codes = sorted({code for o in problem.openings.values() for code in o.allowed})
    for code in codes:
        openings = {
            key: without_mask(o, code) if code in o.allowed else o
            for key, o in problem.openings.items()
        }
        away = code == PATIENT_AWAY
        sentence = (
            "The patient's own dates leave no plan."
            if away
            else f"“{code}” removes the starts that a plan would need."
        )
        reason = NoPlan(code="patient" if away else "mask", relaxed=code, sentence=sentence)
        yield _Change(reason, lambda _, new=openings: replace(problem, openings=new))  # type: ignore[misc]


def _need_changes(problem: Problem) -> Iterator[_Change]:
    for key, opening in problem.openings.items():
        if not any(key == step.key for step in problem.course.steps):
            continue
        for number, need in enumerate(opening.search.needs):
            less: dict[str, Opening] = {**problem.openings, key: without_need(opening, number)}
            kind = need[0].kind
            reason = NoPlan(
                code="resource",
                step=key,
                relaxed=kind,
                resources=tuple(sorted({r for option in need for r in option.candidates})),
                sentence=f"No {kind} for {key} is free when the other sessions leave room for it.",
            )
            yield _Change(reason, lambda _, new=less: replace(problem, openings=new))  # type: ignore[misc]


def _least(change: _Change) -> NoPlan | None:
    """Return a change's reason with the least amount that helps; None when it never does."""
    if not possible(change.loosened(change.most), PATIENCE):
        return None
    if not change.most:
        return change.reason
    low, high = 0, -(-change.most // change.step)
    while high - low > 1:
        middle = (low + high) // 2
        if possible(change.loosened(min(middle * change.step, change.most)), PATIENCE):
            high = middle
        else:
            low = middle
    by = min(high * change.step, change.most)
    reason = change.reason
    words = reason.relaxed.split()
    amount = f"{by} {_plural(by, words[2].removesuffix('s'))}"
    sentence = (
        f"{reason.step} lies {reason.sentence} {words[1]} {words[2]} after {reason.other}; "
        f"{amount} {'more' if reason.code == 'lag_most' else 'less'} would do."
    )
    return replace(reason, by=by, sentence=sentence)


def _plural(count: int, word: str) -> str:
    return word if count == 1 else f"{word}s"


def _stuck(problem: Problem) -> str:
    """Name the first step with which the course stops being possible."""
    steps = problem.course.steps
    for count in range(1, len(steps) + 1):
        some = steps[:count]
        keys = {step.key for step in some}
        course = replace(
            problem.course,
            steps=some,
            aparts=tuple(r for r in problem.course.aparts if {r.first, r.then} <= keys),
            crowds=tuple(replace(c, steps=c.steps & keys) for c in problem.course.crowds),
        )
        pins = {key: pin for key, pin in problem.pins.items() if key in keys}
        if not possible(Problem(course, problem.openings, pins), PATIENCE):
            return some[-1].key
    return steps[-1].key

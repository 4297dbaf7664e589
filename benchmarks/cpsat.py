"""The whole problem of the plan solver, put to OR-Tools CP-SAT: starts, resources, all levels.

It shares nothing with `plans.core` but the words of a course and each session's feasible starts,
so that equal answers mean something.

* a session's start is one variable over its feasible starts; each stretch of starts that share a
  start date and an end date has a literal, and dates are sums over those;
* each need takes exactly one of its places, whose own feasible starts bound the start; holds are
  optional intervals, and a resource that two of them might share at once has no overlap;
* lags are linear; a rule of the protocol, or a patient in one place, has a literal for the order;
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from ortools.sat.python import cp_model

from plans.core.course import Course, Crowd, Lag, Placement, Step, Unit
from plans.core.solver import Problem, same_groups
from scheduling.core.timeline import bits

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MINUTES = 1440
PRACTITIONER = "practitioner"


@dataclass(slots=True)
class Session:
    """One step in the model."""

    start: Any
    length: int
    day: Any
    end_day: Any
    holds: list[tuple[int, str, Any, Any, int, int]] = field(default_factory=list)
    """Resource, kind, presence, interval, and how far it reaches from the start."""
    hands: dict[int, Any] = field(default_factory=dict)
    """Who does the first need that asks for a practitioner: presence by resource."""
    starts: Sequence[int] = ()


def days_of(start_q: int, length: int, course: Course) -> tuple[int, int]:
    """Return the local start date and end date of a session, as ordinals."""
    first = EPOCH + timedelta(minutes=5 * start_q)
    last = EPOCH + timedelta(minutes=5 * (start_q + length)) - timedelta(seconds=1)
    return (
        first.astimezone(course.zone).date().toordinal(),
        last.astimezone(course.zone).date().toordinal(),
    )


class Model:
    """One choice of steps as a CP-SAT model."""

    def __init__(
        self,
        problem: Problem,
        steps: Sequence[Step],
        *,
        moving: bool = False,
    ) -> None:
        self.problem, self.course, self.steps, self.moving = problem, problem.course, steps, moving
        self.model = cp_model.CpModel()
        self.pinned = {s.key for s in steps if s.key in problem.pins}
        self.unmet: list[Any] = []
        self.sessions: dict[str, Session] = {}
        for step in steps:
            pin = problem.pins.get(step.key)
            self.sessions[step.key] = self._free(step) if pin is None else self._pin(step, pin)
        self.offs: list[Any] = []
        self._lags()
        self._rules()
        self._one_at_a_time()
        self._same()

    def _pin(self, step: Step, pin: Placement) -> Session:
        day, end = days_of(pin.start_q, pin.end_q - pin.start_q, self.course)
        session = Session(pin.start_q, pin.end_q - pin.start_q, day, end)
        for held in pin.held:
            span = self.model.new_fixed_size_interval_var(
                held.start_q, held.end_q - held.start_q, f"{step.key} holds {held.resource_id}"
            )
            session.holds.append(
                (held.resource_id, held.kind, 1, span, held.start_q - pin.start_q,
                 held.end_q - pin.start_q)
            )  # fmt: skip
            if held.kind == PRACTITIONER and not session.hands:
                session.hands[held.resource_id] = 1
        return session

    def _free(self, step: Step) -> Session:
        opening, q0 = self.problem.openings[step.key], self.course.window.q0
        starts = (bits(opening.starts) + q0).tolist()
        model = self.model
        if not starts:
            model.add_bool_or([])
            return Session(0, step.length, 0, 0)
        domain = cp_model.Domain.from_values(starts)
        start = model.new_int_var_from_domain(domain, f"start {step.key}")
        by_dates: dict[tuple[int, int], list[int]] = defaultdict(list)
        for value in starts:
            by_dates[days_of(value, step.length, self.course)].append(value)
        session = Session(start, step.length, 0, 0, starts=starts)
        session.day, session.end_day = self._dates(step, start, by_dates)
        for number, need in enumerate(opening.needs):
            self._need(step, session, number, need)
        self._wishes(step, session)
        return session

    def _dates(self, step: Step, start: Any, by_dates: Any) -> tuple[Any, Any]:
        """Tie the dates to the start, by a literal for each stretch."""
        model, spans = self.model, {dates[1] - dates[0] for dates in by_dates}
        base = min(day for day, _ in by_dates)
        day = model.new_int_var_from_domain(
            cp_model.Domain.from_values(sorted({d for d, _ in by_dates})), f"day {step.key}"
        )
        literals = {}
        for (first, last), some in by_dates.items():
            here = literals[first, last] = model.new_bool_var(f"{step.key} on {first}")
            inside = cp_model.Domain(min(some), max(some))
            model.add_linear_expression_in_domain(start, inside).only_enforce_if(here)
        model.add_exactly_one(literals.values())
        model.add(day == base + sum((d - base) * lit for (d, _), lit in literals.items()))
        if len(spans) == 1:
            return day, day + spans.pop()
        end = day + sum((e - d) * lit for (d, e), lit in literals.items() if e > d)
        return day, end

    def _need(self, step: Step, session: Session, number: int, need: Iterable[Any]) -> None:
        model, q0 = self.model, self.course.window.q0
        literals, own = [], self.problem.openings[step.key].starts
        hands = not session.hands and any(p.kind == PRACTITIONER for p in need)
        for place in need:
            fits = place.fits & own
            if not fits:
                continue
            taken = model.new_bool_var(f"{step.key} takes {place.resource} for {number}")
            literals.append(taken)
            if fits != own:
                domain = cp_model.Domain.from_values((bits(fits) + q0).tolist())
                model.add_linear_expression_in_domain(session.start, domain).only_enforce_if(taken)
            span = model.new_optional_fixed_size_interval_var(
                session.start + place.low, place.high - place.low, taken,
                f"{step.key} holds {place.resource} for {number}",
            )  # fmt: skip
            session.holds.append((place.resource, place.kind, taken, span, place.low, place.high))
            if hands and place.kind == PRACTITIONER:
                session.hands[place.resource] = taken
        model.add_exactly_one(literals)

    def _wishes(self, step: Step, session: Session) -> None:
        wish = self.course.preference
        lines = []
        local = {
            q: (EPOCH + timedelta(minutes=5 * q)).astimezone(self.course.zone)
            for q in (session.starts if wish.weekdays or wish.times else ())
        }
        if wish.weekdays:
            lines.append([q for q, t in local.items() if t.weekday() in wish.weekdays])
        if wish.times:
            lines.append(
                [
                    q
                    for q, t in local.items()
                    if any(
                        low <= t.time() and (t.time() < high or high.hour == high.minute == 0)
                        for low, high in wish.times
                    )
                ]
            )
        for number, line in enumerate(lines):
            unmet = self.model.new_bool_var(f"{step.key} wish {number}")
            domain = cp_model.Domain.from_values(line)
            self.model.add_linear_expression_in_domain(session.start, domain).only_enforce_if(
                unmet.negated()
            )
            self.unmet.append(unmet)

    def _lags(self) -> None:
        for step in self.steps:
            for lag in step.lags:
                earlier, later = self.sessions.get(lag.after), self.sessions[step.key]
                if earlier is not None:
                    self._lag(lag, earlier, later, fixed={lag.after, step.key} <= self.pinned)

    def _lag(self, lag: Lag, one: Session, two: Session, *, fixed: bool) -> None:
        model = self.model
        days = lag.unit is Unit.DAYS
        gap = two.day - one.end_day if days else (two.start - one.start) * 5
        if not fixed:
            model.add(gap >= lag.least)
            if lag.most is not None:
                model.add(gap <= lag.most)
            if days and lag.least >= 0:
                model.add(two.start >= one.start + one.length)
        if lag.target is not None:
            most = 3000 if days else 3000 * DAY_MINUTES
            off = model.new_int_var(0, most, "off")
            model.add(off >= gap - lag.target)
            model.add(off >= lag.target - gap)
            self.offs.append(off * DAY_MINUTES if days else off)

    def _before(self, one: Session, two: Session) -> Any:
        """Return a literal that tells whether one session starts before another."""
        first = self.model.new_bool_var("before")
        self.model.add(one.start <= two.start - 1).only_enforce_if(first)
        self.model.add(one.start >= two.start).only_enforce_if(first.negated())
        return first

    def _rules(self) -> None:
        for rule in self.course.aparts:
            one, two = self.sessions.get(rule.first), self.sessions.get(rule.then)
            if one is None or two is None or {rule.first, rule.then} <= self.pinned:
                continue
            first = self._before(one, two)
            self.model.add(two.day - one.end_day >= rule.days).only_enforce_if(first)
        for crowd in self.course.crowds:
            self._crowd(crowd)

    def _crowd(self, crowd: Crowd) -> None:
        model = self.model
        days = [(self.sessions[k].day, k in self.pinned) for k in crowd.steps if k in self.sessions]
        days += [(day.toordinal(), True) for day in crowd.taken]
        for some in combinations(days, crowd.count + 1):
            if all(fixed for _, fixed in some):
                continue
            low, high = (model.new_int_var(0, 4_000_000, "edge") for _ in range(2))
            model.add_min_equality(low, [day for day, _ in some])
            model.add_max_equality(high, [day for day, _ in some])
            model.add(high - low >= crowd.days)

    def _one_at_a_time(self) -> None:
        """Keep holds of one resource apart, and the patient in one place, where it is in doubt."""
        free = [s.key for s in self.steps if s.key not in self.pinned]
        for one, two in combinations([s.key for s in self.steps], 2):
            if (one in free or two in free) and not self._settled(one, two):
                self._apart(self.sessions[one], self.sessions[two])
        for key in free:
            holds = self.sessions[key].holds
            for a, b in combinations(holds, 2):
                if a[0] == b[0] and a[4] < b[5] and b[4] < a[5]:
                    self.model.add_bool_or([a[2].negated(), b[2].negated()])

    def _settled(self, one: str, two: str) -> bool:
        """Tell whether lags keep two sessions a whole date apart, so that nothing can touch."""
        for first, then in ((one, two), (two, one)):
            if self._least(first, then) > 1:
                wide = [h[4:] for k in (one, two) for h in self.sessions[k].holds]
                return all(low >= -96 and high <= 192 for low, high in wide)
        return False

    def _least(self, one: str, two: str) -> int:
        """Return the least days that a chain of day lags puts between two steps; -1 for none."""
        best = {one: 0}
        for step in self.steps:
            for lag in step.lags:
                if lag.unit is Unit.DAYS and lag.least >= 0 and lag.after in best:
                    best[step.key] = max(best.get(step.key, -1), best[lag.after] + lag.least)
        return best.get(two, -1)

    def _apart(self, one: Session, two: Session) -> None:
        model = self.model
        if self.course.one_place:
            first = self._before(one, two)
            model.add(two.start >= one.start + one.length).only_enforce_if(first)
            model.add(one.start >= two.start + two.length).only_enforce_if(first.negated())
        shared = {h[0] for h in one.holds} & {h[0] for h in two.holds}
        for resource in sorted(shared):
            # Within one session the same resource may be held twice, one hold after the other.
            for a in one.holds:
                for b in two.holds:
                    if a[0] == b[0] == resource:
                        model.add_no_overlap([a[3], b[3]])

    def _same(self) -> None:
        """Give the steps of a group one practitioner."""
        for group in same_groups(self.steps):
            for one, two in combinations([self.sessions[key].hands for key in group], 2):
                shared = set(one) & set(two)
                for person in shared:
                    self.model.add(one[person] == two[person])
                self.model.add_at_least_one(one[person] for person in shared)

    def goals(self) -> list[Any]:
        """Return the levels as expressions, in the order in which they count."""
        worth, wish = self.course.worth, self.course.preference.practitioners
        free = [s for s in self.steps if s.key not in self.pinned]
        holds = [(s.key, h) for s in free for h in self.sessions[s.key].holds]
        unmet = [*self.unmet]
        if wish:
            unmet += [h[2] for _, h in holds if h[1] == PRACTITIONER and h[0] not in wish]
        waste = sum(worth.get(h[0], 0) * h[2] for _, h in holds)
        off = sum(self.offs)
        if not self.moving:
            required = [s for s in self.steps if not s.optional] or list(self.steps)
            end = self.model.new_int_var(0, 4_000_000, "end")
            for step in required:
                self.model.add(end >= self.sessions[step.key].day)
            return [end, off, sum(unmet), waste]
        changed = [
            h[2]
            for key, h in holds
            if key in self.problem.was
            and all(w.resource_id != h[0] for w in self.problem.was[key].held)
        ]
        return [*self._moves(free), off, sum(changed), sum(unmet), waste]

    def _moves(self, free: Sequence[Step]) -> tuple[Any, Any]:
        model = self.model
        moved, days = [], []
        for step in free:
            was = self.problem.was.get(step.key)
            if was is None:
                continue
            session = self.sessions[step.key]
            away = model.new_bool_var("moved")
            model.add(session.start == was.start_q).only_enforce_if(away.negated())
            by = model.new_int_var(0, 4_000_000, "by")
            old = days_of(was.start_q, step.length, self.course)[0]
            model.add(by >= session.day - old)
            model.add(by >= old - session.day)
            moved.append(away)
            days.append(by)
        return sum(moved), sum(days)

"""The words of a treatment plan: its steps, the lags between them, what binds them, what is found.

Dates are local to the clinic's zone. A session belongs to the date on which it starts; one that
ends at exactly midnight ended on the day before. Quanta are those of `scheduling.core.timeline`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduling.core.timeline import Window
from scheduling.core.words import Held

PRACTITIONER = "practitioner"
"""The kind of resource that `Step.same_as` and `Preference.practitioners` speak of."""

DAY_MINUTES = 1440


class Unit(StrEnum):
    """How a lag is counted."""

    DAYS = "days"
    """Local dates, from the end date of the earlier session to the start date of the later."""
    MINUTES = "minutes"
    """Elapsed minutes, from start to start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How long after an earlier step a step comes; `least` and `most` are both allowed.

    A lag of `least` 0 or more also orders the sessions: on one date, the later one starts no
    sooner than the earlier one ends. A negative `least` orders nothing. Without a `target`, no
    gap is better than another.

    Raises:
        ValueError: the most is below the least.

    """

    after: str
    least: int = 0
    target: int | None = None
    most: int | None = None
    unit: Unit = Unit.DAYS

    def __post_init__(self) -> None:
        """Refuse a lag that nothing satisfies."""
        if self.most is not None and self.most < self.least:
            raise ValueError("the most of a lag is at least its least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One session of a course; `length` in quanta, the visit itself without preparation.

    `same_as` names an earlier step whose practitioner this one needs too. An optional step is
    left out rather than make the course impossible or its last required session later.

    Raises:
        ValueError: the step takes no time.

    """

    key: str
    length: int
    lags: tuple[Lag, ...] = ()
    same_as: str | None = None
    optional: bool = False

    def __post_init__(self) -> None:
        """Refuse a session without a length."""
        if self.length < 1:
            raise ValueError("a session lasts at least one quantum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A rule of the protocol: where `first` comes before `then`, at least `days` lie between.

    Counted like a day lag. It says nothing about `then` before `first`; a rule for both orders
    is two of these.
    """

    first: str
    then: str
    days: int
    code: str = "min_gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """A rule of the protocol: at most `count` of these sessions start in any `days` local dates.

    `taken` are the start dates of sessions outside of the course that count with them.
    """

    steps: frozenset[str]
    count: int
    days: int
    taken: tuple[date, ...] = ()
    code: str = "max_per_window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What the patient would like; each wish unmet by a session counts one against the plan.

    `weekdays`: 0 is Monday. `times`: a session starts within one of the wall-clock stretches
    ``[from, until)``; until 00:00 is the end of the day. Empty means "any".
    `not_before`, `not_after` (both inclusive) and `blocked` are no wishes: the patient is not there.
    """

    weekdays: frozenset[int] = frozenset()
    times: tuple[tuple[time, time], ...] = ()
    practitioners: frozenset[int] = frozenset()
    not_before: date | None = None
    not_after: date | None = None
    blocked: frozenset[date] = frozenset()


ANY = Preference()


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is to be placed: the steps in order, the rules between them, and where and for whom.

    `worth` prices each resource by how scarce it is (`scheduling.core.combination.scarcity`).
    `one_place` keeps the patient's sessions apart in time; without it sessions may run side by
    side as far as resources allow.

    Raises:
        ValueError: a key is not unique, or a step or rule names one that is not an earlier step.

    """

    steps: tuple[Step, ...]
    zone: ZoneInfo
    window: Window
    aparts: tuple[Apart, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    preference: Preference = ANY
    worth: Mapping[int, int] = field(default_factory=dict)
    one_place: bool = True

    def __post_init__(self) -> None:
        """Refuse a course that speaks of steps it has not got."""
        seen = set[str]()
        for step in self.steps:
            earlier = {lag.after for lag in step.lags} | ({step.same_as} - {None})
            if step.key in seen or not earlier <= seen:
                raise ValueError(f"step {step.key}: keys are unique, and lags name earlier steps")
            seen.add(step.key)
        named = {key for rule in self.aparts for key in (rule.first, rule.then)}
        named |= {key for crowd in self.crowds for key in crowd.steps}
        if not named <= seen:
            raise ValueError(f"no such step: {', '.join(sorted(named - seen))}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where one session lies, ``[start_q, end_q)``, and what it holds."""

    key: str
    start_q: int
    end_q: int
    held: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cost:
    """What a plan costs, in the order in which it counts.

    `moved` sessions and `days_moved` are 0 except in a re-flow; `off_target` is the sum of
    |lag - target| in minutes (a day is 1440); `unmet` counts wishes; `waste` adds up the worth of
    what is held.
    """

    moved: int = 0
    days_moved: int = 0
    off_target: int = 0
    unmet: int = 0
    waste: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A whole course placed; `end` is the local date of the last session that had to be placed.

    `left_out` are the keys of optional steps for which there was no room.
    """

    placements: tuple[Placement, ...]
    end: date
    cost: Cost
    left_out: tuple[str, ...] = ()

    def at(self, key: str) -> Placement:
        """Return the placement of a step.

        Raises:
            KeyError: the step is not placed.

        """
        for placement in self.placements:
            if placement.key == key:
                return placement
        raise KeyError(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPlan:
    """Why a course has no place inside its window, and the smallest change that would give it one.

    `code`: `no_start`, `lag_most`, `lag_least`, `rule`, `resource`, `same_practitioner`,
    `patient`, `horizon` or `together` (no single change helps). `by` is the least change in the
    unit of what is relaxed, None where it has no measure.
    """

    code: str
    sentence: str
    step: str = ""
    other: str = ""
    relaxed: str = ""
    by: int | None = None
    resources: tuple[int, ...] = ()

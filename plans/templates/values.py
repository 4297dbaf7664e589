"""What a template says, as frozen values: what an edge sends, and what the check reads."""

from dataclasses import dataclass

from plans.core.course import Unit
from plans.core.ruling import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class LagDraft:
    """How long after an earlier step; `after` is that step's number, counted from 1.

    A step's own number means from one of its repeats to the next. Days count from the end date of
    the earlier to the start date of the later session, minutes from start to start; all bounds are
    inclusive, None is no bound.
    """

    after: int
    least: int = 0
    target: int | None = None
    most: int | None = None
    unit: Unit = Unit.DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDraft:
    """One step: a treatment, `repeat` times. What is empty or None is the plan's or treatment's."""

    name: str
    treatment_id: int
    repeat: int = 1
    minutes: int | None = None
    areas: tuple[str, ...] = ()
    size: str = ""
    depth: str = ""
    same_practitioner: bool = False
    optional: bool = False
    lags: tuple[LagDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A whole template as it is to be kept; its steps in order."""

    code: str
    name: str
    indication: str = ""
    note: str = ""
    source: str = ""
    sureness: str = ""
    steps: tuple[StepDraft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One session that a template stands for: the step's `number`, and which of its repeats.

    Empty areas, size and depth of its `kind` are the plan's, and so not known yet.
    """

    number: int
    repeat: int
    repeats: int
    step: str
    kind: Kind

    @property
    def name(self) -> str:
        """Name the session; one of several by its number."""
        return f"{self.step} {self.repeat}" if self.repeats > 1 else self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A lag between two sessions, by their places in the outline."""

    earlier: int
    later: int
    least: int
    most: int | None
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A template session by session, with all that the clinical rules could ask about it."""

    sittings: tuple[Sitting, ...]
    lags: tuple[Between, ...]

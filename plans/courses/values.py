"""A plan as it stands: its sessions, their windows, its progress. Frozen values, no rows."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduling.core.words import Reason


class State(StrEnum):
    """Where one session of a plan stands; read from its visit, never stored."""

    UNPLANNED = "unplanned"
    PROPOSED = "proposed"
    BOOKED = "booked"
    DONE = "done"
    MISSED = "missed"
    SKIPPED = "skipped"


class Standing(StrEnum):
    """Where a plan stands as a whole."""

    RUNNING = "running"
    PAUSED = "paused"
    PAUSED_BY_EVENT = "paused-by-adverse-event"
    COMPLETE = "complete"
    ABANDONED = "abandoned"

    @property
    def over(self) -> bool:
        """Tell whether nothing will be planned any more."""
        return self in {Standing.COMPLETE, Standing.ABANDONED}


@dataclass(frozen=True, slots=True, kw_only=True)
class LagView:
    """How long after an earlier session of the plan; `unit` is "days" or "minutes".

    Days count from the end date of the earlier to the start date of the later session, minutes
    from start to start. `target` and `most` are None where anything goes.
    """

    after_id: int
    after_seq: int
    after_name: str
    least: int
    target: int | None
    most: int | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A resource that a visit holds or would hold; `kind` is practitioner, room or device."""

    id: int
    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    """The appointment of a session. Instants are UTC; dates are the site's.

    `end_date` is the date on which it ended or will end. Until the `recovery` dates the skin
    rests: least, typical and most, None for procedures without recovery.
    """

    id: int
    version: int
    status: str
    start: datetime
    end: datetime
    zone: str
    local_date: date
    end_date: date
    confirmed: bool
    recovery_least: date | None
    recovery_typical: date | None
    recovery_most: date | None
    held: tuple[Thing, ...] = ()

    @property
    def local_start(self) -> datetime:
        """The start on the site's clock."""
        return self.start.astimezone(ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedView:
    """Where the open proposal would have a session; `was` is where its visit lies now.

    Until the `recovery` dates the skin would rest, as in `VisitView`.
    """

    start: datetime
    end: datetime
    zone: str
    local_date: date
    arrive_at: datetime
    was: datetime | None
    visit_id: int | None
    held: tuple[Thing, ...]
    kept: bool
    """Whether a hold keeps it while it is read out."""
    window_first: date | None
    window_last: date | None
    why: str
    recovery_least: date | None = None
    recovery_typical: date | None = None
    recovery_most: date | None = None

    @property
    def local_start(self) -> datetime:
        """The start on the site's clock."""
        return self.start.astimezone(ZoneInfo(self.zone))

    @property
    def moves(self) -> bool:
        """Tell whether it moves a booked visit."""
        return self.was is not None and self.was != self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One session as it stands today.

    `due_first` and `due_last` (both inclusive) are the local dates between which it should lie,
    as its lags and the sessions before it stand; `due_last` is None where no lag ends it.
    `due`: it is not booked and its window has opened; `overdue`: its window has closed.
    `stray`: it is booked, but outside of its window.
    """

    id: int
    seq: int
    name: str
    treatment_id: int
    treatment: str
    procedure: str
    minutes: int
    areas: tuple[str, ...]
    size: str
    depth: str
    same_practitioner: bool
    optional: bool
    fixed: bool
    state: State
    lags: tuple[LagView, ...]
    due_first: date | None
    due_last: date | None
    due: bool
    overdue: bool
    stray: bool
    skip_reason: str
    visit: VisitView | None = None
    proposed: ProposedView | None = None

    @property
    def on(self) -> date | None:
        """The local date on which it was, is booked, or is proposed."""
        if self.visit is not None and self.state in {State.DONE, State.BOOKED}:
            return self.visit.local_date
        return self.proposed.local_date if self.proposed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a plan is; `of` counts the sessions that are not skipped.

    `due` and `overdue` count sessions that are not booked; an overdue one is not due as well.
    """

    done: int
    booked: int
    due: int
    overdue: int
    missed: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalView:
    """The open proposal of a plan; `kind` is "new" or "reflow".

    `why` lists reasons for which a re-flow was asked (as `Reason.as_dict`). `left_out` names
    optional sessions for which there was no room. `stale` tells that the plan, a visit of it or
    the protocol has changed since, so that accepting will propose again.
    """

    id: int
    kind: str
    end_date: date
    made_at: datetime
    made_by: str
    held_until: datetime | None
    stale: bool
    cost: dict[str, int] = field(default_factory=dict)
    left_out: tuple[int, ...] = ()
    why: tuple[dict[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionView:
    """What somebody decided about a plan, and why; `session` is empty where it is about all of it."""

    verb: str
    reason: str
    by: str
    at: datetime
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan as it stands at one moment; dates are the site's, instants UTC.

    `events` are the sentences of the open adverse events that pause it. `needs_reflow` says why
    its visits no longer fit, empty where they do. `paid_sessions` is imported and only shown.
    """

    id: int
    version: int
    name: str
    patient_id: int
    patient: str
    site_id: int
    site: str
    zone: str
    today: date
    series_id: int
    template_id: int | None
    indication: str
    areas: tuple[str, ...]
    size: str
    depth: str
    weekdays: tuple[int, ...]
    times: tuple[str, ...]
    practitioner_id: int | None
    not_before: date | None
    not_after: date | None
    blocked: tuple[date, ...]
    standing: Standing
    paused_at: datetime | None
    paused_by: str
    pause_reason: str
    abandon_reason: str
    events: tuple[str, ...]
    sessions: tuple[SessionView, ...]
    progress: Progress
    paid_sessions: int | None
    proposal: ProposalView | None
    needs_reflow: tuple[Reason, ...]
    decisions: tuple[DecisionView, ...] = ()
    """Who paused, resumed, abandoned or skipped, and why; the newest first."""

    def session(self, seq: int) -> SessionView:
        """Answer the session with a number.

        Raises:
            KeyError: there is none.

        """
        for each in self.sessions:
            if each.seq == seq:
                return each
        raise KeyError(seq)

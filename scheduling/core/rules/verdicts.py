"""The verdict on one visit: every reason at once, worst first."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from scheduling.core.protocol.values import Protocol
from scheduling.core.rules.chart import Chart, Moment, Visit
from scheduling.core.rules.scene import Finding, Scene, Session, scene_of
from scheduling.core.rules.stretches import first_minute, stretches
from scheduling.core.rules.table import Line, table
from scheduling.core.rules.wording import reason
from scheduling.core.words import Reason, Severity

Answer = Literal["allowed", "override", "blocked"]


@dataclass(frozen=True, slots=True)
class Fired:
    """A reason, and the session it stands against.

    `other` is that visit's id, None for rules about the patient alone and for sessions done
    elsewhere. `gap_days` are the local days between the two: an override given for this reason
    lapses when they become fewer.
    """

    reason: Reason
    other: int | str | None = None
    gap_days: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say about a visit, with every rule that fired, worst first."""

    fired: tuple[Fired, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason, worst first, advisories included."""
        return tuple(each.reason for each in self.fired)

    @property
    def verdict(self) -> Answer:
        """Say `blocked` on a hard reason, `override` on one that can be overridden, else `allowed`."""
        return answer(self.fired[0].reason.severity if self.fired else None)

    @property
    def blocking(self) -> tuple[Reason, ...]:
        """The reasons that are not mere advice."""
        return tuple(r for r in self.reasons if r.severity is not Severity.ADVISORY)

    @property
    def advisories(self) -> tuple[Reason, ...]:
        """The reasons that are shown and never block."""
        return tuple(r for r in self.reasons if r.severity is Severity.ADVISORY)


def answer(worst: Severity | None) -> Answer:
    """Turn the worst severity into a verdict (convention D9)."""
    if worst is Severity.HARD:
        return "blocked"
    return "override" if worst is Severity.OVERRIDE else "allowed"


def judge(
    visit: Visit,
    chart: Chart,
    protocol: Protocol,
    *,
    now: datetime,
    profiles: frozenset[str] = frozenset(),
    moment: Moment = Moment.BOOKING,
) -> Verdict:
    """Ask every rule about one visit at its own start.

    `now` is aware; it counts for what is signed at check-in only: a start in the past is the
    diary's refusal, not a clinical one. `profiles` come from `profiles_for`. An unknown procedure
    meets only the rules about everything (order in a course, two places at once).
    """
    scene, asked = scene_of(visit, chart, protocol, now=now, moment=moment)
    lines = table(protocol, visit.procedure, profiles)
    fired = []
    ends: dict[str, date | None] = {}
    for found in sorted(findings(scene, asked, lines), key=_rank):
        code = found.rule.code
        if code not in ends:
            line = next((line for line in lines if line.rule is found.rule), None)
            ends[code] = _end_of(line, scene, asked, found.severity) if line else None
        words = reason(found, visit, protocol, ends[code])
        other = found.other
        fired.append(
            Fired(words, other.id, _gap(asked, other)) if other is not None else Fired(words)
        )
    return Verdict(tuple(fired))


def findings(scene: Scene, asked: Session, lines: tuple[Line, ...]) -> list[Finding]:
    """Collect everything that fires, in the protocol's own order."""
    found: list[Finding] = []
    for line in lines:
        if line.wants is None or not line.wants.isdisjoint(scene.present):
            found += line.fire(line.rule, scene, asked)
    return found


def worst_of(found: list[Finding]) -> Severity | None:
    """Give the worst severity of what fired, None when nothing did."""
    return min((each.severity for each in found), key=lambda each: each.rank, default=None)


def _rank(found: Finding) -> int:
    return found.severity.rank


def _gap(asked: Session, other: Session) -> int:
    if other.start > asked.start:
        return (other.first - asked.last).days
    return (asked.first - other.last).days


def _end_of(line: Line, scene: Scene, asked: Session, severity: Severity) -> date | None:
    """Find the local date from which one rule alone would no longer stand in the way.

    For advice that is the day on which it falls silent.
    """
    for begin, end in stretches(scene, asked, (line,), asked.start, None):
        start = first_minute(begin)
        if end is not None and start >= end:
            continue
        moved = scene.at(asked, start)
        worst = worst_of(list(line.fire(line.rule, scene, moved)))
        if worst is None or (worst is Severity.ADVISORY and severity is not Severity.ADVISORY):
            return moved.first
    return None

"""The clinical rules asked about a course that nobody has booked: how near, how far, and why.

One engine: every figure here is `scheduling.core.rules` asked about made-up visits of nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from plans.core.course import Unit
from plans.core.ruling import Kind
from scheduling import diary
from scheduling.core import rules
from scheduling.core.protocol import Protocol
from scheduling.core.rules import Chart, Visit
from scheduling.core.words import Reason

DAY0 = date(2027, 7, 1)
"""From here half a year and a year are as long as they can be: what is valid for months, longest."""

BORN = date(1980, 1, 1)
"""An adult: whether a patient is too young is asked when there is one."""

REACH = 1100
"""Days looked ahead; nothing of the protocol lasts longer."""

NEEDS = frozenset({"prerequisite", "cooling_off"})
"""Kinds of rules that something else must come before."""

IDLE = frozenset({"max_gap"})
COUNTS = frozenset({"session_count", "max_concurrent_plans"})


@dataclass(frozen=True, slots=True)
class Gap:
    """How long after another session one may be: `least` and, where something ends it, `most`."""

    least: int
    most: int | None


@dataclass(frozen=True)
class Skin:
    """A protocol where some jurisdictions hold, asked in days or in minutes."""

    protocol: Protocol
    profiles: frozenset[str]
    unit: Unit

    def codes(self, kinds: frozenset[str] | None = None) -> frozenset[str]:
        """Name the rules of some kinds; without any, those between two sessions or about one."""
        apart = NEEDS | IDLE | COUNTS
        return frozenset(
            rule.code
            for rule in self.protocol.rules
            if (rule.kind in kinds if kinds is not None else rule.kind not in apart)
        )

    def gap(self, kind: Kind, before: "Placed", codes: frozenset[str]) -> Gap | None:
        """Answer when a session may be, counted from the first one before it; None for never.

        It is the nearest that some time of day allows, and the farthest.
        """
        asked = self.visit(kind, len(before))
        found = rules.clear_stretches(
            asked,
            self._chart(before, asked),
            _only(self.protocol, codes),
            before[-1].start_date if before else DAY0,
            DAY0 + timedelta(days=REACH),
            now=_midnight(DAY0),
            profiles=self.profiles,
        )
        if not found:
            return None
        end = found[-1][1]
        endless = end.date() > DAY0 + timedelta(days=REACH)
        last = end - timedelta(minutes=1)
        return Gap(self._count(found[0][0], before), None if endless else self._count(last, before))

    def against(
        self, kind: Kind, before: "Placed", codes: frozenset[str], after: int
    ) -> tuple[Reason, ...]:
        """Answer what blocks a session so long after the first one before it, worst first."""
        asked = self.visit(kind, len(before), self._start(after, before))
        verdict = rules.judge(
            asked,
            self._chart(before, asked),
            _only(self.protocol, codes),
            now=_midnight(DAY0),
            profiles=self.profiles,
        )
        return verdict.blocking

    def packing(self, run: Sequence[Kind], codes: frozenset[str]) -> tuple[int, ...]:
        """Stand sessions one after the other, each as near as some rules let it.

        Answers how long after the first each is; nothing where one of them may never be.
        """
        return _packed(self, tuple(run), codes) or ()

    def placed(self, run: Sequence[Kind], gaps: Sequence[int]) -> "Placed":
        """Stand sessions so long after the first: at the beginning of their days.

        Where minutes count, the first ends its day instead, so that a rule in days asks for as
        few minutes as it can.
        """
        start = _midnight(DAY0)
        if self.unit is Unit.MINUTES:
            start = start + timedelta(days=1) - run[0].length
        first = self.visit(run[0], 0, start)
        rest = enumerate(zip(run[1:], gaps[1:], strict=True), 1)
        others = (self.visit(kind, seq, self._start(gap, (first,))) for seq, (kind, gap) in rest)
        return (first, *others)

    def visit(self, kind: Kind, seq: int, start: datetime | None = None) -> Visit:
        """Stand the so-manieth session of the course at a start; on the first day without one."""
        return kind.at(str(seq), start or _midnight(DAY0), seq)

    def _start(self, after: int, before: "Placed") -> datetime:
        if not before:
            return _midnight(DAY0)
        if self.unit is Unit.MINUTES:
            return before[0].start + timedelta(minutes=after)
        return _midnight(before[0].end_date + timedelta(days=after))

    def _count(self, moment: datetime, before: "Placed") -> int:
        if not before:
            return 0
        if self.unit is Unit.MINUTES:
            return int((moment - before[0].start) / timedelta(minutes=1))
        return (moment.date() - before[0].end_date).days

    def _chart(self, before: "Placed", asked: Visit) -> Chart:
        tests = diary.booked_tests(before, asked.procedure)
        return Chart(born=BORN, records=tests, visits=before)


Placed = tuple[Visit, ...]


@lru_cache(maxsize=8192)
def _packed(skin: Skin, run: tuple[Kind, ...], codes: frozenset[str]) -> tuple[int, ...] | None:
    if len(run) == 1:
        return (0,)
    before = _packed(skin, run[:-1], codes)
    if before is None:
        return None
    found = skin.gap(run[-1], skin.placed(run[:-1], before), codes)
    return None if found is None else (*before, found.least)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@lru_cache(maxsize=64)
def _only(protocol: Protocol, codes: frozenset[str]) -> Protocol:
    """Leave only some rules of a protocol, to hear what they say without the others."""
    return replace(protocol, rules=tuple(rule for rule in protocol.rules if rule.code in codes))

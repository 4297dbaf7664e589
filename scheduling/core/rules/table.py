"""Which rules may concern a procedure, compiled once for each protocol, site and procedure."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from scheduling.core.protocol import values
from scheduling.core.protocol.values import Protocol, Rule
from scheduling.core.rules import counts, pairs, person, prerequisites, records
from scheduling.core.rules.pairs import Turn
from scheduling.core.rules.scene import Finding, Scene, Session

Fire = Callable[[Any, Scene, Session], Iterator[Finding]]
Turns = Callable[[Any, Scene, Session], Iterator[Turn]]
Concerns = Callable[[Any, str], bool]
Wants = Callable[[Any, str], frozenset[str]]


class Check(NamedTuple):
    """A kind of rule at work: which procedures it may concern, when it fires, where it turns.

    `wants` names the record types or near procedures without any of which it cannot fire.
    """

    concerns: Concerns
    fire: Fire
    turns: Turns
    wants: Wants | None = None


class Line(NamedTuple):
    """One rule of the table."""

    rule: Rule
    fire: Fire
    turns: Turns
    wants: frozenset[str] | None


def _never(rule: Rule, scene: Scene, asked: Session) -> Iterator[Turn]:
    return iter(())


def _always(rule: Rule, procedure: str) -> bool:
    return True


def _listed(rule: Any, procedure: str) -> bool:
    return procedure in rule.procedures


def _either(rule: Any, procedure: str) -> bool:
    return procedure in rule.a or procedure in rule.b


def _recovering(rule: values.RecoveryWindow, procedure: str) -> bool:
    return procedure in rule.after or procedure in rule.blocks


def _ordered(rule: values.Ordering, procedure: str) -> bool:
    return procedure in rule.first or procedure in rule.then


def _modality(rule: values.Interval, procedure: str) -> bool:
    return procedure in rule.tiers


def _opposite(one: frozenset[str], two: frozenset[str], procedure: str) -> frozenset[str]:
    return (two if procedure in one else frozenset()) | (one if procedure in two else frozenset())


def _gap_partners(rule: values.MinGap | values.MaxGap, procedure: str) -> frozenset[str]:
    return _opposite(rule.a, rule.b, procedure)


def _recovery_partners(rule: values.RecoveryWindow, procedure: str) -> frozenset[str]:
    return _opposite(rule.after, rule.blocks, procedure)


def _order_partners(rule: values.Ordering, procedure: str) -> frozenset[str]:
    return _opposite(rule.first, rule.then, procedure)


def _itself(rule: values.Interval, procedure: str) -> frozenset[str]:
    return frozenset({procedure})


def _record(rule: values.Contraindication, procedure: str) -> frozenset[str]:
    return frozenset({rule.record})


CHECKS: dict[type[Rule], Check] = {
    values.MinGap: Check(
        _either,
        pairs.gapped(pairs.gap_tiers),
        pairs.gapped_turns(pairs.gap_tiers),
        _gap_partners,
    ),
    values.MaxGap: Check(_either, pairs.idle, pairs.idle_turns, _gap_partners),
    values.Interval: Check(
        _modality,
        pairs.gapped(pairs.interval_tiers),
        pairs.gapped_turns(pairs.interval_tiers),
        _itself,
    ),
    values.RecoveryWindow: Check(
        _recovering, pairs.gapped(pairs.recovery_tiers), pairs.recovery_turns, _recovery_partners
    ),
    values.Ordering: Check(_ordered, pairs.order, pairs.order_turns, _order_partners),
    values.Permit: Check(_either, pairs.combined, _never),
    values.Prerequisite: Check(
        _listed, prerequisites.prerequisite, prerequisites.prerequisite_turns
    ),
    values.CoolingOff: Check(_listed, prerequisites.cooling_off, prerequisites.cooling_off_turns),
    values.Age: Check(_listed, person.age, person.age_turns),
    values.Contraindication: Check(
        _listed, records.contraindicated, records.contraindicated_turns, _record
    ),
    values.SessionCount: Check(_listed, counts.session_count, _never),
    values.WindowCap: Check(_listed, counts.window_cap, counts.window_cap_turns),
    values.Duration: Check(_listed, person.duration, _never),
    values.ConcurrentPlans: Check(_listed, counts.concurrent_plans, _never),
    values.PlanSequence: Check(_always, person.sequence, person.course_turns),
    values.DoubleBooking: Check(_always, person.double_booked, person.double_booked_turns),
}


@lru_cache(maxsize=512)
def table(protocol: Protocol, procedure: str, profiles: frozenset[str]) -> tuple[Line, ...]:
    """Give the rules that may concern a procedure where these jurisdictions hold."""
    lines = []
    for rule in protocol.rules:
        check = CHECKS[type(rule)]
        here = not rule.jurisdiction or rule.jurisdiction in profiles
        if here and check.concerns(rule, procedure):
            wants = check.wants(rule, procedure) if check.wants else None
            lines.append(Line(rule, check.fire, check.turns, wants))
    return tuple(lines)

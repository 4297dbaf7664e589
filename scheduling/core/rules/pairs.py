"""Rules between two sessions on one area: gaps, intervals, recovery, order, one encounter.

Each is asked in both directions (convention D6); of several sessions on one side only the one
that weighs most is reported. A turn is a date or an instant at which an answer may change.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import TypeAlias, TypeVar

from scheduling.core.protocol.values import (
    Interval,
    MaxGap,
    MinGap,
    Ordering,
    Permit,
    RecoveryWindow,
    Tier,
    Tiers,
)
from scheduling.core.rules.healing import recovery_days
from scheduling.core.rules.scene import Finding, Scene, Session
from scheduling.core.words import Severity

Turn: TypeAlias = date | datetime
R = TypeVar("R", MinGap, Interval, RecoveryWindow)


def gap_tiers(rule: MinGap, scene: Scene, earlier: Session, later: Session) -> Tiers:
    """Give the tiers between two different procedures, none when the rule is not about them."""
    one, two = earlier.procedure, later.procedure
    if one in rule.a and two in rule.b:
        return rule.tiers
    if rule.both_orders and one in rule.b and two in rule.a:
        return rule.tiers
    return ()


def interval_tiers(rule: Interval, scene: Scene, earlier: Session, later: Session) -> Tiers:
    """Give the tiers between two sessions of one modality; an area class counts if both overlap it."""
    if earlier.procedure != later.procedure:
        return ()
    by_area = rule.tiers[later.procedure]
    masks = scene.protocol.areas.masks
    for area, tiers in by_area.items():
        if area != "other" and masks[area] & earlier.mask and masks[area] & later.mask:
            return tiers
    return by_area["other"]


def recovery_tiers(rule: RecoveryWindow, scene: Scene, earlier: Session, later: Session) -> Tiers:
    """Give the tiers while skin recovers; a healed sign-off leaves only the hard ones."""
    if earlier.procedure not in rule.after or later.procedure not in rule.blocks:
        return ()
    days = recovery_days(earlier.procedure, earlier.size, earlier.depth, scene.protocol)
    if days is None or later.procedure in scene.protocol.assessments:
        return ()
    if (later.first - earlier.last).days >= days[-1]:
        return ()
    healed = _healed(scene, earlier, later, days[0])
    return tuple(
        Tier(days[measure], severity)
        for measure, severity in rule.tiers
        if severity is Severity.HARD or not healed
    )


def _healed(scene: Scene, earlier: Session, later: Session, least: int) -> bool:
    """Tell whether sign-offs on or after the minimum cover the skin that both sessions touch."""
    open_skin = earlier.mask & later.mask
    soonest = earlier.last + timedelta(days=least)
    for record in scene.records.get("healed", ()):
        if record.on is not None and soonest <= record.on <= later.first:
            open_skin &= ~scene.protocol.areas.mask(record.areas)
    return not open_skin


def gapped(
    limits: Callable[[R, Scene, Session, Session], Tiers],
) -> Callable[[R, Scene, Session], Iterator[Finding]]:
    """Make the check of a rule that counts the days between two sessions."""

    def fire(rule: R, scene: Scene, asked: Session) -> Iterator[Finding]:
        worst: dict[bool, tuple[int, int, Finding]] = {}
        for other in scene.near:
            after = other.start > asked.start
            earlier, later = (asked, other) if after else (other, asked)
            gap = (later.first - earlier.last).days
            for tier in limits(rule, scene, earlier, later):
                if gap < tier.below:
                    found = Finding(rule, tier.severity, gap, "<", tier.below, other, after)
                    if after not in worst or (tier.severity.rank, gap) < worst[after][:2]:
                        worst[after] = (tier.severity.rank, gap, found)
                    break
        for _, _, found in worst.values():
            yield found

    return fire


def gapped_turns(
    limits: Callable[[R, Scene, Session, Session], Tiers],
) -> Callable[[R, Scene, Session], Iterator[Turn]]:
    """Make the turns of a rule that counts the days between two sessions."""

    def turns(rule: R, scene: Scene, asked: Session) -> Iterator[Turn]:
        for other in scene.near:
            before = limits(rule, scene, other, asked)
            after = limits(rule, scene, asked, other)
            if before or after:
                yield other.start
            for tier in before:
                yield other.last + timedelta(days=tier.below)
            for tier in after:
                yield other.first - timedelta(days=tier.below - 1)

    return turns


def recovery_turns(rule: RecoveryWindow, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the turns of recovery: each figure with and without the sign-offs, and their days."""
    signed = [r.on for r in scene.records.get("healed", ()) if r.on is not None]
    yield from signed
    for other in scene.near:
        for earlier, later in ((other, asked), (asked, other)):
            if earlier.procedure in rule.after and later.procedure in rule.blocks:
                days = recovery_days(earlier.procedure, earlier.size, earlier.depth, scene.protocol)
                yield other.start
                if days is None:
                    continue
                for figure in days:
                    yield other.last + timedelta(days=figure)
                    yield other.first - timedelta(days=figure - 1)
                # Moved, the visit asked about may stand too near to its own sign-off.
                for day in signed:
                    yield day - timedelta(days=days[0] - 1)


def order(rule: Ordering, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find what comes in the wrong order; it binds only while the second can still move."""
    worst: Finding | None = None
    for other in scene.near:
        after = other.start > asked.start
        earlier, later = (asked, other) if after else (other, asked)
        if earlier.procedure in rule.then and later.procedure in rule.first:
            severity = rule.if_done if earlier.done else rule.severity
            if severity and (worst is None or severity.rank < worst.severity.rank):
                worst = Finding(rule, severity, earlier.first, "<", later.first, other, after)
    if worst is not None:
        yield worst


def order_turns(rule: Ordering, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the starts of the sessions that an order is kept with."""
    both = rule.first | rule.then
    return (other.start for other in scene.near if other.procedure in both)


def combined(rule: Permit, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Note that two treatments share an encounter, which silences the rules between them."""
    for permit, other in scene.combined:
        if permit is rule:
            yield Finding(
                rule,
                Severity.ADVISORY,
                asked.encounter,
                "=",
                other.encounter,
                other,
                detail="one encounter",
            )
            return


def idle(rule: MaxGap, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find that too long has passed since the last session that this one builds on."""
    if asked.procedure not in rule.b:
        return
    before = [o for o in scene.near if o.procedure in rule.a and o.start <= asked.start]
    if before:
        last = max(before, key=lambda other: other.start)
        gap = (asked.first - last.last).days
        if gap > rule.days:
            yield Finding(rule, rule.severity, gap, ">", rule.days, last)


def idle_turns(rule: MaxGap, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the days on which a pause becomes too long."""
    for other in scene.near:
        if other.procedure in rule.a:
            yield other.start
            yield other.last + timedelta(days=rule.days + 1)

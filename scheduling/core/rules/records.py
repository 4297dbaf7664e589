"""Dated facts that make a treatment wait: drugs, sun, pregnancy, infection, open adverse events."""

from collections.abc import Iterator
from datetime import timedelta

from scheduling.core.protocol.values import Contraindication
from scheduling.core.rules.calendar import days, spoken, wait_until
from scheduling.core.rules.chart import Record
from scheduling.core.rules.pairs import Turn
from scheduling.core.rules.scene import Finding, Scene, Session

_ONGOING = -(10**9)


def contraindicated(rule: Contraindication, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find the record of the rule's type that weighs most; one without an end is ongoing."""
    worst: tuple[int, int, Finding] | None = None
    for record in scene.records.get(rule.record, ()):
        if rule.on_area and not scene.protocol.areas.mask(record.areas) & asked.mask:
            continue
        found = _weigh(rule, scene, record, asked)
        if found is None:
            continue
        # Of equals the one that ends last, an ongoing one before all.
        left = -record.end_date.toordinal() if record.end_date else _ONGOING
        if worst is None or (found.severity.rank, left) < worst[:2]:
            worst = (found.severity.rank, left, found)
    if worst is not None:
        yield worst[2]


def _weigh(rule: Contraindication, scene: Scene, record: Record, asked: Session) -> Finding | None:
    tiers = rule.tiers.get(record.drug_class) or rule.tiers[""]
    if record.end_date is None:
        return Finding(
            rule,
            tiers[0].severity,
            "no end date",
            detail="no end date is recorded, so it is taken as ongoing",
            title=_title(scene, record),
            on=record.start_date,
        )
    if rule.wait_months is not None:
        until = wait_until(record.end_date, rule.wait_months)
        if asked.first >= until:
            return None
        found = Finding(rule, tiers[0].severity, asked.first, "<", until)
        detail = f"the wait of {rule.wait_months} months lasts until {spoken(until)}"
    else:
        gap = (asked.first - record.end_date).days
        tier = next((tier for tier in tiers if gap < tier.below), None)
        if tier is None:
            return None
        found = Finding(rule, tier.severity, gap, "<", tier.below)
        detail = f"the visit is {days(gap)} later, and {tier.below} are kept"
        if gap < 0:
            detail = "that is after the visit"
    return found._replace(
        detail=f"it ends on {spoken(record.end_date)}; {detail}",
        title=_title(scene, record),
        on=record.end_date,
    )


def _title(scene: Scene, record: Record) -> str:
    titles = scene.protocol.titles
    if record.code:
        return titles.of("adverse_events", record.code)
    return titles.of("records", record.type)


def contraindicated_turns(rule: Contraindication, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the days on which a wait ends or becomes milder."""
    for record in scene.records.get(rule.record, ()):
        if record.end_date is None:
            continue
        if rule.wait_months is not None:
            yield wait_until(record.end_date, rule.wait_months)
            continue
        for tier in rule.tiers.get(record.drug_class) or rule.tiers[""]:
            yield record.end_date + timedelta(days=tier.below)

"""A rule read aloud: one English sentence with the figures it calculates with."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from scheduling.core.protocol import values
from scheduling.core.protocol.values import MEASURES, Protocol, Rule, Tiers, Whom
from scheduling.core.words import Severity

_HOW = {
    Severity.HARD: "is not possible",
    Severity.OVERRIDE: "needs a named clinician's reason",
    Severity.ADVISORY: "is pointed out",
}


def describe(rule: Rule, protocol: Protocol) -> str:
    """Read a rule as a sentence, always with the figures in force.

    "Between laser resurfacing and filler, in either order: less than 7 days is not possible."
    """
    text = _READINGS[rule.kind](rule, protocol)
    return text[:1].upper() + text[1:]


def names(procedures: Iterable[str], protocol: Protocol) -> str:
    """Name a set of procedures as people do: by the widest categories that it is made of."""
    left, said = set(procedures), []
    titles = protocol.titles
    if left == protocol.procedures:
        return "any treatment"
    by_size = sorted(protocol.categories.items(), key=lambda each: (-len(each[1]), each[0]))
    for name, members in by_size:
        if len(members) > 1 and members <= left:
            said.append(titles.of("categories", name))
            left -= members
    said += sorted(titles.of("procedures", name) for name in left)
    return _joined(said, "or")


def _joined(words: list[str], last: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _tiers(tiers: Tiers) -> str:
    return ", ".join(f"less than {_days(tier.below)} {_HOW[tier.severity]}" for tier in tiers)


def _days(count: int) -> str:
    return f"{count} day" if count == 1 else f"{count} days"


def _whom(whom: Whom) -> str:
    said = []
    if whom.under is not None:
        said.append(f"for patients under {whom.under}")
    if whom.fitzpatrick_from is not None:
        said.append(f"for Fitzpatrick type {whom.fitzpatrick_from} and darker")
    return f"{', '.join(said)}, " if said else ""


def _min_gap(rule: values.MinGap, protocol: Protocol) -> str:
    a, b = names(rule.a, protocol), names(rule.b, protocol)
    how = f"between {a} and {b}, in either order" if rule.both_orders else f"from {a} to {b}"
    return f"{how}: {_tiers(rule.tiers)}."


def _max_gap(rule: values.MaxGap, protocol: Protocol) -> str:
    a, b = names(rule.a, protocol), names(rule.b, protocol)
    return f"from {a} to {b}: more than {rule.days} days {_HOW[rule.severity]}."


def _interval(rule: values.Interval, protocol: Protocol) -> str:
    return (
        "between two sessions with the same laser on the same area: at least the days of its "
        "table of intervals."
    )


def _recovery(rule: values.RecoveryWindow, protocol: Protocol) -> str:
    said = [f"before the {MEASURES[at]} of its recovery it {_HOW[how]}" for at, how in rule.tiers]
    after, blocks = names(rule.after, protocol), names(rule.blocks, protocol)
    return (
        f"after {after}, the next treatment on the same skin ({blocks}) waits: {', '.join(said)}."
    )


def _ordering(rule: values.Ordering, protocol: Protocol) -> str:
    first, then = names(rule.first, protocol), names(rule.then, protocol)
    done = f"; once {then} is done it {_HOW[rule.if_done]}" if rule.if_done else ""
    return f"{first} comes before {then}: the other order {_HOW[rule.severity]}{done}."


def _permit(rule: values.Permit, protocol: Protocol) -> str:
    a, b = names(rule.a, protocol), names(rule.b, protocol)
    return f"{a} may be combined with {b} in one encounter: no gap is counted between the two."


def _prerequisite(rule: values.Prerequisite, protocol: Protocol) -> str:
    needs = protocol.titles.of("records", rule.needs)
    said = []
    if rule.min_hours:
        said.append(f"at least {rule.min_hours} hours before")
    if rule.min_days:
        said.append(f"at least {rule.min_days} days before")
    if rule.valid_months:
        said.append(f"not more than {rule.valid_months} months ago")
    if rule.same_day:
        said.append(f"on the same day it {_HOW[rule.same_day]}")
    if rule.renewed_by_session:
        said.append("a session done with the same laser renews it")
    when = "at check-in, " if rule.at_check_in else ""
    figures = f" ({', '.join(said)})" if said else ""
    return (
        f"{when}{_whom(rule.whom)}{names(rule.procedures, protocol)} without {needs}{figures} "
        f"{_HOW[rule.severity]}."
    )


def _cooling_off(rule: values.CoolingOff, protocol: Protocol) -> str:
    after = protocol.titles.of("records", rule.after)
    return (
        f"{_whom(rule.whom)}{names(rule.procedures, protocol)} less than {_days(rule.days)} after "
        f"the first {after} {_HOW[rule.severity]}."
    )


def _age(rule: values.Age, protocol: Protocol) -> str:
    titles = protocol.titles
    some = sorted(titles.of("indications", code) for code in rule.indications)
    exempt = sorted(titles.of("indications", code) for code in rule.exempt)
    about = f" for {_joined(some, 'or')}" if some else ""
    save = f"; {_joined(exempt, 'and')} at any age" if exempt else ""
    lifted = titles.of("records", rule.lifted_by) if rule.lifted_by else ""
    lift = f"; lifted when it is {lifted}" if lifted else ""
    return (
        f"{names(rule.procedures, protocol)}{about} under the age of {rule.under} "
        f"{_HOW[rule.severity]}{save}{lift}."
    )


def _contraindication(rule: values.Contraindication, protocol: Protocol) -> str:
    record = protocol.titles.of("records", rule.record)
    where = " on the same area" if rule.on_area else ""
    lasting = rule.wait_months is None and rule.tiers[""][-1].below == 0
    said = []
    for drug_class, tiers in rule.tiers.items():
        if len(rule.tiers) > 1 and not drug_class:
            continue
        named = protocol.titles.of("drug_classes", drug_class) if drug_class else ""
        wait = _tiers(tiers)
        if rule.wait_months is not None:
            wait = f"less than {rule.wait_months} months {_HOW[tiers[0].severity]}"
        elif lasting:
            wait = _HOW[tiers[0].severity]
        said.append(f"{named} {wait}" if named else wait)
    treated = names(rule.procedures, protocol)
    how = f"with {record}{where}, until it ends" if lasting else f"after {record}{where}"
    return f"{treated} {how}: {'; '.join(said)}."


def _session_count(rule: values.SessionCount, protocol: Protocol) -> str:
    named = protocol.titles.of("indications", rule.indication)
    return f"more than {rule.most} sessions for {named} on one area {_HOW[rule.severity]}."


def _window(rule: values.WindowCap, protocol: Protocol) -> str:
    return (
        f"more than {rule.count} sessions of {names(rule.procedures, protocol)} in any "
        f"{rule.days} days {_HOW[rule.severity]}."
    )


def _duration(rule: values.Duration, protocol: Protocol) -> str:
    return (
        f"{names(rule.procedures, protocol)} takes {rule.least} to {rule.most} minutes: a shorter "
        f"or longer session {_HOW[rule.severity]}."
    )


def _concurrent(rule: values.ConcurrentPlans, protocol: Protocol) -> str:
    return (
        f"more than {rule.most} course of {names(rule.procedures, protocol)} open at a time on one area "
        f"{_HOW[rule.severity]}."
    )


def _sequence(rule: values.PlanSequence, protocol: Protocol) -> str:
    return f"a session of a course that passes its neighbour {_HOW[rule.severity]}."


def _double(rule: values.DoubleBooking, protocol: Protocol) -> str:
    return f"a patient in two places at once {_HOW[rule.severity]}."


def _notice(rule: values.Notice, protocol: Protocol) -> str:
    return (
        "a consultation or patch test that is booked and not yet done counts, and is pointed out."
    )


_READINGS: Mapping[str, Callable[[Any, Protocol], str]] = {
    "min_gap": _min_gap,
    "max_gap": _max_gap,
    "same_modality_interval": _interval,
    "recovery_window": _recovery,
    "ordering": _ordering,
    "permit_same_encounter": _permit,
    "prerequisite": _prerequisite,
    "cooling_off": _cooling_off,
    "age": _age,
    "contraindication": _contraindication,
    "session_count": _session_count,
    "max_per_window": _window,
    "duration": _duration,
    "max_concurrent_plans": _concurrent,
    "plan_sequence": _sequence,
    "no_double_booking": _double,
    "notice": _notice,
}

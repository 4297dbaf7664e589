"""Contradictions and cautions in words: sentences with their arithmetic, never a made-up date."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from plans.core.course import Unit
from plans.templates.network import Bound, Way
from plans.templates.skin import Skin
from plans.templates.values import Outline, Sitting
from scheduling.core.protocol import describe
from scheduling.core.words import Reason, Severity

OWN = "template_lags"
"""The code of a contradiction between a template's own lags."""


def days(count: int, unit: Unit = Unit.DAYS) -> str:
    """Spell a number of days or minutes."""
    return f"{count} {unit.value.removesuffix('s') if count == 1 else unit.value}"


def of_one(reason: Reason, sitting: Sitting, skin: Skin) -> Reason:
    """Say that a session would be refused whenever it is."""
    return replace(
        reason,
        severity=Severity.HARD,
        earliest=None,
        other=str(sitting.number),
        sentence=f"{sitting.name}, {sitting.kind.minutes} minutes: {_rule(reason, skin)}",
    )


def of_order(reason: Reason, first: Sitting, then: Sitting, skin: Skin) -> Reason:
    """Say that a session may not come after another, however long one waits."""
    return replace(
        reason,
        severity=Severity.HARD,
        arithmetic="",
        earliest=None,
        other=f"{first.number} {then.number}",
        sentence=f"{then.name} after {first.name}, however long after: {_rule(reason, skin)}",
    )


def of_lack(reason: Reason, sitting: Sitting, skin: Skin) -> Reason:
    """Say what no step brings: only patients who have it already can be planned for."""
    return replace(
        reason,
        severity=Severity.ADVISORY,
        earliest=None,
        other=str(sitting.number),
        sentence=f"{sitting.name}: no earlier step brings what {reason.code} asks for, so this "
        f"fits only patients who have it. {_rule(reason, skin)}",
    )


def of_count(reason: Reason, sitting: Sitting, skin: Skin) -> Reason:
    """Say that there are more sessions than is usual."""
    return replace(
        reason,
        severity=Severity.ADVISORY,
        earliest=None,
        other=str(sitting.number),
        sentence=f"{sitting.name}: {_rule(reason, skin)}",
    )


def only_where(reason: Reason, words: str) -> Reason:
    """Say for which plans alone a contradiction holds."""
    sentence = f"Not for every plan ({words}): {reason.sentence}"
    return replace(reason, severity=Severity.ADVISORY, sentence=sentence)


def _rule(reason: Reason, skin: Skin) -> str:
    return describe(skin.protocol.rule(reason.code), skin.protocol)


def of_way(way: Way, bound: Bound, outline: Outline, skin: Skin) -> Iterator[Reason]:
    """Say that what lies between two sessions is more than a bound from above allows."""
    most, unit = -bound.least, skin.unit
    # Which steps and which lag: all repeats of a step say the same.
    about = f"{_steps(outline, bound.then, bound.first)} {most}"
    tell = partial(_hard, other=about)
    named = _pair(outline, bound.then, bound.first)
    if not bound.of_template:
        reason = _behind(bound, way.length, outline, skin)
        allowed = f"{days(most, unit)} that {reason.code} allows"
        yield tell(
            reason,
            f"{named}: at least {days(way.length, unit)} is more than the {allowed}"
            f"{_told(way, outline, skin)}.",
            f"{way.length} > {most}",
        )
    elif len(way.hops) > 1:
        reason = _first_rule(way.hops, outline, skin)
        yield tell(
            reason,
            f"{named}: at most {days(most, unit)} is less than {days(way.length, unit)}"
            f"{_told(way, outline, skin)}.",
            f"{most} < {' + '.join(str(hop.least) for hop in way.hops if hop.least)}",
        )
    else:
        for reason, need in _needed(way.hops[0], most, outline, skin):
            asks = "the template itself" if reason.code == OWN else reason.code
            less = f"is less than the {days(need, unit)} that {asks} asks."
            yield tell(reason, f"{named}: at most {days(most, unit)} {less}", f"{most} < {need}")


def _needed(hop: Bound, most: int, outline: Outline, skin: Skin) -> list[tuple[Reason, int]]:
    """Pair each rule behind a bound with what it asks for, where a lag's most is less."""
    if hop.of_template:
        return [(_own(), hop.least)]
    if skin.unit is Unit.MINUTES or len(hop.run) > 2:  # noqa: PLR2004 - of a pair each rule has its own figure
        return [(_behind(hop, hop.least - 1, outline, skin), hop.least)]
    before = skin.placed([outline.sittings[hop.first].kind], [0])
    ended = before[0].end_date
    fired = skin.against(outline.sittings[hop.then].kind, before, hop.codes, most)
    return [(each, (each.earliest - ended).days if each.earliest else hop.least) for each in fired]


def of_circle(trip: Sequence[Bound], outline: Outline, skin: Skin) -> Reason:
    """Say which bounds cannot all hold."""
    said = [_bound(bound, outline, skin) for bound in trip]
    total = sum(bound.least for bound in trip)
    return _hard(
        _first_rule(trip, outline, skin),
        f"These cannot all hold, by {days(total, skin.unit)}: {'; '.join(said)}.",
        f"{' '.join(f'{bound.least:+}' for bound in trip if bound.least)} > 0",
    )


def _bound(bound: Bound, outline: Outline, skin: Skin) -> str:
    code = "" if bound.of_template else f" ({_behind_any(bound, outline, skin).code})"
    if bound.least < 0 or bound.first > bound.then:
        named = _pair(outline, bound.then, bound.first)
        return f"{named}, at most {days(-bound.least, skin.unit)}{code}"
    return (
        f"{_pair(outline, bound.first, bound.then)}, at least {days(bound.least, skin.unit)}{code}"
    )


def _told(way: Way, outline: Outline, skin: Skin) -> str:
    """Read the bounds aloud that add up; nothing for one alone."""
    hops = [hop for hop in way.hops if hop.least]
    if len(hops) < 2:  # noqa: PLR2004
        return ""
    return f", since {', then '.join(_bound(hop, outline, skin) for hop in hops)}"


def _pair(outline: Outline, first: int, then: int) -> str:
    return f"{outline.sittings[then].name} after {outline.sittings[first].name}"


def _behind(bound: Bound, after: int, outline: Outline, skin: Skin) -> Reason:
    """Find the strictest rule that asks for a bound: what fires where it is not kept."""
    run = [outline.sittings[at].kind for at in sorted(bound.run)]
    gaps = skin.packing(run[:-1], bound.codes)
    fired = skin.against(run[-1], skin.placed(run[:-1], gaps), bound.codes, max(after, 0))
    return fired[0] if fired else _own()


def _behind_any(bound: Bound, outline: Outline, skin: Skin) -> Reason:
    after = bound.least - 1 if bound.first < bound.then else 1 - bound.least
    return _behind(bound, after, outline, skin)


def _first_rule(hops: Sequence[Bound], outline: Outline, skin: Skin) -> Reason:
    """Find the rule that a sum of bounds is told under; the template's own code without any."""
    asked = [hop for hop in hops if not hop.of_template and hop.least]
    return _behind_any(asked[-1], outline, skin) if asked else _own()


def _own() -> Reason:
    return Reason(code=OWN, severity=Severity.HARD, sentence="", patient_sentence="")


def _steps(outline: Outline, first: int, then: int) -> str:
    return f"{outline.sittings[first].number} {outline.sittings[then].number}"


def _hard(reason: Reason, sentence: str, arithmetic: str, other: str = "") -> Reason:
    return replace(
        reason,
        severity=Severity.HARD,
        sentence=sentence,
        arithmetic=arithmetic,
        earliest=None,
        other=other,
    )

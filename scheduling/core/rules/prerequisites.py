"""What comes first: a consultation, a patch test, consent, time to think."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from scheduling.core.protocol.values import CoolingOff, Prerequisite, Whom
from scheduling.core.rules.calendar import DAY, age_on, birthday, spoken, valid_until
from scheduling.core.rules.calendar import days as counted_days
from scheduling.core.rules.chart import Moment
from scheduling.core.rules.pairs import Turn
from scheduling.core.rules.scene import Evidence, Finding, Scene, Session
from scheduling.core.words import Severity

HOUR = timedelta(hours=1)


class Flaw(NamedTuple):
    """Why a piece of evidence does not count; the lowest `rank` is the one worth telling."""

    rank: int
    have: object
    sign: str = ""
    need: object = ""
    detail: str = ""


NOTHING = Flaw(9, "none on file", detail="none is on file")


def prerequisite(rule: Prerequisite, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find that nothing satisfies the rule, or that what does is only booked or of the same day."""
    if rule.at_check_in and scene.moment is Moment.BOOKING:
        return
    if not concerns(rule.whom, scene, asked):
        return
    pieces = list(_evidence(rule, scene, asked))
    flaws = [_flaw(rule, scene, asked, piece) for piece in pieces]
    good = [piece for piece, flaw in zip(pieces, flaws, strict=True) if flaw is None]
    reaction = _reaction(pieces, asked)
    if reaction is not None or not good:
        bad = reaction or min((flaw for flaw in flaws if flaw), default=NOTHING, key=_rank)
        title = scene.protocol.titles.of("records", rule.needs)
        yield Finding(
            rule, rule.severity, bad.have, bad.sign, bad.need, detail=bad.detail, title=title
        )
        return
    yield from _remarks(rule, scene, asked, good)


def _rank(flaw: Flaw) -> int:
    return flaw.rank


def _remarks(
    rule: Prerequisite, scene: Scene, asked: Session, good: list[Evidence]
) -> Iterator[Finding]:
    best = min(good, key=lambda piece: (not piece.done, piece.day == asked.first))
    if not best.done:
        yield pending(scene, best)
    if rule.same_day is not None and best.day == asked.first:
        yield Finding(
            rule,
            rule.same_day,
            best.day,
            "=",
            asked.first,
            detail="it is on the same day",
            title=scene.protocol.titles.of("records", rule.needs),
            on=best.day,
        )


def pending(scene: Scene, evidence: Evidence) -> Finding:
    """Note that something still to come is counted on."""
    title = scene.protocol.titles.of("records", evidence.title)
    return Finding(
        scene.protocol.pending,
        Severity.ADVISORY,
        "booked",
        detail=f"{title} is booked for {spoken(evidence.day)} and not done yet",
        title=title,
        on=evidence.day,
        of=evidence.title,
    )


def concerns(whom: Whom, scene: Scene, asked: Session) -> bool:
    """Tell whether the rule is about this patient on that date.

    An unknown birth date is taken as under age, since such rules are there to protect; an unknown
    Fitzpatrick type is not taken as dark, since the consultation is where it is found.
    """
    born, fitzpatrick = scene.chart.born, scene.chart.fitzpatrick
    if whom.under is not None and born is not None and age_on(born, asked.first) >= whom.under:
        return False
    return whom.fitzpatrick_from is None or (
        fitzpatrick is not None and fitzpatrick >= whom.fitzpatrick_from
    )


def _evidence(rule: Prerequisite, scene: Scene, asked: Session) -> Iterator[Evidence]:
    tested = asked.procedure if rule.needs == "patch_test" else ""
    yield from scene.evidence(rule.needs, tested)
    if rule.renewed_by_session:
        for other in scene.others:
            # A session to come renews only within its own course, where nothing can overtake it.
            same_course = other.series is not None and other.series == asked.series
            if other.procedure == asked.procedure and (other.done or same_course):
                yield Evidence(other.end, other.last, other.done, other.procedure)


def _reaction(pieces: list[Evidence], asked: Session) -> Flaw | None:
    """Tell whether the latest test done before the visit showed a reaction."""
    tests = [p for p in pieces if p.done and p.title == "patch_test" and p.end <= asked.start]
    last = max(tests, key=lambda piece: piece.end, default=None)
    if last is None or not last.reaction:
        return None
    return Flaw(0, "reaction", detail=f"the test of {spoken(last.day)} showed a reaction")


def _flaw(rule: Prerequisite, scene: Scene, asked: Session, piece: Evidence) -> Flaw | None:
    at_check_in = scene.moment is Moment.CHECK_IN
    if not piece.done and (at_check_in or not rule.booked_counts):
        return Flaw(3, "not done yet", detail=f"the one of {spoken(piece.day)} is not done yet")
    by = max(asked.start, scene.now) if at_check_in else asked.start
    if piece.end > by:
        return Flaw(
            2, "later", detail=f"the one of {spoken(piece.day)} ends after the visit starts"
        )
    return _too_soon(rule, asked, piece) or _too_old(rule, asked, piece)


def _too_soon(rule: Prerequisite, asked: Session, piece: Evidence) -> Flaw | None:
    if piece.title != rule.needs:
        return None
    hours = (asked.start - piece.end) / HOUR
    if hours < rule.min_hours:
        have = f"{hours:.2f}".rstrip("0").rstrip(".")
        detail = f"it ended {have} hours before, and {rule.min_hours} hours are kept"
        return Flaw(1, f"{have} h", "<", f"{rule.min_hours} h", detail)
    gap = (asked.first - piece.day).days
    if gap < rule.min_days:
        detail = f"it was read {counted_days(gap)} before, and {rule.min_days} are kept"
        return Flaw(1, gap, "<", rule.min_days, detail)
    return None


def _too_old(rule: Prerequisite, asked: Session, piece: Evidence) -> Flaw | None:
    if rule.valid_months is None:
        return None
    until = valid_until(piece.day, rule.valid_months)
    if asked.first <= until:
        return None
    detail = f"the one of {spoken(piece.day)} is valid until {spoken(until)}"
    return Flaw(2, asked.first, ">", until, detail)


def prerequisite_turns(rule: Prerequisite, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the moments from which something counts, and after which it does no longer."""
    yield from whom_turns(rule.whom, scene)
    for piece in _evidence(rule, scene, asked):
        yield piece.end
        yield piece.end + rule.min_hours * HOUR
        yield piece.day + DAY * rule.min_days
        yield piece.day
        yield piece.day + DAY
        if rule.valid_months is not None:
            yield valid_until(piece.day, rule.valid_months) + DAY


def whom_turns(whom: Whom, scene: Scene) -> Iterator[Turn]:
    """Give the birthday on which a rule ends to be about the patient."""
    if whom.under is not None and scene.chart.born is not None:
        yield birthday(scene.chart.born, whom.under)


def cooling_off(rule: CoolingOff, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find that too few days have passed since the first consultation, or that there is none."""
    if not concerns(rule.whom, scene, asked):
        return
    at_check_in = scene.moment is Moment.CHECK_IN
    pieces = [p for p in scene.evidence(rule.after) if p.done or not at_check_in]
    passed = [p for p in pieces if (asked.first - p.day).days >= rule.days]
    if any(piece.done for piece in passed):
        return
    if passed:
        yield pending(scene, passed[0])
        return
    title = scene.protocol.titles.of("records", rule.after)
    first = min(pieces, key=lambda piece: piece.end, default=None)
    if first is None or first.end > asked.start:
        yield Finding(rule, rule.severity, "none on file", detail="none is on file", title=title)
        return
    gap = (asked.first - first.day).days
    yield Finding(
        rule,
        rule.severity,
        gap,
        "<",
        rule.days,
        detail=f"it was on {spoken(first.day)}, {counted_days(gap)} before",
        title=title,
        on=first.day,
    )


def cooling_off_turns(rule: CoolingOff, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the days on which the time to think has passed."""
    yield from whom_turns(rule.whom, scene)
    for piece in scene.evidence(rule.after):
        yield piece.day + DAY * rule.days
        yield piece.end

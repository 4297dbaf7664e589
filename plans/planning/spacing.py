"""Lags and rules between sessions that lie fast: which of them are broken, said in a sentence."""

from collections.abc import Iterator, Mapping

from plans.core.course import Course, Lag, Placement, Unit
from plans.core.sittings import dates


def breaches(course: Course, placed: Mapping[str, Placement], key: str = "") -> Iterator[str]:
    """Tell each lag and each rule that these placements break; of one session where `key` says so."""
    for earlier, later, lag, code in _bonds(course):
        if {earlier, later} <= set(placed) and key in {"", earlier, later}:
            said = _broken(course, lag, placed[earlier], placed[later])
            if said:
                yield f"{said} ({code})" if code else said


def _bonds(course: Course) -> Iterator[tuple[str, str, Lag, str]]:
    for step in course.steps:
        for lag in step.lags:
            yield lag.after, step.key, lag, ""
    for rule in course.aparts:
        yield rule.first, rule.then, Lag(after=rule.first, least=rule.days), rule.code


def _broken(course: Course, lag: Lag, earlier: Placement, later: Placement) -> str:
    """Say how far apart two sessions lie, where that is too near or too far."""
    if lag.unit is Unit.DAYS:
        ended = dates(earlier.start_q, earlier.end_q - earlier.start_q, course.zone)[1]
        gap = dates(later.start_q, 1, course.zone)[0] - ended
    else:
        gap = (later.start_q - earlier.start_q) * 5
    if gap < lag.least:
        asked, bound = "at least", lag.least
    elif lag.most is not None and gap > lag.most:
        asked, bound = "at most", lag.most
    else:
        return ""
    return (
        f"{later.key} would come {gap} {lag.unit} after {earlier.key}; {asked} {bound} are asked."
    )

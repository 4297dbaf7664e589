"""How many: sessions for one indication, sessions within days, courses on one area."""

from collections.abc import Iterator
from datetime import timedelta

from scheduling.core.protocol.values import ConcurrentPlans, SessionCount, WindowCap
from scheduling.core.rules.pairs import Turn
from scheduling.core.rules.scene import Finding, Scene, Session


def session_count(rule: SessionCount, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find a session too many for one indication, past and future, without limit of time."""
    treats = rule.procedures - scene.protocol.assessments
    if asked.indication != rule.indication or asked.procedure not in treats:
        return
    count = 1 + sum(
        1
        for other in scene.others
        if other.indication == rule.indication
        and other.procedure in treats
        and other.mask & asked.mask
    )
    if count > rule.most:
        yield Finding(rule, rule.severity, count, ">", rule.most)


def _windowed(rule: WindowCap, scene: Scene, asked: Session) -> list[Session]:
    return [o for o in scene.others if o.procedure in rule.procedures and o.mask & asked.mask]


def window_cap(rule: WindowCap, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find a session too many in any run of local dates that holds the visit."""
    day, reach = asked.first, timedelta(days=rule.days - 1)
    around = [o for o in _windowed(rule, scene, asked) if abs(o.first - day) <= reach]
    most, crowded = 0, list[Session]()
    # The fullest window can be slid until it begins with a session: only those need counting.
    for begin in {day, *(other.first for other in around if other.first <= day)}:
        inside = [other for other in around if begin <= other.first <= begin + reach]
        if len(inside) + 1 > rule.count:
            crowded += inside
            most = max(most, len(inside) + 1)
    if most:
        last = max(crowded, key=lambda other: other.start)
        later = last.start > asked.start
        yield Finding(rule, rule.severity, most, ">", rule.count, last, later)


def window_cap_turns(rule: WindowCap, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the days on which a window gains or loses a session."""
    for other in _windowed(rule, scene, asked):
        for shift in (1 - rule.days, 0, 1, rule.days):
            yield other.first + timedelta(days=shift)
        yield other.start


def concurrent_plans(rule: ConcurrentPlans, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find another course that is still open on an overlapping area.

    A course is open while a counted session of it is still to be done; a visit outside of any
    course opens none.
    """
    if asked.series is None:
        return
    courses: dict[int | str, list[Session]] = {}
    for other in scene.others:
        if other.series not in {None, asked.series} and other.procedure in rule.procedures:
            courses.setdefault(other.series, []).append(other)
    count = 1 + sum(
        1
        for sessions in courses.values()
        if any(not each.done for each in sessions)
        and any(each.mask & asked.mask for each in sessions)
    )
    if count > rule.most:
        yield Finding(rule, rule.severity, count, ">", rule.most)

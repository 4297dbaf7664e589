"""The patient's age, the visit's length, and the patient's own diary."""

from collections.abc import Iterator
from datetime import timedelta

from scheduling.core.protocol.values import Age, DoubleBooking, Duration, PlanSequence
from scheduling.core.rules.calendar import age_on, birthday
from scheduling.core.rules.pairs import Turn
from scheduling.core.rules.scene import Finding, Scene, Session
from scheduling.core.words import Severity


def age(rule: Age, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find that the patient is too young on the visit's local date.

    An unknown birth date fires what is hard (the law) and nothing else.
    """
    if asked.indication in rule.exempt or _lifted(rule, scene, asked):
        return
    if rule.indications and asked.indication not in rule.indications:
        return
    born = scene.chart.born
    if born is None:
        if rule.severity is Severity.HARD:
            yield Finding(rule, rule.severity, "birth date not known", need=rule.under)
        return
    years = age_on(born, asked.first)
    if rule.on_booking_day:
        years = min(years, age_on(born, scene.now.astimezone(scene.zone).date()))
    if years < rule.under:
        yield Finding(rule, rule.severity, years, "<", rule.under)


def _lifted(rule: Age, scene: Scene, asked: Session) -> bool:
    for record in scene.records.get(rule.lifted_by, ()) if rule.lifted_by else ():
        if record.on is not None and record.on <= asked.first:
            return True
    return False


def age_turns(rule: Age, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the birthday, and the day of whatever lifts the rule."""
    if scene.chart.born is not None:
        yield birthday(scene.chart.born, rule.under)
    for record in scene.records.get(rule.lifted_by, ()) if rule.lifted_by else ():
        if record.on is not None:
            yield record.on


def duration(rule: Duration, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find a session shorter or longer than its procedure takes; elapsed minutes."""
    minutes = scene.length / timedelta(minutes=1)
    have = int(minutes) if minutes == int(minutes) else round(minutes, 2)
    if minutes < rule.least:
        yield Finding(rule, rule.severity, have, "<", rule.least)
    elif minutes > rule.most:
        yield Finding(rule, rule.severity, have, ">", rule.most)


def sequence(rule: PlanSequence, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find a neighbour of the same course that this session would pass."""
    if asked.series is None or asked.seq is None:
        return
    for other in scene.others:
        if other.series != asked.series or other.seq is None or other.seq == asked.seq:
            continue
        after = other.start > asked.start
        if after is (other.seq < asked.seq):
            sign = "<" if after else ">"
            yield Finding(
                rule,
                rule.severity,
                _wall(asked, scene),
                sign,
                _wall(other, scene),
                other,
                later=True,
                detail=f"session {asked.seq} of the course would come "
                f"{'before' if after else 'after'} session {other.seq}",
            )
            return


def _wall(session: Session, scene: Scene) -> str:
    return session.start.astimezone(scene.zone).strftime("%Y-%m-%d %H:%M")


def course_turns(rule: PlanSequence, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give the starts of the course's other sessions."""
    if asked.series is not None:
        return (other.start for other in scene.others if other.series == asked.series)
    return iter(())


def double_booked(rule: DoubleBooking, scene: Scene, asked: Session) -> Iterator[Finding]:
    """Find another counted session at the same time, on whatever area; touching is no overlap."""
    for other in scene.others:
        if other.timed and other.start < asked.end and asked.start < other.end:
            have, need = _times(asked, scene), _times(other, scene)
            later = other.start > asked.start
            yield Finding(rule, rule.severity, have, "overlaps", need, other, later)
            return


def _times(session: Session, scene: Scene) -> str:
    start, end = (each.astimezone(scene.zone) for each in (session.start, session.end))
    return f"{start:%H:%M}-{end:%H:%M}"


def double_booked_turns(rule: DoubleBooking, scene: Scene, asked: Session) -> Iterator[Turn]:
    """Give both ends of every session."""
    for other in scene.others:
        if other.timed:
            yield other.start
            yield other.end

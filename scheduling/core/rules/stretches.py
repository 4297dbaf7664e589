"""Stretches of starts over which no rule changes its mind."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from scheduling.core.rules.calendar import day_start
from scheduling.core.rules.chart import INSTANT
from scheduling.core.rules.pairs import Turn
from scheduling.core.rules.scene import Scene, Session
from scheduling.core.rules.table import Line

MINUTE = timedelta(minutes=1)


def turning_points(
    scene: Scene,
    asked: Session,
    lines: tuple[Line, ...],
    low: datetime,
    high: datetime | None,
) -> list[datetime]:
    """Give the sorted starts in ``(low, high)`` at which some rule may change its answer.

    A turn is where the visit's start, its end, or the local date of either passes a date or an
    instant: so each turn gives the start itself, and the start that lets the end pass it.
    """
    points: set[datetime] = set()
    for line in lines:
        if line.wants is not None and line.wants.isdisjoint(scene.present):
            continue
        for turn in line.turns(line.rule, scene, asked):
            at = _instant(turn, scene)
            points.add(at)
            points.add(at - scene.length + INSTANT)
    return sorted(p for p in points if low < p and (high is None or p < high))


def _instant(turn: Turn, scene: Scene) -> datetime:
    return turn if isinstance(turn, datetime) else day_start(turn, scene.zone)


def stretches(
    scene: Scene,
    asked: Session,
    lines: tuple[Line, ...],
    low: datetime,
    high: datetime | None,
) -> Iterator[tuple[datetime, datetime | None]]:
    """Cut ``[low, high)`` at the turning points; an open `high` gives a last stretch without end."""
    points = turning_points(scene, asked, lines, low, high)
    yield from zip([low, *points], [*points, high], strict=True)


def first_minute(instant: datetime) -> datetime:
    """Give the first whole minute at or after an instant in UTC."""
    whole = instant.replace(second=0, microsecond=0)
    return whole if whole == instant else whole + MINUTE


def last_minute(instant: datetime) -> datetime:
    """Give the last whole minute before an instant in UTC."""
    return (instant - INSTANT).replace(second=0, microsecond=0)

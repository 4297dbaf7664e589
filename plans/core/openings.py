"""When each session of a course could begin, and what it could hold then, each taken alone.

An `Opening` is what the diary and the rules leave of a window for one step. Building it is most
of the work of a plan; the search for the plan reads it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from plans.core.course import PRACTITIONER, Preference
from scheduling.core import availability
from scheduling.core.availability import Search
from scheduling.core.hours import WeeklyHours, days_window, opening
from scheduling.core.timeline import Timeline, Window

PATIENT_AWAY = "patient_away"
"""The mask of the dates on which the patient cannot come."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """One resource that meets a need, and the starts at which it does.

    A session that starts at ``s`` holds it for ``[s + low, s + high)``.
    """

    resource: int
    kind: str
    low: int
    high: int
    fits: Timeline


Needs: TypeAlias = tuple[tuple[Place, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One session's starts in the course's window, and the places of each of its needs.

    `allowed` maps a code to the starts that its mask leaves; `clashing` tells that two needs may
    want one resource at once; `search` is what it was built from.
    """

    starts: Timeline
    needs: Needs
    allowed: Mapping[str, Timeline] = field(default_factory=dict)
    clashing: bool = False
    search: Search


def opened(search: Search) -> Opening:
    """Build the opening of one session; its window is the course's."""
    needs = tuple(
        tuple(
            Place(resource, option.kind, *option.held(0, search.length), fits)
            for option in need
            for resource in option.candidates
            if (fits := availability.fits(search, option, resource, search.free.get(resource, 0)))
        )
        for need in search.needs
    )
    groups = availability.clashing(search.needs, search.length)
    found = Opening(
        starts=0, needs=needs, allowed=search.allowed, clashing=bool(groups), search=search
    )
    return replace(found, starts=_starts(found))


def _starts(opening: Opening) -> Timeline:
    """Return the starts that no mask removes and at which every need is met at once."""
    if opening.clashing:
        return availability.starts(opening.search)
    line = opening.search.window.full
    for allowed in opening.allowed.values():
        line &= allowed
    for need in opening.needs:
        met = 0
        for place in need:
            met |= place.fits
        line &= met
    return line


def without_mask(opening: Opening, code: str) -> Opening:
    """Return the opening as if one mask were not there."""
    search = opening.search
    kept = {key: line for key, line in search.allowed.items() if key != code}
    return opened(replace(search, allowed=kept))


def without_need(opening: Opening, number: int) -> Opening:
    """Return the opening as if one need were none."""
    search = opening.search
    return opened(replace(search, needs=search.needs[:number] + search.needs[number + 1 :]))


def practitioners(opening: Opening) -> frozenset[int]:
    """Return who could do the session at some start; empty when it asks for nobody."""
    need = _hands(opening)
    if need is None:
        return frozenset()
    return frozenset(p.resource for p in opening.needs[need] if p.kind == PRACTITIONER)


def _hands(opening: Opening) -> int | None:
    """Return the number of the first need that a practitioner meets."""
    for number, need in enumerate(opening.search.needs):
        if any(option.kind == PRACTITIONER for option in need):
            return number
    return None


def bound_to(opening: Opening, practitioner: int) -> Opening:
    """Return the opening with one practitioner for the first need that asks for one."""
    number = _hands(opening)
    if number is None:
        return opening
    places = tuple(
        p for p in opening.needs[number] if (p.kind, p.resource) == (PRACTITIONER, practitioner)
    )
    if not opening.clashing:
        needs = (*opening.needs[:number], places, *opening.needs[number + 1 :])
        line = 0
        for place in places:
            line |= place.fits
        return replace(opening, needs=needs, starts=opening.starts & line)
    search = opening.search
    options = tuple(
        replace(option, candidates=(practitioner,))
        for option in search.needs[number]
        if option.kind == PRACTITIONER and practitioner in option.candidates
    )
    needs_left = (*search.needs[:number], options, *search.needs[number + 1 :])
    return opened(replace(search, needs=needs_left))


def presence(preference: Preference, zone: ZoneInfo, window: Window) -> Timeline:
    """Return the starts at which the patient can be there at all."""
    line = window.full
    if preference.not_before:
        line &= window.between(
            days_window(preference.not_before, preference.not_before, zone).q0, window.q1
        )
    if preference.not_after:
        line &= window.between(
            window.q0, days_window(preference.not_after, preference.not_after, zone).q1
        )
    for day in preference.blocked:
        gone = days_window(day, day, zone)
        line &= ~window.between(gone.q0, gone.q1)
    return line


def wishes(preference: Preference, zone: ZoneInfo, window: Window) -> tuple[Timeline, ...]:
    """Return the starts that meet each wish about weekdays and times of day."""
    every = range(7)
    lines = []
    if preference.weekdays:
        lines.append(
            _weekly([(d, time(), time()) for d in sorted(preference.weekdays)], zone, window)
        )
    if preference.times:
        rows = [(d, low, high) for d in every for low, high in preference.times]
        lines.append(_weekly(rows, zone, window))
    return tuple(lines)


def _weekly(rows: list[tuple[int, time, time]], zone: ZoneInfo, window: Window) -> Timeline:
    hours = tuple(WeeklyHours(weekday=d, opens=low, closes=high) for d, low, high in rows)
    return opening(hours, frozenset[date](), zone, window)

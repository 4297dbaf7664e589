"""The clinic of a written course: its zone, window and resources, and the moments in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from plans.core.course import Course, Placement, Step
from plans.core.openings import PATIENT_AWAY, presence
from scheduling.core.availability import Need, Option, Search
from scheduling.core.hours import WeeklyHours, opening, resolve, step_mask
from scheduling.core.protocol.reader import Node
from scheduling.core.timeline import EPOCH, QUANTUM, Timeline, Window, covered
from scheduling.core.words import Held

_RESOURCE = frozenset(["name", "kind", "worth", "hours", "free", "busy", "note"])
_SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Ground:
    """Where and when an instance is: what all its times are read with."""

    zone: ZoneInfo
    window: Window
    kinds: Mapping[str, str]
    ids: Mapping[str, int]

    def quantum(self, node: Node) -> int:
        """Read a moment on the 5-minute grid: wall time, or with an offset."""
        moment = node.moment()
        if moment.tzinfo is None:
            found = resolve(moment, self.zone)
            if len(found) != 1:
                times = "no" if not found else "more than one"
                raise node.refuse(f"the clocks show this {times} time; write it with its offset")
            moment = found[0]
        since = moment.astimezone(UTC) - EPOCH
        if since % QUANTUM:
            raise node.refuse("a multiple of 5 minutes is expected here")
        return since // QUANTUM

    def spans(self, node: Node | None) -> list[tuple[int, int]]:
        """Read a list of ``[from, until)`` pairs."""
        found = []
        for item in node.items() if node else []:
            low, high = item.list_of(2, "a pair [from, until] is expected here")
            span = self.quantum(low), self.quantum(high)
            if span[0] >= span[1]:
                raise item.refuse("this ends before it starts")
            found.append(span)
        return found

    def resource(self, node: Node) -> int:
        """Read the name of a resource."""
        return self.ids[node.one_of(self.ids, "resource")]


def zone_of(node: Node) -> ZoneInfo:
    """Read the name of an IANA zone."""
    try:
        return ZoneInfo(node.text())
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise node.refuse("a zone such as Europe/London is expected here") from error


def weekday(node: Node) -> int:
    """Read a weekday, 0 for Monday."""
    if node.whole() > _SUNDAY:
        raise node.refuse("a weekday is 0 (Monday) to 6 (Sunday)")
    return node.whole()


def clock(node: Node) -> time:
    """Read a wall-clock time."""
    try:
        return time.fromisoformat(node.text())
    except ValueError:
        raise node.refuse("a time such as 09:30 is expected here") from None


def quanta(node: Node, least: int) -> int:
    """Read minutes, a multiple of 5, as quanta."""
    minutes = node.whole(least)
    if minutes % 5:
        raise node.refuse("a multiple of 5 minutes is expected here")
    return minutes // 5


def free_lines(things: list[Node], ground: Ground) -> dict[int, Timeline]:
    """Read when each resource is free: its hours and free spans, all the time without either."""
    lines = {}
    for thing in things:
        thing.only(_RESOURCE)
        hours, free = thing.get("hours"), thing.get("free")
        line = 0 if hours or free else ground.window.full
        if hours:
            rows = tuple(row for each in hours.items() for row in _hours(each))
            line |= opening(rows, frozenset[date](), ground.zone, ground.window)
        line |= covered(ground.spans(free), ground.window)
        line &= ~covered(ground.spans(thing.get("busy")), ground.window)
        lines[ground.resource(thing.need("name"))] = line
    return lines


def _hours(node: Node) -> list[WeeklyHours]:
    node.only({"weekdays", "opens", "closes"})
    opens, closes = clock(node.need("opens")), clock(node.need("closes"))
    return [
        WeeklyHours(weekday=weekday(day), opens=opens, closes=closes)
        for day in node.need("weekdays").items()
    ]


def searches(node: Node, ground: Ground, steps: list[Node], course: Course) -> dict[str, Search]:
    """Read what each step needs, and when it may start."""
    free = free_lines(node.need("resources").items(), ground)
    shared = {}
    step = node.get("step_minutes")
    if step:
        try:
            shared["off_step"] = step_mask(ground.window, ground.zone, step.whole(5))
        except ValueError as error:
            raise step.refuse(str(error)) from error
    here = presence(course.preference, ground.zone, ground.window)
    if here != ground.window.full:
        shared[PATIENT_AWAY] = here
    return {
        own.key: Search(
            window=ground.window,
            needs=_needs(each.get("needs"), ground),
            length=own.length,
            free=free,
            allowed=shared | _starts(each, own, ground),
        )
        for each, own in zip(steps, course.steps, strict=True)
    }


def _starts(node: Node, step: Step, ground: Ground) -> dict[str, Timeline]:
    """Read the masks of one step: its own starts or spans, and the end of the window."""
    window = ground.window
    masks = {"window": window.between(window.q0, window.q1 - step.length + 1)}
    starts = node.get("starts")
    if starts:
        moments = [ground.quantum(each) for each in starts.items()]
        masks["starts"] = covered([(q, q + 1) for q in moments], window)
    spans = node.get("spans")
    if spans:
        inside = [(low, high - step.length + 1) for low, high in ground.spans(spans)]
        masks["spans"] = covered(inside, window)
    return masks


def _needs(node: Node | None, ground: Ground) -> tuple[Need, ...]:
    return tuple(_need(need, ground) for need in (node.items() if node else []))


def _need(node: Node, ground: Ground) -> Need:
    """Read one need: one of some resources, from before the start until after the end."""
    node.only({"any", "from", "until"})
    before, after = node.get("from"), node.get("until")
    low, high = (_offset(each) if each else 0 for each in (before, after))
    by_kind: dict[str, list[int]] = {}
    for each in node.need("any").items():
        number = ground.resource(each)
        by_kind.setdefault(ground.kinds[each.text()], []).append(number)
    return tuple(Option(kind, tuple(some), low, high) for kind, some in by_kind.items())


def _offset(node: Node) -> int:
    minutes = node.whole(-24 * 60)
    if minutes % 5:
        raise node.refuse("a multiple of 5 minutes is expected here")
    return minutes // 5


def placements(
    node: Node | None, ground: Ground, course: Course, asked: Mapping[str, Search]
) -> dict[str, Placement]:
    """Read where sessions are: the start, and the resource of each need in its order."""
    found = {}
    steps = {step.key: step for step in course.steps}
    for key, place in node.members() if node else ():
        if key not in steps:
            raise place.refuse(f"unknown step “{key}”")
        place.only({"start", "resources"})
        start = ground.quantum(place.need("start"))
        found[key] = Placement(
            key=key,
            start_q=start,
            end_q=start + steps[key].length,
            held=_held(place.get("resources"), ground, asked[key], start),
        )
    return found


def _held(node: Node | None, ground: Ground, search: Search, start: int) -> tuple[Held, ...]:
    if node is None:
        return ()
    named = node.list_of(len(search.needs), "one resource for each need is expected here")
    held = []
    for each, need in zip(named, search.needs, strict=True):
        number = ground.resource(each)
        option = next((o for o in need if number in o.candidates), None)
        if option is None:
            raise each.refuse("this is none of the need's resources")
        held.append(Held(number, option.kind, *option.held(start, search.length)))
    return tuple(held)

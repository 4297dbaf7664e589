"""Needs x timelines -> the starts of a visit, and why the others are not offered.

A treatment is a tuple of needs, all held (AND); a need is a tuple of options, one of them held
(OR); an option is one resource out of its candidates, held for a stretch that is wider or
narrower than the visit. All times are 5-minute quanta; starts are bits of the search's window.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from scheduling.core.timeline import Timeline, Window, runs_of, shifted


@dataclass(frozen=True, slots=True)
class Option:
    """One way to meet a need: one of `candidates` (resource ids), from when until when.

    `from_q` counts from the visit's start (-12: an hour before), `until_q` from its end
    (2: ten minutes after). `skill` names the capability that was asked, empty for none.
    """

    kind: str
    candidates: tuple[int, ...]
    from_q: int = 0
    until_q: int = 0
    skill: str = ""

    def held(self, start_q: int, length: int) -> tuple[int, int]:
        """Return the quanta held, ``[start_q, end_q)``, by a visit of that start and length."""
        return start_q + self.from_q, start_q + length + self.until_q


Need: TypeAlias = tuple[Option, ...]
Lines: TypeAlias = Mapping[int, Timeline]

NO_CAPABILITY = "no_capability"
CAPABILITY_EXPIRES = "capability_expires"
OUTSIDE_HOURS = "outside_hours"
ABSENCE = "absence"
RESOURCE_TAKEN = "resource_taken"
NO_COMBINATION = "no_combination"

LAYERS = (CAPABILITY_EXPIRES, OUTSIDE_HOURS, ABSENCE, RESOURCE_TAKEN)
"""What can stop one candidate, outermost first: a later code says that the earlier ones do not."""

ORDER = (
    "past",
    "too_soon",
    "too_late",
    NO_CAPABILITY,
    CAPABILITY_EXPIRES,
    OUTSIDE_HOURS,
    ABSENCE,
    RESOURCE_TAKEN,
    NO_COMBINATION,
    "patient_busy",
    "off_step",
)
"""The order in which codes are told; a code of another mask comes last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One visit, looked for in one window.

    `free` holds each resource's free time, which lies in `present` (opening hours less absences),
    which lies in `opened` (opening hours); a resource without a line is never free. `able` says
    when a resource holds a skill; where it says nothing, always. `allowed` maps a code to the
    starts that its mask leaves. What a hold would need outside of the window counts as not free,
    so the window is wider than the asked starts by `margins`.
    """

    window: Window
    needs: tuple[Need, ...]
    length: int
    free: Lines
    present: Lines = field(default_factory=dict)
    opened: Lines = field(default_factory=dict)
    able: Mapping[tuple[str, int], Timeline] = field(default_factory=dict)
    allowed: Mapping[str, Timeline] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why one need cannot be met at a start, and the candidates that came closest to it."""

    code: str
    kind: str
    skill: str = ""
    resources: tuple[int, ...] = ()


def margins(needs: Sequence[Need], length: int) -> tuple[int, int]:
    """Return how many quanta a visit reaches before its start, and after its start at most."""
    before = max((-option.from_q for need in needs for option in need), default=0)
    after = max((length + option.until_q for need in needs for option in need), default=0)
    return max(before, 0), max(after, length)


def starts(search: Search) -> Timeline:
    """Return the starts that no mask removes and at which all needs can be met at once.

    Resources are distinct wherever their stretches overlap.
    """
    line = search.window.full
    for allowed in search.allowed.values():
        line &= allowed
    for need in search.needs:
        if not line:
            return 0
        line &= _met(search, need, search.free)
    for group in clashing(search.needs, search.length):
        line &= _matched(search, group, line)
    return line


def fits(search: Search, option: Option, resource: int, line: Timeline) -> Timeline:
    """Return the starts at which one resource's line holds all that the option asks of it."""
    low, high = option.held(0, search.length)
    able = search.able.get((option.skill, resource))
    if able is not None:
        line &= able
    if low >= high or not line:
        return 0
    return shifted(runs_of(line, high - low), -low, search.window)


def _met(search: Search, need: Need, lines: Lines) -> Timeline:
    """Return the starts at which some candidate of some option meets the need, taken alone."""
    met = 0
    for option in need:
        for resource in option.candidates:
            met |= fits(search, option, resource, lines.get(resource, 0))
    return met


def clashing(needs: Sequence[Need], length: int) -> list[list[Need]]:
    """Return the groups of needs that may want one resource for overlapping stretches."""
    groups: list[list[int]] = []
    for i, need in enumerate(needs):
        touched = [g for g in groups if any(_may_clash(need, needs[j], length) for j in g)]
        groups = [g for g in groups if g not in touched]
        groups.append([*(j for g in touched for j in g), i])
    return [[needs[i] for i in sorted(group)] for group in groups if len(group) > 1]


def _may_clash(one: Need, other: Need, length: int) -> bool:
    return any(
        overlap(a.held(0, length), b.held(0, length))
        and not set(a.candidates).isdisjoint(b.candidates)
        for a in one
        for b in other
    )


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Tell whether two half-open stretches share a quantum."""
    return one[0] < other[1] and other[0] < one[1]


Place: TypeAlias = tuple[Option, int, Timeline]


def _matched(search: Search, group: Sequence[Need], line: Timeline) -> Timeline:
    """Return the starts of `line` at which a whole group of needs is met by distinct resources.

    Depth first over assignments, each carrying the starts it still serves; an assignment that
    serves no start not yet found is left, so that the first few usually settle all.
    """
    order = sorted(group, key=lambda need: (sum(len(o.candidates) for o in need), repr(need)))
    places = [list(_places(search, need)) for need in order]
    found = 0

    def assign(
        at: int, alive: Timeline, held: tuple[tuple[int, int, int], ...], first: int
    ) -> None:
        nonlocal found
        if at == len(order):
            found |= alive
            return
        for index in range(first, len(places[at])):
            option, resource, fit = places[at][index]
            low, high = option.held(0, search.length)
            rest = alive & fit & ~found
            if rest and not any(r == resource and overlap((low, high), (a, b)) for r, a, b in held):
                # Equal needs are interchangeable: try each set of resources in one order only.
                same = at + 1 < len(order) and order[at + 1] == order[at]
                assign(at + 1, rest, (*held, (resource, low, high)), index + 1 if same else 0)

    assign(0, line, (), 0)
    return found


def _places(search: Search, need: Need) -> Iterator[Place]:
    for option in need:
        for resource in option.candidates:
            fit = fits(search, option, resource, search.free.get(resource, 0))
            if fit:
                yield option, resource, fit


def causes(search: Search) -> dict[str, Timeline]:
    """Return, for each code in the order of telling, the starts that it removes.

    A need that nobody meets is told by the layer that its closest candidate fails at; a start may
    have several codes. Codes that remove nothing are left out.
    """
    full = search.window.full
    removed = {code: full & ~line for code, line in search.allowed.items()}
    alone = full
    everywhere = dict.fromkeys((r for n in search.needs for o in n for r in o.candidates), full)
    layers = (everywhere, search.opened, search.present, search.free)
    for need in search.needs:
        if not any(option.candidates for option in need):
            removed[NO_CAPABILITY] = full
            alone = 0
            continue
        above = full
        for code, lines in zip(LAYERS, layers, strict=True):
            met = _met(search, need, lines)
            removed[code] = removed.get(code, 0) | (above & ~met)
            above = met
        alone &= above
    together = alone
    for group in clashing(search.needs, search.length):
        together &= _matched(search, group, together)
    removed[NO_COMBINATION] = alone & ~together
    return {code: removed[code] for code in sorted(removed, key=_rank) if removed[code]}


def _rank(code: str) -> int:
    return ORDER.index(code) if code in ORDER else len(ORDER)


def codes_of_day(
    removed: Mapping[str, Timeline], window: Window, bounds: tuple[int, int], grid: Timeline
) -> tuple[str, ...]:
    """Return the codes of `causes` that hide a local date, given its quanta and the step grid.

    Where the place is open at all that day, the codes that remove any start of its opening time;
    on a closed day, the codes that remove them all.
    """
    day = window.between(*bounds) & grid
    open_starts = open_of_day(removed, window, bounds, grid)
    if open_starts:
        return tuple(code for code, line in removed.items() if line & open_starts)
    whole = tuple(code for code, line in removed.items() if line & day == day)
    return whole or tuple(code for code, line in removed.items() if line & day)


def open_of_day(
    removed: Mapping[str, Timeline], window: Window, bounds: tuple[int, int], grid: Timeline
) -> Timeline:
    """Return the starts of a local date that lie in the hours of who and what is needed."""
    closed = removed.get(NO_CAPABILITY, 0) | removed.get(OUTSIDE_HOURS, 0)
    closed |= removed.get(CAPABILITY_EXPIRES, 0)
    return window.between(*bounds) & grid & ~closed


def obstacles(search: Search, start_q: int) -> tuple[Obstacle, ...]:
    """Return why each unmet need is not met at one start, with the candidates that came closest.

    All needs met, but not together, is one obstacle of code `no_combination`.
    """
    found = [o for need in search.needs if (o := _obstacle(search, need, start_q)) is not None]
    if not found:
        bit = search.window.between(start_q, start_q + 1)
        groups = clashing(search.needs, search.length)
        stuck = [group for group in groups if not _matched(search, group, bit)]
        return tuple(
            Obstacle(
                NO_COMBINATION,
                group[0][0].kind,
                group[0][0].skill,
                tuple(sorted({r for need in group for o in need for r in o.candidates})),
            )
            for group in stuck
        )
    return tuple(found)


def _obstacle(search: Search, need: Need, start_q: int) -> Obstacle | None:
    """Return the furthest layer that a candidate reaches at one start; None when one gets through."""
    best = -1
    closest: list[tuple[Option, int]] = []
    for option in need:
        for resource in option.candidates:
            depth = _depth(search, option, resource, start_q)
            if depth == len(LAYERS):
                return None
            if depth > best:
                best, closest = depth, []
            if depth == best:
                closest.append((option, resource))
    first = closest[0][0] if closest else need[0]
    code = LAYERS[best] if closest else NO_CAPABILITY
    return Obstacle(code, first.kind, first.skill, tuple(dict.fromkeys(r for _, r in closest)))


def _depth(search: Search, option: Option, resource: int, start_q: int) -> int:
    """Return how many layers let one candidate through at one start."""
    low, high = option.held(start_q, search.length)
    asked = search.window.between(low, high)
    if asked.bit_count() != high - low or low >= high:
        return 0
    full = search.window.full
    able = search.able.get((option.skill, resource), full)
    lines = (search.opened, search.present, search.free)
    held = [able, *(able & line.get(resource, 0) for line in lines)]
    return next((depth for depth, line in enumerate(held) if line & asked != asked), len(held))

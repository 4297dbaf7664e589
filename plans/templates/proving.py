"""Could the protocol satisfy this template? Each contradiction named, with its arithmetic.

A template is refused where no plan of it could ever be proposed, however free the diary: where a
rule of the protocol, or several bounds added up, ask for more than a lag's most allows. What is
overridable blocks too: proposals break no rule. Whatever a template leaves to the plan (area, size,
depth) is read in the way that asks least; that other plans of it would fail is a caution.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from plans.core.course import Unit
from plans.core.ruling import Kind
from plans.templates import bounds, telling
from plans.templates.network import Bound, Ways, circle, longest
from plans.templates.skin import Gap, Skin
from plans.templates.values import Outline
from scheduling.core.protocol import Protocol
from scheduling.core.words import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What stands against a template, and what whoever keeps it should know."""

    contradictions: tuple[Reason, ...] = ()
    cautions: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a template leaves to its plans, filled in one way."""

    outline: Outline
    area: str
    size: str


@lru_cache(maxsize=256)
def prove(outline: Outline, protocol: Protocol, profiles: frozenset[str]) -> Findings:
    """Ask whether a course could be planned at all; `profiles` hold wherever it might be given."""
    found = [
        (reading, _once(_contradictions(reading.outline, protocol, profiles)))
        for reading in _readings(outline, protocol)
    ]
    mildest = found[0][0].outline
    skin = Skin(protocol, profiles, Unit.DAYS)
    cautions = _once([*_without(mildest, skin), *_too_many(mildest, skin)])
    if all(said for _, said in found):
        return Findings(contradictions=_told(found[0][1]), cautions=_told(cautions))
    return Findings(cautions=_told([*cautions, *_somewhere(found)]))


def _once(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Tell of each two steps, and of each rule between them, once: repeats say the same again."""
    found: dict[tuple[str, str], Reason] = {}
    for reason in reasons:
        found.setdefault((reason.code, reason.other), reason)
    return tuple(found.values())


def _told(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(replace(reason, other="") for reason in reasons)


def _somewhere(found: Sequence[tuple[_Reading, tuple[Reason, ...]]]) -> Iterator[Reason]:
    """Say for which plans alone a contradiction holds."""
    areas, sizes = ({getattr(r, what) for r, _ in found} for what in ("area", "size"))
    where: dict[tuple[str, str], list[tuple[_Reading, Reason]]] = {}
    for reading, said in found:
        for reason in said:
            where.setdefault((reason.code, reason.other), []).append((reading, reason))
    for each in where.values():
        at, how = ({getattr(r, what) for r, _ in each} for what in ("area", "size"))
        words = [*sorted(at if at != areas else ()), *sorted(how if how != sizes else ())]
        yield telling.only_where(each[0][1], ", ".join(words))


SIZES = (("small", "superficial", "small and superficial"), ("large", "deep", "large and deep"))


def _readings(outline: Outline, protocol: Protocol) -> list[_Reading]:
    """Fill in what the plan will say, in the ways in which rules tell plans apart."""
    found: dict[Outline, _Reading] = {}
    for size, depth, how in SIZES:
        for area, where in _areas(protocol):
            sittings = (
                replace(sitting, kind=_filled(sitting.kind, size, depth, area))
                for sitting in outline.sittings
            )
            filled = replace(outline, sittings=tuple(sittings))
            found.setdefault(filled, _Reading(filled, where, how))
    return list(found.values())


def _filled(kind: Kind, size: str, depth: str, area: str) -> Kind:
    return replace(
        kind,
        size=kind.size or size,
        depth=kind.depth or depth,
        areas=kind.areas or frozenset({area}),
    )


def _areas(protocol: Protocol) -> list[tuple[str, str]]:
    """Name an area of each sort that the lasers' intervals tell apart, and one of none of them."""
    named = {
        area
        for modality in protocol.modalities.values()
        for area in modality.intervals
        if area != "other"
    }
    title = protocol.titles.of
    sorts = [(area, title("areas", area)) for area in sorted(named)]
    for area in sorted(protocol.areas.masks):
        if not any(protocol.areas.overlap([area], [other]) for other in named):
            return [*sorts, (area, f"areas such as the {title('areas', area)}")]
    return sorts


def _contradictions(
    outline: Outline, protocol: Protocol, profiles: frozenset[str]
) -> Iterator[Reason]:
    skin = Skin(protocol, profiles, Unit.DAYS)
    impossible = list(_alone(outline, skin)) or list(_never(outline, skin))
    if impossible:
        yield from impossible
        return
    in_days = list(_of_network(outline, skin))
    yield from in_days
    if not in_days and any(
        lag.unit is Unit.MINUTES and lag.most is not None for lag in outline.lags
    ):
        yield from _of_network(outline, replace(skin, unit=Unit.MINUTES))


def _alone(outline: Outline, skin: Skin) -> Iterator[Reason]:
    """Find sessions that are refused whenever they are, such as for their length."""
    for sitting in outline.sittings:
        for reason in skin.against(sitting.kind, (), skin.codes(), 0):
            yield telling.of_one(reason, sitting, skin)


def _never(outline: Outline, skin: Skin) -> Iterator[Reason]:
    """Find sessions that may never come after an earlier one, however long one waits."""
    codes, sittings = skin.codes(), outline.sittings
    for later, sitting in enumerate(sittings):
        for first in sittings[:later]:
            if bounds.never_after(skin, first, sitting, codes):
                for reason in bounds.why_never(skin, first, sitting, codes):
                    yield telling.of_order(reason, first, sitting, skin)


def _of_network(outline: Outline, skin: Skin) -> Iterator[Reason]:
    wanted = bounds.needs(outline, skin)
    every = [
        *bounds.of_lags(outline, skin.unit),
        *bounds.of_rules(outline, skin),
        *bounds.of_needs(wanted),
    ]
    count = len(outline.sittings)
    ways = longest(count, every)
    broken = list(_broken(outline, skin, every, ways))
    yield from broken
    if not broken and (trip := circle(count, every)):
        yield telling.of_circle(trip, outline, skin)
        return
    yield from _too_old(outline, skin, wanted, ways)


def _broken(outline: Outline, skin: Skin, every: Iterable[Bound], ways: Ways) -> Iterator[Reason]:
    """Find each bound from above that is less than what lies between its two sessions."""
    for bound in every:
        if bound.first <= bound.then:
            continue
        way = ways[bound.then][bound.first]
        if way is not None and way.length > -bound.least:
            yield from telling.of_way(way, bound, outline, skin)


def _too_old(
    outline: Outline, skin: Skin, wanted: Iterable[bounds.Need], ways: Ways
) -> Iterator[Reason]:
    """Find what would no longer be valid by any of several sessions that could renew it."""
    for need in wanted:
        if len(need.by) > 1 and not any(_serves(ways, need.later, at, gap) for at, gap in need.by):
            at, gap = need.by[-1]
            way = ways[at][need.later]
            if way is not None and gap.most is not None:
                yield from telling.of_way(way, bounds.until(need, at, gap.most), outline, skin)


def _serves(ways: Ways, later: int, at: int, gap: Gap) -> bool:
    way = ways[at][later]
    return gap.most is None or way is None or way.length <= gap.most


def _without(outline: Outline, skin: Skin) -> Iterator[Reason]:
    """Note what a session needs and no earlier step brings: the patient may have it already."""
    for need in bounds.needs(outline, skin):
        if not need.by:
            sitting = outline.sittings[need.later]
            yield from (telling.of_lack(reason, sitting, skin) for reason in need.fired)


def _too_many(outline: Outline, skin: Skin) -> Iterator[Reason]:
    """Note that a course has more sessions for its indication than is usual."""
    found = bounds.one_too_many(outline, skin)
    if found is not None:
        sitting, fired = found
        yield from (telling.of_count(reason, sitting, skin) for reason in fired)

"""What binds the sessions of a template to one another: its own lags, and the protocol's rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from plans.core.course import DAY_MINUTES, Unit
from plans.core.ruling import Kind
from plans.templates.network import Bound
from plans.templates.skin import COUNTS, IDLE, NEEDS, REACH, Gap, Skin
from plans.templates.values import Between, Outline, Sitting
from scheduling.core.words import Reason

HOUR = 60
"""Minutes by which a day may be shorter or longer where the clocks change."""


def of_lags(outline: Outline, unit: Unit) -> Iterator[Bound]:
    """Give the template's own bounds in days or in minutes, and that its sessions are in order.

    A lag in the other unit is read as weakly as any clinic's hours could make it.
    """
    for one, two in pairwise(range(len(outline.sittings))):
        yield Bound(first=one, then=two, least=0)
    for lag in outline.lags:
        least, most = _read(lag, unit)
        yield Bound(first=lag.earlier, then=lag.later, least=least)
        if most is not None:
            yield Bound(first=lag.later, then=lag.earlier, least=-most)


def _read(lag: Between, unit: Unit) -> tuple[int, int | None]:
    if lag.unit is unit:
        return lag.least, lag.most
    if unit is Unit.DAYS:
        least = max(0, (lag.least - HOUR) // DAY_MINUTES)
        return least, None if lag.most is None else -(-(lag.most + HOUR) // DAY_MINUTES)
    least = max(0, (lag.least - 1) * DAY_MINUTES - HOUR)
    # From the end date of the earlier one: its own length, a day at most, comes on top.
    return least, None if lag.most is None else (lag.most + 2) * DAY_MINUTES + HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A rule that wants something first, and the earlier sessions that could be it, how far off."""

    later: int
    code: str
    by: tuple[tuple[int, Gap], ...]
    fired: tuple[Reason, ...]


def of_rules(outline: Outline, skin: Skin) -> Iterator[Bound]:
    """Give what the rules between sessions ask for, each pair with all between them packed close.

    So a cap on how many fall in some days binds the first and the last of too many. What shorter
    bounds add up to is not said again.
    """
    codes, count = skin.codes(), len(outline.sittings)
    known: dict[tuple[int, int], int] = {}
    for span in range(1, count):
        for first in range(count - span):
            then = first + span
            # In minutes only the two ends say something that days do not.
            run = tuple(range(first, then + 1)) if skin.unit is Unit.DAYS else (first, then)
            gaps = skin.packing([outline.sittings[at].kind for at in run], codes)
            added = max((known[first, at] + known[at, then] for at in run[1:-1]), default=0)
            known[first, then] = max(added, gaps[-1] if gaps else 0)
            if known[first, then] > added:
                yield Bound(first=first, then=then, least=gaps[-1], run=run, codes=codes)
    yield from _of_pauses(outline, skin)


def _of_pauses(outline: Outline, skin: Skin) -> Iterator[Bound]:
    """Give the rules by which a pause may not be too long: from the last session they count from."""
    for code in sorted(skin.codes(IDLE)):
        codes = frozenset({code})
        for later, sitting in enumerate(outline.sittings):
            for first in reversed(range(later)):
                found = _alone_after(skin, outline.sittings[first], sitting, codes)
                if found is not None and found.most is not None:
                    yield Bound(
                        first=later, then=first, least=-found.most, run=(first, later), codes=codes
                    )
                    break


def _alone_after(skin: Skin, first: Sitting, then: Sitting, codes: frozenset[str]) -> Gap | None:
    return _gap(skin, first.kind, then.kind, codes)


@lru_cache(maxsize=8192)
def _gap(skin: Skin, first: Kind, then: Kind, codes: frozenset[str]) -> Gap | None:
    return skin.gap(then, skin.placed((first,), (0,)), codes)


def needs(outline: Outline, skin: Skin) -> list[Need]:
    """List what each session needs first, and which earlier sessions of the course could be it."""
    found = []
    for code in sorted(skin.codes(NEEDS)):
        codes = frozenset({code})
        for later, sitting in enumerate(outline.sittings):
            if fired := _lacks(skin, sitting.kind, codes):
                gaps = (
                    (at, _alone_after(skin, outline.sittings[at], sitting, codes))
                    for at in range(later)
                )
                by = tuple((at, gap) for at, gap in gaps if gap is not None)
                found.append(Need(later=later, code=code, by=by, fired=fired))
    return found


@lru_cache(maxsize=8192)
def _lacks(skin: Skin, kind: Kind, codes: frozenset[str]) -> tuple[Reason, ...]:
    return skin.against(kind, (), codes, 0)


def of_needs(found: Sequence[Need]) -> Iterator[Bound]:
    """Give the bounds of what can be met by one session only; a choice of several binds none."""
    for need in found:
        if len(need.by) != 1:
            continue
        ((at, gap),) = need.by
        codes = frozenset({need.code})
        run = (at, need.later)
        yield Bound(first=at, then=need.later, least=gap.least, run=run, codes=codes)
        if gap.most is not None:
            yield until(need, at, gap.most)


def until(need: Need, at: int, most: int) -> Bound:
    """Give the bound by which a session comes before what it needs is no longer valid."""
    run, codes = (at, need.later), frozenset({need.code})
    return Bound(first=need.later, then=at, least=-most, run=run, codes=codes)


def never_after(skin: Skin, first: Sitting, then: Sitting, codes: frozenset[str]) -> bool:
    """Tell whether a session may not come after another, however long one waits."""
    return _alone_after(skin, first, then, codes) is None


def why_never(
    skin: Skin, first: Sitting, then: Sitting, codes: frozenset[str]
) -> tuple[Reason, ...]:
    """Answer the rules by which it may not."""
    return skin.against(then.kind, skin.placed((first.kind,), (0,)), codes, REACH // 2)


def one_too_many(outline: Outline, skin: Skin) -> tuple[Sitting, tuple[Reason, ...]] | None:
    """Find the last session that is more than the protocol counts on, and the rules that say so."""
    codes, sittings = skin.codes(COUNTS), outline.sittings
    for at in reversed(range(1, len(sittings))):
        before = skin.placed([sitting.kind for sitting in sittings[:at]], range(at))
        if fired := skin.against(sittings[at].kind, before, codes, at):
            return sittings[at], fired
    return None

"""A set of time as one integer: bit ``i`` is the 5-minute quantum ``q0 + i`` of the Unix epoch.

Union, intersection and difference are ``|``, ``&`` and ``& ~``; a timeline is never negative and
has no bit at or beyond the length of its window. Quanta are counted from 1970-01-01T00:00Z, so a
timeline knows no zone; `scheduling.core.hours` does. Method and figures: docs/benchmarks.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from struct import iter_unpack
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scheduling.core.words import Span

QUANTUM = timedelta(minutes=5)
SECONDS = 300
"""Length of a quantum in seconds."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TOGETHER = 16
"""Keys unpacked at once: large enough to share numpy's calls, small enough that the allocator
reuses the scratch paper instead of asking the kernel for it every time (measured, 2x)."""

_FEW = 40
"""Spans that are faster added one by one than by numpy's calls, some 2 microseconds each."""

Timeline: TypeAlias = int
Indexes: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The stretch of quanta, ``[q0, q1)``, that the bits of a timeline stand for.

    Raises:
        ValueError: the window ends before it starts.

    """

    q0: int
    q1: int

    def __post_init__(self) -> None:
        """Refuse a reversed window; an empty one is a set of nothing."""
        if self.q0 > self.q1:
            raise ValueError("a window does not end before it starts")

    @property
    def length(self) -> int:
        """Number of quanta."""
        return self.q1 - self.q0

    @property
    def full(self) -> Timeline:
        """The whole window as a timeline."""
        return (1 << self.length) - 1

    def between(self, start_q: int, end_q: int) -> Timeline:
        """Return the quanta ``[start_q, end_q)`` that lie in the window; none when reversed."""
        low = max(start_q, self.q0)
        high = min(end_q, self.q1)
        return ((1 << (high - low)) - 1) << (low - self.q0) if low < high else 0

    def holds(self, quantum: int) -> bool:
        """Tell whether the quantum lies in the window."""
        return self.q0 <= quantum < self.q1

    def has(self, line: Timeline, quantum: int) -> bool:
        """Tell whether the timeline holds the quantum; False outside of the window."""
        return self.holds(quantum) and bool(line >> (quantum - self.q0) & 1)


def floor_q(moment: datetime) -> int:
    """Return the quantum that holds an aware instant."""
    return (moment - EPOCH) // QUANTUM


def ceil_q(moment: datetime) -> int:
    """Return the first quantum that starts at or after an aware instant."""
    return -((EPOCH - moment) // QUANTUM)


def instant(quantum: int) -> datetime:
    """Return the UTC instant at which a quantum starts."""
    return EPOCH + quantum * QUANTUM


def busy(spans: Iterable[Span], window: Window) -> Timeline:
    """Return what the spans touch: an end off the grid takes its whole quantum with it."""
    return covered(((floor_q(span.start), ceil_q(span.end)) for span in spans), window)


def opened(spans: Iterable[Span], window: Window) -> Timeline:
    """Return what the spans hold entirely: a quantum that is open in part is not open."""
    return covered(((ceil_q(span.start), floor_q(span.end)) for span in spans), window)


def covered(pairs: Iterable[tuple[int, int]], window: Window) -> Timeline:
    """Return the union of ``[start_q, end_q)`` pairs, cut to the window; empty pairs add nothing."""
    line = 0
    for start_q, end_q in pairs:
        line |= window.between(start_q, end_q)
    return line


def unpacked(packed: bytes, window: Window) -> Timeline:
    """Return the union of spans packed as PostgreSQL's ``int4send(start_q) || int4send(end_q)``.

    Spans may be in any order, may overlap and may reach out of the window.

    Raises:
        ValueError: the bytes are cut short, or a span does not end after it starts.

    """
    return unpacked_each({0: packed}, window)[0]


def unpacked_each(packed: Mapping[int, bytes], window: Window) -> dict[int, Timeline]:
    """Return `unpacked` for each key, at some 20 nanoseconds a span.

    Spans in order that do not overlap are the sum of ``2**end - 2**start``: one scatter of the
    ends, one of the starts and one subtraction a key, whatever the number of spans. The exclusion
    constraint on allocations gives that; where spans overlap after all, they are counted.

    Raises:
        ValueError: the bytes are cut short, or a span does not end after it starts.

    """
    lines: dict[int, Timeline] = {}
    keys = list(packed)
    for at in range(0, len(keys), _TOGETHER):
        some = keys[at : at + _TOGETHER]
        if any(len(packed[key]) % 8 for key in some):
            raise ValueError("a busy span is cut short")
        lines |= zip(some, _scattered([packed[key] for key in some], window), strict=True)
    return lines


def _scattered(raws: Sequence[bytes], window: Window) -> list[Timeline]:
    """Return the union of each row of spans; rows lie side by side, a byte and more apart."""
    if sum(map(len, raws)) <= _FEW * 8:
        return [_added(raw, window) for raw in raws]
    edges = np.frombuffer(b"".join(raws), dtype=">i4").astype(np.int64) - window.q0
    starts, ends = edges[::2], edges[1::2]
    if np.any(starts >= ends):
        raise ValueError("a busy span does not end after it starts")
    width = window.length // 8 * 8 + 8
    offsets = np.repeat(np.arange(len(raws)) * width, [len(raw) // 8 for raw in raws])
    inside = (ends > 0) & (starts < window.length)
    starts = (np.maximum(starts, 0) + offsets)[inside]
    ends = (np.minimum(ends, window.length) + offsets)[inside]
    size = len(raws) * width
    if np.any(starts[1:] < ends[:-1]):
        return _lines(_counted(starts, ends, size), width)
    low, high = np.zeros(size, dtype=np.uint8), np.zeros(size, dtype=np.uint8)
    low[starts] = 1
    high[ends] = 1
    return [
        last - first for last, first in zip(_lines(high, width), _lines(low, width), strict=True)
    ]


def _added(raw: bytes, window: Window) -> Timeline:
    """Return the union of a row of few spans."""
    pairs = list(iter_unpack(">ii", raw))
    if any(start >= end for start, end in pairs):
        raise ValueError("a busy span does not end after it starts")
    return covered(pairs, window)


def _counted(starts: Indexes, ends: Indexes, size: int) -> NDArray[np.uint8]:
    """Return the union of spans that overlap or come in no order, a byte for each bit."""
    change = np.zeros(size, dtype=np.int64)
    np.add.at(change, starts, 1)
    np.subtract.at(change, ends, 1)
    return (np.cumsum(change) > 0).astype(np.uint8)


def _lines(marks: NDArray[np.uint8], width: int) -> list[Timeline]:
    """Read a timeline from each row of `width` bytes that are 0 or 1."""
    raw = np.packbits(marks, bitorder="little").tobytes()
    step = width // 8
    return [int.from_bytes(raw[at : at + step], "little") for at in range(0, len(raw), step)]


def complement(line: Timeline, window: Window) -> Timeline:
    """Return what the window holds and the timeline does not."""
    return window.full & ~line


def shifted(line: Timeline, by: int, window: Window) -> Timeline:
    """Return the timeline moved later by a number of quanta (earlier when negative).

    What leaves the window is lost.
    """
    if by <= 0:
        return line >> -by
    return (line << by) & window.full


def runs_of(line: Timeline, count: int) -> Timeline:
    """Return the quanta at which `count` quanta in a row begin, by doubling shifts.

    Raises:
        ValueError: the count is less than 1.

    """
    if count < 1:
        raise ValueError("a run has at least one quantum")
    have = 1
    while have < count and line:
        step = min(have, count - have)
        line &= line >> step
        have += step
    return line


def bits(line: Timeline) -> Indexes:
    """Return the indexes of the set bits, ascending; add the window's q0 to get quanta."""
    raw = line.to_bytes(-(-line.bit_length() // 8), "little")
    return np.flatnonzero(np.unpackbits(np.frombuffer(raw, dtype=np.uint8), bitorder="little"))


def spans(line: Timeline, window: Window) -> list[tuple[int, int]]:
    """Return the runs as ascending ``[start_q, end_q)`` pairs of quanta that do not touch."""
    edges = (bits(line ^ (line << 1)) + window.q0).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))

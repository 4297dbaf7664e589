"""A set of time as one integer: bit ``i`` is the 5-minute quantum ``q0 + i`` of the Unix epoch.

Union, intersection and difference are ``|``, ``&`` and ``& ~``; a timeline is never negative and
has no bit at or beyond the length of its window. Quanta are counted from 1970-01-01T00:00Z, so a
timeline knows no zone; `scheduling.core.hours` does. Method and figures: docs/benchmarks.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from scheduling.core.words import Span

QUANTUM = timedelta(minutes=5)
SECONDS = 300
"""Length of a quantum in seconds."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

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
    """Return `unpacked` for each key, at a few microseconds a key.

    Spans in order that do not overlap are the sum of ``2**end - 2**start``: one scatter of the
    ends, one of the starts and one subtraction, whatever their number. The exclusion constraint
    on allocations gives that; spans that do overlap are counted instead.

    Raises:
        ValueError: the bytes are cut short, or a span does not end after it starts.

    """
    marks = np.zeros((2, window.length + 1), dtype=np.uint8)
    return {key: _unpacked(raw, window, marks) for key, raw in packed.items()}


def _unpacked(raw: bytes, window: Window, marks: NDArray[np.uint8]) -> Timeline:
    """Return one key's union; `marks` is scratch paper of two rows, a column per bit and one."""
    edges = np.frombuffer(raw, dtype=">i4").astype(np.int64) - window.q0
    starts, ends = edges[::2], edges[1::2]
    if len(starts) != len(ends) or np.any(starts >= ends):
        raise ValueError("a busy span is cut short or does not end after it starts")
    if np.any(starts[1:] < ends[:-1]):
        return _counted(starts, ends, window)
    first = int(np.searchsorted(ends, 0, side="right"))
    past = int(np.searchsorted(starts, window.length, side="left"))
    if first >= past:
        return 0
    edges = edges[2 * first : 2 * past]
    edges[0] = max(edges[0], 0)
    edges[-1] = min(edges[-1], window.length)
    marks.fill(0)
    marks[0, edges[::2]] = 1
    marks[1, edges[1::2]] = 1
    low, high = np.packbits(marks, axis=1, bitorder="little")
    return int.from_bytes(high.tobytes(), "little") - int.from_bytes(low.tobytes(), "little")


def _counted(starts: Indexes, ends: Indexes, window: Window) -> Timeline:
    """Return the union of spans that overlap or come in no order."""
    change = np.zeros(window.length + 1, dtype=np.int64)
    np.add.at(change, np.clip(starts, 0, window.length), 1)
    np.subtract.at(change, np.clip(ends, 0, window.length), 1)
    held = np.cumsum(change) > 0
    return int.from_bytes(np.packbits(held, bitorder="little").tobytes(), "little")


def complement(line: Timeline, window: Window) -> Timeline:
    """Return what the window holds and the timeline does not."""
    return window.full & ~line


def shifted(line: Timeline, by: int, window: Window) -> Timeline:
    """Return the timeline moved later by a number of quanta (earlier when negative).

    What leaves the window is lost.
    """
    return (line << by) & window.full if by >= 0 else line >> -by


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

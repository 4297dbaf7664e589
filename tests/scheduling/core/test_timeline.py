import struct
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.core import timeline
from scheduling.core.timeline import EPOCH, Window
from scheduling.core.words import Span

WINDOW = Window(1000, 1200)

near = st.integers(min_value=960, max_value=1240)
pairs = st.lists(
    st.tuples(near, st.integers(min_value=1, max_value=60)).map(lambda p: (p[0], p[0] + p[1]))
)
lines = st.integers(min_value=0, max_value=WINDOW.full)


def model(spans: list[tuple[int, int]]) -> set[int]:
    return {q for start, end in spans for q in range(start, end) if WINDOW.holds(q)}


def quanta(line: int) -> set[int]:
    return {WINDOW.q0 + index for index in timeline.bits(line).tolist()}


def packed(spans: list[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack(">ii", *span) for span in spans)


def apart(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if not kept or kept[-1][1] <= start:
            kept.append((start, end))
    return kept


@given(pairs)
def test_covered_holds_the_union_of_the_pairs(spans):
    assert quanta(timeline.covered(spans, WINDOW)) == model(spans)


@given(pairs)
def test_unpacked_holds_the_union_in_any_order_and_overlapping(spans):
    assert quanta(timeline.unpacked(packed(spans), WINDOW)) == model(spans)


@given(st.lists(pairs, max_size=4))
def test_unpacked_each_keeps_the_keys_apart(many):
    rows = {key: packed(apart(spans)) for key, spans in enumerate(many)}

    found = timeline.unpacked_each(rows, WINDOW)

    assert {key: quanta(line) for key, line in found.items()} == {
        key: model(apart(spans)) for key, spans in enumerate(many)
    }


@pytest.mark.parametrize(
    "raw",
    [packed([(1000, 1010)])[:-1], packed([(1000, 1010)])[:-4], packed([(1010, 1010)])],
    ids=["cut in a number", "cut in a pair", "empty span"],
)
def test_unpacked_refuses_what_is_no_span(raw):
    with pytest.raises(ValueError):  # noqa: PT011 - numpy's own words for the first
        timeline.unpacked(raw, WINDOW)


@given(lines)
def test_bits_and_spans_say_the_same(line):
    spans = timeline.spans(line, WINDOW)

    assert timeline.covered(spans, WINDOW) == line
    assert all(before[1] < after[0] for before, after in pairwise(spans))


@given(lines, st.integers(min_value=1, max_value=220))
def test_runs_of_begin_where_that_many_follow_each_other(line, count):
    held = quanta(line)

    assert quanta(timeline.runs_of(line, count)) == {
        q for q in held if all(q + step in held for step in range(count))
    }


def test_runs_of_refuses_a_run_of_nothing():
    with pytest.raises(ValueError, match="at least one"):
        timeline.runs_of(1, 0)


@given(lines, st.integers(min_value=-230, max_value=230))
def test_shifted_moves_each_quantum_and_drops_what_leaves(line, by):
    assert quanta(timeline.shifted(line, by, WINDOW)) == {
        q + by for q in quanta(line) if WINDOW.holds(q + by)
    }


@given(lines)
def test_complement_is_the_rest_of_the_window(line):
    rest = timeline.complement(line, WINDOW)

    assert rest & line == 0
    assert rest | line == WINDOW.full


@given(near, near)
def test_between_is_cut_to_the_window(start, end):
    assert quanta(WINDOW.between(start, end)) == model([(start, end)])


@given(lines, near)
def test_has_agrees_with_the_set(line, quantum):
    assert WINDOW.has(line, quantum) == (quantum in quanta(line))


def test_a_reversed_window_cannot_exist():
    with pytest.raises(ValueError, match="before it starts"):
        Window(2, 1)


@given(st.datetimes(min_value=datetime(1960, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001
def test_floor_and_ceil_meet_only_on_the_grid(wall):
    moment = wall.replace(tzinfo=UTC)
    low, high = timeline.floor_q(moment), timeline.ceil_q(moment)

    assert timeline.instant(low) <= moment <= timeline.instant(high)
    assert high - low == (0 if timeline.instant(low) == moment else 1)


def test_floor_reads_an_instant_in_any_zone():
    moment = datetime(2027, 7, 1, 10, 4, tzinfo=ZoneInfo("Asia/Kathmandu"))

    assert timeline.instant(timeline.floor_q(moment)) == datetime(2027, 7, 1, 4, 15, tzinfo=UTC)


minutes = st.integers(min_value=980 * 5, max_value=1220 * 5)


@given(st.lists(st.tuples(minutes, st.integers(min_value=1, max_value=90))))
def test_spans_off_the_grid_round_against_the_booker(rough):
    spans = [
        Span(EPOCH + timedelta(minutes=start), EPOCH + timedelta(minutes=start + length))
        for start, length in rough
    ]
    touched = {
        q
        for start, length in rough
        for q in range(start // 5, -(-(start + length) // 5))
        if WINDOW.holds(q)
    }
    whole = {
        q
        for start, length in rough
        for q in range(-(-start // 5), (start + length) // 5)
        if WINDOW.holds(q)
    }

    assert quanta(timeline.busy(spans, WINDOW)) == touched
    assert quanta(timeline.opened(spans, WINDOW)) == whole

"""Segments as the networks count them: 72 vectors agreed by other people's programs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.core.sms import CostClass, Encoding, Replaced, Size, measure, plain
from tests import facts

FACTS = facts.read("sms_segments.json")
VECTORS = [
    pytest.param(v.get("text") or v.get("repeat") or "", v, id=f"{group}{n}")
    for group in "AB"
    for n, v in enumerate(FACTS[group])
]


@pytest.mark.parametrize(("text", "vector"), VECTORS)
def test_measure_agrees_with_the_shared_vectors(text: str, vector: dict[str, object]) -> None:
    size = measure(text)
    units = vector.get("units", size.units)
    assert (size.encoding, size.segments, size.units) == (
        vector["encoding"],
        vector["segments"],
        units,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Size(Encoding.GSM7, 0, 0), id="empty"),
        pytest.param("a" * 160, Size(Encoding.GSM7, 160, 1), id="one full"),
        pytest.param("a" * 161, Size(Encoding.GSM7, 161, 2), id="one more"),
        pytest.param("a" * 152 + "€" + "a" * 20, Size(Encoding.GSM7, 174, 2), id="euro kept whole"),
        pytest.param("a" * 152 + "€" * 77, Size(Encoding.GSM7, 306, 3), id="euro moves on"),
        pytest.param("á" * 70, Size(Encoding.UCS2, 70, 1), id="a with acute"),
        pytest.param("я" * 66 + "😀" * 34, Size(Encoding.UCS2, 134, 3), id="pairs kept whole"),
    ],
)
def test_measure_counts_parts(text: str, expected: Size) -> None:
    assert measure(text) == expected


@given(st.text(max_size=400))
def test_measure_never_packs_more_than_fits(text: str) -> None:
    size = measure(text)
    room = size.encoding.single if size.segments <= 1 else size.encoding.joined * size.segments
    assert size.units <= room


@pytest.mark.parametrize(
    ("length", "cost"),
    [(0, CostClass.NOTHING), (160, CostClass.ONE), (306, CostClass.SEVERAL), (307, "too long")],
)
def test_cost_is_classed_by_segments(length: int, cost: str) -> None:
    assert measure("a" * length).cost() == cost


def test_plain_swaps_typography_and_lists_it() -> None:
    assert plain("It\u2019s 10\u201311\u00a0am\u2026 \u2018now\u2019") == (
        "It's 10-11 am... 'now'",
        (
            Replaced("\u2019", "'", 2),
            Replaced("\u2013", "-", 1),
            Replaced("\u00a0", " ", 1),
            Replaced("\u2026", "...", 1),
            Replaced("\u2018", "'", 1),
        ),
    )


def test_plain_leaves_letters_alone() -> None:
    assert plain("María Ñíguez, Glow Láser, ç") == ("María Ñíguez, Glow Láser, ç", ())


def test_plain_text_is_gsm7_after_the_swap() -> None:
    assert (
        measure(plain("\u201cDon\u2019t be late\u201d \u2014 10:00\u2026")[0]).encoding
        is Encoding.GSM7
    )


def test_a_character_that_cannot_be_seen_is_named() -> None:
    _, swapped = plain("10\u00a0am\u200e \u2019")
    assert [str(r) for r in swapped] == [
        "no-break space \u2192 space",
        "left-to-right mark \u2192 nothing",
        "\u2019 \u2192 '",
    ]

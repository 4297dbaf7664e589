from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from scheduling import panels


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panels, "_panels", {place: {} for place in panels.PLACES})
    monkeypatch.setattr(panels, "_marks", {})


def first(subject: Any, context: Mapping[str, Any]) -> str:
    return f"first {subject}"


def second(subject: Any, context: Mapping[str, Any]) -> str:
    return "second"


def nothing(subject: Any, context: Mapping[str, Any]) -> str:
    return ""


def sent(visits: Sequence[Any]) -> dict[int, str]:
    return {pk: "sent" for pk in visits if pk % 2}


def planned(visits: Sequence[Any]) -> dict[int, str]:
    return dict.fromkeys(visits, "planned")


def test_panels_are_drawn_in_order_and_once_and_empty_ones_left_out() -> None:
    for order, render in ((20, second), (10, first), (10, first), (5, nothing)):
        panels.add("patient", order, render)
    assert panels.drawn("patient", "Ada", {}) == ["first Ada", "second"]
    assert panels.drawn("appointment", "Ada", {}) == []


def test_panels_know_their_places() -> None:
    with pytest.raises(ValueError, match="no page has the place"):
        panels.add("ceiling", 1, first)


def test_marks_are_gathered_by_visit_in_order() -> None:
    panels.add_marks(20, planned)
    panels.add_marks(10, sent)
    panels.add_marks(10, sent)
    assert panels.marks([1, 2]) == {1: ["sent", "planned"], 2: ["planned"]}

"""What the shipped protocol asks between two sessions, as the engine itself says it."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from plans.core.ruling import Between, Kind, Law, between
from scheduling.core import rules
from scheduling.core.protocol import shipped
from scheduling.core.rules import Chart

ON = date(2027, 1, 4)
LAW = Law(
    protocol=shipped(), profiles=frozenset({"england"}), born=date(1985, 4, 12), fitzpatrick=2
)
LASERS = ("fractional_ablative", "ablative_co2", "ipl", "excimer_308", "fractional_nonablative")


def kind(procedure: str, size: str = "face", **facts: object) -> Kind:
    whole: dict[str, object] = {
        "minutes": 45, "areas": frozenset({"face"}), "size": size, "depth": "superficial",
    }  # fmt: skip
    return Kind(procedure=procedure, **{**whole, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "then", "expected"),
    [
        pytest.param("fractional_ablative", "fractional_ablative", Between(days=56, code="LIT-INTERVAL"), id="interval"),
        pytest.param("fractional_ablative", "filler", Between(days=14, code="SEED-RECOVERY"), id="recovery"),
        pytest.param("consultation", "fractional_ablative", Between(), id="a booked consultation counts"),
        pytest.param("patch_test", "ipl", Between(minutes=2925, code="LIT-PATCH"), id="48 hours after the test's end"),
        pytest.param("filler", "review", Between(), id="reviews wait for nothing"),
        pytest.param("consultation", "facelift", Between(days=14, code="JUR-UK-SURGERY-COOLING"), id="cooling off"),
    ],
)  # fmt: skip
def test_between(first: str, then: str, expected: Between) -> None:
    assert between(kind(first), kind(then), LAW, ON) == expected


def test_what_may_never_follow_says_by_which_rule() -> None:
    found = between(kind("filler"), kind("fractional_ablative"), LAW, ON)
    assert [reason.code for reason in found.never] == ["SEED-ORDER-RF"]


def test_other_skin_asks_for_nothing() -> None:
    back = kind("filler", areas=frozenset({"back"}))
    assert between(kind("fractional_ablative"), back, LAW, ON) == Between()


@pytest.mark.parametrize("first", LASERS)
@pytest.mark.parametrize("then", [*LASERS, "filler", "botulinum_toxin", "peel_superficial"])
@pytest.mark.parametrize("size", ["small", "face", "large"])
def test_a_day_less_is_refused_and_the_day_itself_is_not(first: str, then: str, size: str) -> None:
    """Hold the figure against the judge on another date of the year."""
    one, two = kind(first, size), kind(then, size)
    found = between(one, two, LAW, ON)
    if found.never or not found.days:
        return
    noon = datetime.combine(date(2027, 9, 14), time(12), UTC)
    done = one.at("first", noon, 1)
    told = {}
    for gap in (found.days - 1, found.days):
        asked = two.at("then", noon + timedelta(days=gap), 2)
        verdict = rules.judge(
            asked, Chart(born=LAW.born, fitzpatrick=2, visits=(done,)), LAW.protocol, now=noon
        )
        told[gap] = {
            fired.reason.code
            for fired in verdict.fired
            if fired.other == "first" and fired.reason.severity != "advisory"
        }
    assert found.code in told[found.days - 1]
    assert told[found.days] == set()

"""How long a sender rests: longer each time, never for ever, and as the provider asks."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications.core.resting import LONGEST, Trouble, rest
from notifications.providers import delay_of

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)


@pytest.mark.parametrize("trouble", Trouble)
def test_a_rest_doubles_up_to_its_cap(trouble: Trouble) -> None:
    rests = [rest(trouble, trips=n) for n in range(1, 12)]
    assert rests == sorted(rests)
    assert rests[1] == min(2 * rests[0], rests[-1])
    assert rests[-1] == rests[-2] <= timedelta(minutes=15)


@pytest.mark.parametrize(
    ("asked", "given"),
    [(0, 1), (7, 7), (600, 600), (86_400, LONGEST.total_seconds())],
)
def test_what_the_provider_asks_for_goes_first(asked: int, given: float) -> None:
    found = rest(Trouble.PACE, trips=5, retry_after=timedelta(seconds=asked))
    assert found.total_seconds() == given


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 5 ", 5),
        ("Mon, 04 Jan 2027 08:02:00 GMT", 120),
        ("Mon, 04 Jan 2027 07:02:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("9" * 40, 10**6),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: int | None) -> None:
    found = delay_of(value, at=NOW)
    assert (found.total_seconds() if found is not None else None) == seconds

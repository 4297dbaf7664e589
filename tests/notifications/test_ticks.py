"""Any tick may be lost, doubled or late: what is sent, and how often, stays the same."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest

from notifications.models import Message
from notifications.providers import OutcomeUnknown, ProviderDown, SendFailed
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier, House

pytestmark = pytest.mark.django_db

QUARTERS = 4 * 24 * 15
"""Quarters of an hour until the day after the last visit."""

Ticks = list[int]


def every(rng: random.Random) -> Ticks:
    return list(range(0, QUARTERS, 2))


def doubled(rng: random.Random) -> Ticks:
    return sorted(2 * every(rng))


def lost(rng: random.Random) -> Ticks:
    """Lose two thirds of the ticks, an hour and a half of them in a row now and then."""
    return [n for n in every(rng) if rng.random() < 1 / 3] + [QUARTERS]


def late(rng: random.Random) -> Ticks:
    """Let ticks come up to an hour after the clock they read."""
    return [max(0, n - rng.randrange(5)) for n in every(rng)] + [QUARTERS]


@pytest.mark.parametrize("ticks", [every, doubled, lost, late])
def test_ticks_lost_doubled_or_late_change_nothing(ticks: Callable[[random.Random], Ticks]) -> None:
    at = stage.house()
    both = [at, House(at.site, at.treatment, cast.patient("Bo", "Ash", phone="+447700900777"))]
    for n, mine in enumerate(both):
        stage.booked(mine, DAYS_14 - timedelta(days=4 * n))
    carrier = Carrier(errors=trouble(), knows={})
    for quarter in ticks(random.Random(7)):  # noqa: S311 - a fixed seed
        stage.sweep(carrier, NOW + timedelta(minutes=15 * quarter))
    taken = Counter((x.to, x.kind, x.channel, x.ref) for x in carrier.sent)
    assert set(taken.values()) == {1}
    assert Counter((kind, channel) for _, kind, channel, _ in taken) == {
        ("booked", "email"): 2,
        ("booked", "sms"): 2,
        ("reminder", "email"): 2,
        ("reminder", "sms"): 4,
    }
    assert not Message.objects.filter(open=True).exists()


def trouble() -> list[Exception | None]:
    """Fail in three ways at the beginning, one of each."""
    return [
        SendFailed("451 later", permanent=False),
        ProviderDown("no connection"),
        OutcomeUnknown("timed out"),
    ]

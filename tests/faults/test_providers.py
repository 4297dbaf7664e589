"""Providers that fail in every way they can; each way for so many messages, then all is well."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifications.models import Breaker
from scheduling.models import Todo
from tests.faults import guards, invariants
from tests.faults.crowd import NOW, Scene
from tests.faults.stub import OK, PATIENT, TIMEOUT

BATCH = 10
TEXTS = (
    "400 21211",  # not a number
    "400 21610",  # said STOP
    "400 21606",  # the sender is wrong
    "400 30003",  # out of reach
    "400 99999",  # a code that nobody has listed
    "404 20404",
    "401 20003",
    "403",
    "429 20429",
    "500 20500",
    "503",
    "timeout before",
    "timeout after",
    "reset before",
    "reset after",
    "slow",
    "garbage before",
    "garbage after",
)
LETTERS = (
    "rcpt 550",
    "rcpt 451",
    "rcpt 421",
    "data 451",
    "data 554",
    "data drop",
    "dot 451",
    "dot 554",
    "timeout before",
    "timeout after",
    "reset before",
    "reset after",
    "slow",
    "garbage before",
    "garbage after",
)


@pytest.mark.parametrize("mode", TEXTS)
def test_a_text_whose_first_call_fails(
    scene: Scene, times: Callable[[int], int], mode: str
) -> None:
    fail_first(scene, mode, times(100), email="")


@pytest.mark.parametrize("mode", LETTERS)
def test_a_letter_whose_first_call_fails(
    scene: Scene, times: Callable[[int], int], mode: str
) -> None:
    fail_first(scene, mode, times(100), phone="")


def fail_first(scene: Scene, mode: str, size: int, **facts: str) -> None:
    """Let the first call for each address fail in one way, and every later one go well.

    Ten at a time, from the same morning on: a hundred would last into the night, for a provider
    that fails every try is tried once in ten minutes.
    """
    due, asked = 0, Todo.objects.values_list("appointment_id", flat=True)
    for _ in range(size // BATCH):
        scene.truth.clock.now = NOW
        scene.truth.plan = lambda _to, attempt: mode if attempt == 1 else OK
        scene.timeout = TIMEOUT if mode.startswith("timeout") else PATIENT
        visits = scene.crowd(BATCH, **facts)
        due += BATCH
        horizon = scene.come_to_rest()
        assert invariants.sent_twice(scene.truth) == []
        assert invariants.unaccounted(scene.truth, horizon, due) == []
        told = {m.appointment_id for _, m in invariants.rows_of(scene.truth)}
        assert {v.pk for v in visits} <= told | set(asked.all())
        opens_with_the_next(scene, facts)
        due += 1


def opens_with_the_next(scene: Scene, facts: dict[str, str]) -> None:
    """See that the next message goes, and that no sender rests any longer."""
    before = len(scene.truth.taken)
    scene.truth.plan = lambda *_: OK
    scene.timeout = PATIENT
    scene.crowd(1, **facts)
    scene.come_to_rest()
    assert len(scene.truth.taken) == before + 1
    assert not Breaker.objects.filter(since__isnull=False).exists()


def test_an_account_that_is_refused_costs_each_message_no_attempt(
    scene: Scene, times: Callable[[int], int]
) -> None:
    """For two hours nobody is let in; then all that is still of use goes, once."""
    size = times(100)
    clock, opens = scene.truth.clock, scene.truth.clock.now.replace(hour=10)
    scene.truth.plan = lambda *_: "401 20003" if clock.now < opens else OK
    scene.crowd(size, email="")
    horizon = scene.come_to_rest()
    assert sum(scene.truth.knocks.values()) <= size + 20
    assert invariants.sent_twice(scene.truth) == []
    assert invariants.unaccounted(scene.truth, horizon, size) == []
    assert len(scene.truth.taken) == size


def knocks_at_a_closed_door(scene: Scene) -> int:
    """Sweep every half minute for a quarter of an hour while nobody is let in; count the knocks."""
    scene.truth.plan = lambda *_: "401 20003"
    scene.crowd(40, email="")
    for _ in range(30):
        scene.sweep()
        scene.truth.clock.now += timedelta(seconds=31)
    return sum(scene.truth.knocks.values())


def test_a_closed_door_is_knocked_at_once_a_rest(scene: Scene) -> None:
    assert knocks_at_a_closed_door(scene) <= FEW


def test_without_the_breaker_everybody_knocks(scene: Scene) -> None:
    """The control: each sweep finds out anew."""
    with guards.removed(guards.BREAKER):
        assert knocks_at_a_closed_door(scene) > FEW


FEW = 8

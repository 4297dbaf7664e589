"""A bell is rung once a transaction, and only if what it tells of has committed."""

import pytest
from django.db import transaction

from scheduling.bells import ring_once

pytestmark = pytest.mark.django_db(transaction=True)

rung: list[str] = []


@pytest.fixture(autouse=True)
def _silence() -> None:
    rung.clear()


def one() -> None:
    rung.append("one")


def other() -> None:
    rung.append("other")


def broken() -> None:
    rung.append("broken")
    raise OSError


@transaction.atomic
def rung_in_vain() -> None:
    ring_once(one)
    raise LookupError


@transaction.atomic
def rung_inside_in_vain() -> None:
    with transaction.atomic():
        ring_once(one)
    raise LookupError


def test_it_rings_once_after_the_commit_however_often_it_is_asked() -> None:
    with transaction.atomic():
        for _ in range(100):
            # as verbs do: each in a savepoint of its own
            with transaction.atomic():
                ring_once(one)
            ring_once(one)
            ring_once(other)
        assert rung == []
    assert rung == ["one", "other"]


def test_a_transaction_that_rolls_back_rings_nothing() -> None:
    with pytest.raises(LookupError):
        rung_in_vain()
    assert rung == []


def test_a_savepoint_that_rolls_back_takes_only_its_own_ring_along() -> None:
    with transaction.atomic():
        with pytest.raises(LookupError):
            rung_in_vain()
        ring_once(one)
    assert rung == ["one"]


def test_rings_of_one_savepoint_go_with_it() -> None:
    with transaction.atomic():
        ring_once(other)
        with pytest.raises(LookupError):
            rung_inside_in_vain()
        with transaction.atomic():
            ring_once(one)
    assert rung == ["other", "one"]


def test_without_a_transaction_it_rings_at_once_and_one_that_fails_harms_nobody() -> None:
    ring_once(one)
    with transaction.atomic():
        ring_once(broken)
        ring_once(one)
    assert rung == ["one", "broken", "one"]

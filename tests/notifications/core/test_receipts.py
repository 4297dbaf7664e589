"""Providers' reports merged: late, twice, in any order."""

from itertools import permutations

import pytest

from notifications.core.receipts import RANKS, Merged, merge, standing_of, state_of, steps
from notifications.core.states import State
from tests import facts

STATUSES = facts.read("twilio_message_statuses.json")
OUTGOING = {s["status"]: s for s in STATUSES["statuses"] if s["direction"] == "out"}


@pytest.mark.parametrize("name", OUTGOING)
def test_every_status_has_its_rank(name: str) -> None:
    assert RANKS[name] == OUTGOING[name]["rank"]
    assert (state_of(name) is not State.ACCEPTED) == OUTGOING[name]["terminal"]


@pytest.mark.parametrize("vector", STATUSES["merge_vectors"], ids=lambda v: "-".join(v["events"]))
def test_the_merge_vectors_hold(vector: dict[str, object]) -> None:
    events = [str(e) for e in vector["events"]]  # type: ignore[attr-defined]
    if str(vector["final"]).startswith("conflict"):
        assert merge(events[0], events[1]).merged is Merged.CONFLICT
        assert standing_of(events) == events[0]
    else:
        assert standing_of(events) == vector["final"]


@pytest.mark.parametrize("last", ["delivered", "undelivered", "failed", "canceled"])
def test_no_order_changes_the_end(last: str) -> None:
    ends = {standing_of(order) for order in permutations(["queued", "sending", "sent", last])}
    assert ends == {last}


def test_repetitions_change_nothing() -> None:
    assert standing_of(["sent", "sent", "delivered", "delivered", "sent"]) == "delivered"
    assert merge("delivered", "delivered").merged is Merged.KNOWN


def test_read_follows_delivered_and_contradicts_failed() -> None:
    assert merge("delivered", "read").status == "read"
    assert merge("failed", "read").merged is Merged.CONFLICT
    assert merge("read", "undelivered").merged is Merged.CONFLICT


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        (State.SENDING, State.ACCEPTED, (State.ACCEPTED,)),
        (State.SENDING, State.DELIVERED, (State.ACCEPTED, State.DELIVERED)),
        (State.UNKNOWN, State.UNDELIVERED, (State.UNDELIVERED,)),
        (State.ACCEPTED, State.DELIVERED, (State.DELIVERED,)),
        (State.ACCEPTED, State.ACCEPTED, ()),
        (State.DELIVERED, State.UNDELIVERED, ()),
        (State.DELIVERED, State.ACCEPTED, ()),
        (State.DEAD, State.DELIVERED, ()),
        (State.PENDING, State.DELIVERED, ()),
    ],
)
def test_steps_keep_to_the_table(old: State, new: State, way: tuple[State, ...]) -> None:
    assert steps(old, new) == way

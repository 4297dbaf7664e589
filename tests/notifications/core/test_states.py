"""The life of a message: every step that is not in the table raises."""

from itertools import product

import pytest

from notifications.core.states import FINAL, TRANSITIONS, IllegalTransition, State, before, step

LEGAL = {
    ("pending", "claimed"),
    ("pending", "dropped"),
    ("claimed", "pending"),
    ("claimed", "sending"),
    ("claimed", "dropped"),
    ("sending", "accepted"),
    ("sending", "rejected"),
    ("sending", "pending"),
    ("sending", "unknown"),
    ("sending", "dead"),
    ("accepted", "delivered"),
    ("accepted", "undelivered"),
    ("unknown", "accepted"),
    ("unknown", "delivered"),
    ("unknown", "undelivered"),
    ("unknown", "rejected"),
    ("unknown", "dead"),
}


@pytest.mark.parametrize(("old", "new"), sorted(LEGAL))
def test_step_takes_every_legal_transition(old: str, new: str) -> None:
    assert step(State(old), State(new)) is State(new)


@pytest.mark.parametrize(
    ("old", "new"), sorted((o, n) for o, n in product(State, State) if (o, n) not in LEGAL)
)
def test_step_refuses_every_other_transition(old: State, new: State) -> None:
    with pytest.raises(IllegalTransition) as refusal:
        step(old, new)
    assert (refusal.value.old, refusal.value.new) == (old, new)


def test_the_table_names_every_state() -> None:
    assert set(TRANSITIONS) == set(State)


def test_nothing_that_may_have_been_sent_returns_to_the_queue() -> None:
    assert before(State.PENDING) == (State.CLAIMED, State.SENDING)


def test_final_states_are_those_that_nothing_follows() -> None:
    assert {str(s) for s in FINAL} == {"delivered", "undelivered", "rejected", "dropped", "dead"}

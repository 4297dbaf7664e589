"""The life of a message: which state may follow which."""

from enum import StrEnum


class State(StrEnum):
    """Where a message stands; a row is in exactly one.

    pending: waits for its time. claimed: leased by a sender. sending: the call is under way, or
    its sender died in it. accepted: the provider has it. delivered, undelivered: the provider's
    last word. rejected: refused for good. unknown: it may have been sent. dropped: never sent,
    on purpose. dead: given up; a person has been asked to take over.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    DROPPED = "dropped"
    DEAD = "dead"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.PENDING: frozenset({State.CLAIMED, State.DROPPED}),
    State.CLAIMED: frozenset({State.PENDING, State.SENDING, State.DROPPED}),
    # back to pending only when nothing was certainly sent; otherwise unknown
    State.SENDING: frozenset(
        {State.ACCEPTED, State.REJECTED, State.PENDING, State.UNKNOWN, State.DEAD}
    ),
    State.ACCEPTED: frozenset({State.DELIVERED, State.UNDELIVERED}),
    # never back to pending: nobody may resend what may have been sent
    State.UNKNOWN: frozenset(
        {State.ACCEPTED, State.DELIVERED, State.UNDELIVERED, State.REJECTED, State.DEAD}
    ),
    State.DELIVERED: frozenset(),
    State.UNDELIVERED: frozenset(),
    State.REJECTED: frozenset(),
    State.DROPPED: frozenset(),
    State.DEAD: frozenset(),
}

FINAL = frozenset(state for state, following in TRANSITIONS.items() if not following)
"""States that nothing follows."""

OPEN = (State.PENDING, State.CLAIMED, State.SENDING, State.UNKNOWN)
"""States in which the outbox has still something to do."""


class IllegalTransition(ValueError):
    """A message cannot go from `old` to `new`."""

    def __init__(self, old: State, new: State) -> None:
        """Name both ends."""
        super().__init__(f"a message that is {old} cannot become {new}")
        self.old, self.new = old, new


def step(old: State, new: State) -> State:
    """Give `new` when it may follow `old`.

    Raises:
        IllegalTransition: the table has no such step.

    """
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(old, new)
    return new


def before(new: State) -> tuple[State, ...]:
    """List the states from which `new` may be reached, for the WHERE of a guarded UPDATE."""
    return tuple(old for old in State if new in TRANSITIONS[old])

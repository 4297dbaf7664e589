"""What providers say of a message after they took it, merged so that no order does harm.

Reports come late, twice and in any order. Each has a rank; a higher one replaces a lower one, and
of two last words that contradict each other the first stands and a person is told.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from notifications.core.states import State, before

RANKS: dict[str, int] = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "deferred": 2,
    "sent": 3,
    "partially_delivered": 3,
    "delivered": 5,
    "undelivered": 5,
    "failed": 5,
    "canceled": 5,
    "bounced": 5,
    "rejected": 5,
    "read": 6,
}
"""Twilio's message statuses (its OpenAPI document) and anymail's normalised events, ranked."""

ARRIVED = frozenset({"delivered", "read"})
LAST = 5
"""From this rank on nothing but `read` may follow."""


class Merged(StrEnum):
    """What a report did: moved the message on, repeated or trailed what was known, or contradicted it.

    unmatched: no message of ours, or one that cannot have been sent. aside: it says nothing of
    the way of the message, such as a complaint.
    """

    MOVED = "moved"
    KNOWN = "known"
    CONFLICT = "conflict"
    UNMATCHED = "unmatched"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Standing:
    """The report that stands, empty before the first, and what the newest one did to it."""

    status: str = ""
    merged: Merged = Merged.KNOWN


def merge(standing: str, came: str) -> Standing:
    """Merge a report into the one that stands; neither order nor repetition matters.

    Raises:
        KeyError: it is no report of a message's way.

    """
    if not standing:
        return Standing(came, Merged.MOVED)
    old, new = RANKS[standing], RANKS[came]
    if old >= LAST and new >= LAST and (standing in ARRIVED) is not (came in ARRIVED):
        return Standing(standing, Merged.CONFLICT)
    if new > old:
        return Standing(came, Merged.MOVED)
    return Standing(standing, Merged.KNOWN)


def standing_of(came: Iterable[str]) -> str:
    """Merge reports in the order in which they came; empty when there are none."""
    standing = ""
    for status in came:
        if status in RANKS:
            standing = merge(standing, status).status
    return standing


def state_of(status: str) -> State:
    """Say how a message stands by its provider's report."""
    if RANKS[status] < LAST:
        return State.ACCEPTED
    return State.DELIVERED if status in ARRIVED else State.UNDELIVERED


def steps(old: State, new: State) -> tuple[State, ...]:
    """List the steps of the table of states that lead to what a report says; none when there is no way.

    A report may overtake the sender, who has not yet written down that the provider took it.
    """
    if old in before(new):
        return (new,)
    if old in before(State.ACCEPTED) and State.ACCEPTED in before(new):
        return (State.ACCEPTED, new)
    return ()

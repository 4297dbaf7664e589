"""A proposal accepted: all of it, or the first sessions, in one transaction or not at all."""

from datetime import datetime

from scheduling.booking import Booked
from scheduling.core.words import Actor


def accept(*, proposal_id: int, by: Actor, now: datetime, first: int | None = None) -> list[Booked]:
    """Book exactly what was read out: all sessions, or the `first` so many by date.

    Sessions that are not accepted stay due, with their windows. Of a re-flow every move is made;
    `first` limits only the new visits.

    Raises:
        ProposalLost: it can no longer be had; carries the new proposal and what changed.
        ProposalOver: it was accepted, declined or replaced already.
        Refused: it can no longer be had and no plan is left, or the plan is paused or over.
        NotFound: no such proposal for this actor.

    """
    raise NotImplementedError

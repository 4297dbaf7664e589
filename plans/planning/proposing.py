"""A whole course proposed: stored, held while it is read out, adjusted, declined."""

from datetime import datetime

from plans.models import Proposal
from scheduling.core.words import Actor


def propose(*, plan_id: int, by: Actor, now: datetime) -> Proposal:
    """Find the best dates for every session that is neither booked nor over, and store them.

    Booked sessions stay where they are. The plan's open proposal is superseded.

    Raises:
        Refused: there is no plan, with the smallest reason; or the plan is paused or over.
        NotFound: no such plan for this actor.

    """
    raise NotImplementedError


def propose_held(*, plan_id: int, by: Actor, now: datetime) -> Proposal:
    """Propose, and keep every new start for 10 minutes while it is read out.

    Raises: see `propose`.
    """
    raise NotImplementedError


def adjust(
    *, proposal_id: int, session_id: int, start: datetime, by: Actor, now: datetime
) -> Proposal:
    """Put one session of a proposal elsewhere, and solve the rest around it; a new proposal.

    `start` is aware, any zone. Holds of the old proposal are kept where they still serve.

    Raises:
        Refused: that start is not to be had, with every reason; or no plan is left around it.
        ProposalOver: the proposal is no longer open.
        Malformed: the session is not in the proposal, or the start makes no sense.
        NotFound: no such proposal for this actor.

    """
    raise NotImplementedError


def decline(*, proposal_id: int, by: Actor, now: datetime) -> Proposal:
    """End a proposal that nobody wants, and let go of what it holds.

    Raises:
        ProposalOver: it is no longer open.
        NotFound: no such proposal for this actor.

    """
    raise NotImplementedError

"""What life moved, put right: the least of the course moved again."""

from datetime import datetime

from plans.models import Proposal
from scheduling.core.words import Actor


def reflow(*, plan_id: int, by: Actor, now: datetime) -> Proposal | None:
    """Propose the fewest and smallest moves that make the plan fit again; None when it fits.

    What is done, fixed or under way stays. Sessions that were missed or cancelled, or that stand
    before a booked one, get dates again. Nothing moves until the proposal is accepted.

    Raises: see `propose`.
    """
    raise NotImplementedError

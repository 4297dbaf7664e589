"""What planning answers besides a refusal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plans.models import Proposal
from scheduling.core.words import Reason
from scheduling.errors import ClinicError


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of one session between what was read out and what is proposed now.

    `old` and `new` are starts (UTC); None where it had or has no place.
    """

    session_id: int
    name: str
    old: datetime | None
    new: datetime | None


class ProposalLost(ClinicError):
    """What was read out can no longer be booked as it was; nothing was booked.

    `proposal` is the one that stands instead, open; None where a re-flow has become needless.
    `changes` lists the sessions that lie elsewhere in it, in their order: none where only the
    ground beneath it changed. `reasons` says what stood in the way. Where no plan is left,
    `Refused` is raised instead.
    """

    code = "proposal_lost"
    sentence = "This proposal can no longer be booked as it was read out. Here is a new one."

    def __init__(
        self,
        sentence: str = "",
        *,
        proposal: Proposal | None,
        changes: Sequence[Difference] = (),
        reasons: Sequence[Reason] = (),
        **facts: Any,
    ) -> None:
        """Keep the new proposal and what is different in it."""
        super().__init__(sentence, **facts)
        self.proposal = proposal
        self.changes = tuple(changes)
        self.reasons = tuple(reasons)


class ProposalOver(ClinicError):
    """The proposal was accepted, declined or replaced; `facts` name by whom and when."""

    code = "proposal_over"
    sentence = "This proposal is no longer open."

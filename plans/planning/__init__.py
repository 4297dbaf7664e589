"""The verbs of plans: every edge starts, proposes, accepts and re-flows through these.

Each is keyword-only, takes ids or values with `by` (who acts) and `now` (aware UTC), locks the
patient first, runs in one transaction and writes the audit trail. Who may do what is asked at the
edge (`plans.make_plan`, `plans.work_plan`); the site is asked here. Visits are booked, moved and
cancelled by `scheduling.booking` only.
"""

from plans.planning.accepting import accept
from plans.planning.errors import Difference, ProposalLost, ProposalOver
from plans.planning.following import look_over
from plans.planning.offering import Offered, starts
from plans.planning.proposing import adjust, decline, propose, propose_held
from plans.planning.reflowing import reflow
from plans.planning.starting import Draft, start
from plans.planning.steering import abandon, fix, pause, resume, skip, unfix

__all__ = [
    "Difference",
    "Draft",
    "Offered",
    "ProposalLost",
    "ProposalOver",
    "abandon",
    "accept",
    "adjust",
    "decline",
    "fix",
    "look_over",
    "pause",
    "propose",
    "propose_held",
    "reflow",
    "resume",
    "skip",
    "start",
    "starts",
    "unfix",
]

"""Plans as they are read: rows -> values. Nothing here writes.

* `view(plan_id, *, now) -> PlanView`: one plan as it stands;
* `of_patient(patient_id, *, now) -> list[PlanView]`: all plans of a patient, the newest first;
* `views(plans, *, now) -> list[PlanView]`: a list of plans, in a fixed number of queries.
"""

from plans.courses.reading import of_patient, view, views
from plans.courses.values import (
    DecisionView,
    LagView,
    PlanView,
    Progress,
    ProposalView,
    ProposedView,
    SessionView,
    Standing,
    State,
    Thing,
    VisitView,
)

__all__ = [
    "DecisionView",
    "LagView",
    "PlanView",
    "Progress",
    "ProposalView",
    "ProposedView",
    "SessionView",
    "Standing",
    "State",
    "Thing",
    "VisitView",
    "of_patient",
    "view",
    "views",
]

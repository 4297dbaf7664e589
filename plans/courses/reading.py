"""Plans read from their rows, however many of them, in a fixed number of queries."""

from collections.abc import Sequence
from datetime import datetime

from plans.courses.values import PlanView
from plans.models import Plan


def view(plan_id: int, *, now: datetime) -> PlanView:
    """Read one plan as it stands.

    Raises:
        NotFound: there is no such plan.

    """
    raise NotImplementedError


def of_patient(patient_id: int, *, now: datetime) -> list[PlanView]:
    """Read all plans of a patient, the newest first."""
    raise NotImplementedError


def views(plans: Sequence[Plan], *, now: datetime) -> list[PlanView]:
    """Read a list of plans, in its order."""
    raise NotImplementedError

"""A whole course proposed at once: legal, optimal, kept, held, adjusted."""

import pytest

from plans import courses, planning
from plans.courses import Standing, State
from plans.models import Proposal
from scheduling.models import Appointment
from tests import cast
from tests.plans import stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def test_proposal_places_every_session_on_legal_dates(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    days = [row.local_date for row in proposal.visits.order_by("session__seq")]
    assert [str(d) for d in days] == []

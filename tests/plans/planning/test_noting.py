"""What planning refuses is kept for the reports: once an ask, and in its own words."""

from datetime import timedelta

import pytest

from plans import planning
from plans.planning import ProposalLost
from scheduling.errors import Refused
from scheduling.models import Refusal
from tests import cast
from tests.plans import stage
from tests.plans.planning.test_accepting import in_the_way

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


def asks() -> set[tuple[str, int, int | None]]:
    return set(Refusal.objects.values_list("verb", "site_id", "treatment_id"))


def test_a_course_without_dates_counts_once_and_names_the_plan(clinic: cast.Clinic) -> None:
    clinic.laser.absences.create(
        cause="downtime", start=cast.NOW, end=cast.NOW + timedelta(days=800)
    )
    with pytest.raises(Refused):
        planning.propose(plan_id=stage.plan(clinic).pk, by=stage.DESK, now=cast.NOW)
    assert asks() == {("plan", clinic.site.pk, None)}
    assert Refusal.objects.values("ask").distinct().count() == 1
    families = dict(Refusal.objects.values_list("code", "family"))
    assert families.pop("no_plan") == "course"
    assert families["absence"] == "diary"


def test_a_session_that_cannot_go_there_names_its_treatment(clinic: cast.Clinic) -> None:
    plan = stage.plan(clinic)
    proposal = planning.propose(plan_id=plan.pk, by=stage.DESK, now=cast.NOW)
    second = proposal.visits.get(session__seq=2)
    with pytest.raises(Refused):
        planning.adjust(
            proposal_id=proposal.pk,
            session_id=second.session_id,
            start=second.start + timedelta(hours=12),
            by=stage.DESK,
            now=cast.NOW,
        )
    assert asks() == {("plan", clinic.site.pk, second.session.treatment_id)}


def test_a_proposal_that_was_lost_counts_once(clinic: cast.Clinic) -> None:
    proposal = planning.propose(plan_id=stage.plan(clinic).pk, by=stage.DESK, now=cast.NOW)
    in_the_way(clinic, proposal, 3)
    assert Refusal.objects.count() == 0
    with pytest.raises(ProposalLost) as lost:
        planning.accept(proposal_id=proposal.pk, by=stage.DESK, now=cast.NOW)
    assert lost.value.reasons
    assert asks() == {("plan", clinic.site.pk, None)}
    assert Refusal.objects.values("ask").distinct().count() == 1

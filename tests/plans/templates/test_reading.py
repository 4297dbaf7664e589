import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from plans import templates
from plans.models import PlanTemplate
from plans.templates import LagDraft
from scheduling import protocols
from scheduling.core.words import Actor
from scheduling.models import Site
from tests import cast
from tests.cast import NOW
from tests.plans.templates import courses
from tests.plans.templates.courses import lag, minutes, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> cast.Clinic:
    return cast.build()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lag(2, 7, 28, target=14), "Filler: 7 to 28 days after the last Laser, best 14"),
        (lag(1, 7), "Filler: at least 7 days after Consultation"),
        (lag(1, 0, 1), "Filler: at most 1 day after Consultation"),
        (lag(1), "Filler: any time after Consultation"),
        (lag(1, 7, 7), "Filler: exactly 7 days after Consultation"),
        (lag(3, 7, 9), "Filler: 7 to 9 days after the one before"),
        (minutes(1, 60, 90), "Filler: 60 to 90 minutes after Consultation"),
    ],
    ids=str,
)
def test_lag_is_read_as_a_sentence(given: LagDraft, said: str) -> None:
    steps = [
        templates.StepDraft(name="Consultation", treatment_id=1),
        templates.StepDraft(name="Laser", treatment_id=2, repeat=3),
        templates.StepDraft(name="Filler", treatment_id=3, repeat=2, lags=(given,)),
    ]
    assert templates.sentences(courses.draft(*steps)) == [[], [], [said]]


def test_new_protocol_names_the_templates_that_it_outgrew(clinic: cast.Clinic) -> None:
    by = Actor(name="lead")
    scars = templates.create(draft=courses.scars(clinic), by=by, now=NOW)
    talk = courses.draft(step(clinic.consultation), code="talk", name="Talk")
    templates.create(draft=talk, by=by, now=NOW)
    assert templates.unsatisfiable() == []

    stricter = protocols.copy(version_id=clinic.protocol.pk, name="Fifty", by=by, now=NOW)
    protocols.amend(
        version_id=stricter.pk, new={"rules/SEED-GAP-RF/tiers/0/below": 50}, by=by, now=NOW
    )
    protocols.activate(version_id=stricter.pk, by=by, now=NOW)

    (found,) = templates.unsatisfiable()
    assert (found.template, [(r.code, r.arithmetic) for r in found.reasons]) == (
        scars,
        [("SEED-GAP-RF", "42 < 50")],
    )
    templates.retire(template_id=scars.pk, version=None, by=by, now=NOW)
    assert templates.unsatisfiable() == []


def test_template_of_a_retired_treatment_is_named_too(clinic: cast.Clinic) -> None:
    templates.create(draft=courses.scars(clinic), by=cast.clinician(), now=NOW)
    clinic.filler.active = False
    clinic.filler.save()
    (found,) = templates.unsatisfiable()
    assert [reason.sentence for reason in found.reasons] == [
        "Step 3: Filler is not offered any more."
    ]


def test_law_of_all_sites_binds_a_template_and_the_law_of_some_does_not(
    clinic: cast.Clinic,
) -> None:
    facelift = courses.offer("facelift")
    draft = courses.draft(step(clinic.consultation), step(facelift, lag(1, 0, 10)))
    assert [r.arithmetic for r in templates.check(draft).contradictions] == ["10 < 14"]
    Site.objects.create(name="Madrid", zone="Europe/Madrid", country="ES", phone="+442079460000")
    assert templates.check(draft).contradictions == ()


def test_longer_list_asks_no_more_queries(clinic: cast.Clinic) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            templates.unsatisfiable()
        return len(captured)

    def another(n: int) -> None:
        draft = courses.scars(clinic, code=f"scars-{n}", name=f"Scars {n}")
        templates.create(draft=draft, by=cast.clinician(), now=NOW)

    another(1)
    asked()
    one = asked()
    another(2)
    another(3)
    assert (PlanTemplate.objects.count(), asked()) == (3, one)

"""Templates and plans on the cast's stage: what tests of courses begin with."""

from datetime import datetime

from plans import planning
from plans.models import Plan, PlanTemplate, TemplateLag, TemplateStep
from plans.planning import Draft
from scheduling.core.words import Actor
from scheduling.models import Treatment
from tests import cast

DOCTOR = Actor(name="Dr Plans")
DESK = Actor(name="Desk")


def template(name: str = "Acne scars", **facts: object) -> PlanTemplate:
    """Make a template without steps."""
    return PlanTemplate.objects.create(code=name.lower().replace(" ", "-"), name=name, **facts)


def step(
    of: PlanTemplate,
    treatment: Treatment,
    *lags: tuple[TemplateStep | None, int, int | None, int | None],
    **facts: object,
) -> TemplateStep:
    """Add a step with lags (after, least, target, most); after None is after itself."""
    made = TemplateStep.objects.create(
        template=of,
        position=of.steps.count() + 1,
        treatment=treatment,
        **{"name": treatment.name, **facts},
    )
    for after, least, target, most in lags:
        TemplateLag.objects.create(
            step=made, after=after or made, least=least, target=target, most=most
        )
    return made


def scars(clinic: cast.Clinic, repeat: int = 3) -> PlanTemplate:
    """Make the course of the issue: fractional ablative so many times, then filler."""
    course = template()
    laser = step(
        course,
        clinic.resurfacing,
        (None, 56, 63, 84),
        name="Laser",
        repeat=repeat,
        same_practitioner=True,
    )
    step(course, clinic.filler, (laser, 14, 21, 42), name="Filler")
    return course


def plan(clinic: cast.Clinic, of: PlanTemplate | None = None, **facts: object) -> Plan:
    """Start a plan of the cast's patient, whole face, superficial."""
    draft: dict[str, object] = {
        "template_id": (of or scars(clinic)).pk,
        "patient_id": clinic.patient.pk,
        "site_id": clinic.site.pk,
        "areas": ("face",),
        "size": "face",
        "depth": "superficial",
    }
    return planning.start(draft=Draft(**{**draft, **facts}), by=DOCTOR, now=cast.NOW)  # type: ignore[arg-type]


def booked(of: Plan, now: datetime = cast.NOW) -> Plan:
    """Propose a plan and accept all of it."""
    proposal = planning.propose(plan_id=of.pk, by=DESK, now=now)
    planning.accept(proposal_id=proposal.pk, by=DESK, now=now)
    return of

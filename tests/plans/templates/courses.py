"""Drafts that the tests of templates, screens and doors share."""

from typing import Any

from plans.core.course import Unit
from plans.templates import Draft, LagDraft, StepDraft
from scheduling.core.protocol import shipped
from scheduling.models import Treatment
from tests import cast


def lag(after: int, least: int = 0, most: int | None = None, **facts: Any) -> LagDraft:
    return LagDraft(after=after, least=least, most=most, **facts)


def minutes(after: int, least: int = 0, most: int | None = None) -> LagDraft:
    return lag(after, least, most, unit=Unit.MINUTES)


def step(treatment: Treatment, *lags: LagDraft, **facts: Any) -> StepDraft:
    given = {"name": treatment.name, "treatment_id": treatment.pk, **facts}
    return StepDraft(**given, lags=tuple(lags))


def draft(*steps: StepDraft, **facts: Any) -> Draft:
    return Draft(**{"code": "scars", "name": "Scars", **facts}, steps=steps)


def scars(clinic: cast.Clinic, **facts: Any) -> Draft:
    """Consultation, two sessions of resurfacing 8 to 12 weeks apart, filler 3 to 6 weeks later."""
    return draft(
        step(clinic.consultation),
        step(clinic.resurfacing, lag(1, 1, 60), lag(2, 56, 84, target=56), repeat=2),
        step(clinic.filler, lag(2, 21, 42, target=28)),
        **facts,
    )


def offer(procedure: str) -> Treatment:
    """Offer a treatment for a procedure, of a length that its modality allows."""
    modality = shipped().modalities.get(procedure)
    least, most = modality.session_min if modality else (15, 30)
    return cast.treatment(procedure.replace("_", " "), procedure, (least, most, most), {})

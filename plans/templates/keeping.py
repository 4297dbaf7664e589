"""Templates made, changed, copied, retired: each change checked, signed and told of in the trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from plans.models import PlanTemplate, TemplateLag, TemplateStep
from plans.templates.reading import check, draft_of, sentences
from plans.templates.values import Draft
from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, Refused, StaleVersion, WrongState
from scheduling.integrity import constraint_of

PLAIN = ("code", "name", "indication", "note", "source", "sureness")


@transaction.atomic
def create(*, draft: Draft, by: Actor, now: datetime) -> PlanTemplate:
    """Keep a new template, if the protocol in force could satisfy it.

    Raises:
        Refused: it could not; every contradiction is named with its arithmetic.
        Malformed: the draft makes no sense, or its name or code is taken.
        NotFound: a step's treatment is not there.

    """
    _satisfiable(draft)
    with _not_taken():
        template = PlanTemplate.objects.create(**_plain(draft))
    _write_steps(template, draft)
    _tell(template, "add", None, draft, by=by, now=now)
    return template


@transaction.atomic
def save(
    *, template_id: int, draft: Draft, version: int | None, by: Actor, now: datetime
) -> PlanTemplate:
    """Change a template as a whole; plans that were made from it stay as they are.

    Raises:
        StaleVersion: somebody changed it since `version` was read; None does not ask.
        Refused, Malformed, NotFound: see `create`.

    """
    template = _locked(template_id, version)
    before = draft_of(template)
    _satisfiable(draft)
    if draft == before:
        return template
    for name, value in _plain(draft).items():
        setattr(template, name, value)
    template.version += 1
    with _not_taken():
        template.save()
    template.steps.all().delete()
    _write_steps(template, draft)
    _tell(template, "change", before, draft, by=by, now=now)
    return template


def copy(*, template_id: int, code: str, name: str, by: Actor, now: datetime) -> PlanTemplate:
    """Make a new template of the clinic's own from another one.

    Raises: see `create`.
    """
    base = PlanTemplate.objects.filter(pk=template_id).first()
    if base is None:
        raise NotFound("There is no such template.")
    return create(draft=replace(draft_of(base), code=code, name=name), by=by, now=now)


@transaction.atomic
def retire(*, template_id: int, version: int | None, by: Actor, now: datetime) -> PlanTemplate:
    """Offer a template for new plans no longer; those made from it go on.

    Raises:
        WrongState: it is retired already.
        StaleVersion: somebody changed it since `version` was read; None does not ask.
        NotFound: there is no such template.

    """
    template = _locked(template_id, version)
    if not template.active:
        raise WrongState("This template is retired already.")
    return _stand(template, "retire", active=False, by=by, now=now)


@transaction.atomic
def reinstate(*, template_id: int, version: int | None, by: Actor, now: datetime) -> PlanTemplate:
    """Offer a retired template again, if the protocol in force could satisfy it.

    Raises:
        WrongState: it is offered.
        Refused: the protocol could not satisfy it any more.
        StaleVersion, NotFound: see `retire`.

    """
    template = _locked(template_id, version)
    if template.active:
        raise WrongState("This template is offered already.")
    _satisfiable(draft_of(template))
    return _stand(template, "reinstate", active=True, by=by, now=now)


def _stand(
    template: PlanTemplate, verb: str, *, active: bool, by: Actor, now: datetime
) -> PlanTemplate:
    template.active = active
    template.version += 1
    template.save(update_fields=["active", "version"])
    what = {"active": [not active, active]}
    trail.write([trail.entry(subject=template, verb=verb, by=by, now=now, what=what)])
    return template


def _locked(template_id: int, version: int | None) -> PlanTemplate:
    template = PlanTemplate.objects.select_for_update().filter(pk=template_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    if version not in (None, template.version):
        raise StaleVersion(
            "This template was changed by someone else. Read it again.", version=template.version
        )
    return template


def _satisfiable(draft: Draft) -> None:
    found = check(draft).contradictions
    if found:
        raise Refused(found)


def _plain(draft: Draft) -> dict[str, str]:
    return {name: getattr(draft, name).strip() for name in PLAIN}


@contextmanager
def _not_taken() -> Iterator[None]:
    """Turn the breach of a unique name or code into the sentence it stands for."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = constraint_of(error)
        for field in ("code", "name"):
            if name.startswith(f"plans_plantemplate_{field}"):
                raise Malformed(f"Another template has this {field}.", field=field) from error
        raise


def _write_steps(template: PlanTemplate, draft: Draft) -> None:
    rows = [
        TemplateStep(
            template=template,
            position=number,
            name=step.name.strip(),
            treatment_id=step.treatment_id,
            minutes=step.minutes,
            areas=list(step.areas),
            size=step.size,
            depth=step.depth,
            repeat=step.repeat,
            same_practitioner=step.same_practitioner,
            optional=step.optional,
        )
        for number, step in enumerate(draft.steps, start=1)
    ]
    TemplateStep.objects.bulk_create(rows)
    TemplateLag.objects.bulk_create(
        TemplateLag(
            step=row,
            after=rows[lag.after - 1],
            least=lag.least,
            target=lag.target,
            most=lag.most,
            unit=lag.unit.value,
        )
        for row, step in zip(rows, draft.steps, strict=True)
        for lag in step.lags
    )


def _tell(
    template: PlanTemplate,
    verb: str,
    before: Draft | None,
    after: Draft,
    *,
    by: Actor,
    now: datetime,
) -> None:
    old = _told(before) if before else {}
    what: dict[str, Any] = {
        name: [old.get(name), value]
        for name, value in _told(after).items()
        if old.get(name) != value and (before or value)
    }
    trail.write([trail.entry(subject=template, verb=verb, by=by, now=now, what=what)])


def _told(draft: Draft) -> dict[str, Any]:
    """Spell a draft as the trail keeps it: plain members, and each step in words."""
    steps = [
        "; ".join([_named(step), *lags])
        for step, lags in zip(draft.steps, sentences(draft), strict=True)
    ]
    return {**_plain(draft), "steps": steps}


def _named(step: Any) -> str:
    extra = [
        f"treatment {step.treatment_id}",
        f"{step.minutes} minutes" if step.minutes else "",
        *step.areas,
        step.size,
        step.depth,
        "same practitioner" if step.same_practitioner else "",
        "optional" if step.optional else "",
    ]
    said = ", ".join(part for part in extra if part)
    return f"{step.repeat} x {step.name} ({said})"

"""Templates as they are read: rows -> drafts and sentences, and which of them the protocol outgrew."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count

from django.db.models import QuerySet
from django.utils.text import slugify

from plans.core.course import Unit
from plans.models import PlanTemplate, TemplateLag, TemplateStep
from plans.templates.drafts import outline
from plans.templates.proving import Findings, prove
from plans.templates.telling import days
from plans.templates.values import Draft, LagDraft, StepDraft
from scheduling import catalogue, protocols
from scheduling.core import rules
from scheduling.core.protocol import Protocol
from scheduling.core.words import Reason, Severity
from scheduling.errors import Malformed, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsatisfied:
    """A template that the protocol in force can no longer satisfy, and why."""

    template: PlanTemplate
    reasons: tuple[Reason, ...]


def with_steps(rows: QuerySet[PlanTemplate]) -> QuerySet[PlanTemplate]:
    """Bring steps, treatments and lags along, in three queries however many templates."""
    return rows.prefetch_related("steps__treatment", "steps__lags")


def listed() -> QuerySet[PlanTemplate]:
    """List the templates that plans can be made from, by name."""
    return with_steps(PlanTemplate.objects.filter(active=True).order_by("name", "pk"))


def free_code(name: str) -> str:
    """Make a code from a name that no template has yet."""
    base = slugify(name)[:50] or "template"
    like = PlanTemplate.objects.filter(code__startswith=base)
    taken = set(like.values_list("code", flat=True))
    codes = chain([base], (f"{base}-{number}" for number in count(2)))
    return next(code for code in codes if code not in taken)


def draft_of(template: PlanTemplate) -> Draft:
    """Read a template's rows as the draft that would keep them so."""
    steps = list(template.steps.all())
    numbers = {step.pk: number for number, step in enumerate(steps, start=1)}
    return Draft(
        code=template.code,
        name=template.name,
        indication=template.indication,
        note=template.note,
        source=template.source,
        sureness=template.sureness,
        steps=tuple(_step(step, numbers) for step in steps),
    )


def _step(step: TemplateStep, numbers: dict[int, int]) -> StepDraft:
    return StepDraft(
        name=step.name,
        treatment_id=step.treatment_id,
        repeat=step.repeat,
        minutes=step.minutes,
        areas=tuple(step.areas),
        size=step.size,
        depth=step.depth,
        same_practitioner=step.same_practitioner,
        optional=step.optional,
        lags=tuple(_lag(lag, numbers) for lag in step.lags.all()),
    )


def _lag(lag: TemplateLag, numbers: dict[int, int]) -> LagDraft:
    return LagDraft(
        after=numbers[lag.after_id],
        least=lag.least,
        target=lag.target,
        most=lag.most,
        unit=Unit(lag.unit),
    )


def check(draft: Draft) -> Findings:
    """Ask whether the protocol in force could satisfy a draft, at any of the clinic's sites.

    Before a protocol is activated, the shipped one is asked.

    Raises:
        Malformed: the draft makes no sense, whatever the protocol asks.
        NotFound: a step's treatment is not there.

    """
    protocol = protocols.in_force()
    return prove(outline(draft, protocol=protocol), protocol, everywhere(protocol))


def everywhere(protocol: Protocol) -> frozenset[str]:
    """Name the jurisdictions that all the clinic's sites lie in: their rules bind every plan."""
    found = [
        rules.profiles_for(site.country, site.subdivision, protocol)
        for site in catalogue.current().sites.values()
        if site.active
    ]
    return frozenset.intersection(*found) if found else frozenset()


def unsatisfiable() -> list[Unsatisfied]:
    """List the active templates that the protocol in force cannot satisfy, each with every reason.

    A new protocol, or a treatment that was retired, changes no template: people decide.
    """
    with catalogue.steady():
        found = [(row, standing(row)) for row in listed()]
    return [Unsatisfied(template=row, reasons=reasons) for row, reasons in found if reasons]


def standing(template: PlanTemplate) -> tuple[Reason, ...]:
    """Answer why a template as it is kept could not be planned any more; nothing where it could."""
    try:
        return check(draft_of(template)).contradictions
    except (Malformed, NotFound) as error:
        return (_no_sense(error.sentence),)


def _no_sense(sentence: str) -> Reason:
    return Reason(
        code="template_outdated", severity=Severity.HARD, sentence=sentence, patient_sentence=""
    )


def sentences(draft: Draft) -> list[list[str]]:
    """Read the lags of each step aloud: "Filler: 7 to 28 days after the last Laser, best 14"."""
    return [
        [sentence(draft.steps, number, lag) for lag in step.lags]
        for number, step in enumerate(draft.steps, start=1)
    ]


def sentence(steps: Sequence[StepDraft], number: int, lag: LagDraft) -> str:
    """Read one lag aloud, days with dates in mind and minutes from start to start."""
    step = steps[number - 1]
    earlier = steps[lag.after - 1] if lag.after <= len(steps) else None
    if lag.after == number:
        after = "after the one before"
    else:
        named = earlier.name if earlier else f"step {lag.after}"
        after = f"after the last {named}" if earlier and earlier.repeat > 1 else f"after {named}"
    best = "" if lag.target is None else f", best {lag.target}"
    return f"{step.name}: {_how_long(lag)} {after}{best}"


def _how_long(lag: LagDraft) -> str:
    if lag.most is None:
        return f"at least {days(lag.least, lag.unit)}" if lag.least else "any time"
    if lag.least == 0:
        return f"at most {days(lag.most, lag.unit)}"
    if lag.least == lag.most:
        return f"exactly {days(lag.most, lag.unit)}"
    return f"{lag.least} to {days(lag.most, lag.unit)}"

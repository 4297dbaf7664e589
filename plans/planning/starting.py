"""A template copied for one patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from plans.models import Plan, PlanTemplate, Session, SessionLag, TemplateLag, TemplateStep
from plans.planning.wishes import known_weekdays, stretch
from scheduling import booking, catalogue, trail
from scheduling.booking.locks import lock_patients
from scheduling.core.words import Actor, Wish
from scheduling.errors import Malformed, NotFound
from scheduling.integrity import retrying
from scheduling.models import Patient, Series

LONGEST_NAME = 120
MOST_SESSIONS = 60
"""A course of more sessions is a mistake; the longest shipped one has 30."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a clinician chooses for one patient; empty fields take the template's.

    `weekdays` (0 is Monday), `times` ("09:00-12:00") and `practitioner_id` are wishes;
    `not_before`, `not_after` (both inclusive) and `blocked` are dates on which the patient is away.
    `steps_left_out` are ids of optional template steps that this patient does not get.
    """

    template_id: int
    patient_id: int
    site_id: int
    areas: tuple[str, ...] = ()
    size: str = ""
    depth: str = ""
    indication: str = ""
    name: str = ""
    weekdays: tuple[int, ...] = ()
    times: tuple[str, ...] = ()
    practitioner_id: int | None = None
    not_before: date | None = None
    not_after: date | None = None
    blocked: tuple[date, ...] = ()
    paid_sessions: int | None = None
    steps_left_out: tuple[int, ...] = ()


@retrying
def start(*, draft: Draft, by: Actor, now: datetime) -> Plan:
    """Copy a template into a plan of the patient's own; nothing is proposed yet.

    Raises:
        Malformed: an area, size, depth, indication or time of day that nobody can read, dates in
            the wrong order, a step left out that is not optional, or nothing left to plan.
        NotFound: no such template, patient, practitioner or site for this actor.

    """
    template = PlanTemplate.objects.filter(pk=draft.template_id, active=True).first()
    if template is None:
        raise NotFound("There is no such template.")
    indication = draft.indication or template.indication
    _sensible(draft, indication, by)
    lock_patients([draft.patient_id])
    steps = _steps(template, draft.steps_left_out)
    plan = _plan(draft, template, indication, by, now)
    plan.series = _series(plan, steps)
    plan.save()
    sessions = _sessions(plan, steps)
    _lags(steps, sessions)
    what = {"template": [None, template.code]}
    trail.write([trail.entry(subject=plan, verb="start", by=by, now=now, what=what)])
    return plan


def _sensible(draft: Draft, indication: str, by: Actor) -> None:
    ground = catalogue.current()
    site = ground.site(draft.site_id)
    if not by.works_at(site.id) or not site.active:
        raise NotFound("There is no such site.")
    if not Patient.objects.filter(pk=draft.patient_id).exists():
        raise NotFound("There is no such patient.")
    thing = ground.resources.get(draft.practitioner_id or 0)
    if draft.practitioner_id is not None and (
        thing is None or thing.kind != "practitioner" or not thing.works_at(site.id)
    ):
        raise NotFound(f"There is no such practitioner at {site.name}.")
    booking.known_wish(
        Wish(
            site_id=site.id,
            treatment_id=0,
            areas=draft.areas,
            size=draft.size,
            depth=draft.depth,
            indication=indication,
        )
    )
    known_weekdays(draft.weekdays)
    for text in draft.times:
        stretch(text)
    if draft.not_before and draft.not_after and draft.not_after < draft.not_before:
        raise Malformed("“Not after” lies before “not before”.", field="not_after")
    if len(draft.name) > LONGEST_NAME:
        raise Malformed(f"A name has at most {LONGEST_NAME} characters.", field="name")


def _steps(template: PlanTemplate, left_out: Sequence[int]) -> list[TemplateStep]:
    every = list(template.steps.select_related("treatment").order_by("position"))
    known = {step.pk: step for step in every}
    for pk in left_out:
        if pk not in known or not known[pk].optional:
            raise Malformed("Only an optional step can be left out.", field="steps_left_out")
    steps = [step for step in every if step.pk not in left_out]
    if not steps or sum(step.repeat for step in steps) > MOST_SESSIONS:
        raise Malformed(f"A plan has 1 to {MOST_SESSIONS} sessions.", field="template")
    return steps


def _plan(draft: Draft, template: PlanTemplate, indication: str, by: Actor, now: datetime) -> Plan:
    return Plan(
        patient_id=draft.patient_id,
        site_id=draft.site_id,
        template=template,
        name=draft.name.strip() or template.name,
        indication=indication,
        areas=list(draft.areas),
        size=draft.size,
        depth=draft.depth,
        weekdays=sorted(set(draft.weekdays)),
        times=list(dict.fromkeys(draft.times)),
        practitioner_id=draft.practitioner_id,
        not_before=draft.not_before,
        not_after=draft.not_after,
        blocked=sorted(set(draft.blocked)),
        paid_sessions=draft.paid_sessions,
        created_at=now,
        created_by=by.name,
    )


def _series(plan: Plan, steps: Sequence[TemplateStep]) -> Series:
    """Make what the ground floor knows of a plan."""
    return Series.objects.create(
        patient_id=plan.patient_id,
        name=plan.name,
        categories=sorted({step.treatment.procedure for step in steps}),
        areas=plan.areas,
    )


def _sessions(plan: Plan, steps: Sequence[TemplateStep]) -> dict[int, list[Session]]:
    """Write the sessions of each step, numbered through the plan."""
    found: dict[int, list[Session]] = {}
    seq = 0
    for step in steps:
        for turn in range(1, step.repeat + 1):
            seq += 1
            session = Session.objects.create(
                plan=plan,
                seq=seq,
                name=step.name if step.repeat == 1 else f"{step.name} {turn} of {step.repeat}",
                treatment=step.treatment,
                minutes=step.minutes or step.treatment.minutes_default,
                areas=step.areas or plan.areas,
                size=step.size or plan.size,
                depth=step.depth or plan.depth,
                same_practitioner=step.same_practitioner,
                optional=step.optional,
            )
            found.setdefault(step.pk, []).append(session)
    return found


def _lags(steps: Sequence[TemplateStep], sessions: Mapping[int, Sequence[Session]]) -> None:
    """Copy the lags: after itself from one turn to the next, else from the last turn to the first."""
    lags = TemplateLag.objects.filter(step__in=steps, after__in=steps).order_by("pk")
    SessionLag.objects.bulk_create(
        SessionLag(
            session=later,
            after=earlier,
            least=lag.least,
            target=lag.target,
            most=lag.most,
            unit=lag.unit,
        )
        for lag in lags
        for earlier, later in _between(lag, sessions)
    )


def _between(
    lag: TemplateLag, sessions: Mapping[int, Sequence[Session]]
) -> list[tuple[Session, Session]]:
    mine = sessions[lag.step_id]
    if lag.after_id == lag.step_id:
        return list(pairwise(mine))
    return [(sessions[lag.after_id][-1], mine[0])]

"""Courses under way, taken in from another system and given out."""

from collections.abc import Iterator, Sequence

from plans import planning
from plans.models import Plan, PlanTemplate
from scheduling.errors import Malformed
from scheduling.models import Site
from scheduling.transfer import people, visits
from scheduling.transfer.cells import Row, listed
from scheduling.transfer.kinds import (
    Column,
    Desk,
    Kind,
    Outcome,
    Verdict,
    row_by_row,
    same_or_none,
)

SUBJECT = "plans"
COLUMNS = (
    Column("external_id", "the other system's own number of the course", "C-1", required=True),
    Column("patient", "external id of the patient", "P-1001", required=True),
    Column("site", "name of the site here", "Harley House", required=True),
    Column("template", "code of the plan template here", "acne-scars", required=True),
    Column("name", "what it is called; empty is the template's name"),
    Column("areas", "body areas, between bars", "face"),
    Column("size", "small, face or large", "face"),
    Column("depth", "superficial or deep", "superficial"),
    Column("indication", "what it is for, as the protocol calls it"),
    Column("paid_sessions", "how many sessions are paid", "3"),
    Column("paused", "why it rests; empty while it goes on"),
    Column("abandoned", "why it was given up"),
)


def _one(row: Row, desk: Desk) -> Outcome:
    external = desk.once(row)
    if same := same_or_none(row, desk, SUBJECT, external):
        return same
    if external in desk.known(SUBJECT):
        raise Malformed(
            "This course was taken in before, and the file now says otherwise. Change it on its page."
        )
    plan = planning.start(draft=_draft(row, desk), by=desk.by, now=desk.now)
    if reason := row.text("paused", most=200):
        planning.pause(
            plan_id=plan.pk, reason=reason, version=plan.version, by=desk.by, now=desk.now
        )
    if reason := row.text("abandoned", most=200):
        planning.abandon(plan_id=plan.pk, reason=reason, version=None, by=desk.by, now=desk.now)
    desk.remember(SUBJECT, row, external, plan.pk)
    desk.remember(visits.SERIES, row, external, plan.series_id)
    return Outcome(Verdict.NEW, subject_id=plan.pk)


def _draft(row: Row, desk: Desk) -> planning.Draft:
    site = Site.objects.filter(name__iexact=row.needed("site")).first()
    template = PlanTemplate.objects.filter(code__iexact=row.needed("template")).first()
    if site is None or template is None:
        column = "site" if site is None else "template"
        raise Malformed(f"{column}: there is none called “{row.text(column)}” here.")
    return planning.Draft(
        template_id=template.pk,
        patient_id=desk.find(people.SUBJECT, row.needed("patient"), "patient"),
        site_id=site.pk,
        areas=tuple(row.words("areas")),
        size=row.choice("size", ("small", "face", "large")),
        depth=row.choice("depth", ("superficial", "deep")),
        indication=row.text("indication", most=40),
        name=row.text("name", most=120),
        paid_sessions=row.number("paid_sessions"),
    )


def bodies() -> Iterator[Sequence[str]]:
    """Give every plan; its number is the one by which visits name it."""
    rows = Plan.objects.select_related("site", "template").order_by("pk")
    for plan in rows.iterator(chunk_size=500):
        facts = {
            **{name: getattr(plan, name) for name in ("name", "areas", "size", "depth")},
            "external_id": plan.series_id,
            "patient": plan.patient_id,
            "site": plan.site.name,
            "template": plan.template.code if plan.template else "",
            "indication": plan.indication,
            "paid_sessions": plan.paid_sessions,
            "paused": plan.pause_reason if plan.paused_at else "",
            "abandoned": plan.abandon_reason if plan.abandoned_at else "",
        }
        yield listed(facts[column.name] for column in COLUMNS)


KIND = Kind("plans", "Courses under way", 40, COLUMNS, row_by_row(_one), bodies)

"""What the diary tells of a plan's visits, followed up: a task where the plan no longer fits."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from plans.courses import PlanView, views
from plans.courses.values import Standing
from plans.models import Plan
from scheduling import booking
from scheduling.core.words import Status
from scheduling.models import Appointment, Series, Todo

NEEDS_REFLOW = "plan-needs-reflow"
"""The kind of task that asks reception to re-flow a plan."""

OWN = frozenset({"arrange", "hold"})
"""Verbs of planning's own doing: what they leave fits."""


def follow(*, appointments: Sequence[Appointment], verb: str, now: datetime) -> None:
    """Ask reception to re-flow each plan that this change leaves unfit, once; close a complete one.

    Called inside the transaction of the change, for visits of any kind.
    """
    series = {a.series_id for a in appointments if a.series_id is not None}
    if not series or verb in OWN:
        return
    ask_for(Plan.objects.filter(series__in=series), now)


def look_over(*, now: datetime) -> int:
    """Hold every coming visit of a plan to the rules as they are now; answer how many patients.

    For changes of the ground, of which no visit tells: a protocol activated, for one. Any tick of
    it may be lost or doubled.
    """
    coming = Appointment.objects.filter(
        status=Status.BOOKED.value, start__gt=now, series__plan__isnull=False
    )
    patients = sorted(set(coming.values_list("patient_id", flat=True)))
    for patient in patients:
        with transaction.atomic():
            booking.flag_coming(patient, now=now)
            ask_for(Plan.objects.filter(patient=patient, abandoned_at=None), now)
    return len(patients)


def ask_for(plans: QuerySet[Plan], now: datetime) -> list[str]:
    """Ask reception to re-flow each of these plans that no longer fits; answer their names."""
    asked = []
    for view in views(plans.select_related("patient", "site"), now=now):
        Series.objects.filter(pk=view.series_id).update(open=not view.standing.over)
        if view.needs_reflow and view.standing is not Standing.ABANDONED:
            _ask(view, now)
            asked.append(view.name)
    return asked


def _ask(view: PlanView, now: datetime) -> None:
    asks = f"{view.name}: propose a re-flow."
    waiting = Todo.objects.filter(
        patient=view.patient_id, kind=NEEDS_REFLOW, done_at=None, text__startswith=asks
    )
    if not waiting.exists():
        why = " ".join(reason.sentence for reason in view.needs_reflow)
        Todo.objects.create(
            site_id=view.site_id,
            patient_id=view.patient_id,
            kind=NEEDS_REFLOW,
            text=f"{asks} {why}",
            created_at=now,
        )

"""What the visits of a list still lack before check-in, read for all of them at once."""

from collections.abc import Sequence
from datetime import datetime

from scheduling import catalogue
from scheduling.core import rules
from scheduling.core.rules import Chart, Visit
from scheduling.core.words import Status
from scheduling.diary.charts import VISIT_FIELDS, record_of, visit_of
from scheduling.models import Appointment, Record

WAITING = frozenset({Status.BOOKED.value, Status.ARRIVED.value})
"""Statuses before check-in; later, what was missing was asked for and answered."""


def lacking(*, visits: Sequence[Appointment], now: datetime) -> dict[int, tuple[str, ...]]:
    """Name the record types that each visit lacks, by pk; two queries, however many visits.

    The visits come with their patients. Without an active protocol nothing can be said.
    """
    ground = catalogue.current()
    protocol = ground.active_protocol
    waiting = [visit for visit in visits if visit.status in WAITING]
    if protocol is None or not waiting:
        return {}
    charts = _charts(waiting)
    found = {}
    for visit in waiting:
        site = ground.site(visit.site_id)
        chart = charts[visit.patient_id]
        asked = next(v for v in chart.visits if v.id == visit.pk)
        profiles = rules.profiles_for(site.country, site.subdivision, protocol)
        found[visit.pk] = rules.lacking(asked, chart, protocol, now=now, profiles=profiles)
    return found


def _charts(visits: Sequence[Appointment]) -> dict[int, Chart]:
    patients = {visit.patient_id: visit.patient for visit in visits}
    seen: dict[int, list[Visit]] = {pk: [] for pk in patients}
    noted: dict[int, list[rules.Record]] = {pk: [] for pk in patients}
    gone = [Status.ENTERED_IN_ERROR.value, Status.CANCELLED.value]
    rows = Appointment.objects.filter(patient__in=patients).exclude(status__in=gone)
    for row in rows.order_by("start", "pk").values("patient_id", *VISIT_FIELDS):
        seen[row["patient_id"]].append(visit_of(row))
    records = Record.objects.filter(patient__in=patients, withdrawn_at=None)
    for record in records.order_by("pk"):
        noted[record.patient_id].append(record_of(record))
    return {
        pk: Chart(
            born=patient.birth_date,
            fitzpatrick=patient.fitzpatrick,
            records=tuple(noted[pk]),
            visits=tuple(seen[pk]),
        )
        for pk, patient in patients.items()
    }

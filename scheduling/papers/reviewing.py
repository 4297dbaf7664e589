"""What a clinician makes of a patient's own answers: right, put right, or not so."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from scheduling import records, trail
from scheduling.core.words import Actor
from scheduling.models import Record, Todo
from scheduling.papers.history import TO_REVIEW


def waiting() -> QuerySet[Record]:
    """List the answers that nobody has reviewed, oldest first."""
    rows = Record.objects.filter(reported_by_patient=True, reviewed_at=None, withdrawn_at=None)
    return rows.order_by("created_at", "pk")


@transaction.atomic
def accept(*, record_id: int, by: Actor, now: datetime) -> Record:
    """Say that an answer is right as it stands.

    Raises: see `records.review`.
    """
    record = records.review(record_id=record_id, by=by, now=now)
    _settle(record.patient_id, by=by, now=now)
    return record


@transaction.atomic
def correct(*, record_id: int, record: Record, by: Actor, now: datetime) -> Record:
    """Put another record in the place of an answer; both stay, and the trail ties them.

    Raises: see `records.withdraw` and `records.add`.
    """
    wrong = records.withdraw(record_id=record_id, by=by, now=now)
    record.patient_id = wrong.patient_id
    record.appointment_id, record.submission_id = wrong.appointment_id, wrong.submission_id
    right = records.add(record=record, by=by, now=now)
    what = {"record": [wrong.pk, right.pk]}
    trail.write([trail.entry(subject=wrong, verb="correct", by=by, now=now, what=what)])
    _settle(right.patient_id, by=by, now=now)
    return right


@transaction.atomic
def withdraw(*, record_id: int, by: Actor, now: datetime) -> Record:
    """Withdraw a record, an answer or not; see `records.withdraw`."""
    record = records.withdraw(record_id=record_id, by=by, now=now)
    _settle(record.patient_id, by=by, now=now)
    return record


def _settle(patient_id: int, *, by: Actor, now: datetime) -> None:
    """Tick off the task once no answer of the patient's waits any more."""
    if waiting().filter(patient_id=patient_id).exists():
        return
    done = Todo.objects.filter(patient_id=patient_id, kind=TO_REVIEW, done_at=None)
    for todo in done.select_for_update():
        todo.done_at, todo.done_by = now, by.name
        todo.save(update_fields=["done_at", "done_by"])
        trail.write([trail.entry(subject=todo, verb="tick_off", by=by, now=now)])

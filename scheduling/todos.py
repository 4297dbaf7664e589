"""Tasks of the desk: written from any floor, ticked off by a person."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, IntegerField, When
from django.db.models.expressions import OrderBy

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.integrity import lock_patient
from scheduling.models import Appointment, Todo

ASKS_TO_MOVE = "asks-to-move"
ASKS_FOR_ERASURE = "asks-for-erasure"

CLINICAL_WORDS = "clinical-words"
CLINICAL = frozenset({CLINICAL_WORDS, "care-worse", "alarm-failed"})
"""Kinds of tasks about somebody who may be unwell at this moment; they stand before all others."""

WHAT_NEXT = (
    "The patient asks to have their data erased. For the manager: make sure who is asking; answer "
    "within one month (GDPR, article 12(3)); cancel coming visits with the patient; erase what no law "
    "makes you keep, and say what stays and until when. Nothing has been erased."
)


def first_things_first(*, now: datetime) -> tuple[OrderBy, ...]:
    """Order open tasks: who may be unwell, then what is urgent, then by when each is due.

    A task about a visit to come is due when that begins, any other since it was written.
    """
    clinical = Case(When(kind__in=CLINICAL, then=0), default=1, output_field=IntegerField())
    coming = When(appointment__start__gt=now, then=F("appointment__start"))
    due = Case(coming, default=F("created_at"))
    return clinical.asc(), F("urgent").desc(), due.asc(), F("pk").asc()


@transaction.atomic
def tick_off(*, todo_ids: Iterable[int], by: Actor, now: datetime) -> int:
    """Mark open tasks as done, and tell how many were; those of other sites stay untouched."""
    rows = Todo.objects.select_for_update().filter(pk__in=list(todo_ids), done_at=None)
    open_rows = [
        row for row in rows.order_by("pk") if row.site_id is None or by.works_at(row.site_id)
    ]
    for row in open_rows:
        row.done_at, row.done_by = now, by.name
        row.save(update_fields=["done_at", "done_by"])
    trail.write(trail.entry(subject=row, verb="tick_off", by=by, now=now) for row in open_rows)
    return len(open_rows)


def step_undone(*, patient_id: int, taken_at: datetime, by: Actor, now: datetime) -> int:
    """Tick off what a step that was taken back had asked of reception; answer how many tasks.

    Verbs stamp what they write with the moment of their step, whichever floor writes it.
    """
    asked = Todo.objects.filter(patient=patient_id, created_at=taken_at, done_at=None)
    return tick_off(todo_ids=asked.values_list("pk", flat=True), by=by, now=now)


@transaction.atomic
def write_down(*, todo: Todo, by: Actor, now: datetime) -> Todo:
    """Add a task by hand."""
    todo.created_at = now
    todo.save()
    trail.write([trail.entry(subject=todo, verb="add", by=by, now=now)])
    return todo


def asks_to_move(appointment: Appointment) -> bool:
    """Tell whether the patient's wish for another time is still open."""
    open_wish = Todo.objects.filter(appointment=appointment, kind=ASKS_TO_MOVE, done_at=None)
    return open_wish.exists()


@transaction.atomic
def ask_to_move(*, appointment: Appointment, wish: str, by: Actor, now: datetime) -> Todo:
    """Note that the patient would like another time; asking again replaces the open wish."""
    said = f"Would like another time: {wish}" if wish else "Would like another time."
    # locked, so that asking twice at once does not write two tasks
    locked = Appointment.objects.select_for_update(no_key=True).get(pk=appointment.pk)
    todo, fresh = Todo.objects.update_or_create(
        appointment=appointment,
        kind=ASKS_TO_MOVE,
        done_at=None,
        defaults={"text": said},
        create_defaults={
            "text": said,
            "site_id": locked.site_id,
            "patient_id": locked.patient_id,  # joined with another a moment ago, it is the other
            "created_at": now,
        },
    )
    if fresh:
        trail.write([trail.entry(subject=todo, verb="ask_to_move", by=by, now=now)])
    return todo


@transaction.atomic
def ask_to_erase(*, patient_id: int, site_id: int | None, by: Actor, now: datetime) -> Todo:
    """Note that the patient wants their data erased; asked again, the open request is answered.

    Raises:
        NotFound: they went a moment ago, as two records became one.

    """
    # locked, so that asking twice at once does not write two tasks
    lock_patient(patient_id)
    todo, fresh = Todo.objects.get_or_create(
        patient_id=patient_id,
        kind=ASKS_FOR_ERASURE,
        done_at=None,
        defaults={"site_id": site_id, "text": WHAT_NEXT, "created_at": now},
    )
    if fresh:
        trail.write([trail.entry(subject=todo, verb="ask_to_erase", by=by, now=now)])
    return todo


def erasure_asked(patient_id: int) -> Todo | None:
    """Find the open request of a patient to have their data erased."""
    return Todo.objects.filter(patient_id=patient_id, kind=ASKS_FOR_ERASURE, done_at=None).first()

"""A message in which somebody says that something is wrong: answered at once, for a clinician to see."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Q

from notifications import answers, writers
from notifications.core import replies
from notifications.models import Reply
from scheduling.core.words import Status
from scheduling.models import Appointment, Patient, Todo
from scheduling.todos import CLINICAL_WORDS

ENOUGH_SAID = 1200
"""Characters of a task after which further messages are only counted in the inbox."""


def heed(reply: Reply, patients: Sequence[Patient], *, now: datetime) -> None:
    """Write an urgent task for a clinician, and tell the writer which number answers at any hour.

    While somebody's task is open, what they write meanwhile is added to it. The message stays in
    the inbox until a person has seen to it.
    """
    visit = _spoken_of(patients, now) or reply.appointment
    if visit is not None:
        reply.appointment, reply.patient = visit, visit.patient
    words = ", ".join(replies.signs_in(reply.body)[:6])
    said = (
        f"Wrote “{' '.join(reply.body.split())[:300]}” by {reply.get_channel_display()} ({words})."
    )
    reply.todo = _task(reply, visit, f"{said} {_answered(reply, visit, now)}", now)


def _answered(reply: Reply, visit: Appointment | None, now: datetime) -> str:
    """Answer, where there is a way, and say what was done about it."""
    if visit is None:
        return "Nobody has answered: the writer is not known, or has never had a visit."
    phone = str(visit.site.out_of_hours_phone or visit.site.phone or "")
    if not phone or not answers.answer_a_cry(reply, visit, phone, now):
        return "Nobody has answered: this patient wants no such messages, or was answered just now."
    return "We are sending them the number to ring at any hour."


def _spoken_of(patients: Sequence[Patient], now: datetime) -> Appointment | None:
    """Choose the newest visit that has begun: what hurts is what was done."""
    rows = Appointment.objects.filter(patient__in=patients, start__lte=now).filter(
        Q(status=Status.FULFILLED.value) | Q(status=Status.CHECKED_IN.value)
    )
    newest = rows.select_related("site", "patient").order_by("-start", "-pk").first()
    return newest or writers.anchor(patients, now)


def _task(reply: Reply, visit: Appointment | None, said: str, now: datetime) -> Todo:
    whose = {"appointment": visit, "patient_id": reply.patient_id}
    still = Todo.objects.filter(kind=CLINICAL_WORDS, done_at=None, **whose).order_by("pk")
    todo = still.first() if reply.patient_id else None
    if todo is None:
        return Todo.objects.create(
            site_id=visit.site_id if visit else None,
            kind=CLINICAL_WORDS,
            text=f"Clinical words: a clinician should ring now. {said}",
            urgent=True,
            created_at=now,
            **whose,
        )
    if len(todo.text) < ENOUGH_SAID:
        todo.text = f"{todo.text} Then: {said}"
        todo.save(update_fields=["text"])
    return todo

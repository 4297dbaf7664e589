"""Visits that the rules no longer allow: reported to reception, never cancelled for it."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from scheduling import catalogue, diary
from scheduling.booking import overrides
from scheduling.booking.ask import wish_of
from scheduling.core.rules import Moment
from scheduling.core.words import Choice, Reason, Status
from scheduling.models import Appointment, Todo

NO_LONGER_ALLOWED = "visit-no-longer-allowed"
"""The kind of task that asks reception to look at a visit which the rules refuse by now."""


def flag_dependents(changed: Appointment, *, now: datetime) -> None:
    """Write a task for each other coming visit that stood on the one that changed."""
    flag_coming(changed.patient_id, besides=changed.pk, now=now)


def flag_coming(patient_id: int, *, now: datetime, besides: int | None = None) -> None:
    """Write a task for each coming visit of a patient that the rules now refuse.

    A consultation cancelled, a laser moved closer to a filler, a pregnancy recorded: the visit
    stays booked, and reception hears of it once. Without an active protocol nothing is said.
    """
    for visit, refused in refused_coming(patient_id, now=now, besides=besides):
        if not visit.todos.filter(kind=NO_LONGER_ALLOWED, done_at=None).exists():
            Todo.objects.create(
                site_id=visit.site_id,
                patient_id=visit.patient_id,
                appointment=visit,
                kind=NO_LONGER_ALLOWED,
                text=_sentence(visit, refused),
                urgent=True,
                created_at=now,
            )


def refused_coming(
    patient_id: int, *, now: datetime, besides: int | None = None
) -> Iterator[tuple[Appointment, list[Reason]]]:
    """Give each coming visit of a patient that the rules refuse now, with what no override covers.

    Without an active protocol there is none.
    """
    if catalogue.current().active_protocol is None:
        return
    coming = Appointment.objects.filter(
        patient_id=patient_id, status=Status.BOOKED.value, start__gt=now
    )
    if besides is not None:
        coming = coming.exclude(pk=besides)
    for visit in coming.select_related("patient", "site", "treatment"):
        standing = overrides.covered_by(overrides.live(visit.pk), visit)
        refused = [
            r
            for r in overrides.blocking(reasons_now(visit, now))
            if (r.code, r.other) not in standing
        ]
        if refused:
            yield visit, refused


def reasons_now(
    visit: Appointment, now: datetime, moment: Moment = Moment.BOOKING
) -> tuple[Reason, ...]:
    """Ask the skin's rules about a visit as it lies."""
    choice = Choice(start_q=visit.start_q, end_q=visit.end_q, prep_minutes=visit.prep_minutes)
    return diary.clinical(wish=wish_of(visit), choice=choice, now=now, moment=moment)


def _sentence(visit: Appointment, refused: Iterable[Reason]) -> str:
    why = " ".join(r.sentence for r in refused)
    return f"The visit on {visit.local_date:%d %b %Y} at {visit.local_time:%H:%M} no longer keeps the rules. {why}"

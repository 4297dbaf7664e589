"""The steps between check-in and the door, each stamped with who and when."""

from datetime import datetime

from scheduling.booking import locks, rows
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed, WrongState
from scheduling.integrity import retrying
from scheduling.models import Appointment, Stage

FROM = {
    Stage.Kind.NUMBING: Status.CHECKED_IN,
    Stage.Kind.TREATMENT: Status.CHECKED_IN,
    Stage.Kind.LEFT: Status.FULFILLED,
}
"""The status in which each step is taken."""


@retrying
def move_on(
    *, appointment_id: int, to: str, version: int | None, by: Actor, now: datetime
) -> Appointment:
    """Note that the patient is in numbing, in treatment, or has left.

    Raises:
        WrongState: the patient is not checked in, or not done, or stands there already or beyond.
        StaleVersion: somebody changed the visit since `version` (None: whatever it is).
        NotFound: there is no such visit for this actor.
        Malformed: there is no such step.

    """
    if to not in Stage.Kind.values:
        raise Malformed("There is no such step.")
    kind = Stage.Kind(to)
    visit = locks.locked(appointment_id=appointment_id, by=by, version=version)
    before = reached(visit)
    if visit.status != FROM[kind] or visit.checked_in_at is None:
        raise WrongState(f"A visit that is {visit.get_status_display()} is not {kind.label}.")
    if before == kind or (before, kind) == (Stage.Kind.TREATMENT, Stage.Kind.NUMBING):
        raise WrongState(f"The patient is {before} already.")
    Stage.objects.create(
        appointment=visit, kind=kind, since=visit.checked_in_at, at=now, by=by.name,
        user_id=by.user_id,
    )  # fmt: skip
    step = rows.Step(verb=kind.value, told=False, by=by, now=now)
    return rows.finish(visit, step, {"stage": [before, kind.value]}, fields=["status"])


def reached(visit: Appointment) -> str:
    """Answer the last step since the visit's present check-in; empty before the first."""
    if visit.checked_in_at is None:
        return ""
    stamps = Stage.objects.filter(appointment=visit, since=visit.checked_in_at)
    return stamps.order_by("-pk").values_list("kind", flat=True).first() or ""

"""The last step at the desk taken back: again by booking's verbs, which may say no, and within seconds.

Words to patients about such a step wait as long, so that a slip of the hand reaches nobody. What
would take the step back travels as a signed note; the session keeps the newest, so that whichever
page somebody lands on can offer it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest

from scheduling import booking, todos
from scheduling.booking import Place
from scheduling.booking.ending import UNDONE
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed, WrongState
from scheduling.models import Allocation, Appointment

SECONDS = 30
NEVER = -1
"""The `told_version` before a visit was booked."""

GRACE = 3
"""Seconds more that the server allows, for the way there."""

_SALT = "scheduling.diary.undo"
_KEPT = "last_step"

Note = dict[str, Any]
"""What a step was, whose, when, and what it needs to be taken back; as JSON can hold it."""


def thoughtful(by: Actor) -> Actor:
    """Name who acts, whose steps patients hear of only once they cannot be undone any more."""
    return replace(by, afterthought=timedelta(seconds=SECONDS))


# ---------------------------------------------------------------- what would take a step back


def of_booking(visits: Sequence[Appointment], by: Actor, now: datetime) -> str:
    """Write what would take a booking back, of one visit or of several of one patient."""
    return _signed(_note("book", by, now) | {"told": NEVER}, visits)


def before(did: str, visit: Appointment, by: Actor, now: datetime) -> Note:
    """Note where a visit stands before a step: `move`, `cancel`, `reinstate`, `arrive`, `no-show`."""
    held: dict[str, list[int]] = {}
    rows = Allocation.objects.filter(appointment=visit, active=True).order_by("pk")
    for kind, resource in rows.values_list("resource__kind", "resource_id"):
        held.setdefault(kind, []).append(resource)
    return _note(did, by, now) | {
        "told": visit.told_version,
        "start": visit.start.isoformat(),
        "minutes": (visit.end_q - visit.start_q) * 5,
        "confirmed": visit.confirmed_at is not None,
        "was": visit.status,
        "reason": visit.cancel_reason,
        "held": held,
    }


def after(note: Note, visit: Appointment) -> str:
    """Sign a note once its step is done, so that it comes back as it was written."""
    return _signed(note, [visit])


def _note(did: str, by: Actor, now: datetime) -> Note:
    return {"did": did, "by": by.user_id, "at": now.isoformat()}


def _at(note: Note) -> datetime:
    return datetime.fromisoformat(note["at"])


def _signed(note: Note, visits: Sequence[Appointment]) -> str:
    note = note | {"visits": [[visit.pk, visit.version] for visit in visits]}
    return signing.dumps(note, salt=_SALT, compress=True)


def read(text: str, by: Actor, now: datetime) -> Note:
    """Read a note of this very person that is still fresh.

    Raises:
        Malformed: it is none of ours, or somebody else's.
        WrongState: it is too old.

    """
    try:
        note: Note = signing.loads(text, salt=_SALT)
    except signing.BadSignature as error:
        raise Malformed("There is no such step to undo.") from error
    if note["by"] != by.user_id:
        raise Malformed("Only who took a step can undo it.")
    if now - _at(note) > timedelta(seconds=SECONDS + GRACE):
        raise WrongState(
            f"A step can be undone for {SECONDS} seconds; after that the visit is changed by hand."
        )
    return note


# ---------------------------------------------------------------- taking it back


def take_back(note: Note, visit: Appointment, by: Actor, now: datetime) -> str:
    """Take a step back, if it is still the newest and the rules agree; say what was done.

    Raises: see `booking.move`, `booking.cancel` and `booking.reinstate`.
    """
    by = replace(thoughtful(by), takes_back=note["told"])
    words = _BACK[note["did"]](note, visit, by, now)
    # a visit that seemed to stand on the cancelled one, a plan to re-flow: that was the slip's doing
    todos.step_undone(patient_id=visit.patient_id, taken_at=_at(note), by=by, now=now)
    return words


def _unbook(note: Note, visit: Appointment, by: Actor, now: datetime) -> str:
    versions = dict(note["visits"])
    booking.cancel_many(appointment_ids=versions, versions=versions, by=by, now=now, reason=UNDONE)
    return (
        f"Undone: nothing is booked for {visit.patient}."
        " Should a message have left already, another one takes it back."
    )


def _move_back(note: Note, visit: Appointment, by: Actor, now: datetime) -> str:
    place = Place(
        start=datetime.fromisoformat(note["start"]),
        minutes=note["minutes"],
        resources={kind: tuple(ids) for kind, ids in note["held"].items()},
    )
    moved = booking.move(
        appointment_id=visit.pk, version=_version(note), to=place, by=by, now=now
    ).appointment
    if note["confirmed"]:  # the patient's yes was to this very time
        booking.confirm(appointment_id=moved.pk, version=moved.version, by=by, now=now)
    return f"Undone: {visit.patient} is back in the old place."


def _put_back(note: Note, visit: Appointment, by: Actor, now: datetime) -> str:
    back = booking.reinstate(appointment_id=visit.pk, version=_version(note), by=by, now=now)
    if note["was"] in {Status.ARRIVED, Status.CHECKED_IN}:  # who was here still is
        booking.arrive(appointment_id=back.pk, version=back.version, by=by, now=now)
        return f"Undone: {visit.patient} is booked again, and noted as arrived."
    return f"Undone: {visit.patient} is booked as before."


def _cancel_again(note: Note, visit: Appointment, by: Actor, now: datetime) -> str:
    booking.cancel(
        appointment_id=visit.pk, version=_version(note), by=by, now=now, reason=note["reason"]
    )
    return f"Undone: the visit of {visit.patient} is cancelled as before."


def _version(note: Note) -> int:
    ((_, version),) = note["visits"]
    return int(version)


_BACK = {
    "book": _unbook,
    "move": _move_back,
    "cancel": _put_back,
    "arrive": _put_back,
    "no-show": _put_back,
    "reinstate": _cancel_again,
}


# ---------------------------------------------------------------- offering it on the next page


@dataclass(frozen=True, slots=True)
class Offered:
    """The newest step of this session that can still be undone; `left` in whole seconds."""

    token: str
    left: int


def offer(request: HttpRequest, token: str) -> str:
    """Keep what would take the newest step back; the pages that follow offer it. Answer it."""
    request.session[_KEPT] = token
    return token


def withdraw(request: HttpRequest) -> None:
    """Offer nothing any more."""
    request.session.pop(_KEPT, None)


def offered(request: HttpRequest, now: datetime) -> Offered | None:
    """Read what can still be undone here; None where nothing can."""
    token = request.session.get(_KEPT) if hasattr(request, "session") else None
    if not token:
        return None
    try:
        at = _at(signing.loads(token, salt=_SALT))
    except signing.BadSignature:
        return None
    left = int((at + timedelta(seconds=SECONDS) - now).total_seconds())
    return Offered(token, left) if left > 0 else None

"""The last step taken back: again by booking's verbs, which may say no, and within seconds.

Words to patients about a step taken here wait as long, so that a slip of the hand reaches nobody.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from scheduling import booking
from scheduling.admin.calendar.wanting import refusal_in
from scheduling.booking import Place
from scheduling.booking.ending import UNDONE
from scheduling.core.words import Actor
from scheduling.errors import Malformed, Refused, WrongState
from scheduling.models import Allocation, Appointment, Site
from scheduling.screens import door, refusing
from scheduling.screens.frame import actor, now

SECONDS = 30
NEVER = -1
"""The `told_version` before a visit was booked."""

GRACE = 3
"""Seconds more that the server allows, for the way there."""

_SALT = "scheduling.diary.undo"


def thoughtful(request: HttpRequest) -> Actor:
    """Name who acts, whose steps patients hear of only once they cannot be undone any more."""
    return replace(actor(request), afterthought=timedelta(seconds=SECONDS))


def of_booking(visit: Appointment, by: Actor, moment: datetime) -> str:
    """Write what would take a booking back."""
    return signed({"by": by.user_id, "at": moment.timestamp(), "told": NEVER}, visit)


def of_move(visit: Appointment, by: Actor, moment: datetime) -> dict[str, Any]:
    """Note where a visit stands before it is moved."""
    held: dict[str, list[int]] = {}
    rows = Allocation.objects.filter(appointment=visit, active=True).order_by("pk")
    for kind, resource in rows.values_list("resource__kind", "resource_id"):
        held.setdefault(kind, []).append(resource)
    return {
        "by": by.user_id,
        "at": moment.timestamp(),
        "told": visit.told_version,
        "start": visit.start.isoformat(),
        "minutes": (visit.end_q - visit.start_q) * 5,
        "confirmed": visit.confirmed_at is not None,
        "held": held,
    }


def signed(note: dict[str, Any], visit: Appointment) -> str:
    """Sign a note, so that it comes back as it was written."""
    note = note | {"id": visit.pk, "version": visit.version}
    return signing.dumps(note, salt=_SALT, compress=True)


@require_POST
def undo_view(request: HttpRequest) -> HttpResponse:
    """Take the last step back, if it is still the newest and the rules agree."""
    door.needs(request, door.WORK)
    moment = now()
    by = actor(request)
    note = _note(request.POST.get("undo", ""), by, moment)
    visit = door.visit_of(request, note["id"])
    by = replace(by, afterthought=timedelta(seconds=SECONDS), takes_back=note["told"])
    try:
        words = _taken_back(note, visit, by, moment)
    except Refused as refused:
        told = refusing.of_error(refused, Site.objects.get(pk=visit.site_id))
        body = {"detail": refused.sentence, "refusal": refusal_in(told), "screen": ""}
        return JsonResponse({**body, "code": refused.code, "override": ""}, status=409)
    return JsonResponse({"words": words})


def _taken_back(note: dict[str, Any], visit: Appointment, by: Actor, moment: datetime) -> str:
    facts: dict[str, Any] = {"appointment_id": visit.pk, "version": note["version"]}
    if "start" not in note:
        booking.cancel(**facts, by=by, now=moment, reason=UNDONE)
        return (
            f"Undone: nothing is booked for {visit.patient}."
            " Should a message have left already, another one takes it back."
        )
    place = Place(
        start=datetime.fromisoformat(note["start"]),
        minutes=note["minutes"],
        resources={kind: tuple(ids) for kind, ids in note["held"].items()},
    )
    moved = booking.move(**facts, to=place, by=by, now=moment).appointment
    if note["confirmed"]:  # the patient's yes was to this very time
        booking.confirm(appointment_id=moved.pk, version=moved.version, by=by, now=moment)
    return f"Undone: {visit.patient} is back in the old place."


def _note(text: str, by: Actor, moment: datetime) -> dict[str, Any]:
    """Read a note of this very person that is still fresh.

    Raises:
        Malformed: it is none of ours, or somebody else's.
        WrongState: it is too old.

    """
    try:
        note: dict[str, Any] = signing.loads(text, salt=_SALT)
    except signing.BadSignature as error:
        raise Malformed from error
    if note["by"] != by.user_id:
        raise Malformed
    if moment.timestamp() - note["at"] > SECONDS + GRACE:
        raise WrongState(
            f"A step can be undone for {SECONDS} seconds; after that the visit is moved by hand."
        )
    return note

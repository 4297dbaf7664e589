"""The Undo button on the desk's pages: no script needed; what came too late is told kindly."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from scheduling.errors import ClinicError, NotFound, Refused, StaleVersion
from scheduling.models import Appointment
from scheduling.screens import door, undoing
from scheduling.screens.frame import actor, now
from scheduling.screens.undoing import Note

STALE = (
    "Somebody else changed this visit since, so nothing was undone. This is how it stands now: "
    "please look, and change it by hand if need be."
)


@require_POST
def undo_view(request: HttpRequest) -> HttpResponse:
    """Take the last step back and say so on the page where it was asked for."""
    door.needs(request, door.WORK)
    moment = now()
    by = actor(request)
    undoing.withdraw(request)
    try:
        note = undoing.read(request.POST.get("undo", ""), by, moment)
    except ClinicError as error:
        messages.warning(request, error.sentence)
        return HttpResponseRedirect(door.back_of(request, _list()))
    visit = door.visit_of(request, note["visits"][0][0])
    try:
        messages.success(request, undoing.take_back(note, visit, by, moment))
    except NotFound:
        raise
    except ClinicError as error:
        _say_why(request, error)
        return HttpResponseRedirect(door.page_of(visit))
    return HttpResponseRedirect(_back(request, note, visit))


def _say_why(request: HttpRequest, error: ClinicError) -> None:
    if isinstance(error, StaleVersion):
        messages.warning(request, STALE)
    elif isinstance(error, Refused):
        why = " ".join(f"{each.sentence} {each.arithmetic}".strip() for each in error.reasons)
        messages.error(request, f"Not undone: the old place cannot be had any more. {why}")
    else:
        messages.error(request, f"Not undone. {error.sentence}")


def _back(request: HttpRequest, note: Note, visit: Appointment) -> str:
    """Lead to the page the button was on; the page of a visit that is none any more helps nobody."""
    if note["did"] == "book" and request.POST.get("next", "").startswith(door.page_of(visit)):
        return reverse("admin:scheduling_appointment_card", args=[visit.patient_id])
    return door.back_of(request, door.page_of(visit))


def _list() -> str:
    return reverse("admin:scheduling_appointment_day")

"""Moving a visit: free starts as when booking, its own place not counted."""

from dataclasses import dataclass, replace
from datetime import datetime

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from scheduling import booking
from scheduling.admin import signs
from scheduling.admin.booking import override_of
from scheduling.admin.chosen import Chosen, look_at
from scheduling.admin.steps import STALE
from scheduling.booking.ask import wish_of
from scheduling.booking.moves import Place
from scheduling.core.words import Wish
from scheduling.errors import ClinicError, NotFound, Refused, StaleVersion
from scheduling.models import Appointment, Site
from scheduling.screens import door, refusing, times, undoing, whom
from scheduling.screens.frame import actor, now
from scheduling.screens.whom import WhomField


class MoveForm(forms.Form):
    """What may change on the way; empty keeps what there is."""

    practitioner = WhomField(
        required=False, empty_label="the same if free, else anyone", label="With"
    )
    minutes = forms.IntegerField(
        required=False, min_value=5, max_value=720, widget=UnfoldAdminIntegerFieldWidget
    )

    def __init__(self, site_id: int, *args: object, **kwargs: object) -> None:
        """Offer the practitioners of the visit's site."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        whom.offer(self, Site.objects.filter(pk=site_id), site_id)

    def wish(self, visit: Appointment) -> Wish:
        """Spell the visit as it would be elsewhere; the form must be valid."""
        wish, clean = wish_of(visit), self.cleaned_data
        practitioner = clean["practitioner"]
        return replace(
            wish,
            minutes=clean["minutes"] or wish.minutes,
            practitioner_id=practitioner.pk if practitioner else None,
        )


@dataclass(slots=True)
class Moving:
    """What stands on the screen of a move."""

    visit: Appointment
    form: MoveForm
    page: times.Page | None = None
    chosen: Chosen | None = None
    refusal: refusing.Refusal | None = None
    error: str = ""


def move_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show where a visit could go (GET), or move it there (POST)."""
    door.needs(request, door.WORK)
    visit = door.visit_of(request, pk)
    moving = Moving(visit, MoveForm(visit.site_id, request.GET))
    moment = now()
    if not moving.form.is_valid():
        return _shown(request, moving, 400 if request.method == "POST" else 200)
    if request.method == "POST":
        return _move(request, moving, moment)
    try:
        if request.GET.get("start"):
            _look(moving, request.GET["start"], moment)
        if moving.chosen is None:
            _page(request, moving, moment)
    except ClinicError as error:
        moving.error = error.sentence
    return _shown(request, moving)


def _look(moving: Moving, text: str, moment: datetime) -> None:
    start = door.start_in(text, moving.visit.site.zone)
    wish = moving.form.wish(moving.visit)
    moving.chosen = look_at(wish=wish, start=start, now=moment)
    moving.refusal = moving.chosen.refusal


def _page(request: HttpRequest, moving: Moving, moment: datetime) -> None:
    first = door.day_in(request.GET.get("from"))
    wish = moving.form.wish(moving.visit)
    visit = moving.visit
    moving.page = times.page(wish=wish, site=visit.site, first=first, now=moment, own=visit.start)


def _move(request: HttpRequest, moving: Moving, moment: datetime) -> HttpResponse:
    visit, clean = moving.visit, moving.form.cleaned_data
    practitioner, by = clean["practitioner"], undoing.thoughtful(actor(request))
    note = undoing.before("move", visit, by, moment)
    try:
        moved = booking.move(
            appointment_id=visit.pk,
            to=Place(
                start=door.start_in(request.POST.get("start", ""), visit.site.zone),
                minutes=clean["minutes"],
                practitioner_id=practitioner.pk if practitioner else None,
            ),
            version=_version(request),
            by=by,
            now=moment,
            override=override_of(request.POST),
        )
    except Refused as refused:
        return _refused(request, moving, refused, moment)
    except StaleVersion:
        messages.warning(request, STALE)
        return HttpResponseRedirect(door.page_of(visit))
    except NotFound:
        raise
    except ClinicError as error:
        moving.error = error.sentence
        return _shown(request, moving, 400)
    undoing.offer(request, undoing.after(note, moved.appointment))
    return _done(request, moved)


def _version(request: HttpRequest) -> int:
    version = door.whole(request.POST.get("version"))
    if version is None:
        raise StaleVersion
    return version


def _refused(
    request: HttpRequest, moving: Moving, refused: Refused, moment: datetime
) -> HttpResponse:
    try:
        _look(moving, request.POST.get("start", ""), moment)
        _page(request, moving, moment)
    except ClinicError:
        moving.page = None
    moving.refusal = refusing.of_error(refused, moving.visit.site)
    return _shown(request, moving, 409)


def _done(request: HttpRequest, moved: booking.Booked) -> HttpResponse:
    visit = moved.appointment
    when = f"{visit.local_date:%a} {visit.local_date.day} {visit.local_date:%b %Y}"
    messages.success(request, f"Moved to {when} at {visit.local_time:%H:%M}.")
    for reason in moved.advisories:
        messages.warning(request, f"{reason.sentence} {reason.arithmetic}".strip())
    return HttpResponseRedirect(door.page_of(visit))


def _shown(request: HttpRequest, moving: Moving, status: int = 200) -> HttpResponse:
    visit = moving.visit
    context = door.context_of(
        request,
        f"Move: {visit.patient}, {visit.treatment}",
        desk=moving,
        visit=visit,
        sign=signs.sign_of(visit),
        posted=request.POST,
        asked=moving.chosen.iso if moving.chosen else request.POST.get("start", ""),
    )
    return render(request, "scheduling/desk/move.html", context, status=status)

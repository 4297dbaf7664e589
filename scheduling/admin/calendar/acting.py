"""What is done from the diary: a visit booked, moved or stretched, by booking's own verbs."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from scheduling import booking
from scheduling.admin.calendar.asking import KINDS, site_of
from scheduling.admin.calendar.spelling import moment_in_words
from scheduling.admin.calendar.wanting import (
    booking_screen,
    column_of,
    held_by,
    refusal_in,
    wish_in,
)
from scheduling.booking import Booked, Place
from scheduling.booking.ask import Ask
from scheduling.catalogue import Thing
from scheduling.errors import Malformed, Refused, StaleVersion
from scheduling.models import Appointment, Resource, Site
from scheduling.screens import door, refusing, undoing
from scheduling.screens.frame import actor, now
from scheduling.screens.times import wall

REFUSED = 409


@require_POST
def book_view(request: HttpRequest) -> HttpResponse:
    """Book what the panel holds at the start that was chosen."""
    door.needs(request, door.WORK)
    site, moment = site_of(request, request.POST.get("site")), now()
    thing = column_of(request.POST.get("column"), site.id, _kind(request))
    wish = wish_in(request)
    wish = held_by(wish, thing) if thing else wish
    start = door.start_in(request.POST.get("start", ""), site.zone)
    by = undoing.thoughtful(actor(request))
    try:
        (booked,) = booking.book_many(asks=[Ask(wish=wish, start=start)], by=by, now=moment)
    except Refused as refused:
        return _no(request, refused, site.id, booking_screen(request.POST))
    token = undoing.offer(request, undoing.of_booking([booked.appointment], by, moment))
    return JsonResponse(_done(booked, "Booked", token), status=201)


@require_POST
def move_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Move a visit to where it was dropped, or make it as long as it was drawn."""
    door.needs(request, door.WORK)
    visit, moment = door.visit_of(request, pk), now()
    version = door.whole(request.POST.get("version"))
    if version is None:
        raise StaleVersion
    thing = column_of(request.POST.get("column"), visit.site_id, _kind(request))
    place = _place(visit, thing, request)
    by = undoing.thoughtful(actor(request))
    note = undoing.before("move", visit, by, moment)
    try:
        moved = booking.move(appointment_id=pk, to=place, version=version, by=by, now=moment)
    except Refused as refused:
        return _no(request, refused, visit.site_id, _to_move(visit, place))
    token = undoing.offer(request, undoing.after(note, moved.appointment))
    return JsonResponse(_done(moved, "Moved", token))


@require_POST
def cancel_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Cancel a visit, with the reason that the patient gave."""
    door.needs(request, door.WORK)
    visit, moment = door.visit_of(request, pk), now()
    version = door.whole(request.POST.get("version"))
    if version is None:
        raise StaleVersion
    by = undoing.thoughtful(actor(request))
    note = undoing.before("cancel", visit, by, moment)
    reason = request.POST.get("reason", "").strip()
    gone = booking.cancel(appointment_id=pk, version=version, by=by, now=moment, reason=reason)
    back = booking.may_be_put_back(was=note["was"])
    token = undoing.offer(request, undoing.after(note, gone)) if back else ""
    return JsonResponse(_done(Booked(appointment=gone), "Cancelled", token))


def _kind(request: HttpRequest) -> str:
    kind = request.POST.get("by", "")
    if kind not in KINDS:
        raise Malformed("Say what the column stands for.")
    return kind


def _place(visit: Appointment, thing: Thing | None, request: HttpRequest) -> Place:
    """Read where a visit was dropped; whoever else it holds stays, where there is one."""
    start = door.start_in(request.POST.get("start", ""), visit.site.zone)
    minutes = door.whole(request.POST.get("minutes"))
    if thing is None:
        return Place(start=start, minutes=minutes)
    if thing.kind == Resource.Kind.PRACTITIONER:
        return Place(start=start, minutes=minutes, practitioner_id=thing.id)
    people = visit.allocations.filter(active=True, resource__kind=Resource.Kind.PRACTITIONER)
    held = tuple(people.order_by("resource_id").values_list("resource_id", flat=True))
    resources: dict[str, tuple[int, ...]] = {thing.kind: (thing.id,)}
    if held:
        resources[Resource.Kind.PRACTITIONER.value] = held
    return Place(start=start, minutes=minutes, resources=resources)


def _done(booked: Booked, verb: str, token: str) -> dict[str, Any]:
    visit = booked.appointment
    start = wall(visit.start, ZoneInfo(visit.zone))
    return {
        "id": visit.pk,
        "version": visit.version,
        "words": f"{verb}: {visit.patient}, {visit.treatment}, {moment_in_words(start)}.",
        "cautions": [f"{r.sentence} {r.arithmetic}".strip() for r in booked.advisories],
        "undo": token,
    }


def _no(request: HttpRequest, refused: Refused, site_id: int, elsewhere: str) -> HttpResponse:
    """Answer every reason, the earliest start that would do, and where to override."""
    told = refusing.of_error(refused, Site.objects.get(pk=site_id))
    may = told.overridable and request.user.has_perm(door.OVERRIDE)
    body = {
        "code": refused.code,
        "detail": refused.sentence,
        "refusal": refusal_in(told),
        "screen": elsewhere,
        "override": elsewhere if may else "",
    }
    return JsonResponse(body, status=REFUSED)


def _to_move(visit: Appointment, place: Place) -> str:
    """Write the address of the moving screen at the start that was refused."""
    asked: dict[str, Any] = {"start": _iso(place.start, visit)}
    if place.minutes:
        asked["minutes"] = place.minutes
    if place.practitioner_id:
        asked["practitioner"] = place.practitioner_id
    return f"{reverse('admin:scheduling_appointment_move', args=[visit.pk])}?{urlencode(asked)}"


def _iso(start: datetime, visit: Appointment) -> str:
    return start.astimezone(ZoneInfo(visit.zone)).isoformat()

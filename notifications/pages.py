"""The patient's page of one visit, behind the link in each message.

The token stands in the path of the link alone: opening it sets a cookie and goes on to an address
that carries no secret. GET changes nothing, for scanners follow links; a form acts.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from notifications import mentions, unsubscribing, wordings
from notifications.core import itinerary
from notifications.core.dates import spoken
from notifications.core.languages import counted, direction
from notifications.core.letters import Told
from scheduling import booking, links, todos
from scheduling.core.words import Status
from scheduling.errors import ClinicError, NotFound, StaleVersion
from scheduling.models import Appointment, Link, Patient

COOKIE_SECONDS = 3600
LONGEST_WISH = 500
Words = Mapping[str, Any]


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie of that one link, and go to its page."""
    try:
        link = links.redeem(token=token, now=timezone.now())
    except ClinicError as error:
        return _closed(request, error)
    page = reverse("visit", args=[link.pk])
    response = redirect(page)
    response.set_cookie(
        _cookie(link.pk),
        token,
        max_age=COOKIE_SECONDS,
        path=page,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return _private(response)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def visit(request: HttpRequest, link_id: int) -> HttpResponse:
    """Show the visit; by POST confirm it, cancel it or ask to move it."""
    now = timezone.now()
    try:
        link = links.redeem(token=request.COOKIES.get(_cookie(link_id), ""), now=now)
        if link.pk != link_id:
            raise NotFound
    except ClinicError as error:
        return _closed(request, error)
    done = _act(request, link, now) if request.method == "POST" else ""
    return _private(_page(request, link, now, done))


def _act(request: HttpRequest, link: Link, now: datetime) -> str:
    """Do what the form asks, and answer the key of the sentence that says what came of it."""
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        return ""
    try:
        return act(request, link, now)
    except StaleVersion:
        return "stale"
    except ClinicError as error:
        return "cancel_late" if "notice_hours" in error.facts else "busy"


def _confirm(_: HttpRequest, link: Link, now: datetime) -> str:
    appointment = _appointment(link)
    booking.confirm(
        appointment_id=appointment.pk,
        version=appointment.version,
        by=links.holder(link),
        now=now,
    )
    appointment.refresh_from_db()
    return "done_confirm"


def _cancel(_: HttpRequest, link: Link, now: datetime) -> str:
    appointment = _appointment(link)
    booking.cancel(
        appointment_id=appointment.pk,
        version=appointment.version,
        by=links.holder(link),
        now=now,
        reason="cancelled by the patient's link",
    )
    appointment.refresh_from_db()
    return "done_cancel"


def _ask_to_move(request: HttpRequest, link: Link, now: datetime) -> str:
    wish = " ".join(request.POST.get("wish", "").replace("\0", "").split())[:LONGEST_WISH]
    todos.ask_to_move(appointment=_appointment(link), wish=wish, by=links.holder(link), now=now)
    return "done_move"


_ACTS: Mapping[str, Callable[[HttpRequest, Link, datetime], str]] = {
    "confirm": _confirm,
    "cancel": _cancel,
    "move": _ask_to_move,
}


def _page(request: HttpRequest, link: Link, now: datetime, done: str) -> HttpResponse:
    appointment = _appointment(link)
    site, words = appointment.site, _words(link.patient.language)
    coming = appointment.start > now
    context = {
        "title": words["title"],
        "words": words,
        "language": link.patient.language,
        "direction": direction(link.patient.language),
        "clinic": site.name,
        "address": site.address,
        "phone": site.phone,
        "hello": words["hello"].format(name=link.patient.given_name),
        "when": _when(appointment, link.patient),
        "open": coming and appointment.status == Status.BOOKED,
        "confirmed": appointment.confirmed_at is not None,
        "late": _too_late(appointment, words, now),
        "notice": _notice(appointment, words, done or _standing(appointment, now)),
        "good": done.startswith("done_") or appointment.confirmed_at is not None,
        "visits": _together(link, appointment),
    }
    return render(request, "notifications/visit.html", context)


def _when(appointment: Appointment, patient: Patient) -> object:
    """Say the time to be there, as the message said it."""
    return spoken(
        at=appointment.start - timedelta(minutes=appointment.prep_minutes),
        zone=appointment.zone,
        language=patient.language,
        country=appointment.site.country,
        home=patient.zone,
    )


def _together(link: Link, appointment: Appointment) -> list[dict[str, object]]:
    """List the visits that the patient was told of together with this one, as they are now."""
    found = mentions.together_with(visit_id=appointment.pk, told_version=link.bound_version)
    visits = [
        Told(facts=wordings.facts_of(v, link.patient.language), told_version=v.told_version)
        for v in found
        if v.patient_id == link.patient_id
    ]
    return [
        {
            "said": itinerary.line(v),
            "off": v.off,
            "here": v.facts.appointment_id == appointment.pk,
            "elsewhere": v.facts.clinic if v.facts.clinic != appointment.site.name else "",
        }
        for v in visits
    ]


def _standing(appointment: Appointment, now: datetime) -> str:
    """Name the sentence that tells how the visit stands, when there is one to say."""
    if appointment.status in {Status.CANCELLED, Status.ENTERED_IN_ERROR}:
        return "off"
    if appointment.status != Status.BOOKED or appointment.start <= now:
        return "over"
    return "confirmed" if appointment.confirmed_at else ""


def _too_late(appointment: Appointment, words: Words, now: datetime) -> str:
    hours = appointment.site.cancel_notice_hours
    too_late = appointment.start - now < timedelta(hours=hours)
    return _late(words, appointment, hours) if too_late else ""


def _notice(appointment: Appointment, words: Words, key: str) -> str:
    if key == "cancel_late":
        return _late(words, appointment, appointment.site.cancel_notice_hours)
    return str(words[key]) if key else ""


def _late(words: Words, appointment: Appointment, hours: int) -> str:
    """Say until when visits are cancelled here, in the plural of the patient's language."""
    said = counted(words["cancel_late"], appointment.patient.language, hours)
    return said.format(hours=hours)


def _closed(request: HttpRequest, error: ClinicError) -> HttpResponse:
    """Say plainly why there is nothing here, and whom to ask."""
    link = error.facts.get("link")
    known = link.appointment if isinstance(link, Link) else None
    language = known.patient.language if known else (get_language() or "en")[:2]
    words = _words(language)
    which = "dead" if isinstance(error, links.LinkDead) else "none"
    context: dict[str, Any] = {
        "title": words[f"{which}_title"],
        "words": words,
        "language": language,
        "direction": direction(language),
        "notice": words[which],
        "clinic": known.site.name if known else "",
        "phone": known.site.phone if known else "",
    }
    status = 410 if which == "dead" else 404
    return _private(render(request, "notifications/visit.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _appointment(link: Link) -> Appointment:
    """Give the visit of a link; `redeem` answers no link without one."""
    appointment = link.appointment
    if appointment is None:
        raise NotFound
    return appointment


def _cookie(link_id: int) -> str:
    """Name a cookie for each link, so that two visits open side by side stay apart."""
    return f"visit-{link_id}"


@cache
def _all_words() -> Mapping[str, Words]:
    text = files("notifications").joinpath("data", "page.json").read_text("utf-8")
    words: Mapping[str, Words] = json.loads(text)
    return words


def _words(language: str) -> Words:
    words = _all_words()
    return words.get(language, words["en"])


@csrf_exempt  # the token is the authority: mail programs post without cookies (RFC 8058)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Offer to send no more e-mails; only a POST that says so in a field of its own does it."""
    asked = request.POST.get(unsubscribing.FIELD) == unsubscribing.ANSWER
    try:
        message = unsubscribing.message_of(token)
        if asked:
            unsubscribing.unsubscribe(token=token, now=timezone.now())
    except ClinicError as error:
        return _closed(request, error)
    language = message.patient.language
    words = _words(language)
    context = {
        "title": words["stop_title"],
        "words": words,
        "language": language,
        "direction": direction(language),
        "clinic": message.site.name,
        "phone": message.site.phone,
        "ask": words["stop_ask"].format(clinic=message.site.name),
        "field": unsubscribing.FIELD,
        "answer": unsubscribing.ANSWER,
        "done": asked,
    }
    return _private(render(request, "notifications/stop.html", context))


urlpatterns = [
    path(f"{unsubscribing.PATH}<str:token>/", stop, name="stop-email"),
    path("see/<int:link_id>/", visit, name="visit"),
    path("<str:token>/", open_link, name="visit-link"),
]

"""The patient's page of one visit, behind the link in each message."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications import mentions, wordings
from notifications.core import itinerary
from notifications.core.letters import Told
from scheduling import booking, todos
from scheduling.core.dates import spoken
from scheduling.core.languages import counted
from scheduling.core.words import Status
from scheduling.doors import Page, Visitor, exchange, language_of, of_a_visit, show, words_of
from scheduling.doors.frame import Words
from scheduling.errors import ClinicError, StaleVersion
from scheduling.models import Appointment

LONGEST_WISH = 500


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie of that one link, and go to its page."""
    return exchange(request, token, page="visit")


@of_a_visit
def visit(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the visit; by POST confirm it, cancel it or ask to move it."""
    done = _act(request, visitor, now) if request.method == "POST" else ""
    return _page(request, visitor, now, done)


def _act(request: HttpRequest, visitor: Visitor, now: datetime) -> str:
    """Do what the form asks, and answer the key of the sentence that says what came of it."""
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        return ""
    try:
        return act(request, visitor, now)
    except StaleVersion:
        return "stale"
    except ClinicError as error:
        return "cancel_late" if "notice_hours" in error.facts else "busy"


def _confirm(_: HttpRequest, visitor: Visitor, now: datetime) -> str:
    appointment = visitor.visit
    booking.confirm(
        appointment_id=appointment.pk,
        version=appointment.version,
        by=visitor.by,
        now=now,
    )
    appointment.refresh_from_db()
    return "done_confirm"


def _cancel(_: HttpRequest, visitor: Visitor, now: datetime) -> str:
    appointment = visitor.visit
    booking.cancel(
        appointment_id=appointment.pk,
        version=appointment.version,
        by=visitor.by,
        now=now,
        reason="cancelled by the patient's link",
    )
    appointment.refresh_from_db()
    return "done_cancel"


def _ask_to_move(request: HttpRequest, visitor: Visitor, now: datetime) -> str:
    wish = " ".join(request.POST.get("wish", "").replace("\0", "").split())[:LONGEST_WISH]
    todos.ask_to_move(appointment=visitor.visit, wish=wish, by=visitor.by, now=now)
    return "done_move"


_ACTS: Mapping[str, Callable[[HttpRequest, Visitor, datetime], str]] = {
    "confirm": _confirm,
    "cancel": _cancel,
    "move": _ask_to_move,
}


def _page(request: HttpRequest, visitor: Visitor, now: datetime, done: str) -> HttpResponse:
    appointment = visitor.visit
    language = language_of(request, visitor.patient)
    words = words_of("notifications", "visit_page", language)
    facts = {
        "hello": words["hello"].format(name=visitor.patient.given_name),
        "when": _when(appointment, language),
        "open": appointment.start > now and appointment.status == Status.BOOKED,
        "confirmed": appointment.confirmed_at is not None,
        "late": _too_late(appointment, words, language, now),
        "notice": _notice(appointment, words, language, done or _standing(appointment, now)),
        "good": done.startswith("done_") or appointment.confirmed_at is not None,
        "visits": _together(visitor, language),
        "home": visitor.home,
    }
    page = Page(
        template="notifications/visit.html",
        title=words["title"],
        words=words,
        patient=visitor.patient,
        site=appointment.site,
        facts=facts,
    )
    return show(request, page)


def _when(appointment: Appointment, language: str) -> object:
    """Say the time to be there, as the message said it."""
    return spoken(
        at=appointment.start - timedelta(minutes=appointment.prep_minutes),
        zone=appointment.zone,
        language=language,
        country=appointment.site.country,
        home=appointment.patient.zone,
    )


def _together(visitor: Visitor, language: str) -> list[dict[str, object]]:
    """List the visits that the patient was told of together with this one, as they are now."""
    appointment = visitor.visit
    told = visitor.link.bound_version if visitor.link else appointment.told_version
    found = mentions.together_with(visit_id=appointment.pk, told_version=told)
    visits = [
        Told(facts=wordings.facts_of(v, language), told_version=v.told_version)
        for v in found
        if v.patient_id == visitor.patient.pk
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


def _too_late(appointment: Appointment, words: Words, language: str, now: datetime) -> str:
    hours = appointment.site.cancel_notice_hours
    too_late = appointment.start - now < timedelta(hours=hours)
    return _late(words, language, hours) if too_late else ""


def _notice(appointment: Appointment, words: Words, language: str, key: str) -> str:
    if key == "cancel_late":
        return _late(words, language, appointment.site.cancel_notice_hours)
    return str(words[key]) if key else ""


def _late(words: Words, language: str, hours: int) -> str:
    """Say until when visits are cancelled here, in the plural of the page's language."""
    return counted(words["cancel_late"], language, hours).format(hours=hours)

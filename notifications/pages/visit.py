"""The patient's page of one visit, behind the link in each message or a code."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from phonenumber_field.phonenumber import PhoneNumber

from notifications import invitations, mentions, rendering, wordings
from notifications.care import answering, reading
from notifications.core import itinerary
from notifications.core.letters import Told
from notifications.pages import saying
from plans.models import Plan
from scheduling import booking, todos
from scheduling.core.words import COUNTED
from scheduling.doors import (
    Page,
    Visitor,
    exchange,
    language_of,
    of_a_visit,
    show,
    told_text,
    words_of,
)
from scheduling.doors.entering import MY
from scheduling.doors.frame import Words
from scheduling.errors import ClinicError, NotFound, StaleVersion
from scheduling.models import Appointment

LONGEST_WISH = 500
LONGEST_NUMBER = 10


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie of that one link, and go to its page."""
    return exchange(request, token, page="visit")


@of_a_visit
def visit(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the visit; by POST confirm it, or ask the clinic for another time."""
    act = _ACTS.get(request.POST.get("act", "")) if request.method == "POST" else None
    if act is None:
        return _page(request, visitor, now)
    try:
        act(request, visitor, now)
    except StaleVersion:
        return _page(request, visitor, now, "stale")
    except ClinicError:
        return _page(request, visitor, now, "busy")
    return saying.see_other(visitor.home)


@of_a_visit
def calendar(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Hand out the visit as a file for the patient's own calendar; nothing clinical is in it."""
    appointment = visitor.visit
    if appointment.status not in COUNTED:
        raise NotFound
    text = invitations.published(
        facts=wordings.facts_of(appointment, language_of(request, visitor.addressed)),
        organiser=rendering.organiser_of(appointment.site.email_from),
        at=now,
    )
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = 'attachment; filename="visit.ics"'
    return response


def _confirm(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    seen = _read_version(request, visitor)
    try:
        booking.confirm(appointment_id=visitor.visit.pk, version=seen, by=visitor.by, now=now)
    except StaleVersion:
        visitor.visit.refresh_from_db()
        # pressed twice: the yes itself was the one change since, as another time would undo it
        if visitor.visit.confirmed_at is None or visitor.visit.version != seen + 1:
            raise


def _read_version(request: HttpRequest, visitor: Visitor) -> int:
    """Tell which version of the visit was said yes to: the one on the page.

    A link dies with the time that it told of; a page behind a code may be older than the visit, and
    a yes to the old time is none to the new one.
    """
    if visitor.link is not None:
        return visitor.visit.version
    seen = request.POST.get("version", "")
    return int(seen) if seen.isdecimal() and len(seen) < LONGEST_NUMBER else 0


def _ask_to_move(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    if not saying.is_open(visitor.visit, now):
        return
    wish = " ".join(request.POST.get("wish", "").replace("\0", "").split())[:LONGEST_WISH]
    todos.ask_to_move(appointment=visitor.visit, wish=wish, by=visitor.by, now=now)


_ACTS: Mapping[str, Callable[[HttpRequest, Visitor, datetime], None]] = {
    "confirm": _confirm,
    "move": _ask_to_move,
}


def _page(request: HttpRequest, visitor: Visitor, now: datetime, wrong: str = "") -> HttpResponse:
    appointment = visitor.visit
    language = language_of(request, visitor.addressed)
    words = words_of("notifications", "visit_page", language)
    key = wrong or saying.standing(appointment, now)
    facts = {
        "hello": words["hello"].format(name=visitor.addressed.given_name),
        "about": saying.about(visitor, words),
        "when": saying.when(appointment, language, saying.zone_of(visitor)),
        "treatment": appointment.treatment.told(language).name,
        "open": saying.is_open(appointment, now),
        "counts": appointment.status in COUNTED,
        "confirmed": appointment.confirmed_at is not None,
        "asked": todos.asks_to_move(appointment),
        "notice": words[key] if key else "",
        "good": key == "confirmed",
        "visits": _together(visitor, language, now),
        "rest": _rest(visitor, words, language, now),
        "map": saying.map_of(appointment.site),
        "home": visitor.home,
        "book": f"/{MY}book/" if key == "off" else "",
        "version": appointment.version,
        "my": f"/{MY}" if visitor.session else "",
        "pages": _ways_on(visitor),
    }
    page = Page(
        template="notifications/visit.html",
        title=words["title"],
        words=words,
        patient=visitor.addressed,
        site=appointment.site,
        facts=facts | _advice(appointment, words, language, now),
    )
    return show(request, page)


def _ways_on(visitor: Visitor) -> dict[str, str]:
    """Spell the pages of this visit that other floors bring, as far as they concern it."""
    series = visitor.visit.series_id
    planned = series is not None and Plan.objects.filter(series=series).exists()
    names = ("move", "forms", "messages", *(["plan"] if planned else []))
    return saying.below(visitor.home, *names)


def _advice(visit: Appointment, words: Words, language: str, now: datetime) -> dict[str, Any]:
    """Gather what to do before and after: the treatment's own words, then the care notes."""
    if visit.status not in COUNTED:
        return {}
    treatment, outlook = visit.treatment, reading.outlook(visit, now=now)
    urgent = answering.phone_of(visit.site)
    told = treatment.told(language)
    return {
        "preparation": told_text(told, "preparation", language, words),
        "aftercare": told_text(told, "aftercare", language, words),
        "urgent_phone": PhoneNumber.from_string(urgent) if urgent else None,
        "bring": told_text(told, "bring", language, words),
        "before": [
            (_since(since, visit, words, language), note.text(language))
            for since, note in outlook.before
        ],
        "after": [note.text(language) for note in outlook.after],
    }


def _since(since: date | None, visit: Appointment, words: Words, language: str) -> str:
    """Say from which day a note holds; empty where it holds now."""
    return words["from"].format(date=saying.day(since, visit, language)) if since else ""


def _rest(visitor: Visitor, words: Words, language: str, now: datetime) -> list[str]:
    """Say until when the skin rests after this visit, from its recovery dates; none when over."""
    visit = visitor.visit
    typical, most = visit.recovery_typical, visit.recovery_most
    if visit.status not in COUNTED or typical is None:
        return []
    today = saying.local_date(visit, now)
    key = "rest_child" if visitor.guardian else "rest"
    key += "_later" if saying.is_open(visit, now) else ""
    said = [(key, typical), *([("rest_most", most)] if most and most > typical else [])]
    name = visitor.patient.given_name
    return [
        words[key].format(date=saying.day(on, visit, language), name=name)
        for key, on in said
        if on >= today
    ]


def _together(visitor: Visitor, language: str, now: datetime) -> list[dict[str, object]]:
    """List the visits that the patient was told of together with this one, as they are now.

    Another visit opens by its page behind a code: this link is for this one alone.
    """
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
            "page": ""
            if v.off or v.facts.appointment_id == appointment.pk or v.facts.start <= now
            else f"/{MY}visits/{v.facts.appointment_id}/",
            "elsewhere": v.facts.clinic if v.facts.clinic != appointment.site.name else "",
        }
        for v in visits
    ]

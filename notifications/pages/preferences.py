"""How a patient is written to: channels on and off, the language of messages."""

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest, HttpResponse

from notifications import wishes
from notifications.core.policy import Channel
from notifications.pages import saying
from notifications.providers import mask
from notifications.wishes import Choice, Silence, Way
from scheduling.doors import Page, Visitor, language_of, of_a_visit, show, signed_in, words_of
from scheduling.doors.frame import LANGUAGES, Words
from scheduling.errors import StaleVersion
from scheduling.models import Patient

LONGEST_NUMBER = 10


def _messages(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show how the patient is written to; by POST change it. No messages at all is asked twice."""
    if request.method != "POST" or visitor.patient.do_not_contact:
        key = "saved" if "saved" in request.GET else ""
        return _page(request, visitor, key=key)
    choice = _read(request, visitor.patient)
    try:
        wishes.choose(patient=visitor.patient, choice=choice, by=visitor.by, now=now)
    except Silence:
        return _page(request, visitor, choice=choice)
    except StaleVersion:
        visitor.patient.refresh_from_db()
        if not wishes.stands(patient=visitor.patient, choice=choice):  # else it was pressed twice
            return _page(request, visitor, key="stale")
    return saying.see_other(f"{request.path}?saved")


of_visit = of_a_visit(_messages)
"""The page below one visit's."""

mine = signed_in(_messages)
"""The page of a patient who signed in."""


def _read(request: HttpRequest, patient: Patient) -> Choice:
    language, version = request.POST.get("language", ""), request.POST.get("version", "")
    return Choice(
        channels=[c for c in Channel if c.value in request.POST.getlist("by")],
        language=language if language in LANGUAGES else patient.language,
        version=int(version) if version.isdecimal() and len(version) < LONGEST_NUMBER else 0,
        silent=request.POST.get("none") == "sure",
    )


def _page(
    request: HttpRequest, visitor: Visitor, *, key: str = "", choice: Choice | None = None
) -> HttpResponse:
    """Draw the form as things stand, or as they were chosen where that was silence."""
    patient = visitor.patient
    words = words_of("notifications", "messages_page", language_of(request, visitor.addressed))
    blocked = patient.do_not_contact
    facts = {
        "about": saying.about(visitor, words),
        "notice": words["no_contact"] if blocked else words[key] if key else "",
        "good": key == "saved",
        "rows": [] if blocked else _rows(wishes.ways(patient), words, choice),
        "silence": choice is not None,
        "errors": {"none": words["none_error"]} if choice else {},
        "spoken": choice.language if choice else patient.language,
        "choices": list(LANGUAGES.items()),
        "version": choice.version if choice else patient.version,
        "home": visitor.home,
    }
    page = Page(
        template="notifications/messages.html",
        title=words["title"],
        words=words,
        patient=visitor.addressed,
        site=visitor.appointment.site if visitor.appointment else None,
        facts=facts,
    )
    return show(request, page)


def _rows(found: Iterable[Way], words: Words, choice: Choice | None) -> list[dict[str, object]]:
    return [
        {
            "value": way.channel.value,
            "label": words[way.channel.value],
            "address": mask(way.address) if way.address else "",
            "on": way.channel in choice.channels if choice else way.on,
            "free": way.free,
            "why": _why(way, words),
        }
        for way in found
    ]


def _why(way: Way, words: Words) -> str:
    """Say why a channel cannot be turned on here."""
    if not way.address:
        return str(words["no_phone" if way.channel is Channel.SMS else "no_email"])
    return str(words[f"stopped_{way.stopped}"]) if way.stopped else ""

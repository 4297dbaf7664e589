"""The patient's page of advice behind a care link: the text, and a form that asks how it is."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from phonenumber_field.phonenumber import PhoneNumber

from notifications.care import answering, photos, reading, recalling
from notifications.care.answering import Said
from notifications.core.care import Answer
from notifications.models import CareAnswer
from scheduling import links
from scheduling.core.dates import spoken
from scheduling.core.words import Status
from scheduling.doors import Page, Visitor, by_link, exchange, language_of, show, way_in, words_of
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Link

PURPOSES = (Link.Purpose.CARE, Link.Purpose.RECALL)
SHOWN = frozenset({Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED})
"""Statuses of a visit of which there is something to read."""


def closed(request: HttpRequest, error: ClinicError) -> HttpResponse:
    """Say plainly why there is nothing here; who is worse finds a number even behind an old link."""
    link = error.facts.get("link")
    visit = link.appointment if isinstance(link, Link) else None
    patient = visit.patient if visit else None
    words = words_of("notifications", "care_page", language_of(request, patient))
    which = "dead" if isinstance(error, links.LinkDead) else "none"
    frame = words_of("scheduling", "frame", language_of(request, patient))
    page = Page(
        template="notifications/care.html",
        title=words[f"{which}_title"],
        words=words,
        patient=patient,
        site=visit.site if visit else None,
        facts={
            "notice": words[which],
            "urgent_phone": _number(answering.phone_of(visit.site)) if visit else None,
        }
        | (way_in(frame) if which == "dead" else {}),
    )
    return show(request, page, status=410 if which == "dead" else 404)


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie of that one link, and go to its page."""
    return exchange(request, token, page="care", purposes=PURPOSES, otherwise=closed)


@by_link(page="care", purposes=PURPOSES, otherwise=closed)
def care(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the advice of a visit, or the invitation to come again; by POST take the answer."""
    recall = visitor.link is not None and visitor.link.purpose == Link.Purpose.RECALL
    if not recall and visitor.visit.status not in SHOWN:
        raise links.LinkDead(link=visitor.link)
    wrong = ""
    if request.method == "POST" and request.POST.get("act") == "photo" and not recall:
        wrong = _take_photo(request, visitor, now)
        if not wrong:
            return redirect(request.path)
    elif request.method == "POST" and _act(request, visitor, now, recall=recall):
        return redirect(request.path)
    language = language_of(request, visitor.addressed)
    words = words_of("notifications", "care_page", language)
    about = words["about"].format(name=visitor.patient.given_name) if visitor.guardian else ""
    facts = _recall(visitor) if recall else _advice(visitor, language, now)
    page = Page(
        template="notifications/care.html",
        title=words[facts.pop("title")],
        words=words,
        patient=visitor.addressed,
        site=visitor.visit.site,
        facts={
            "hello": words["hello"].format(name=visitor.addressed.given_name),
            "about": about,
            "photo_wrong": words[wrong] if wrong else "",
        }
        | facts,
    )
    return show(request, page, status=422 if wrong else 200)


def _act(request: HttpRequest, visitor: Visitor, now: datetime, *, recall: bool) -> bool:
    """Do what the form asks; a form that asks nothing known does nothing."""
    visit = visitor.visit
    if recall:
        if request.POST.get("act") == "ring":
            recalling.ask_to_be_rung(visit=visit, by=visitor.by, now=now)
            return True
        return False
    given = request.POST.get("answer", "")
    if given not in set(Answer) or visit.status != Status.FULFILLED:
        return False
    said = Said(
        answer=Answer(given),
        source=CareAnswer.Source.LINK,
        words=request.POST.get("words", ""),
    )
    answering.answer(appointment_id=visit.pk, said=said, by=visitor.by, now=now)
    return True


def _take_photo(request: HttpRequest, visitor: Visitor, now: datetime) -> str:
    """Keep a photo beside the answer that is there; answer the key of what is wrong with it."""
    sent = request.FILES.get("photo")
    try:
        photos.keep(
            appointment_id=visitor.visit.pk,
            sent=sent.read(photos.LARGEST + 1) if sent else b"",
            by=visitor.by,
            now=now,
        )
    except photos.BadPhoto as error:
        return str(error.facts["which"])
    return ""


def _advice(visitor: Visitor, language: str, now: datetime) -> dict[str, Any]:
    visit = visitor.visit
    words, sheet = words_of("notifications", "care_page", language), reading.sheet(visit, now=now)
    done = sheet.check is not None
    last = next((a for a in reading.answers_of(visit) if a.day == sheet.check), None)
    return {
        "title": "after" if done else "before",
        "when": _when(visit, language),
        "notes": [note.text(language) for note in sheet.notes],
        "asks": done,
        "answers": [(a.value, words[a.value]) for a in Answer],
        "worse": last is not None and last.answer == Answer.WORSE,
        "photo": last is not None,
        "photos": last is not None and last.photos.exists(),
        "last": words["last"].format(answer=words[last.answer]) if last else "",
        "urgent_phone": _number(answering.phone_of(visit.site)) if done else None,
    }


def _recall(visitor: Visitor) -> dict[str, Any]:
    asked = recalling.waits_to_be_rung(visitor.visit)
    return {"title": "recall_title", "recall": True, "asked": asked}


def _when(visit: Appointment, language: str) -> str:
    said = spoken(at=visit.start, zone=visit.zone, language=language, country=visit.site.country)
    return said.date


def _number(phone: str) -> PhoneNumber | None:
    return PhoneNumber.from_string(phone) if phone else None


urlpatterns = [
    path("see/<int:link_id>/", care, name="care"),
    path("<str:token>/", open_link, name="care-link"),
]

"""The patient's page of advice behind a care link: the text, and a form that asks how it is.

As on the page of a visit, the token is exchanged for a cookie at once, a link opens one visit of
one patient, GET changes nothing, and a form acts.
"""

import json
from collections.abc import Mapping
from datetime import datetime
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
from django.views.decorators.http import require_http_methods, require_safe
from phonenumber_field.phonenumber import PhoneNumber

from notifications.care import answering, reading, recalling
from notifications.care.answering import Said
from notifications.core.care import Answer
from notifications.core.dates import spoken
from notifications.models import CareAnswer
from scheduling import links
from scheduling.core.words import Status
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Appointment, Link

COOKIE_SECONDS = 3600
RIGHT_TO_LEFT = frozenset({"ar"})
SHOWN = frozenset({Status.BOOKED, Status.ARRIVED, Status.CHECKED_IN, Status.FULFILLED})
"""Statuses of a visit of which there is something to read."""

Words = Mapping[str, str]


@require_safe
@never_cache
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """Exchange the token for a cookie of that one link, and go to its page."""
    try:
        link = _redeem(token, timezone.now())
    except ClinicError as error:
        return _closed(request, error)
    page = reverse("care", args=[link.pk])
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
def care(request: HttpRequest, link_id: int) -> HttpResponse:
    """Show the advice of a visit, or the invitation to come again; by POST take the answer."""
    now = timezone.now()
    try:
        link = _redeem(request.COOKIES.get(_cookie(link_id), ""), now)
        if link.pk != link_id:
            raise NotFound
        done = request.method == "POST" and _act(request, link, now)
    except ClinicError as error:
        return _closed(request, error)
    if done:
        return _private(redirect(request.path))
    context = _recall(link) if link.purpose == Link.Purpose.RECALL else _advice(link, now)
    return _private(render(request, "notifications/care.html", _frame(link) | context))


def _redeem(token: str, now: datetime) -> Link:
    """Find the living link of a token, whichever of the two it is."""
    try:
        link = links.redeem(token=token, now=now, purpose=Link.Purpose.CARE)
    except NotFound:
        return links.redeem(token=token, now=now, purpose=Link.Purpose.RECALL)
    if _visit(link).status not in SHOWN:
        raise links.LinkDead(link=link)
    return link


def _act(request: HttpRequest, link: Link, now: datetime) -> bool:
    """Do what the form asks; a form that asks nothing known does nothing."""
    visit, by = _visit(link), links.holder(link)
    if link.purpose == Link.Purpose.RECALL:
        if request.POST.get("act") == "ring":
            recalling.ask_to_be_rung(visit=visit, by=by, now=now)
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
    answering.answer(appointment_id=visit.pk, said=said, by=by, now=now)
    return True


def _frame(link: Link) -> dict[str, Any]:
    site, language = _visit(link).site, link.patient.language
    words = _words(language)
    return {
        "words": words,
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "clinic": site.name,
        "phone": site.phone,
        "hello": words["hello"].format(name=link.patient.given_name),
    }


def _advice(link: Link, now: datetime) -> dict[str, Any]:
    visit, language = _visit(link), link.patient.language
    words, sheet = _words(language), reading.sheet(visit, now=now)
    done = sheet.check is not None
    last = next((a for a in reading.answers_of(visit) if a.day == sheet.check), None)
    return {
        "title": words["after" if done else "before"],
        "when": _when(visit, link),
        "notes": [note.text(language) for note in sheet.notes],
        "asks": done,
        "answers": [(a.value, words[a.value]) for a in Answer],
        "worse": last is not None and last.answer == Answer.WORSE,
        "last": words["last"].format(answer=words[last.answer]) if last else "",
        "urgent_phone": _number(answering.phone_of(visit.site)) if done else None,
    }


def _recall(link: Link) -> dict[str, Any]:
    words = _words(link.patient.language)
    return {
        "title": words["recall_title"],
        "recall": True,
        "asked": recalling.waits_to_be_rung(_visit(link)),
    }


def _when(visit: Appointment, link: Link) -> str:
    said = spoken(
        at=visit.start,
        zone=visit.zone,
        language=link.patient.language,
        country=visit.site.country,
    )
    return said.date


def _number(phone: str) -> PhoneNumber | None:
    return PhoneNumber.from_string(phone) if phone else None


def _closed(request: HttpRequest, error: ClinicError) -> HttpResponse:
    """Say plainly why there is nothing here, and whom to ring."""
    link = error.facts.get("link")
    known = link.appointment if isinstance(link, Link) else None
    language = known.patient.language if known else (get_language() or "en")[:2]
    words = _words(language)
    which = "dead" if isinstance(error, links.LinkDead) else "none"
    context: dict[str, Any] = {
        "title": words[f"{which}_title"],
        "words": words,
        "language": language,
        "direction": "rtl" if language in RIGHT_TO_LEFT else "ltr",
        "notice": words[which],
        "clinic": known.site.name if known else "",
        "phone": known.site.phone if known else "",
        # somebody who is worse must find a number even behind an old link
        "urgent_phone": _number(answering.phone_of(known.site)) if known else None,
    }
    status = 410 if which == "dead" else 404
    return _private(render(request, "notifications/care.html", context, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _visit(link: Link) -> Appointment:
    """Give the visit of a link; `redeem` answers no link without one."""
    if link.appointment is None:
        raise NotFound
    return link.appointment


def _cookie(link_id: int) -> str:
    """Name a cookie for each link, so that two pages open side by side stay apart."""
    return f"care-{link_id}"


@cache
def _all_words() -> Mapping[str, Words]:
    text = files("notifications").joinpath("data", "care_page.json").read_text("utf-8")
    words: Mapping[str, Words] = json.loads(text)
    return words


def _words(language: str) -> Words:
    words = _all_words()
    return words.get(language, words["en"])


urlpatterns = [
    path("see/<int:link_id>/", care, name="care"),
    path("<str:token>/", open_link, name="care-link"),
]

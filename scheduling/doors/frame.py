"""The frame of every patient's page: its language, its clinic, and that it leaves no trace."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation.trans_real import parse_accept_lang_header

from scheduling.core.languages import direction
from scheduling.models import Patient, Site, Told

LANGUAGE_COOKIE = "speaks"
LANGUAGES: Mapping[str, str] = {"en": "English", "es": "Español", "ar": "العربية"}
"""The languages of patients' pages, each by its own name."""

Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page shows: its template, title and facts, in which house and for whom."""

    template: str
    title: str
    words: Words
    patient: Patient | None = None
    site: Site | None = None
    facts: Mapping[str, Any]


def language_of(request: HttpRequest, patient: Patient | None = None) -> str:
    """Choose the language: the one picked on the page, else the patient's, else the browser's."""
    picked = request.COOKIES.get(LANGUAGE_COOKIE, "")
    # the staff's screens have fewer languages, so that Django's own choice knows no Arabic
    asked = parse_accept_lang_header(request.headers.get("Accept-Language", "").lower())
    spoken = (picked, patient.language if patient else "", *(tag[:2] for tag, _ in asked))
    return next((each for each in spoken if each in LANGUAGES), "en")


def words_of(app: str, name: str, language: str) -> Words:
    """Read the words of a page from `APP/data/NAME.json`, with those that every page shares."""
    return _read("scheduling", "frame")[language] | _read(app, name)[language]


@cache
def _read(app: str, name: str) -> Mapping[str, dict[str, Any]]:
    text = files(app).joinpath("data", f"{name}.json").read_text("utf-8")
    words: Mapping[str, dict[str, Any]] = json.loads(text)
    return words


def show(request: HttpRequest, page: Page, status: int = 200) -> HttpResponse:
    """Draw a page in its frame; no cache keeps it, no address leaks from it."""
    language = language_of(request, page.patient)
    context = {
        "title": page.title,
        "words": page.words,
        "language": language,
        "direction": direction(language),
        "languages": [(code, name) for code, name in LANGUAGES.items() if code != language],
        "clinic": page.site.name if page.site else "",
        "address": page.site.address if page.site else "",
        "phone": page.site.phone if page.site else "",
        "clock": _clock(page.site, page.words) if page.site else "",
    }
    response = render(request, page.template, context | dict(page.facts), status=status)
    response["Content-Language"] = language
    return private(response)


def _clock(site: Site, words: Words) -> str:
    """Say whose time it is: nobody knows in which zone a page is read."""
    return str(words["clock"].format(place=site.zone.rpartition("/")[2].replace("_", " ")))


def told_text(texts: Told, name: str, language: str, words: Words) -> dict[str, str] | None:
    """Give one of a treatment's texts, its language, and a word where that is not the page's."""
    said, spoken = getattr(texts, name), texts.languages[name]
    if not said:
        return None
    borrowed = words["borrowed"].format(name=LANGUAGES[spoken]) if spoken != language else ""
    return {"said": said, "language": spoken, "borrowed": borrowed}


def private(response: HttpResponse) -> HttpResponse:
    """Keep the address of a page from the sites it leads to, and the page from search engines."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response

"""A copy of their data for the patient, and the request to have it erased."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path

from scheduling import copies, todos
from scheduling.doors import Page, Visitor, language_of, show, signed_in, words_of
from scheduling.doors.frame import Words
from scheduling.pages.forms import day_of, onward, site_of

SHOWN = 20
"""Rows of a part on the page, newest first; the file has all."""


def data(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show what is kept about the patient; by POST ask for its erasure."""
    site = site_of(visitor)
    if request.method == "POST":
        if request.POST.get("act") == "erase":
            todos.ask_to_erase(
                patient_id=visitor.patient.pk, site_id=site.pk, by=visitor.by, now=now
            )
        return onward(request.path)
    language = language_of(request, visitor.patient)
    words = words_of("scheduling", "data_page", language)
    asked = todos.erasure_asked(visitor.patient.pk)
    told = day_of(asked.created_at, site.zone, language, site) if asked else ""
    page = Page(
        template="scheduling/patient/data.html",
        title=words["title"],
        words=words,
        patient=visitor.patient,
        site=site,
        facts={
            "parts": [
                _part(name, rows, words) for name, rows in copies.copy_of(visitor.patient).items()
            ],
            "erase_done": words["erase_done"].format(date=told) if asked else "",
            "home": visitor.home,
        },
    )
    return show(request, page)


def _part(name: str, rows: list[dict[str, Any]], words: Words) -> dict[str, Any]:
    return {
        "title": words.get(f"p_{name}", name),
        "count": len(rows),
        "rows": [_row(row, words) for row in rows[:SHOWN]],
        "more": len(rows) > SHOWN,
    }


def _row(row: Mapping[str, Any], words: Words) -> list[tuple[str, list[str]]]:
    return [(words.get(f"f_{name}", name), _values(value, words)) for name, value in row.items()]


def _values(value: Any, words: Words) -> list[str]:
    if isinstance(value, bool):
        return [words["yes" if value else "no"]]
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def file(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Give the copy as JSON."""
    whole = {"made_at": now.isoformat(), **copies.copy_of(visitor.patient)}
    content = json.dumps(whole, ensure_ascii=False, indent=2, default=str)
    response = HttpResponse(content, content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


my_urls = [
    path("data/", signed_in(data)),
    path("data/my-data.json", signed_in(file)),
]

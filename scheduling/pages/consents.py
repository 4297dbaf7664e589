"""The consent of a visit: read, and signed with a name."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import path

from scheduling.core.dates import spoken
from scheduling.doors import Visitor, of_a_visit
from scheduling.errors import Malformed, WrongState
from scheduling.models import ConsentText
from scheduling.pages.forms import came_by, drawn, onward, said, spoken_day
from scheduling.papers import consents
from scheduling.papers.consents import NobodyToSign, Signature, Standing, TextChanged

LONGEST_ID = 10
"""Digits beyond which a number is no id of ours."""


def consent(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show the text of a visit's consent; by POST sign it."""
    words, language = said(request, visitor)
    wrong: dict[str, str] = {}
    notice = ""
    if request.method == "POST":
        wrong, notice = _sign(request, visitor, now)
        if not wrong and not notice:
            return onward(request.path)
    stands = consents.standing(visit=visitor.visit, language=language, now=now)
    if stands.signed is not None and not stands.needed:
        return _signed(request, visitor, stands)
    if stands.text is None or not stands.needed:
        key = "sign_none" if stands.text is None else "sign_over"
        facts = {"notice": words[key]}
        return drawn(request, visitor, "nothing", words["sign_title"], facts)
    return _unsigned(request, visitor, now, stands.text, {"wrong": wrong, "notice": notice})


def _sign(request: HttpRequest, visitor: Visitor, now: datetime) -> tuple[dict[str, str], str]:
    """Sign; answer the keys of what is wrong with each field, and of a sentence above."""
    name, text = request.POST.get("name", ""), request.POST.get("text", "")
    wrong = {} if name.strip() else {"name": "error_name"}
    if request.POST.get("agree") != "yes":
        wrong["agree"] = "error_agree"
    if wrong:
        return wrong, ""
    asked = Signature(text_id=_whole(text), name=name, door=came_by(visitor))
    try:
        consents.sign(appointment_id=visitor.visit.pk, signature=asked, by=visitor.by, now=now)
    except TextChanged:
        return {}, "sign_changed"
    except (NobodyToSign, WrongState) as error:
        return {}, str(error.facts.get("which", "sign_over"))
    except Malformed as error:
        return {"name": str(error.facts["which"])}, ""
    return {}, ""


def _whole(text: str) -> int:
    """Read an id; 0, which nothing has, for whatever is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_ID else 0


def _signed(request: HttpRequest, visitor: Visitor, stands: Standing) -> HttpResponse:
    words, language = said(request, visitor)
    signed = stands.signed
    assert signed is not None  # noqa: S101 - for the type checker
    site = visitor.visit.site
    when = spoken(at=signed.signed_at, zone=signed.zone, language=language, country=site.country)
    facts = {
        "notice": words["signed"].format(name=signed.signed_name, date=when.date, time=when.time),
        "good": True,
        **_text(signed.text, visitor, request),
    }
    return drawn(request, visitor, "signed", words["signed_title"], facts)


def _unsigned(
    request: HttpRequest,
    visitor: Visitor,
    now: datetime,
    text: ConsentText,
    trouble: dict[str, Any],
) -> HttpResponse:
    words, _ = said(request, visitor)
    patient, notice, minor = visitor.patient, trouble["notice"], False
    today = now.astimezone(ZoneInfo(visitor.visit.zone)).date()
    try:
        minor = consents.signer_of(patient, today=today).pk != patient.pk
    except NobodyToSign as error:
        notice = notice or str(error.facts["which"])
    facts = {
        "notice": words[notice] if notice else "",
        "may_sign": not notice or notice == "sign_changed",
        "sign_for": words["sign_for"].format(name=str(patient)) if minor else "",
        "label": words["sign_name_guardian" if minor else "sign_name"],
        "errors": {field: words[key] for field, key in trouble["wrong"].items()},
        "typed": {
            "name": request.POST.get("name", ""),
            "agree": request.POST.get("agree") == "yes",
        },
        **_text(text, visitor, request),
    }
    status = 422 if trouble["wrong"] else 200
    return drawn(request, visitor, "consent", words["sign_title"], facts, status=status)


def _text(text: ConsentText, visitor: Visitor, request: HttpRequest) -> dict[str, Any]:
    words, language = said(request, visitor)
    from_day = spoken_day(text.in_force_from, language, visitor.visit.site)
    return {
        "text": text,
        "version": words["sign_version"].format(version=text.version, date=from_day),
    }


visit_urls = [path("forms/consent/", of_a_visit(consent))]

"""Forms before the visit: what there is to fill in, and the medical history, a question a page."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from scheduling.core.dates import spoken
from scheduling.core.words import Status
from scheduling.doors import Page, Visitor, language_of, of_a_visit, show, signed_in, words_of
from scheduling.doors.frame import Words
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Appointment, Site
from scheduling.papers import consents, history, standing
from scheduling.papers.history import Sheet
from scheduling.papers.questions import Answer, Question, form, read

COMING = frozenset({Status.BOOKED.value, Status.ARRIVED.value})
OFFERED = 10
"""Coming visits whose forms a signed-in patient is shown."""


def overview(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """List what there is to fill in and to sign: for one visit, or for all that come."""
    words, language = said(request, visitor)
    visit = visitor.appointment
    last = history.last_of(visitor.patient.pk)
    begun = history.begun(patient_id=visitor.patient.pk, opened_by=door_of(visitor), now=now)
    facts = {
        "for_visit": words["for_visit"].format(date=_of(visit, language)) if visit else "",
        "history_done": words["history_done"].format(
            date=day_of(last.at, last.zone, language, site_of(visitor))
        )
        if last
        else "",
        "history_due": history.due(visitor.patient.pk, visit),
        "begun": bool(begun),
        "consent": _consent(visit, words, language, now) if visit else None,
        "visits": [] if visit else _visits(visitor, words, language, now),
        "papers": visitor.session is not None,
    }
    return drawn(request, visitor, "overview", words["title"], facts)


def question(request: HttpRequest, visitor: Visitor, now: datetime, key: str) -> HttpResponse:
    """Ask one question; by POST keep its answer and go on to the next that is left."""
    asked = form().question(key)
    if asked is None:
        raise NotFound
    wrong: dict[str, str] = {}
    today = today_of(visitor, now)
    if request.method == "POST":
        answer, wrong = read(asked, dict(request.POST.lists()), today=today)
        if answer is not None:
            history.keep(
                patient_id=visitor.patient.pk,
                opened_by=door_of(visitor),
                key=key,
                answer=answer,
                now=now,
            )
            return onward(_next(visitor, now, after=key))
    return _asked(request, visitor, now, asked, wrong)


def check(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show all answers before they are sent; by POST hand them in."""
    words, language = said(request, visitor)
    answers = history.begun(patient_id=visitor.patient.pk, opened_by=door_of(visitor), now=now)
    left = next((q for q in form().questions if q.key not in answers), None)
    base = f"{visitor.home}forms/"
    if request.method == "POST":
        if not left:
            _hand_in(request, visitor, now)
        # sent twice: the answers are there already
        return onward(f"{base}history/sent/" if not left or not answers else f"{base}history/")
    if left:
        return redirect(f"{base}history/{left.key}/" if answers else base)
    lines = [
        history.told(each, answers[each.key], words)
        | {"shown": _shown(answers[each.key], language, site_of(visitor))}
        for each in form().questions
    ]
    return drawn(request, visitor, "check", words["check_title"], {"lines": lines})


def start(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Go to the first question that is left."""
    return redirect(_next(visitor, now))


def sent(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Thank, and say kindly what the answers mean for the visits to come.

    Behind a link only what was answered there is spoken of: whoever holds it need not be the
    patient, and what the clinic knew before is not theirs to read.
    """
    words, language = said(request, visitor)
    visit, told = visitor.appointment, None
    if visitor.link is not None:
        told = history.kinds_told(patient_id=visitor.patient.pk, door=came_by(visitor))
        if told is None:
            return redirect(f"{visitor.home}forms/")
    refused = standing.refused(patient_id=visitor.patient.pk, now=now)
    stand = [each for each in refused if told is None or told.intersection(each.records)]
    mine = [each for each in stand if visit is None or each.visit.pk == visit.pk]
    facts = {
        "means": [_meaning(each, words, language, visitor, told) for each in mine],
        "others": len(stand) > len(mine),
    }
    title = words["sent_title"]
    return drawn(request, visitor, "sent", title, facts)


def _hand_in(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    words, language = said(request, visitor)
    sheet = Sheet(
        language=language,
        words=words,
        zone=site_of(visitor).zone,
        door=came_by(visitor),
        appointment=visitor.appointment,
    )
    opened_by = door_of(visitor)
    try:
        history.hand_in(
            patient_id=visitor.patient.pk, opened_by=opened_by, sheet=sheet, by=visitor.by, now=now
        )
    except ClinicError as error:
        if error.code != "wrong_state":
            raise


def _asked(
    request: HttpRequest, visitor: Visitor, now: datetime, asked: Question, wrong: dict[str, str]
) -> HttpResponse:
    words, _ = said(request, visitor)
    kept = history.begun(patient_id=visitor.patient.pk, opened_by=door_of(visitor), now=now)
    keys = [each.key for each in form().questions]
    at = keys.index(asked.key)
    base = f"{visitor.home}forms/"
    typed = _typed(request, kept.get(asked.key))
    facts = {
        "asked": asked,
        "hint": words[f"h_{asked.key}"],
        "options": [
            {
                "value": each.value,
                "label": words[f"o_{asked.key}_{each.value}"],
                "picked": each.value in typed["answer"],
            }
            for each in asked.options
        ],
        "date_label": words.get(f"d_{asked.key}", ""),
        "words_label": words.get(f"w_{asked.key}", ""),
        "typed": typed,
        "errors": {field: words[key] for field, key in wrong.items()},
        "step": words["step"].format(n=at + 1, all=len(keys)),
        "back_to": f"{base}history/{keys[at - 1]}/" if at else base,
        "choose": words["choose_many"] if asked.many else words["choose"],
    }
    title = words[f"q_{asked.key}"]
    return drawn(request, visitor, "question", title, facts, status=422 if wrong else 200)


def _typed(request: HttpRequest, kept: Answer | None) -> dict[str, Any]:
    """Show again what was typed, else what was kept."""
    if request.method == "POST":
        fields = {name: request.POST.get(name, "") for name in ("day", "month", "year", "words")}
        return {"answer": request.POST.getlist("answer")} | fields
    if kept is None:
        return {"answer": []}
    parts = {"day": kept.on.day, "month": kept.on.month, "year": kept.on.year} if kept.on else {}
    return {"answer": list(kept.chosen), "words": kept.words} | parts


def _next(visitor: Visitor, now: datetime, after: str = "") -> str:
    """Find the next question without an answer, those after this one first; else the check."""
    answers = history.begun(patient_id=visitor.patient.pk, opened_by=door_of(visitor), now=now)
    keys = [each.key for each in form().questions]
    at = keys.index(after) + 1 if after else 0
    left = [key for key in (*keys[at:], *keys[:at]) if key not in answers]
    return f"{visitor.home}forms/history/{left[0] if left else 'check'}/"


def _shown(answer: Answer, language: str, site: Site) -> str:
    """Say the day and the words of an answer, below what was chosen."""
    day = spoken_day(answer.on, language, site) if answer.on else ""
    return " · ".join(part for part in (day, answer.words) if part)


def _consent(
    visit: Appointment, words: Words, language: str, now: datetime
) -> dict[str, Any] | None:
    stands = consents.standing(visit=visit, language=language, now=now)
    if stands.text is None:
        return None
    signed = stands.signed
    done = (
        words["consent_done"].format(
            name=signed.signed_name,
            date=day_of(signed.signed_at, signed.zone, language, visit.site),
        )
        if signed and not stands.needed
        else ""
    )
    return {"needed": stands.needed, "done": done}


def _visits(visitor: Visitor, words: Words, language: str, now: datetime) -> list[dict[str, str]]:
    rows = Appointment.objects.filter(
        patient=visitor.patient, status__in=COMING, end__gt=now
    ).select_related("site")
    return [
        {
            "href": f"{visitor.home}visits/{row.pk}/forms/",
            "label": words["open_forms"].format(date=_of(row, language)),
        }
        for row in rows.order_by("start", "pk")[:OFFERED]
    ]


def _meaning(
    each: standing.Refused,
    words: Words,
    language: str,
    visitor: Visitor,
    told: frozenset[str] | None,
) -> dict[str, Any]:
    """Say why a visit must wait; where a date ends it, lead to the page that moves the visit."""
    until, site = each.earliest, each.visit.site
    kinds = [kind for kind in each.records if told is None or kind in told]
    home = visitor.home if visitor.appointment else f"{visitor.home}visits/{each.visit.pk}/"
    return {
        "title": words["means_title"].format(date=_of(each.visit, language)),
        "why": [words.get(f"m_{kind}", words["m_"]) for kind in kinds] or [words["m_"]],
        "from_day": words["from_day"].format(date=spoken_day(until, language, site))
        if until
        else "",
        "move": f"{home}move/" if until else "",
    }


# ------------------------------------------------------------ shared with the pages beside


def said(request: HttpRequest, visitor: Visitor) -> tuple[Words, str]:
    """Choose the language of these pages, and read their words."""
    language = language_of(request, visitor.patient)
    return words_of("scheduling", "forms_page", language), language


def drawn(
    request: HttpRequest,
    visitor: Visitor,
    name: str,
    title: str,
    facts: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """Draw one of these pages in the patients' frame."""
    words, _ = said(request, visitor)
    page = Page(
        template=f"scheduling/patient/forms/{name}.html",
        title=title,
        words=words,
        patient=visitor.patient,
        site=site_of(visitor),
        facts={"home": visitor.home, "forms": f"{visitor.home}forms/"} | facts,
    )
    return show(request, page, status=status)


def door_of(visitor: Visitor) -> str:
    """Name the door: what was begun behind a link is not shown behind another."""
    return f"link {visitor.link.pk}" if visitor.link else "code"


def came_by(visitor: Visitor) -> str:
    """Name the one link or session, for what is kept for good."""
    if visitor.link is not None:
        return f"link {visitor.link.pk}"
    return f"session {visitor.session.pk}" if visitor.session else ""


def onward(address: str) -> HttpResponse:
    """Go on by GET after a form, so that a reload repeats nothing (RFC 9110, 303)."""
    return HttpResponse(status=HTTPStatus.SEE_OTHER, headers={"Location": address})


def site_of(visitor: Visitor) -> Site:
    """Find the site that a page speaks for: the visit's, the patient's newest, or the first.

    Raises:
        NotFound: the clinic has no site.

    """
    if visitor.appointment is not None:
        return visitor.appointment.site
    newest = Appointment.objects.filter(patient=visitor.patient).select_related("site")
    visit = newest.order_by("-start", "-pk").first()
    site = visit.site if visit else Site.objects.order_by("pk").first()
    if site is None:
        raise NotFound
    return site


def today_of(visitor: Visitor, now: datetime) -> date:
    """Answer the local date at the site, but never one that the records call still to come."""
    return min(now.astimezone(ZoneInfo(site_of(visitor).zone)).date(), now.date())


def day_of(moment: datetime, zone: str, language: str, site: Site) -> str:
    """Say the local date of a moment."""
    return spoken(at=moment, zone=zone, language=language, country=site.country).date


def spoken_day(day: date, language: str, site: Site) -> str:
    """Say a date without a time."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("UTC"))
    return spoken(at=noon, zone="UTC", language=language, country=site.country).date


def _of(visit: Appointment, language: str) -> str:
    return day_of(visit.start, visit.zone, language, visit.site)


VIEWS: Mapping[str, Callable[..., HttpResponse]] = {
    "": overview,
    "history/": start,
    "history/check/": check,
    "history/sent/": sent,
    "history/<slug:key>/": question,
}
"""The pages below `forms/`; of one visit by link or code, of the patient by code."""

visit_urls = [path(f"forms/{route}", of_a_visit(view)) for route, view in VIEWS.items()]
my_urls = [path(f"forms/{route}", signed_in(view)) for route, view in VIEWS.items()]

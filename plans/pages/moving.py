"""A visit moved by its patient: choose a start, see what changes, book it."""

from datetime import UTC, date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from plans import shifting
from plans.models import Plan
from plans.pages import choosing, staying
from plans.pages.telling import Voice, prep_minutes, with_whom
from plans.shifting import Moved, Shift, ShiftChanged
from scheduling import convenience
from scheduling.core.languages import counted
from scheduling.core.timeline import instant
from scheduling.core.words import Status
from scheduling.doors import Page, Visitor, language_of, of_a_visit, show, words_of
from scheduling.doors.frame import Words
from scheduling.errors import (
    ClinicError,
    Malformed,
    NotFound,
    Refused,
    StaleVersion,
    WrongState,
)
from scheduling.models import Appointment, Patient

CONFLICT = 409
LATEST_Q = int(datetime(2199, 1, 1, tzinfo=UTC).timestamp()) // 300


@of_a_visit
def move(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show where the visit can go; by POST remember when the patient can best come."""
    if request.method == "POST":
        _remember(request, visitor, now)
        return redirect(f"{visitor.home}move/", permanent=False)
    return _choices(request, visitor, now)


def _remember(request: HttpRequest, visitor: Visitor, now: datetime) -> None:
    if request.POST.get("act") != "wish":
        return
    try:
        convenience.remember(
            patient_id=visitor.patient.pk,
            weekdays=choosing.boxes(request.POST.getlist("weekday")),
            parts=request.POST.getlist("part"),
            by=visitor.by,
            now=now,
        )
    except Malformed:
        return  # no browser sends it: the boxes have no such values


@of_a_visit
def confirm(request: HttpRequest, visitor: Visitor, now: datetime, start_q: int) -> HttpResponse:
    """Show what would change; by POST do exactly that, or say kindly why not and what is left."""
    if start_q > LATEST_Q:
        raise NotFound
    visit, to = visitor.visit, instant(start_q)
    try:
        if request.method == "POST":
            seen = request.POST.get("seen", "")
            shifting.shift(appointment_id=visit.pk, to=to, seen=seen, by=visitor.by, now=now)
            return staying.on(request, visitor, "moved/", now)
        found = shifting.preview(appointment_id=visit.pk, to=to, by=visitor.by, now=now)
    except NotFound:
        raise
    except ClinicError as error:
        if request.method == "POST" and _is_there(visit, to):  # pressed twice
            return staying.on(request, visitor, "moved/", now)
        if isinstance(error, ShiftChanged):
            return _preview(request, visitor, error.facts["shift"], "changed")
        return _choices(request, visitor, now, error)
    return _preview(request, visitor, found)


def _is_there(visit: Appointment, to: datetime) -> bool:
    visit.refresh_from_db()
    return visit.status == Status.BOOKED and visit.start == to


@of_a_visit
def moved(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Say when the visit is now, and that a new message is on its way."""
    visit = visitor.visit
    voice, words = _voice(request, visitor)
    facts = {
        "when": voice.there(visit.start, visit.prep_minutes),
        "quiet": not _hears(visit.patient),
        "plan": Plan.objects.filter(series=visit.series_id).exists() if visit.series_id else False,
    }
    return show(request, _page("moved", words["moved_title"], words, visitor, facts))


def _hears(patient: Patient) -> bool:
    return patient.channel != Patient.Channel.NONE and not patient.do_not_contact


def _choices(
    request: HttpRequest, visitor: Visitor, now: datetime, error: ClinicError | None = None
) -> HttpResponse:
    """Show every start that can be had, below what came of the last one that was chosen."""
    visit = visitor.visit
    visit.refresh_from_db()
    voice, words = _voice(request, visitor)
    facts: dict[str, Any] = {"when": voice.there(visit.start, visit.prep_minutes)}
    facts |= _said(error, words, voice)
    try:
        found = shifting.places(appointment_id=visit.pk, by=visitor.by, now=now)
        wished = convenience.of(visitor.patient.pk)
        facts |= choosing.shown(found, wished, _week(request), voice, words)
    except NotFound:
        raise
    except ClinicError as closed:
        facts |= _closed(closed, words, voice)
    return show(
        request,
        _page("move", words["move_title"], words, visitor, facts),
        CONFLICT if error is not None else 200,
    )


def _week(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("week", ""))
    except ValueError:
        return None


def _said(error: ClinicError | None, words: Words, voice: Voice) -> dict[str, Any]:
    """Say what stood in the way, in the page's language."""
    if error is None:
        return {}
    if isinstance(error, Refused):
        return {"notice": words["taken"], "why": voice.why(error.reasons)}
    if isinstance(error, WrongState):
        hours = error.facts.get("notice_hours")
        if hours is None:
            return {"notice": words["over"]}
        late = counted(words["late"], voice.language, hours).format(hours=hours)
        return {"notice": late, "ask_us": True}
    return {"notice": words["changed" if isinstance(error, StaleVersion) else "busy"]}


def _closed(error: ClinicError, words: Words, voice: Voice) -> dict[str, Any]:
    """Say why the visit cannot be moved at all, in place of every choice."""
    facts = _said(error, words, voice)
    if isinstance(error, Refused):
        facts = {"notice": " ".join(voice.why(error.reasons)), "why": []}
    return facts | {"closed": True}


def _preview(
    request: HttpRequest, visitor: Visitor, found: Shift, notice: str = ""
) -> HttpResponse:
    """Show each visit's old and new time, and one button for all of them."""
    voice, words = _voice(request, visitor)
    first, *others = found.moves
    facts = {
        "was": voice.there(first.visit.start, first.visit.prep_minutes),
        "then": voice.there(first.start, _prep(first)),
        "others": [_line(each, voice, words) for each in others],
        "seen": found.seen,
        "notice": words[notice] if notice else "",
        "of_plan": found.plan_id is not None,
        "who": with_whom(first.held),
        "with_who": words["with"].format(who=with_whom(first.held)),
    }
    page = _page("confirm", words["confirm_title"], words, visitor, facts)
    return show(request, page, CONFLICT if notice else 200)


def _prep(each: Moved) -> int:
    return prep_minutes(each.start, each.held) if each.held else each.visit.prep_minutes


def _line(each: Moved, voice: Voice, words: Words) -> dict[str, Any]:
    same = each.start == each.visit.start
    who = with_whom(each.held)
    return {
        "name": each.name,
        "was": voice.there(each.visit.start, each.visit.prep_minutes),
        "then": voice.there(each.start, prep_minutes(each.start, each.held)),
        "same_time": same,
        "who": who,
        "said": words["same_time" if same else "with"].format(who=who),
    }


def _voice(request: HttpRequest, visitor: Visitor) -> tuple[Voice, Words]:
    language = language_of(request, visitor.patient)
    return Voice(language, visitor.visit.site, visitor.patient), words_of(
        "plans", "move_page", language
    )


def _page(name: str, title: str, words: Words, visitor: Visitor, facts: dict[str, Any]) -> Page:
    return Page(
        template=f"plans/patient/{name}.html",
        title=title,
        words=words,
        patient=visitor.patient,
        site=visitor.visit.site,
        facts=facts | {"home": visitor.home},
    )

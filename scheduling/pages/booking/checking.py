"""The last look before a booking, the booking, and the page that says that it stands."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from scheduling import reservations
from scheduling.catalogue import current
from scheduling.core.words import Status
from scheduling.doors import Page, Visitor, language_of, show, told_text
from scheduling.errors import Malformed, NotFound, Refused
from scheduling.models import Allocation, Appointment, Resource, Site
from scheduling.pages.booking import drafts, newcomers, starts, steps
from scheduling.pages.booking.drafts import Draft
from scheduling.pages.booking.forms import words_for
from scheduling.pages.booking.steps import BOOK, SeeOther, is_new, root_of
from scheduling.reservations import Reserved

LONGEST_NOTE = 500


def check(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show what, when, where and for whom; by POST book it, or choose another time."""
    draft = drafts.read(request, visitor)
    if request.method == "POST":
        return _act(request, visitor, draft, now)
    reserved = drafts.unseal(draft.get("kept", ""), visitor)
    if reserved is None or steps.missing(visitor, draft, now) != "times":
        return redirect(f"{root_of(visitor)}{steps.missing(visitor, draft, now)}/")
    return _shown(request, visitor, reserved, draft, now)


def _act(request: HttpRequest, visitor: Visitor, draft: Draft, now: datetime) -> HttpResponse:
    draft["note"] = _note(request)
    if request.POST.get("act") == "another":
        reservations.let_go(session=drafts.session_of(visitor), now=now)
        draft.pop("kept", None)
        return drafts.remember(SeeOther(f"{root_of(visitor)}times/"), draft, visitor)
    reserved = drafts.unseal(request.POST.get("kept", ""), visitor)
    if reserved is None:
        return drafts.remember(SeeOther(f"{root_of(visitor)}times/"), draft, visitor)
    try:
        _book(visitor, reserved, draft, now)
    except Refused:
        return _lost(request, visitor, reserved, draft, now)
    except (reservations.Enough, Malformed, NotFound):
        return drafts.remember(SeeOther(f"{root_of(visitor)}times/"), draft, visitor)
    return drafts.forget(SeeOther(f"{BOOK}done/"))


def _note(request: HttpRequest) -> str:
    typed = request.POST.get("note", "").replace("\r\n", "\n")
    kept = "".join(letter for letter in typed if letter.isprintable() or letter == "\n")
    return kept.strip()[:LONGEST_NOTE]


def _book(visitor: Visitor, reserved: Reserved, draft: Draft, now: datetime) -> None:
    session = drafts.session_of(visitor)
    if is_new(visitor):
        who = newcomers.newcomer_of(visitor, draft)
        reservations.enrol(session=session, reserved=reserved, newcomer=who, now=now)
    else:
        reservations.confirm(session=session, reserved=reserved, note=draft["note"], now=now)


def _lost(
    request: HttpRequest, visitor: Visitor, reserved: Reserved, draft: Draft, now: datetime
) -> HttpResponse:
    """Say kindly that the start is gone, and show the next ones; what was typed is kept."""
    reservations.let_go(session=drafts.session_of(visitor), now=now)
    draft.pop("kept", None)
    wish = steps.wish_of(visitor, draft)
    if wish is None:
        return drafts.remember(SeeOther(f"{root_of(visitor)}times/"), draft, visitor)
    answer = starts.shown(request, visitor, wish, now, "lost")
    return drafts.remember(answer, draft, visitor)


def _shown(
    request: HttpRequest, visitor: Visitor, reserved: Reserved, draft: Draft, now: datetime
) -> HttpResponse:
    words = words_for(request, visitor)
    site = Site.objects.get(pk=reserved.wish.site_id)
    clock = starts.clock_of(request, visitor, site)
    hold = Appointment.objects.filter(
        pk=reserved.appointment_id,
        status=Status.PENDING.value,
        expires_at__gt=now,
        sessions=drafts.session_of(visitor),
    ).first()
    offer = current().treatment(reserved.wish.treatment_id)
    there = reserved.start - timedelta(minutes=hold.prep_minutes if hold else offer.prep_minutes)
    until = hold.expires_at if hold else None
    facts: dict[str, Any] = {
        "treatment": offer.named(language_of(request, visitor.patient)),
        "areas": [words["areas"].get(code, code) for code in reserved.wish.areas],
        "length": words["minutes"].format(minutes=offer.minutes_default),
        "date": clock.date(there),
        "time": clock.time(there),
        "with": _with(hold),
        "person": visitor.patient if not is_new(visitor) else newcomers.name_of(draft),
        "said": newcomers.summary(request, visitor, draft) if is_new(visitor) else [],
        "until": words["kept_until"].format(time=clock.time(until)) if until else "",
        "over": words["kept_over"],
        "note": draft.get("note", ""),
        "asks_note": not is_new(visitor),
        "longest_note": LONGEST_NOTE,
        "kept": draft["kept"],
    }
    page = Page(
        template="scheduling/patient/check.html",
        title=words["check_title"],
        words=words,
        patient=visitor.patient,
        site=site,
        facts=facts,
    )
    return show(request, page)


def _with(visit: Appointment | None) -> str:
    """Name the practitioners of a visit."""
    if visit is None:
        return ""
    held = Allocation.objects.filter(
        appointment=visit, active=True, resource__kind=Resource.Kind.PRACTITIONER
    )
    return ", ".join(held.order_by("pk").values_list("resource__name", flat=True))


def done(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Say that the visit stands: when to be there, where, and what to do before."""
    visit = drafts.session_of(visitor).hold
    if visit is None or visit.status != Status.BOOKED or visit.patient_id != visitor.patient.pk:
        return redirect(BOOK)
    words, language = words_for(request, visitor), language_of(request, visitor.patient)
    clock, told = starts.clock_of(request, visitor, visit.site), visit.treatment.told(language)
    there = visit.start - timedelta(minutes=visit.prep_minutes)
    page = Page(
        template="scheduling/patient/booked.html",
        title=words["done_title"],
        words=words,
        patient=visitor.patient,
        site=visit.site,
        facts={
            "treatment": told.name,
            "date": clock.date(there),
            "time": clock.time(there),
            "with": _with(visit),
            "preparation": told_text(told, "preparation", language, words),
            "home": visitor.home,
            "again": BOOK,
        },
    )
    return show(request, page)

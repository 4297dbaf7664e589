"""A patient's own places on the waiting list: see them, take one, leave one, answer an offer."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from scheduling import waiting
from scheduling.core.dates import spoken, weekdays
from scheduling.core.words import Status, Wish
from scheduling.doors import Page, Visitor, language_of, show, signed_in, words_of
from scheduling.doors.frame import Words
from scheduling.errors import ClinicError, NotFound
from scheduling.integrity import AlreadyWaiting
from scheduling.models import Appointment, Offer, Site, WaitingEntry
from scheduling.pages import offers
from scheduling.pages.booking import drafts, steps
from scheduling.pages.booking.forms import Field, Form, ask
from scheduling.pages.booking.steps import SeeOther
from scheduling.waiting import Want

HOME = "/my/waiting/"
HOURS: Mapping[str, tuple[time | None, time | None]] = {
    "any": (None, None),
    "morning": (None, time(12)),
    "afternoon": (time(12), None),
    "evening": (time(17), None),
}
"""Parts of the day as the list keeps them: the earliest and the latest start, by the site's clock."""

LONGEST_ID = 18
"""Digits of an id at most."""

TOLD = ("joined", "left", "already")


def mine(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Show a patient's places on the list and the ways onto it; by POST leave one."""
    if request.method == "POST":
        return _left(request, visitor, now)
    language = language_of(request, visitor.addressed)
    words = words_of("scheduling", "waiting_page", language)
    rows = list(_rows(visitor))
    told = request.GET.get("told", "")
    facts = {
        "notice": words[told] if told in TOLD else "",
        "good": True,
        "entries": [_entry(row, words, language, now) for row in rows],
        "visits": [_visit(v, language) for v in _movable(visitor, rows, now)],
        "may_book": bool(steps.sites_for(visitor)),
        "home": visitor.home,
    }
    page = Page(
        template="scheduling/patient/waiting.html",
        title=words["title"],
        words=words,
        patient=visitor.addressed,
        site=rows[0].site if rows else None,
        facts=facts,
    )
    return show(request, page)


def _rows(visitor: Visitor) -> Any:
    rows = WaitingEntry.objects.filter(patient=visitor.patient, closed_at=None)
    return rows.select_related("site", "treatment", "appointment").prefetch_related(
        "offers", "treatment__texts"
    )


def _entry(row: WaitingEntry, words: Words, language: str, now: datetime) -> dict[str, Any]:
    visit = row.appointment
    end = datetime.combine(row.until, time(12), ZoneInfo(row.site.zone))
    open_one = (o for o in row.offers.all() if o.state == Offer.State.OPEN and o.answer_by > now)
    offer = next(open_one, None)
    return {
        "id": row.pk,
        "what": row.treatment.told(language).name,
        "site": row.site.name,
        "earlier": _said(visit.start, row.site, language) if visit else None,
        "until": words["until_day"].format(date=_said(end, row.site, language).date),
        "offer": f"{HOME}offer/{offer.pk}/" if offer else "",
    }


def _said(at: datetime, site: Site, language: str) -> Any:
    return spoken(at=at, zone=site.zone, language=language, country=site.country)


def _movable(visitor: Visitor, rows: list[WaitingEntry], now: datetime) -> list[Appointment]:
    """List the coming visits that could be earlier and do not wait for it yet."""
    found = Appointment.objects.filter(
        patient=visitor.patient, status=Status.BOOKED, start__gt=now
    ).exclude(pk__in=[row.appointment_id for row in rows if row.appointment_id])
    return list(
        found.select_related("site", "treatment")
        .prefetch_related("treatment__texts")
        .order_by("start", "pk")[:20]
    )


def _visit(visit: Appointment, language: str) -> dict[str, Any]:
    there = visit.start - timedelta(minutes=visit.prep_minutes)
    return {
        "path": f"{HOME}earlier/{visit.pk}/",
        "what": visit.treatment.told(language).name,
        "when": _said(there, visit.site, language),
    }


def _left(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    pressed = request.POST.get("leave", "")
    if not pressed.isdecimal() or len(pressed) > LONGEST_ID:
        return SeeOther(HOME)
    waiting.leave(entry_id=int(pressed), by=visitor.by, now=now)
    return SeeOther(f"{HOME}?told=left")


def join(request: HttpRequest, visitor: Visitor, now: datetime) -> HttpResponse:
    """Ask when a time would suit for what was chosen as if to book it; by POST join the list."""
    wish = steps.wish_of(visitor, drafts.read(request, visitor))
    if wish is None:
        return redirect(HOME)
    site = Site.objects.get(pk=wish.site_id)
    return _asked(request, visitor, now, (wish, site, None), back="/my/book/times/")


def earlier(
    request: HttpRequest, visitor: Visitor, now: datetime, appointment_id: int
) -> HttpResponse:
    """Ask when a visit that is booked could be earlier; by POST join the list."""
    visit = (
        Appointment.objects.filter(pk=appointment_id, patient=visitor.patient)
        .select_related("site")
        .first()
    )
    if visit is None:
        raise NotFound
    wish = Wish(
        site_id=visit.site_id, treatment_id=visit.treatment_id, patient_id=visitor.patient.pk
    )
    return _asked(request, visitor, now, (wish, visit.site, visit), back=HOME)


def _asked(
    request: HttpRequest,
    visitor: Visitor,
    now: datetime,
    about: tuple[Wish, Site, Appointment | None],
    *,
    back: str,
) -> HttpResponse:
    """Ask for days, hours and how long; what was said is kept where the rest is missing."""
    wish, site, visit = about
    words = words_of("scheduling", "waiting_page", language_of(request, visitor.addressed))
    hours, weeks = request.POST.get("hours", "any"), request.POST.get("weeks", "")
    if request.method == "POST" and hours in HOURS and weeks in words["weeks"]:
        want = Want(
            until=now.astimezone(ZoneInfo(site.zone)).date() + timedelta(weeks=int(weeks)),
            appointment_id=visit.pk if visit else None,
            weekdays=_days(request),
            from_time=HOURS[hours][0],
            until_time=HOURS[hours][1],
        )
        return _joined(visitor, wish, want, now)
    form = Form(
        title=words["when_title"],
        fields=_fields(request, visitor, words),
        back=back,
        site_id=site.pk,
        facts={"go_on": words["go_on"]},
    )
    return ask(request, visitor, form)


def _days(request: HttpRequest) -> tuple[int, ...]:
    return tuple(n for n in range(7) if str(n) in request.POST.getlist("days"))


def _fields(request: HttpRequest, visitor: Visitor, words: Words) -> list[Field]:
    week = weekdays(language_of(request, visitor.addressed))
    days = Field(
        name="days",
        kind="some",
        label=words["days"],
        hint=words["days_hint"],
        value=[str(n) for n in _days(request)],
        choices=[(str(n), name) for n, name in enumerate(week)],
    )
    hours = Field(
        name="hours",
        kind="one",
        label=words["hours"],
        value=request.POST.get("hours", "any"),
        choices=[(part, words[part]) for part in HOURS],
    )
    weeks = Field(
        name="weeks",
        kind="one",
        label=words["weeks_label"],
        value=request.POST.get("weeks", ""),
        choices=list(words["weeks"].items()),
        error=words["weeks_error"] if request.method == "POST" else "",
    )
    return [days, hours, weeks]


def _joined(visitor: Visitor, wish: Wish, want: Want, now: datetime) -> HttpResponse:
    """Join; who is on the list already, or whose visit has begun meanwhile, is told so there."""
    try:
        waiting.join(wish=wish, want=want, by=visitor.by, now=now)
    except AlreadyWaiting:
        return SeeOther(f"{HOME}?told=already")
    except NotFound:
        raise
    except ClinicError:
        return SeeOther(HOME)
    return SeeOther(f"{HOME}?told=joined")


my_urls = [
    path("waiting/", signed_in(mine), name="my-waiting"),
    path("waiting/join/", signed_in(join), name="my-waiting-join"),
    path("waiting/earlier/<int:appointment_id>/", signed_in(earlier)),
    path("waiting/offer/<int:offer_id>/", signed_in(offers.mine)),
]

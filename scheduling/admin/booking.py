"""“Book a visit”: find the patient, say what for, choose a start, book. The address holds it all."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from scheduling import booking
from scheduling.admin import basket, card, finder
from scheduling.admin.chosen import Chosen, look_at
from scheduling.admin.first import needed_first
from scheduling.admin.wanted import WantedForm
from scheduling.booking import Booked, OverrideAsk
from scheduling.booking.ask import Ask
from scheduling.core.words import Wish
from scheduling.errors import ClinicError, NotFound, Refused
from scheduling.models import Patient, Site, Treatment
from scheduling.screens import door, refusing, times, undoing
from scheduling.screens.frame import actor, now
from scheduling.screens.once import once


@dataclass(slots=True)
class Desk:
    """What stands on the booking screen; filled step by step from the address."""

    patient: Patient | None = None
    found: finder.Found | None = None
    form: WantedForm | None = None
    items: list[basket.Item] = field(default_factory=list)
    page: times.Page | None = None
    chosen: Chosen | None = None
    refusal: refusing.Refusal | None = None
    error: str = ""
    treatment: Treatment | None = None
    site: Site | None = None


@once
def book_view(request: HttpRequest) -> HttpResponse:
    """Show the booking screen (GET), or book what it holds (POST)."""
    door.needs(request, door.WORK)
    moment = now()
    desk = _desk(request, moment)
    if request.method == "POST":
        return _book(request, desk, moment)
    if desk.patient is None and desk.found and desk.found.only:
        return HttpResponseRedirect(_with_patient(request, desk.found.only))
    if desk.patient and desk.form and desk.form.is_bound:
        _fill(request, desk, moment)
    return _shown(request, desk, moment)


def _desk(request: HttpRequest, moment: datetime) -> Desk:
    desk = Desk(patient=_patient(request), found=finder.look_for(request.GET.get("q", "")))
    sites = door.sites_of(request)
    if desk.patient is None:
        return desk
    if request.GET.get("treatment"):
        desk.form = WantedForm(sites, request.GET)
        if desk.form.is_valid():
            desk.site = desk.form.cleaned_data["site"]
            desk.treatment = desk.form.cleaned_data["treatment"]
    else:
        first = (
            request.GET.get("site")
            or sites.filter(active=True).values_list("pk", flat=True).first()
        )
        start = {"site": first, "encounter": request.GET.get("encounter", "")}
        desk.form = WantedForm(sites, initial=start)
    try:
        desk.items = basket.items(request.GET, desk.patient.pk, sites)
    except ClinicError as error:
        desk.error = error.sentence
    return desk


def _patient(request: HttpRequest) -> Patient | None:
    pk = door.whole(request.GET.get("patient"))
    if not request.GET.get("patient"):
        return None
    found = Patient.objects.filter(pk=pk, provisional=False).first() if pk else None
    if found is None:
        raise Http404
    return found


def _with_patient(request: HttpRequest, patient: Patient) -> str:
    data = request.GET.copy()
    data.pop("q", None)
    data["patient"] = str(patient.pk)
    return f"{request.path}?{data.urlencode()}"


def _fill(request: HttpRequest, desk: Desk, moment: datetime) -> None:
    """Read the free starts, or look closer at the one that was chosen."""
    if desk.form is None or desk.patient is None or not desk.form.is_valid() or desk.error:
        return
    wish = desk.form.wish(desk.patient.pk)
    try:
        if request.GET.get("start"):
            _look(request.GET["start"], desk, wish, moment)
        if desk.chosen is None:
            _page(request, desk, wish, moment)
    except ClinicError as error:
        desk.error = error.sentence


def _look(text: str, desk: Desk, wish: Wish, moment: datetime) -> None:
    site = _site(desk)
    held = [
        each
        for item in desk.items
        for each in look_at(wish=item.ask.wish, start=item.ask.start, now=moment).held
    ]
    start = door.start_in(text, site.zone)
    desk.chosen = look_at(wish=wish, start=start, now=moment, beside=held)
    desk.refusal = desk.chosen.refusal


def _page(request: HttpRequest, desk: Desk, wish: Wish, moment: datetime) -> None:
    first = door.day_in(request.GET.get("from")) or (
        desk.items[0].ask.start.date() if desk.items else None
    )
    taken = tuple(item.span for item in desk.items)
    desk.page = times.page(wish=wish, site=_site(desk), first=first, now=moment, taken=taken)


def _site(desk: Desk) -> Site:
    if desk.site is None:
        raise NotFound
    return desk.site


def _book(request: HttpRequest, desk: Desk, moment: datetime) -> HttpResponse:
    """Book all that was chosen; a refusal comes back on the same page, nothing typed lost."""
    if desk.patient is None or desk.form is None or not desk.form.is_valid():
        return _shown(request, desk, moment, status=400)
    wish = replace(desk.form.wish(desk.patient.pk), note=request.POST.get("note", "").strip())
    try:
        if desk.error:
            return _shown(request, desk, moment, status=400)
        start = door.start_in(request.POST.get("start", ""), _site(desk).zone)
        asks = [item.ask for item in desk.items]
        asks.append(Ask(wish=wish, start=start, override=override_of(request.POST)))
        name = wish.encounter or next((a.wish.encounter for a in asks if a.wish.encounter), "")
        by = undoing.thoughtful(actor(request))
        booked = booking.book_many(
            asks=basket.together(asks, name) if desk.items else asks, by=by, now=moment
        )
    except Refused as refused:
        return _refused(request, desk, wish, refused, moment)
    except NotFound:
        raise
    except ClinicError as error:
        desk.error = error.sentence
        _page_quietly(request, desk, wish, moment)
        return _shown(request, desk, moment, status=400)
    undoing.offer(request, undoing.of_booking([b.appointment for b in booked], by, moment))
    return _done(request, booked)


def override_of(data: QueryDict) -> OverrideAsk | None:
    """Read a clinician's reason and the codes it covers; None when no reason was sent."""
    if "override" not in data:
        return None
    return OverrideAsk(reason=str(data["override"]).strip(), codes=frozenset(data.getlist("code")))


def _refused(
    request: HttpRequest, desk: Desk, wish: Wish, refused: Refused, moment: datetime
) -> HttpResponse:
    desk.refusal = refusing.of_error(refused, _site(desk))
    _look_quietly(request, desk, wish, moment)
    _page_quietly(request, desk, wish, moment)
    return _shown(request, desk, moment, status=409)


def _look_quietly(request: HttpRequest, desk: Desk, wish: Wish, moment: datetime) -> None:
    """Show the refused start again beside its reasons; what booking said stands."""
    kept = desk.refusal
    try:
        _look(request.POST.get("start", ""), desk, wish, moment)
    except ClinicError:
        desk.chosen = None
    desk.refusal = kept


def _page_quietly(request: HttpRequest, desk: Desk, wish: Wish, moment: datetime) -> None:
    try:
        _page(request, desk, wish, moment)
    except ClinicError:
        desk.page = None


def _done(request: HttpRequest, booked: list[Booked]) -> HttpResponse:
    for each in booked:
        visit = each.appointment
        when = f"{visit.local_date:%a} {visit.local_date.day} {visit.local_date:%b %Y}"
        messages.success(
            request,
            f"Booked: {visit.treatment} for {visit.patient}, {when} at {visit.local_time:%H:%M}.",
        )
        for reason in each.advisories:
            messages.warning(request, f"{reason.sentence} {reason.arithmetic}".strip())
    return HttpResponseRedirect(door.page_of(booked[0].appointment))


def _shown(request: HttpRequest, desk: Desk, moment: datetime, status: int = 200) -> HttpResponse:
    facts: dict[str, Any] = {"desk": desk, "posted": request.POST}
    facts["asked"] = desk.chosen.iso if desk.chosen else request.POST.get("start", "")
    if desk.patient:
        facts["age"] = finder.age(desk.patient, moment.date())
        facts["card"] = reverse("admin:scheduling_appointment_card", args=[desk.patient.pk])
        if desk.page is None and desk.chosen is None:
            facts |= card.brief_of(request, desk.patient, moment)
    if desk.chosen and not desk.chosen.refusal:
        facts["another"] = _another(request, desk)
    facts["first"] = needed_first(_codes(desk))
    context = door.context_of(request, "Book a visit", **facts)
    return render(request, "scheduling/desk/book.html", context, status=status)


def _codes(desk: Desk) -> frozenset[str]:
    """Collect what stands against the start, or against every day of the page."""
    if desk.refusal:
        return frozenset(desk.refusal.codes)
    return desk.page.codes if desk.page and not desk.page.count else frozenset()


def _another(request: HttpRequest, desk: Desk) -> str:
    """Write the address at which the next treatment of the same visit is chosen."""
    if desk.patient is None or desk.chosen is None or desk.site is None:
        return ""
    out = QueryDict(mutable=True)
    out["patient"], out["site"] = str(desk.patient.pk), str(desk.site.pk)
    out.setlist("with", [*request.GET.getlist("with"), basket.spell(request.GET, desk.chosen.iso)])
    out["encounter"] = request.GET.get("encounter") or uuid4().hex
    out["from"] = desk.chosen.start.date().isoformat()
    return f"{request.path}?{out.urlencode()}"

"""The patient’s page: what comes, what was, until when the skin rests, what is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from scheduling import panels, protocols, records
from scheduling.admin import finder, signs
from scheduling.booking.ending import LAPSED
from scheduling.core import rules
from scheduling.core.protocol import Protocol
from scheduling.core.words import COUNTED, Status
from scheduling.errors import ClinicError
from scheduling.models import Appointment, Patient, Record, Site, Todo
from scheduling.screens import door
from scheduling.screens.frame import actor, now
from scheduling.screens.once import once
from scheduling.screens.skin import said


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit as a line; at a site that is not the user’s it is busy time only."""

    row: Appointment
    sign: signs.Sign
    areas: str
    who: str
    mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Skin at rest after one visit."""

    row: Appointment
    areas: str
    healed_on: date | None
    to_come: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One record in words."""

    row: Record
    when: str
    detail: str
    goes_on: bool


@once
def card_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a patient (GET), or add one of the quick records (POST)."""
    door.needs(request, "scheduling.view_patient")
    patient = get_object_or_404(Patient.objects.select_related("guardian"), pk=pk)
    moment = now()
    if request.method == "POST":
        if patient.provisional:  # a stand-in for somebody who has not said who they are
            raise Http404
        return _record(request, patient, moment)
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "POST"])
    return render(request, "scheduling/desk/card.html", context_of(request, patient, moment))


def context_of(request: HttpRequest, patient: Patient, moment: datetime) -> dict[str, Any]:
    """Gather the page of a patient."""
    protocol = protocols.in_force()
    site = door.sites_of(request).filter(active=True).first()
    today = moment.astimezone(ZoneInfo(site.zone if site else "UTC")).date()
    visits = _visits(request, patient, protocol)
    noted = _noted(patient, protocol)
    coming = [v for v in visits if v.row.end >= moment]
    context = door.context_of(
        request,
        str(patient),
        patient=patient,
        age=finder.age(patient, today),
        coming=sorted(coming, key=lambda v: v.row.start),
        past=[v for v in visits if v.row.end < moment],
        rests=resting([v.row for v in visits], [n.row for n in noted], protocol, today),
        noted=noted,
        todos=_tasks(request, patient).order_by("-urgent", "created_at"),
        areas=protocols.area_choices(),
        today=today,
    )
    context["panels"] = panels.drawn("patient", patient, context)
    context["by_phone"] = panels.drawn("phone", patient, context)
    return context


def _tasks(request: HttpRequest, patient: Patient) -> "QuerySet[Todo]":
    """Select the open tasks about a patient at the user's sites: others may tell of visits there."""
    here = Q(site=None) | Q(site__in=door.sites_of(request))
    return Todo.objects.filter(here, patient=patient, done_at=None)


def brief_of(request: HttpRequest, patient: Patient, moment: datetime) -> dict[str, Any]:
    """Gather what reception should see before they choose a treatment for somebody."""
    protocol = protocols.in_force()
    today = moment.date()
    visits = _visits(request, patient, protocol)
    healed = Record.objects.filter(patient=patient, kind=Record.Kind.HEALED)
    return {
        "coming": sorted((v for v in visits if v.row.end >= moment), key=lambda v: v.row.start),
        "rests": resting([v.row for v in visits], list(healed), protocol, today),
        "tasks": _tasks(request, patient).order_by("-urgent", "pk")[:5],
    }


def _visits(request: HttpRequest, patient: Patient, protocol: Protocol) -> list[Visit]:
    by = actor(request)
    # A time that was kept and not taken was never a visit.
    rows = (
        Appointment.objects.filter(patient=patient)
        .exclude(status=Status.CANCELLED, cancel_reason=LAPSED)
        .select_related("treatment", "site")
        .prefetch_related("allocations__resource")
        .order_by("-start", "-pk")[:200]
    )
    return [
        Visit(
            row=row,
            sign=signs.sign_of(row),
            areas=said(row.areas, protocol.titles),
            who=", ".join(
                each.resource.name
                for each in row.allocations.all()
                if each.resource.kind == "practitioner"
            ),
            mine=by.works_at(row.site_id),
        )
        for row in rows
    ]


def resting(
    visits: Sequence[Appointment], noted: Sequence[Record], protocol: Protocol, today: date
) -> list[Rest]:
    """List the windows that are still open, and by which “healed” each was closed."""
    healed = [r for r in noted if r.kind == Record.Kind.HEALED and r.withdrawn_at is None]
    return [
        Rest(
            row=visit,
            areas=said(visit.areas, protocol.titles) or "Everywhere",
            healed_on=_healed(visit, healed, protocol),
            to_come=visit.local_date > today,
        )
        for visit in visits
        if visit.status in COUNTED
        and visit.recovery_most is not None
        and visit.recovery_most >= today
    ]


def _healed(visit: Appointment, healed: Sequence[Record], protocol: Protocol) -> date | None:
    days = [
        day
        for each in healed
        if (day := each.start_date or each.end_date)
        and visit.recovery_least
        and day >= visit.recovery_least
        and rules.overlap(each.areas, visit.areas, protocol)
    ]
    return min(days, default=None)


def _noted(patient: Patient, protocol: Protocol) -> list[Noted]:
    rows = Record.objects.filter(patient=patient).order_by("-created_at", "-pk")[:100]
    return [
        Noted(
            row=row,
            when=_when(row),
            detail=", ".join(_details(row, protocol)),
            goes_on=records.ongoing(row) and row.withdrawn_at is None,
        )
        for row in rows
    ]


def _when(row: Record) -> str:
    if row.start:
        local = row.start.astimezone(ZoneInfo(row.zone or "UTC"))
        return f"{local.day} {local:%b %Y, %H:%M}"
    first, last = (f"{d.day} {d:%b %Y}" if d else "" for d in (row.start_date, row.end_date))
    if first == last:
        return first
    return f"{first or 'unknown'} to {last}" if last else f"since {first or 'unknown'}"


def _details(row: Record, protocol: Protocol) -> list[str]:
    facts = [
        protocol.titles.of("procedures", row.procedure) if row.procedure else "",
        row.get_result_display() if row.result else "",
        row.get_code_display() if row.code else "",
        row.get_drug_class_display() if row.drug_class else "",
        said(row.areas, protocol.titles),
        row.note,
    ]
    return [fact for fact in facts if fact]


QUICK: Mapping[str, Record.Kind] = {
    "healed": Record.Kind.HEALED,
    "consent": Record.Kind.CONSENT,
    "consultation": Record.Kind.CONSULTATION,
}
"""Records worth one click on the page; every other type has its own form."""


def _record(request: HttpRequest, patient: Patient, moment: datetime) -> HttpResponse:
    door.needs(request, "scheduling.add_record")
    kind = QUICK.get(request.POST.get("kind", ""))
    site = door.sites_of(request).filter(active=True).first()
    if kind is None or site is None:
        raise Http404
    try:
        records.add(
            record=_quick(request, patient, kind, site, moment), by=actor(request), now=moment
        )
    except ClinicError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"{kind.label} is recorded.")
    return HttpResponseRedirect(reverse("admin:scheduling_appointment_card", args=[patient.pk]))


def _quick(
    request: HttpRequest, patient: Patient, kind: Record.Kind, site: Site, moment: datetime
) -> Record:
    record = Record(patient=patient, kind=kind, note=request.POST.get("note", "").strip()[:500])
    if kind is not Record.Kind.HEALED:
        record.start, record.end, record.zone = moment, moment, site.zone
        return record
    record.start_date = moment.astimezone(ZoneInfo(site.zone)).date()
    known = protocols.in_force().areas.masks
    record.areas = [area for area in request.POST.getlist("area") if area in known]
    return record

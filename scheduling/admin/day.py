"""The day's list of a site: who comes when, where they go, and what is still missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduling import diary, panels, protocols, register
from scheduling.admin import door, finder, signs
from scheduling.admin.screen import now
from scheduling.admin.times import wall
from scheduling.admin.wanted import said
from scheduling.booking.rows import instant
from scheduling.core.words import Status
from scheduling.models import Allocation, Appointment, Practitioner, Resource, Site, Treatment

GONE = frozenset({Status.CANCELLED.value, Status.ENTERED_IN_ERROR.value})
"""Statuses that the list leaves out unless they are asked for."""


class DayForm(forms.Form):
    """The filters of the list."""

    site = forms.ModelChoiceField(
        queryset=Site.objects.none(),
        empty_label=None,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    date = forms.DateField(
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
    )
    practitioner = forms.ModelChoiceField(
        queryset=Practitioner.objects.none(),
        required=False,
        empty_label="everyone",
        widget=UnfoldAdminSelectWidget,
    )
    treatment = forms.ModelChoiceField(
        queryset=Treatment.objects.all(),
        required=False,
        empty_label="all",
        widget=UnfoldAdminSelectWidget,
    )
    status = forms.ChoiceField(
        required=False,
        choices=[
            ("", "all but cancelled"),
            ("all", "all"),
            *((code, sign.word) for code, sign in signs.SIGNS.items()),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    q = forms.CharField(
        required=False, label="Patient", max_length=120, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, sites: QuerySet[Site], data: Mapping[str, Any]) -> None:
        """Offer the sites of the user."""
        super().__init__(data)
        for name, rows in (
            ("site", sites.filter(active=True)),
            ("practitioner", Practitioner.objects.all()),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
            field.queryset = rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One visit as a line of the list, times on the site's clock."""

    visit: Appointment
    sign: signs.Sign
    arrive: datetime
    start: datetime
    held: Mapping[str, str]
    areas: str
    late: bool
    missing: tuple[str, ...]
    marks: tuple[str, ...]
    step: tuple[str, str] | None


def day_view(request: HttpRequest) -> HttpResponse:
    """Show the list of one site and one day."""
    door.needs(request, door.LOOK)
    moment = now()
    form = DayForm(door.sites_of(request), request.GET)
    form.is_valid()
    site = form.cleaned_data.get("site") or door.sites_of(request).filter(active=True).first()
    if site is None:
        context = door.context_of(request, "Today", form=form, site=None)
        return render(request, "scheduling/desk/day.html", context)
    today = moment.astimezone(ZoneInfo(site.zone)).date()
    day = form.cleaned_data.get("date") or today
    rows = rows_of(wanted(form, site, day), moment)
    context = door.context_of(
        request,
        f"{site}, {day:%A} {day.day} {day:%B %Y}",
        form=form,
        site=site,
        day=day,
        today=today,
        rows=rows,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        count=len(rows),
        printed_at=wall(moment, ZoneInfo(site.zone)),
    )
    return render(request, "scheduling/desk/day.html", context)


def wanted(form: DayForm, site: Site, day: date) -> QuerySet[Appointment]:
    """Select the visits that the filters ask for."""
    clean = form.cleaned_data
    rows = Appointment.objects.filter(site=site, local_date=day)
    if clean.get("practitioner"):
        rows = rows.filter(
            Exists(
                Allocation.objects.filter(
                    appointment=OuterRef("pk"), resource=clean["practitioner"].pk
                )
            )
        )
    if clean.get("treatment"):
        rows = rows.filter(treatment=clean["treatment"])
    if status := clean.get("status"):
        rows = rows if status == "all" else rows.filter(status=status)
    else:
        rows = rows.exclude(status__in=GONE)
    if clean.get("q"):
        rows = rows.filter(
            patient__in=register.find(clean["q"], countries=finder.countries()).order_by()
        )
    return rows


def rows_of(visits: QuerySet[Appointment], moment: datetime) -> list[Row]:
    """Read visits as lines, in a number of queries that does not grow with them."""
    found = list(
        visits.select_related("patient", "treatment", "site")
        .prefetch_related("allocations__resource")
        .order_by("start", "pk")
    )
    marks = panels.marks(found)
    titles = protocols.in_force().titles
    lacking = diary.lacking(visits=found, now=moment)
    return [
        Row(
            visit=visit,
            sign=signs.sign_of(visit),
            arrive=wall(instant(visit.start_q - visit.prep_minutes // 5), ZoneInfo(visit.zone)),
            start=wall(visit.start, ZoneInfo(visit.zone)),
            held=_held(visit),
            areas=said(visit.areas, titles),
            late=visit.status == Status.BOOKED and visit.start < moment,
            missing=tuple(titles.of("records", need) for need in lacking.get(visit.pk, ())),
            marks=tuple(marks.get(visit.pk, ())),
            step=signs.NEXT.get(visit.status),
        )
        for visit in found
    ]


def _held(visit: Appointment) -> dict[str, str]:
    names: dict[str, list[str]] = {kind: [] for kind in Resource.Kind.values}
    for each in visit.allocations.all():
        names[each.resource.kind].append(each.resource.name)
    return {kind: ", ".join(found) for kind, found in names.items()}

"""The day list of a site: who comes when, where they go, and what is still missing."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from scheduling import register
from scheduling.admin import finder, signs
from scheduling.admin.lines import lines_of
from scheduling.core.words import Status
from scheduling.models import Allocation, Appointment, Site, Treatment
from scheduling.screens import door, whom
from scheduling.screens.frame import now
from scheduling.screens.times import wall
from scheduling.screens.whom import WhomField
from scheduling.walltime import EARLIEST, LATEST

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
    practitioner = WhomField(required=False, empty_label="everyone")
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
        field, here = self.fields["site"], sites.filter(active=True)
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = here
        whom.offer(self, here, data.get("site") or whom.FIRST, retired=True)

    def clean_date(self) -> Any:
        """Keep to the years that the diary can hold."""
        day = self.cleaned_data["date"]
        if day and not EARLIEST <= day <= LATEST:
            raise forms.ValidationError("A date lies between the years 1970 and 2199.")
        return day


def day_view(request: HttpRequest) -> HttpResponse:
    """Show the day list of one site and one day."""
    door.needs(request, door.LOOK)
    moment = now()
    form = DayForm(door.sites_of(request), request.GET.dict())
    form.is_valid()
    site = form.cleaned_data.get("site") or door.sites_of(request).filter(active=True).first()
    if site is None:
        context = door.context_of(request, "Day list", form=form, site=None)
        return render(request, "scheduling/desk/day.html", context)
    today = moment.astimezone(ZoneInfo(site.zone)).date()
    day = form.cleaned_data.get("date") or today
    # The fields show what is on screen, also where the address left it open.
    form.data = {**form.data, "site": site.pk, "date": day.isoformat()}
    lines = lines_of(wanted(form, site, day), moment)
    context = door.context_of(
        request,
        f"Day list: {site}, {day:%A} {day.day} {day:%B %Y}",
        form=form,
        site=site,
        day=day,
        today=today,
        lines=lines,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1),
        count=len(lines),
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

"""“Put on the waiting list”: who, what, where, and when they could come. The address holds it all."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from scheduling import waiting
from scheduling.admin import finder
from scheduling.admin.wanted import WantedForm
from scheduling.core.words import Status, Wish
from scheduling.errors import ClinicError, NotFound
from scheduling.models import Appointment, Patient, Site
from scheduling.screens import door, whom
from scheduling.screens.frame import actor, now
from scheduling.screens.waiting import WEEKDAYS
from scheduling.waiting import Want

USUAL = timedelta(weeks=4)
"""How long somebody waits where nobody says otherwise; ours."""


class EarlierSelect(forms.ModelChoiceField):
    """Names a visit by its time."""

    def label_from_instance(self, obj: Any) -> str:
        """Say which visit it is."""
        day = f"{obj.local_date:%a %-d %b %Y}, {obj.local_time:%H:%M}"
        return f"{obj.treatment}, {day}, {obj.site}, earlier"


class JoinForm(WantedForm):
    """What the booking screen asks, and when and until when a time would be of use."""

    appointment = EarlierSelect(
        Appointment.objects.none(),
        required=False,
        label="For",
        empty_label="a visit that is not booked yet",
        widget=UnfoldAdminSelectWidget,
    )
    until = forms.DateField(
        label="Until", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    weekdays = forms.TypedMultipleChoiceField(
        required=False,
        coerce=int,
        label="Days",
        help_text="none ticked: any day",
        choices=list(enumerate(WEEKDAYS)),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    from_time = forms.TimeField(
        required=False,
        label="Not before",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "time"}),
    )
    until_time = forms.TimeField(
        required=False,
        label="Not after",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "time"}),
    )
    urgent = forms.BooleanField(
        required=False,
        label="Urgent",
        help_text="a clinician asks for it: goes first",
        widget=UnfoldBooleanWidget,
    )

    def __init__(
        self,
        sites: QuerySet[Site],
        visits: QuerySet[Appointment],
        data: QueryDict | None = None,
        **kwargs: Any,
    ) -> None:
        """Offer the patient's own visits that could be earlier."""
        super().__init__(sites, data, **kwargs)
        self.fields["treatment"].required = False
        self.offer("appointment", visits)
        earlier = door.whole(str(self["appointment"].value() or ""))
        if visit := visits.filter(pk=earlier).first() if earlier else None:
            whom.offer(self, sites.filter(active=True), visit.site_id)
        for name in ("minutes", "encounter"):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Ask for a treatment where no visit says it."""
        said = super().clean() or self.cleaned_data
        if not said.get("appointment") and "treatment" in said and not said["treatment"]:
            self.add_error("treatment", "Choose a treatment, or a visit that is to be earlier.")
        return said

    def wish(self, patient_id: int) -> Wish:
        """Spell what is waited for."""
        said = self.cleaned_data
        visit = said["appointment"]
        self.cleaned_data = {**said, "minutes": None, "encounter": ""}
        if visit is None:
            return super().wish(patient_id)
        practitioner = said["practitioner"]
        return Wish(
            site_id=visit.site_id,
            treatment_id=visit.treatment_id,
            patient_id=patient_id,
            practitioner_id=practitioner.pk if practitioner else None,
        )

    def want(self) -> Want:
        """Spell when it would be of use."""
        said = self.cleaned_data
        return Want(
            until=said["until"],
            appointment_id=said["appointment"].pk if said["appointment"] else None,
            weekdays=tuple(said["weekdays"]),
            from_time=said["from_time"],
            until_time=said["until_time"],
            urgent=said["urgent"],
        )


def join_view(request: HttpRequest) -> HttpResponse:
    """Find the patient, then ask (GET); put them on the list (POST)."""
    door.needs(request, door.WORK)
    moment = now()
    patient = _patient(request)
    if patient is None:
        return _shown(request, {"found": finder.look_for(request.GET.get("q", ""))})
    form = _form(request, patient, moment)
    if request.method == "POST" and form.is_valid():
        try:
            row = waiting.join(
                wish=form.wish(patient.pk), want=form.want(), by=actor(request), now=moment
            )
        except NotFound:
            raise
        except ClinicError as error:
            form.add_error(error.facts.get("field") or None, error.sentence)
        else:
            messages.success(request, f"{patient} is on the waiting list for {row.treatment}.")
            return HttpResponseRedirect(
                reverse("admin:scheduling_waitingentry_change", args=[row.pk])
            )
    facts = {
        "patient": patient,
        "form": form,
        "age": finder.age(patient, moment.date()),
        "card": reverse("admin:scheduling_appointment_card", args=[patient.pk]),
    }
    return _shown(request, facts, status=400 if form.errors and form.is_bound else 200)


def _patient(request: HttpRequest) -> Patient | None:
    if not request.GET.get("patient"):
        return None
    rows = Patient.objects.filter(provisional=False)
    found = rows.filter(pk=door.whole(request.GET["patient"]) or 0).first()
    if found is None:
        raise Http404
    return found


def _form(request: HttpRequest, patient: Patient, moment: datetime) -> JoinForm:
    """Ask what the address knows already; nothing in it is believed before it is sent."""
    sites = door.sites_of(request)
    visits = (
        Appointment.objects.filter(
            patient=patient, site__in=sites, status=Status.BOOKED, start__gt=moment
        )
        .select_related("treatment", "site")
        .order_by("start", "pk")
    )
    if request.method == "POST":
        return JoinForm(sites, visits, request.POST)
    asked = request.GET.dict()
    first = sites.filter(active=True).values_list("pk", flat=True).first()
    usual = moment.date() + USUAL
    return JoinForm(sites, visits, initial={"site": first, "until": usual.isoformat(), **asked})


def _shown(request: HttpRequest, facts: dict[str, Any], status: int = 200) -> HttpResponse:
    context = door.context_of(request, "Put on the waiting list", **facts)
    return render(request, "scheduling/desk/join.html", context, status=status)

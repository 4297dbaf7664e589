"""Somebody walks in: found, and booked at the next start that may be, in three keys.

W on the board opens this page with the cursor in the patient's field; Enter finds, and takes a
single match at once; Enter books.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from scheduling import booking, diary
from scheduling.admin import finder
from scheduling.core.words import Wish
from scheduling.errors import ClinicError, NotFound, Refused
from scheduling.models import Patient, Site, Treatment
from scheduling.screens import door, refusing, times, undoing
from scheduling.screens.frame import actor, now
from scheduling.screens.once import once
from scheduling.screens.times import wall

LAST = "walk_in_treatment"
"""Where the session keeps which treatment walked in last: the next one mostly wants the same."""


class WalkInForm(forms.Form):
    """Where, and what for."""

    site = forms.ModelChoiceField(
        queryset=Site.objects.none(), empty_label=None, widget=UnfoldAdminSelectWidget
    )
    treatment = forms.ModelChoiceField(
        queryset=Treatment.objects.filter(active=True),
        empty_label=None,
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, sites: QuerySet[Site], data: QueryDict, last: int | None) -> None:
        """Take what the address leaves open from the day before: the first site, the last treatment."""
        said = data.copy()
        treatments = Treatment.objects.filter(active=True)
        usual = treatments.filter(pk=last).first() if last else None
        usual = usual or treatments.filter(procedure="consultation").order_by("name", "pk").first()
        usual = usual or treatments.first()
        if "treatment" not in said and usual:
            said["treatment"] = str(usual.pk)
        here = sites.filter(active=True)
        if "site" not in said and (site := here.first()):
            said["site"] = str(site.pk)
        super().__init__(said)
        field = self.fields["site"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = here


@dataclass(slots=True, kw_only=True)
class WalkIn:
    """What stands on the page."""

    form: WalkInForm
    patient: Patient | None = None
    found: finder.Found | None = None
    start: times.Start | None = None
    day: datetime | None = None
    today: bool = False
    refusal: refusing.Refusal | None = None
    error: str = ""

    @property
    def wish(self) -> Wish:
        """Spell the visit; the form must be valid and somebody chosen."""
        clean = self.form.cleaned_data
        return Wish(
            site_id=clean["site"].pk,
            treatment_id=clean["treatment"].pk,
            patient_id=self.patient.pk if self.patient else None,
        )


@once
def walk_in_view(request: HttpRequest) -> HttpResponse:
    """Find who walked in and the next start for them (GET), or book it (POST)."""
    door.needs(request, door.WORK)
    moment = now()
    form = WalkInForm(
        door.sites_of(request), request.GET, door.whole(str(request.session.get(LAST)))
    )
    desk = WalkIn(form=form, found=finder.look_for(request.GET.get("q", "")))
    picked = door.whole(request.GET.get("patient"))
    known = Patient.objects.filter(pk=picked or 0, provisional=False)
    desk.patient = known.first()
    if not form.is_valid():
        return _shown(request, desk, 400 if request.method == "POST" else 200)
    if desk.patient is None and desk.found is not None:
        desk.patient = desk.found.only
    if request.method == "POST":
        return _book(request, desk, moment)
    _look(desk, moment)
    return _shown(request, desk)


def _look(desk: WalkIn, moment: datetime) -> None:
    """Search for the next start that may be; nothing is kept."""
    if desk.patient is None:
        return
    site = desk.form.cleaned_data["site"]
    try:
        found = diary.earliest_start(wish=desk.wish, after=moment, now=moment)
    except ClinicError as error:
        desk.error = error.sentence
        return
    if found is not None:
        zone = ZoneInfo(site.zone)
        desk.start = times.button(found, zone, times.names_of([found]))
        desk.day = wall(found.start, zone)
        desk.today = desk.day.date() == wall(moment, zone).date()


def _book(request: HttpRequest, desk: WalkIn, moment: datetime) -> HttpResponse:
    """Book the start that was shown, and note that the patient is here if it is today."""
    if desk.patient is None:
        return _shown(request, desk, 400)
    site: Site = desk.form.cleaned_data["site"]
    try:
        start = door.start_in(request.POST.get("start", ""), site.zone)
        by = undoing.thoughtful(actor(request))
        visit = booking.book(wish=desk.wish, start=start, by=by, now=moment).appointment
        if visit.local_date == wall(moment, ZoneInfo(site.zone)).date():
            visit = booking.arrive(appointment_id=visit.pk, version=None, by=by, now=moment)
    except NotFound:
        raise
    except ClinicError as error:
        if isinstance(error, Refused):
            desk.refusal = refusing.of_error(error, site)
        _look(desk, moment)
        desk.error = desk.error or ("" if desk.refusal else error.sentence)
        return _shown(request, desk, 409 if desk.refusal else 400)
    request.session[LAST] = visit.treatment_id
    undoing.offer(request, undoing.of_booking([visit], by, moment))
    day = "" if visit.status == "arrived" else f", {visit.local_date:%d %b %Y}"
    messages.success(
        request, f"Booked: {visit.treatment} for {visit.patient} at {visit.local_time:%H:%M}{day}."
    )
    return HttpResponseRedirect(f"{reverse('admin:scheduling_appointment_board')}?site={site.pk}")


def _shown(request: HttpRequest, desk: WalkIn, status: int = 200) -> HttpResponse:
    context = door.context_of(request, "Walk-in", desk=desk)
    if desk.patient and desk.patient.birth_date:
        context["age"] = finder.age(desk.patient, now().date())
    return render(request, "scheduling/desk/walk_in.html", context, status=status)

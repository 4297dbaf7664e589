"""Leave, downtime and closures, in the wall time of a site, with the visits they hit."""

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet, Subquery
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminSingleTimeWidget,
)

from scheduling import absences, access, panels
from scheduling.errors import ClinicError
from scheduling.models import Absence, Resource, Site
from scheduling.screens.frame import PlainForm, Screen, actor


class AbsenceForm(PlainForm):
    """Who is away, on which days, and between which times of the site's own clock."""

    clock = forms.ModelChoiceField(
        Site.objects.none(),
        label="By the clock of",
        widget=UnfoldAdminSelectWidget,
        help_text="days and times are wall-clock time there",
    )
    first = forms.DateField(label="First day", widget=UnfoldAdminSingleDateWidget)
    last = forms.DateField(
        label="Last day",
        required=False,
        widget=UnfoldAdminSingleDateWidget,
        help_text="included; empty for a single day",
    )
    begins = forms.TimeField(
        label="From",
        required=False,
        widget=UnfoldAdminSingleTimeWidget,
        help_text="empty for the start of the day",
    )
    until = forms.TimeField(
        label="Until",
        required=False,
        widget=UnfoldAdminSingleTimeWidget,
        help_text="empty for the end of the last day",
    )

    class Meta:
        model = Absence
        fields = ("resource", "site", "cause", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Read a saved absence back as it was said."""
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            clock = absences.clock_of(self.instance)
            said = absences.as_said(self.instance, ZoneInfo(clock.zone)) if clock else None
            for name in ("first", "last", "begins", "until"):
                self.initial[name] = getattr(said, name, None)
            self.initial["clock"] = clock

    def clean(self) -> dict[str, Any]:
        """Turn days and times into instants; say which of resource and site is away."""
        said = super().clean() or self.cleaned_data
        if bool(said.get("resource")) == bool(said.get("site")):
            self.add_error("resource", "Choose one resource, or a whole site, not both.")
        if said.get("first") and said.get("clock"):
            self._set_span(said)
        return said

    def _set_span(self, said: dict[str, Any]) -> None:
        stretch = absences.LocalStretch(
            first=said["first"],
            last=said.get("last") or said["first"],
            begins=said.get("begins"),
            until=said.get("until"),
        )
        try:
            span = stretch.span(ZoneInfo(said["clock"].zone))
        except ClinicError as error:
            self.add_error("first", error.sentence)
        else:
            self.instance.start, self.instance.end = span.start, span.end


@admin.register(Absence)
class AbsenceScreen(Screen):
    """A dated stretch in which a resource, or a whole site, is not there."""

    nothing_yet = "Leave, illness and closures are entered here; the diary offers nothing in them."
    form = AbsenceForm
    list_display = ("who", "cause", "when", "note")
    list_filter = ("cause", "site")
    search_fields = ("resource__name", "site__name", "note")
    site_paths = ("site", "resource__site")
    change_form_outer_before_template = "scheduling/admin/panels.html"
    change_form_outer_after_template = "scheduling/admin/visits_hit.html"
    fieldsets = (
        (None, {"fields": (("resource", "site"), "cause")}),
        ("When", {"fields": ("clock", ("first", "begins"), ("last", "until"))}),
        (None, {"fields": ("note",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Absence]:
        """Read resource and sites along; newest first."""
        rows = super().get_queryset(request).select_related("resource__site", "site")
        home = Site.objects.order_by("pk").values("zone")[:1]
        return rows.annotate(home_zone=Subquery(home)).order_by("-start", "-pk")

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Offer the user's own sites, and the resources that work there."""
        form = super().get_form(request, obj, **kwargs)
        sites = access.visible_sites(request.user)
        choices = {
            "clock": sites,
            "site": sites,
            "resource": Resource.objects.filter(Q(site__in=sites) | Q(site=None), active=True),
        }
        for name, rows in choices.items():
            if name in form.base_fields:
                form.base_fields[name].queryset = rows
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the clock of the user's first site."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"clock": access.visible_sites(request.user).first(), **given}

    def save_model(self, request: HttpRequest, obj: Absence, form: Any, change: Any) -> None:
        """Keep it, and say how many visits it hits."""
        super().save_model(request, obj, form, change)
        if hit := absences.struck(obj).count():
            noun = "visit is" if hit == 1 else "visits are"
            messages.warning(
                request, f"{hit} booked {noun} hit by this absence; see below. None was changed."
            )

    def response_add(
        self, request: HttpRequest, obj: Absence, post_url_continue: Any = None
    ) -> Any:
        """Stay on a new absence that hits visits, so that they are seen."""
        stay_with_the_hit(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Absence) -> Any:
        """Stay on a changed absence that hits visits, so that they are seen."""
        stay_with_the_hit(request, obj)
        return super().response_change(request, obj)

    @admin.display(description="who", ordering="resource__name")
    def who(self, row: Absence) -> str:
        """Name the resource or the site."""
        return absences.who(row)

    @admin.display(description="when", ordering="start")
    def when(self, row: Absence) -> str:
        """Say the stretch in the wall time of its site."""
        clock = row.site or (row.resource.site if row.resource else None)
        return absences.in_words(row, ZoneInfo(clock.zone if clock else row.home_zone))  # type: ignore[attr-defined]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """List below the form the booked visits that fall into the absence."""
        row = self.get_object(request, object_id) if object_id else None
        hit = list(absences.struck(row)[:200]) if row else []
        by = actor(request)
        context = {
            "visits_hit": [visit for visit in hit if by.works_at(visit.site_id)],
            "hit_elsewhere": sum(not by.works_at(visit.site_id) for visit in hit),
            **(extra_context or {}),
        }
        context["panels"] = panels.drawn("absence", row, {**context, "request": request})
        return super().changeform_view(request, object_id, form_url, context)


def stay_with_the_hit(request: HttpRequest, absence: Absence) -> None:
    """Have a form that was saved come back, where booked visits are listed below it."""
    if absences.struck(absence).exists():
        said: Any = request.POST.copy()
        said["_continue"] = "1"
        request.POST = said

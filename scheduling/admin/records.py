"""Records: a form with just the fields of its type; ended or withdrawn, never rewritten."""

from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelect2MultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminSingleTimeWidget,
)

from scheduling import absences, access, protocols, records
from scheduling.errors import ClinicError
from scheduling.models import Record, Site
from scheduling.papers import reviewing
from scheduling.screens.frame import PlainForm, Screen, actor, attempt, day_in, now, pick

Kind = Record.Kind

SIZES = [("", "not said"), ("small", "small"), ("face", "face-sized"), ("large", "large")]
DEPTHS = [("", "not said"), ("superficial", "superficial"), ("deep", "deep")]

GROUPS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("Before treatment", (Kind.CONSULTATION, Kind.PATCH_TEST, Kind.CONSENT, Kind.DOCTOR_DIRECTED)),
    ("After treatment", (Kind.HEALED, Kind.ADVERSE_EVENT, Kind.PRIOR_SESSION)),
    ("Medicines", (Kind.ISOTRETINOIN, Kind.PHOTOSENSITISING_DRUG, Kind.DENTAL_OR_VACCINE)),
    ("Skin and sun", (Kind.SUN_EXPOSURE, Kind.FAKE_TAN, Kind.WAXING, Kind.ACTIVE_INFECTION)),
    ("Pregnancy", (Kind.PREGNANCY, Kind.BREASTFEEDING)),
)


class RecordForm(PlainForm):
    """A dated fact of one type, its moments in the wall time of a site."""

    day = forms.DateField(label="Day", widget=UnfoldAdminSingleDateWidget)
    begins = forms.TimeField(label="From", widget=UnfoldAdminSingleTimeWidget)
    ends = forms.TimeField(
        label="Until",
        required=False,
        widget=UnfoldAdminSingleTimeWidget,
        help_text="empty when only the moment is known",
    )
    clock = forms.ModelChoiceField(
        Site.objects.none(), label="By the clock of", widget=UnfoldAdminSelectWidget
    )
    areas = forms.MultipleChoiceField(
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
        help_text="none means not known, which counts as everywhere",
    )
    procedure = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    code = forms.ChoiceField(label="Adverse event", widget=UnfoldAdminSelectWidget)
    size = forms.ChoiceField(choices=SIZES, required=False, widget=UnfoldAdminSelectWidget)
    depth = forms.ChoiceField(choices=DEPTHS, required=False, widget=UnfoldAdminSelectWidget)
    kind_of_record: ClassVar[Kind] = Kind.CONSULTATION

    class Meta:
        model = Record
        fields = (
            "patient",
            "start_date",
            "end_date",
            "areas",
            "procedure",
            "size",
            "depth",
            "code",
            "drug_class",
            "result",
            "note",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Keep what this type uses, and fill the pickers from the protocol in force."""
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.instance.kind = self.kind_of_record
        wanted = fields_of(self.kind_of_record)
        for name in [name for name in self.fields if name not in wanted]:
            del self.fields[name]
        pick(self, "areas", protocols.area_choices)
        pick(self, "code", protocols.adverse_event_choices)
        pick(self, "procedure", protocols.procedure_choices)
        if self.kind_of_record in records.ONE_DAY:
            self.fields["start_date"].label = "Date"
        for name in records.REQUIRED & set(self.fields):
            self.fields[name].required = True

    def clean(self) -> dict[str, Any]:
        """Turn the day and its times into instants."""
        said = super().clean() or self.cleaned_data
        if said.get("day") and said.get("begins") and said.get("clock"):
            zone = ZoneInfo(said["clock"].zone)
            try:
                self.instance.start = absences.at(said["day"], said["begins"], zone)
                ends = said.get("ends") or said["begins"]
                self.instance.end = absences.at(said["day"], ends, zone)
            except ClinicError as error:
                self.add_error("begins", error.sentence)
            self.instance.zone = zone.key
        return said

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors and (objection := records.objection_to(self.instance, now=now())):
            self.add_error(None, objection)


def fields_of(kind: Kind) -> tuple[str, ...]:
    """List the form's fields for a type, in the order in which they are asked."""
    uses = records.FIELDS[kind]
    moment = ("day", "begins", "ends", "clock") if "start" in uses else ()
    rest = tuple(name for name in uses if name not in {"start", "end"})
    return ("patient", *rest, *moment, "note")


STANDINGS = {
    "withdrawn": "danger",
    "to be reviewed": "warning",
    "goes on": "warning",
    "yes": "success",
}

SHOWN = {"areas": "in_words", "start": "began", "end": "ended", "procedure": "procedure_name"}
"""What stands on a saved record for a field that would read badly."""


class ReviewFilter(admin.SimpleListFilter):
    """Answers of patients, by whether a clinician has read them."""

    title = "review"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what waits, and what the patients said at all."""
        return [("open", "to be reviewed"), ("patient", "answered by the patient")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        """Keep the rows asked for."""
        if self.value() == "open":
            return queryset.filter(pk__in=reviewing.waiting().order_by().values("pk"))
        return queryset.filter(reported_by_patient=True) if self.value() else queryset


@admin.register(Record)
class RecordScreen(Screen):
    """A dated clinical fact of a patient."""

    nothing_yet = (
        "Consultations, consents, patch tests and side effects are recorded on a patient’s "
        "page and stand here."
    )
    form = RecordForm
    list_display = ("patient", "kind", "dates", "detail", "standing")
    list_filter = (ReviewFilter, "kind")
    search_fields = ("patient__search_key",)
    autocomplete_fields = ("patient",)
    change_form_outer_after_template = "scheduling/admin/record_steps.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        """Read the patients along."""
        rows = super().get_queryset(request).select_related("patient", "recorded_by")
        return rows.annotate(protocol_pk=protocols.active_pk())

    def get_urls(self) -> list[URLPattern]:
        """Add the steps of a record's life."""
        step = self.admin_site.admin_view
        return [
            path("<int:pk>/finish/", step(require_POST(self.finish)), name="record_finish"),
            path("<int:pk>/accept/", step(require_POST(self.accept)), name="record_accept"),
            path("<int:pk>/withdraw/", step(require_POST(self.withdraw)), name="record_withdraw"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask for the type first: each type has its own fields."""
        if request.GET.get("kind") in Kind.values:
            title = {"title": f"Add record: {Kind(request.GET['kind']).label.lower()}"}
            return super().add_view(request, form_url, {**title, **(extra_context or {})})
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Add record: of which type?",
            "opts": self.opts,
            "groups": GROUPS,
            "query": f"&{request.GET.urlencode()}" if request.GET else "",
        }
        return TemplateResponse(request, "scheduling/admin/record_kinds.html", context)

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Build the form of the type asked for."""
        form = super().get_form(request, obj, **kwargs)
        if obj is None:
            form.kind_of_record = Kind(request.GET.get("kind", Kind.CONSULTATION))
            form.base_fields["clock"].queryset = access.visible_sites(request.user)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer today and the user's first site."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        site = access.visible_sites(request.user).first()
        today = now().astimezone(ZoneInfo(site.zone if site else "UTC")).date()
        return {"clock": site, "day": today, **given}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show what the type uses, and on a saved record who entered it."""
        kind = Kind(obj.kind if obj else request.GET.get("kind", Kind.CONSULTATION))
        if obj is None:
            return ((None, {"fields": fields_of(kind)}),)
        uses = tuple(SHOWN.get(name, name) for name in records.FIELDS[kind])
        kept = ("patient", "kind", *uses, "note")
        entered: tuple[str, ...] = ("recorded_by", "created_at")
        if obj.reported_by_patient:
            entered = ("submission", "created_at", "reviewed_by", "reviewed_at")
        return ((None, {"fields": kept}), ("Entered", {"fields": entered}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show a saved record as it was entered."""
        return (*SHOWN.values(), "kind", "recorded_by", "created_at") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep saved records as they are: they end, or are withdrawn."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what the rules once read."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Offer the steps that are left to a saved record."""
        row = self.get_object(request, object_id)
        may = request.user.has_perm("scheduling.change_record") and row and not row.withdrawn_at
        waits = row is not None and row.reported_by_patient and row.reviewed_at is None
        steps = {
            "may_withdraw": may,
            "may_finish": may and row and records.ongoing(row),
            "may_accept": may and waits,
        }
        return super().change_view(request, object_id, form_url, {**steps, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Record, form: Any, change: Any) -> None:
        """Enter the fact through its verb."""
        wrong = request.GET.get("corrects", "")
        if not wrong.isascii() or not wrong.isdigit():
            records.add(record=obj, by=actor(request), now=now())
            return
        _may_step(request)
        reviewing.correct(record_id=int(wrong), record=obj, by=actor(request), now=now())

    def accept(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Note that a patient's answer is right."""
        _may_step(request)
        attempt(
            request,
            lambda: reviewing.accept(record_id=pk, by=actor(request), now=now()),
            "The answer is reviewed.",
        )
        return _back(pk)

    def finish(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say when an ongoing fact ended."""
        _may_step(request)
        attempt(
            request,
            lambda: records.finish(
                record_id=pk, on=day_in(request, "on"), by=actor(request), now=now()
            ),
            "The end was noted.",
        )
        return _back(pk)

    def withdraw(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Withdraw a mistaken record."""
        _may_step(request)
        attempt(
            request,
            lambda: reviewing.withdraw(record_id=pk, by=actor(request), now=now()),
            "The record was withdrawn: it is kept, but counts no longer.",
        )
        return _back(pk)

    @admin.display(description="dates")
    def dates(self, row: Record) -> str:
        """Show when it was or from when it goes on."""
        if row.start:
            return clock_time(row.start, row)
        return spell(row)

    @admin.display(description="detail")
    def detail(self, row: Any) -> str:
        """Show what sets it apart from others of its type."""
        facts = [
            protocols.procedure_name(row.procedure, row.protocol_pk),
            row.get_result_display() if row.result else "",
            row.get_code_display() if row.code else "",
            row.get_drug_class_display() if row.drug_class else "",
            protocols.area_names(row.areas, row.protocol_pk),
        ]
        return ", ".join(fact for fact in facts if fact) or "-"

    @admin.display(description="from")
    def began(self, row: Record) -> str:
        """Show the start on the clock of its place."""
        return clock_time(row.start, row)

    @admin.display(description="until")
    def ended(self, row: Record) -> str:
        """Show the end on the clock of its place."""
        return clock_time(row.end, row)

    @admin.display(description="procedure")
    def procedure_name(self, row: Any) -> str:
        """Call the procedure by its name."""
        return protocols.procedure_name(row.procedure, row.protocol_pk)

    @admin.display(description="areas")
    def in_words(self, row: Any) -> str:
        """Name the areas."""
        named = protocols.area_names(row.areas, row.protocol_pk)
        return named or "not known, which counts as everywhere"

    @display(description="counts", label=STANDINGS)
    def standing(self, row: Record) -> str:
        """Tell whether the rules still read it."""
        if row.withdrawn_at:
            return "withdrawn"
        if row.reported_by_patient and row.reviewed_at is None:
            return "to be reviewed"
        return "goes on" if records.ongoing(row) else "yes"


def spell(row: Record) -> str:
    """Say from when to when a fact held, as far as it is known."""
    first = f"{row.start_date:%-d %b %Y}" if row.start_date else ""
    last = f"{row.end_date:%-d %b %Y}" if row.end_date else ""
    if first == last:
        return first or "goes on"
    if not last:
        return f"since {first}"
    return f"{first} to {last}" if first else f"until {last}"


def clock_time(moment: datetime | None, row: Record) -> str:
    """Show an instant on the clock of the place where it was."""
    if moment is None:
        return "-"
    return f"{moment.astimezone(ZoneInfo(row.zone or 'UTC')):%a %-d %b %Y, %H:%M}"


def _may_step(request: HttpRequest) -> None:
    if not request.user.has_perm("scheduling.change_record"):
        raise PermissionDenied


def _back(pk: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:scheduling_record_change", args=[pk]))

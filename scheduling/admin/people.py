"""The register's screens: find a patient, see who is already there, enter and amend."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelect2Widget,
    UnfoldBooleanSwitchWidget,
)

from scheduling import access, register
from scheduling.admin.listed import Listed, PatientRows
from scheduling.admin.phones import PhonesForm
from scheduling.models import Patient
from scheduling.screens.frame import Screen, actor, now, pick, zone_choices

IDENTITY = {"given_name", "family_name", "birth_date", "phone", "other_phone", "email"}
"""What makes a patient look like another; a new note is no reason to ask."""


class PatientForm(PhonesForm):
    """A patient, with phones read as the site's country dials and look-alikes shown first."""

    phones = ("phone", "other_phone")
    zone = forms.ChoiceField(
        required=False,
        widget=UnfoldAdminSelect2Widget,
        help_text="only when the patient lives in another zone than the clinic",
    )
    others = forms.BooleanField(
        required=False,
        label="None of these is the same person",
        widget=forms.HiddenInput,
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)
    read_version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    countries: ClassVar[tuple[str, ...]] = ()

    class Meta:
        model = Patient
        exclude = ("search_key",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill the picker of zones, and remember which version of the patient is shown."""
        super().__init__(*args, **kwargs)
        if self.instance.pk and "read_version" in self.fields:
            self.fields["read_version"].initial = self.instance.version
        pick(self, "zone", zone_choices)

    def dialled_in(self) -> tuple[str, ...]:
        """Dial as in the countries of the user's sites."""
        return self.countries

    def clean(self) -> dict[str, Any]:
        """Ask for a guardian where the law does, and refuse a page that somebody else outdated."""
        said = super().clean() or self.cleaned_data
        if self.instance.pk and said.get("read_version") not in (None, self.instance.version):
            raise forms.ValidationError(register.CHANGED_SINCE, code="stale")
        if register.needs_guardian(said.get("birth_date"), now().date()) and not said.get(
            "guardian"
        ):
            self.add_error(
                "guardian",
                f"This patient is under {register.OF_AGE}: say who answers for them. "
                "Register that person first if they are new.",
            )
        return said

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        for field, sentence in register.impossible(self.instance, today=now().date()).items():
            self.add_error(field, sentence)
        if not self.errors and (not self.instance.pk or IDENTITY & set(self.changed_data)):
            self._ask_about_lookalikes()

    def _ask_about_lookalikes(self) -> None:
        """Stop before a second record of one person; go on once somebody has looked."""
        found = register.duplicates_of(self.instance)
        shown = {part for part in self.cleaned_data.get("seen", "").split(",") if part}
        if not found or ({str(like.patient.pk) for like in found} <= shown and self._denied()):
            return
        seen = ",".join(str(like.patient.pk) for like in found)
        said: Any = self.data
        self.data = said.copy()
        self.data["seen"] = seen  # type: ignore[index]
        self.fields["others"].widget = UnfoldBooleanSwitchWidget()
        self.add_error(None, forms.ValidationError(lookalikes(found), code="lookalikes"))

    def _denied(self) -> bool:
        return bool(self.cleaned_data.get("others"))


def lookalikes(found: list[register.Likeness]) -> str:
    """Show who may be the same person, each with the reason and a link."""
    rows = format_html_join(
        "",
        '<li><a class="underline" target="_blank" href="{}">{}</a>, {} ({})</li>',
        (
            (
                reverse("admin:scheduling_patient_change", args=[like.patient.pk]),
                like.patient,
                f"born {like.patient.birth_date:%-d %b %Y}"
                if like.patient.birth_date
                else "birth date unknown",
                like.because,
            )
            for like in found
        ),
    )
    return format_html(
        "Somebody like this is already in the register: <ul>{}</ul> Open them to compare. If this "
        "is another person, say so at the end of the form and save again.",
        rows,
    )


@admin.register(Patient)
class PatientScreen(Listed, Screen):
    """A person who is treated; one register for every site of the clinic."""

    given = PatientRows
    form = PatientForm
    list_display = ("name", "birth_date", "phone", "email", "flags")
    list_display_links = None
    change_form_outer_before_template = "scheduling/desk/_to_card.html"
    search_fields = ("search_key",)
    search_help_text = "name, phone or birth date, in any order"
    autocomplete_fields = ("guardian",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("given_name", "family_name"),
                    ("birth_date", "guardian"),
                    ("phone", "other_phone"),
                    "email",
                )
            },
        ),
        (
            "Messages",
            {"fields": (("language", "channel"), ("zone", "do_not_contact"))},
        ),
        ("For the clinic", {"fields": (("fitzpatrick", "deceased_on"), "note")}),
        (None, {"fields": ("others", "seen", "read_version"), "classes": ("lookalikes",)}),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Read national phone numbers in the countries of the user's sites."""
        form = super().get_form(request, obj, **kwargs)
        form.countries = home_countries(request)
        return form

    def get_queryset(self, request: HttpRequest) -> QuerySet[Patient]:
        """Leave out those for whom a start is held while they say who they are."""
        rows: QuerySet[Patient] = super().get_queryset(request)
        return rows.filter(provisional=False)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Patient], search_term: str
    ) -> tuple[QuerySet[Patient], bool]:
        """Find by the register's own key."""
        if not search_term.strip():
            return queryset, False
        found = register.find(search_term, countries=home_countries(request))
        return queryset.filter(pk__in=found.values("pk")), False

    def save_model(self, request: HttpRequest, obj: Patient, form: Any, change: Any) -> None:
        """Enter or amend through the register."""
        if change:
            read = form.cleaned_data.get("read_version")
            register.amend(patient=obj, by=actor(request), now=now(), version=read)
        else:
            register.register(patient=obj, by=actor(request), now=now())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep every patient: their history answers for what was done."""
        return False

    def response_add(
        self, request: HttpRequest, obj: Patient, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Lead from a new patient to their page, from where a visit is booked."""
        plain = {"_popup", "_addanother", "_continue"}.isdisjoint(request.POST)
        answer = super().response_add(request, obj, post_url_continue)
        if not plain or not request.user.has_perm("scheduling.view_patient"):
            return answer
        return HttpResponseRedirect(card_of(obj))

    @admin.display(description="name", ordering="family_name")
    def name(self, row: Patient) -> str:
        """Show the name as a list is read; it leads to the patient's page."""
        words = f"{row.family_name}, {row.given_name}"
        return format_html('<a class="font-semibold" href="{}">{}</a>', card_of(row), words)

    @display(description="", label={"deceased": "danger", "do not contact": "warning"})
    def flags(self, row: Patient) -> str:
        """Show what one must know before calling."""
        if row.deceased_on:
            return "deceased"
        return "do not contact" if row.do_not_contact else ""


def card_of(patient: Patient) -> str:
    """Answer the address of a patient's page."""
    return reverse("admin:scheduling_appointment_card", args=[patient.pk])


def home_countries(request: HttpRequest) -> tuple[str, ...]:
    """List the countries of the user's sites, in which national numbers are read."""
    rows = access.visible_sites(request.user).order_by("name", "pk")
    return tuple(dict.fromkeys(rows.values_list("country", flat=True)))

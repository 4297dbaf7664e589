"""What the clinic offers, and what each visit holds when."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminSelectWidget

from scheduling import protocols
from scheduling.admin.listed import Listed, TreatmentRows
from scheduling.models import Need, Treatment, TreatmentText
from scheduling.models.treatments import TOLD
from scheduling.screens.frame import PlainForm, Rows, Screen, pick


def moment(minutes: int, edge: str) -> str:
    """Say a point in time relative to an edge of the visit."""
    if minutes == 0:
        return f"the {edge}"
    side = "before" if minutes < 0 else "after"
    return f"{abs(minutes)} minutes {side} the {edge}"


def sentence_of(need: Need) -> str:
    """Say what one need holds and when."""
    skilled = f" with “{need.skill}”" if need.skill_id else ""
    held = f"A {need.get_kind_display()}{skilled}"
    return f"{held}, from {moment(need.from_min, 'start')} to {moment(need.until_min, 'end')}."


def held_when(needs: Iterable[Need]) -> list[str]:
    """Say what a visit holds: one sentence a need, alternatives joined by “or”."""
    rows = sorted(needs, key=lambda need: (need.choice, need.kind, need.pk or 0))
    said = [sentence_of(need) for need in rows if need.choice == 0]
    for _, group in groupby((n for n in rows if n.choice), key=lambda need: need.choice):
        one, *others = [sentence_of(need).rstrip(".") for need in group]
        said.append("; or ".join([one, *(other[0].lower() + other[1:] for other in others)]) + ".")
    return said


class NeedSet(BaseInlineFormSet):
    """The needs of a treatment, checked against its shortest visit."""

    def clean(self) -> None:
        """Refuse a need that would be held for no time, and a lone alternative."""
        super().clean()
        kept = [f for f in self.forms if f.cleaned_data and not f.cleaned_data.get("DELETE")]
        least = self.instance.minutes_least or 0
        for form in kept:
            said = form.cleaned_data
            if least + said.get("until_min", 0) <= said.get("from_min", 0):
                form.add_error(
                    "until_min", f"In a visit of {least} minutes this would be held for no time."
                )
        choices = [form.cleaned_data.get("choice") for form in kept]
        for choice in sorted({c for c in choices if c}):
            if choices.count(choice) == 1:
                raise forms.ValidationError(
                    f"Choice {choice} has one alternative only; give it another, or write 0."
                )


class Needs(Rows):
    """What the treatment holds: from minutes after the start, until minutes after the end."""

    model = Need
    formset = NeedSet
    fields: ClassVar[list[str]] = ["kind", "skill", "from_min", "until_min", "choice"]
    verbose_name_plural = (
        "needs (from: minutes after the start, negative is before it; "
        "until: minutes after the end, negative is before it)"
    )


class Texts(Rows):
    """What the patient reads, in each other language."""

    model = TreatmentText
    fields: ClassVar[list[str]] = ["language", *TOLD]
    verbose_name_plural = (
        "what the patient reads in other languages "
        "(what is empty is shown in the clinic’s own, and the page says so)"
    )


class TreatmentForm(PlainForm):
    """A treatment whose procedure is one that the protocol knows."""

    procedure = forms.ChoiceField(
        widget=UnfoldAdminSelectWidget, help_text="its clinical rules apply"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Fill the picker from the protocol in force."""
        super().__init__(*args, **kwargs)
        pick(self, "procedure", protocols.procedure_choices)


@admin.register(Treatment)
class TreatmentScreen(Listed, Screen):
    """A procedure as the clinic offers it."""

    given = TreatmentRows
    form = TreatmentForm
    list_display = ("name", "called", "minutes", "holds", "active")
    list_filter = ("active", "procedure")
    search_fields = ("name", "procedure")
    readonly_fields = ("what_is_held",)
    inlines = (Needs, Texts)
    fieldsets = (
        (None, {"fields": (("name", "procedure"), ("active", "self_booking", "asks_area"))}),
        (
            "Minutes of the visit itself, in steps of 5",
            {"fields": (("minutes_least", "minutes_default", "minutes_most"),)},
        ),
        ("What is held when", {"fields": ("what_is_held",)}),
        ("What the patient reads", {"fields": ("summary", "preparation", "aftercare", "bring")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Treatment]:
        """Read the needs along, for the list."""
        rows = super().get_queryset(request).prefetch_related("needs__skill")
        return rows.annotate(protocol_pk=protocols.active_pk())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let treatments retire (“active” off): past visits were one."""
        return False

    @admin.display(description="procedure", ordering="procedure")
    def called(self, row: Any) -> str:
        """Call the procedure by its name."""
        return protocols.procedure_name(row.procedure, row.protocol_pk)

    @admin.display(description="minutes")
    def minutes(self, row: Treatment) -> str:
        """Show least, default and most on one line."""
        return f"{row.minutes_least} / {row.minutes_default} / {row.minutes_most}"

    @admin.display(description="holds")
    def holds(self, row: Treatment) -> str:
        """Name the kinds that a visit holds."""
        return ", ".join(dict.fromkeys(need.get_kind_display() for need in row.needs.all())) or "-"

    @admin.display(description="in words")
    def what_is_held(self, row: Treatment) -> SafeString | str:
        """Read the needs as sentences, as they were last saved."""
        if not row.pk:
            return "Shown once the treatment is saved."
        said = held_when(row.needs.select_related("skill"))
        if not said:
            return "Nothing yet: a treatment without needs can be booked by anybody, anywhere."
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((s,) for s in said)))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """Warn when a saved treatment asks for what nobody at the clinic can do."""
        super().save_related(request, form, formsets, change)
        for need in lacking(form.instance):
            messages.warning(
                request,
                f"No active {need.get_kind_display()} has “{need.skill}”, so nobody can be "
                "booked for this yet.",
            )


def lacking(treatment: Treatment) -> list[Need]:
    """List the needs of a treatment that no active resource can meet."""
    able = Q(skill__capabilities__resource__active=True)
    needs = treatment.needs.filter(skill__isnull=False).select_related("skill")
    counted = needs.annotate(able=Count("skill__capabilities", filter=able))
    return list(counted.filter(able=0))

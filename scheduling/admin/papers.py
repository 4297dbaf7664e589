"""What patients filled in and signed, to read and to print; and the texts that they sign."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html, format_html_join
from unfold.widgets import UnfoldAdminSelectWidget

from scheduling import protocols
from scheduling.models import Appointment, ConsentText, SignedConsent, Site, Submission
from scheduling.papers import consents
from scheduling.screens.frame import PlainForm, Screen, actor, now, pick
from scheduling.screens.prints import consent_pdf, history_pdf


class Kept(Screen):
    """Rows that are read and printed, and never written here."""

    change_form_outer_before_template = "scheduling/admin/paper_print.html"
    pdf = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave it to the patients."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what was handed in or signed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what was handed in or signed."""
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Offer the paper as PDF."""
        return super().change_view(
            request, object_id, form_url, {"pdf": f"admin:{self.pdf}", **(extra_context or {})}
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the PDF of a row."""
        view = self.admin_site.admin_view(self.printed)
        return [path("<int:pk>/pdf/", view, name=self.pdf), *super().get_urls()]

    def printed(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the PDF of a row."""
        row = self.get_queryset(request).filter(pk=pk).first()
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        return self.made(row)

    def made(self, row: Any) -> HttpResponse:
        """Make the PDF."""
        raise NotImplementedError


@admin.register(Submission)
class SubmissionScreen(Kept):
    """A medical history, as it was handed in."""

    nothing_yet = (
        "Patients fill in their medical history from the link in each message of a visit; "
        "what they hand in stands here."
    )
    pdf = "submission_pdf"
    list_display = ("patient", "at", "language", "open_answers")
    search_fields = ("patient__search_key",)
    fields = ("patient", "at", "language", "version", "door", "allergies", "answered", "became")
    readonly_fields = ("answered", "became")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        """Read the patients and their records along."""
        rows: QuerySet[Submission] = super().get_queryset(request)
        return rows.select_related("patient", "appointment__site").prefetch_related("records")

    def made(self, row: Submission) -> HttpResponse:
        """Make the PDF; without a visit it speaks for the site of the patient's newest."""
        newest = Appointment.objects.filter(patient_id=row.patient_id).select_related("site")
        visit = row.appointment or newest.order_by("-start", "-pk").first()
        site = visit.site if visit else Site.objects.order_by("pk").first()
        if site is None:
            raise Http404
        return history_pdf(row, site)

    @admin.display(description="answers")
    def answered(self, row: Submission) -> str:
        """Show each question with what was answered, as it was read."""
        lines = [
            (
                each["question"],
                " · ".join(
                    p for p in (each["answer"], each["facts"]["on"], each["facts"]["words"]) if p
                ),
            )
            for each in row.answers
        ]
        return format_html_join("", '<p dir="auto"><strong>{}</strong><br>{}</p>', lines)

    @admin.display(description="records")
    def became(self, row: Submission) -> str:
        """Lead to the records that the answers became."""
        lines = [(each.pk, each.get_kind_display(), _standing(each)) for each in row.records.all()]
        return format_html_join(
            "", '<p><a class="underline" href="../../../record/{}/change/">{}</a> {}</p>', lines
        ) or format_html("{}", "none: nothing that a rule asks about")

    @admin.display(description="to be reviewed")
    def open_answers(self, row: Submission) -> str:
        """Count the answers that nobody has reviewed."""
        left = [r for r in row.records.all() if not r.reviewed_at and not r.withdrawn_at]
        return str(len(left) or "-")


def _standing(record: Any) -> str:
    if record.withdrawn_at:
        return "withdrawn"
    return f"reviewed by {record.reviewed_by}" if record.reviewed_at else "to be reviewed"


@admin.register(SignedConsent)
class SignedConsentScreen(Kept):
    """A consent, as it was signed."""

    nothing_yet = (
        "Patients sign on the page behind the link in their message, or on the visit’s page "
        "at the desk; what is signed stands here."
    )
    pdf = "signedconsent_pdf"
    list_display = ("patient", "text", "signed_name", "role", "signed_at")
    search_fields = ("patient__search_key",)
    fields = (
        "patient",
        "treatment",
        "series",
        "text",
        "read",
        "signed_name",
        "role",
        "guardian",
        "signed_at",
        "door",
        "record",
    )
    readonly_fields = ("read",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SignedConsent]:
        """Read the text along."""
        rows: QuerySet[SignedConsent] = super().get_queryset(request)
        return rows.select_related("patient", "text", "record", "appointment__site", "guardian")

    def made(self, row: SignedConsent) -> HttpResponse:
        """Make the PDF."""
        return consent_pdf(row)

    @admin.display(description="what was read")
    def read(self, row: SignedConsent) -> str:
        """Show the text that was signed."""
        paragraphs = [(each,) for each in row.text.body.splitlines() if each.strip()]
        return format_html_join("", '<p dir="auto">{}</p>', paragraphs)


class ConsentTextForm(PlainForm):
    """A text of one version, for a procedure or a category of the protocol."""

    subject = forms.ChoiceField(
        label="For",
        widget=UnfoldAdminSelectWidget,
        help_text="a procedure’s own text goes before its category’s",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the protocol's words."""
        super().__init__(*args, **kwargs)
        pick(self, "subject", _subjects)

    class Meta:
        model = ConsentText
        fields = ("subject", "language", "version", "title", "body", "in_force_from")


def _subjects() -> list[tuple[str, str]]:
    protocol = protocols.in_force()
    titles = protocol.titles
    all_of = [(c, f"all: {titles.categories.get(c, c)}") for c in sorted(protocol.categories)]
    return [*all_of, *protocols.procedure_choices()]


@admin.register(ConsentText)
class ConsentTextScreen(Screen):
    """Texts that are signed. A version never changes; another version follows it."""

    form = ConsentTextForm
    list_display = ("title", "subject", "language", "version", "in_force_from", "created_by")
    list_filter = ("subject", "language")
    fields = ("subject", "language", "version", "title", "body", "in_force_from")

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the first version, from today."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"version": 1, "in_force_from": now().date(), **given}

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what may have been signed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what may have been signed."""
        return False

    def save_model(self, request: HttpRequest, obj: ConsentText, form: Any, change: Any) -> None:
        """Put the text in force through its verb."""
        consents.publish(text=obj, by=actor(request), now=now())

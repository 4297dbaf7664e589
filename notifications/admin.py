"""The outbox to look through, and the clinic's own words to edit."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from notifications import answering, letterbook, prices, wordings
from notifications.care import admin as _care  # noqa: F401 - registers its screens
from notifications.core import sms
from notifications.core.policy import BUNDLED, TOGETHER, Channel, Kind
from notifications.core.wording import BadWording, blanks_of
from notifications.models import MessageText, OptOut, SmsPrice
from notifications.screens import LookOnly
from scheduling import access
from scheduling.models import Appointment
from scheduling.screens.frame import Screen, actor, now

__all__ = ["answering", "letterbook"]
"""Screens in rooms of their own, registered by being read here."""

TO_CHOOSE_FROM = 30
"""How many visits to come are offered to show a text on."""

LONGEST_PK = 18


class WordingForm(forms.ModelForm):
    """A text, shown as it holds now and checked as it would be sent."""

    class Meta:
        model = MessageText
        fields = ("subject", "body")

        help_texts = {"body": "Empty it to use the shipped wording again."}

    def __init__(self, *args: Any, **more: Any) -> None:
        """Show the shipped wording where the clinic has none of its own."""
        super().__init__(*args, **more)
        subject, body = wordings.in_force(self.instance)
        self.initial.update(subject=subject, body=body)
        if self.instance.channel == Channel.SMS and "subject" in self.fields:
            self.fields["subject"].widget = forms.HiddenInput()

    def clean(self) -> dict[str, Any]:
        """Refuse a text that could not be sent."""
        said = super().clean() or self.cleaned_data
        if said.get("body", "").strip():
            try:
                seen = _seen(self.instance, said.get("subject", ""), said["body"], None)
                wordings.short_enough(seen)
            except BadWording as error:
                raise forms.ValidationError(error.sentence) from error
        return said


def _seen(row: MessageText, subject: str, body: str, visit: Any) -> wordings.Preview:
    """Fill a text in: on a visit, or on a made-up one."""
    facts = wordings.facts_of(visit, row.language) if visit else wordings.sample(row.language)
    return wordings.preview(
        kind=Kind(row.kind), channel=Channel(row.channel), subject=subject, body=body, facts=facts
    )


def _seen_or_error(row: MessageText, subject: str, body: str, visit: Any) -> dict[str, Any]:
    """Spell how a text arrives, or why it cannot be used."""
    try:
        return _seen(row, subject, body, visit).as_dict()
    except BadWording as error:
        return {"error": error.sentence}


def _on_the_form(row: MessageText, form: forms.BaseForm) -> tuple[str, str]:
    """Give the text as it stands in the fields, also one that was refused; who may only look has none."""
    if "body" not in form.fields:
        return wordings.in_force(row)
    return str(form["subject"].value() or ""), str(form["body"].value() or "")


@admin.register(MessageText)
class WordingScreen(ModelAdmin):
    """The words of each message, by channel and language."""

    form = WordingForm
    list_display = ("__str__", "whose", "changed_at", "changed_by")
    list_filter = ("channel", "language", "kind")
    fields = ("subject", "body")
    ordering = ("channel", "language", "pk")
    change_form_after_template = "notifications/wording.html"

    class Media:
        css = {"all": ("notifications/wording.css",)}
        js = ("notifications/sms.js", "notifications/wording.js")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """List every text there is, and no other."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Keep the list whole."""
        return False

    @display(description="wording")
    def whose(self, row: MessageText) -> str:
        """Tell the clinic's own words from the shipped ones."""
        return "the clinic's own" if row.body else "as shipped"

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Keep the text through its verb."""
        self._reword(request, obj, form.cleaned_data["subject"], form.cleaned_data["body"])

    def _reword(self, request: HttpRequest, row: MessageText, subject: str, body: str) -> None:
        wordings.reword(
            text_id=row.pk,
            subject=subject,
            body=body,
            by=access.actor_of(request.user),
            now=timezone.now(),
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the door behind the live preview."""
        view = self.admin_site.admin_view(self.preview)
        mine = path("<int:pk>/preview/", view, name="notifications_messagetext_preview")
        return [mine, *super().get_urls()]

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer how a text that is being written would arrive; nothing is kept."""
        row = self.get_object(request, str(pk))
        if row is None or request.method != "POST" or not self.has_change_permission(request, row):
            raise Http404
        subject, body = request.POST.get("subject", ""), request.POST.get("body", "")
        return JsonResponse(_seen_or_error(row, subject, body, self._visit(request)))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **more: Any
    ) -> HttpResponse:
        """Show below the form how the text arrives: on the chosen visit, else on the next."""
        row, visit = context["original"], self._visit(request)
        door = reverse("admin:notifications_messagetext_preview", args=[row.pk])
        context |= {
            "blanks": blanks_of(Kind(row.kind), Channel(row.channel)),
            "preview_url": f"{door}?visit={visit.pk}" if visit else door,
            "seen": _seen_or_error(row, *_on_the_form(row, context["adminform"].form), visit),
            "shown_on": _shown_on(row, visit),
            "visits": self._visits(request, visit),
            "chosen": visit.pk if visit else None,
            "told": _told(row, visit),
        }
        answer: HttpResponse = super().render_change_form(request, context, **more)
        return answer

    def _visit(self, request: HttpRequest) -> Appointment | None:
        sites = access.actor_of(request.user).sites
        chosen = request.GET.get("visit", "")
        found = None
        if chosen.isdecimal() and len(chosen) <= LONGEST_PK:
            found = wordings.visit_of(pk=int(chosen), sites=sites)
        return found or next(iter(wordings.coming(sites=sites, now=timezone.now(), most=1)), None)

    def _visits(self, request: HttpRequest, shown: Appointment | None) -> list[tuple[int, str]]:
        """List the visits to choose from: those to come, and the one that is shown."""
        sites = access.actor_of(request.user).sites
        found = wordings.coming(sites=sites, now=timezone.now(), most=TO_CHOOSE_FROM)
        if shown and shown not in found:
            found.insert(0, shown)
        return [(v.pk, f"{v.patient}, {v.local_date:%-d %B %Y}, {v.site}") for v in found]


def _told(row: MessageText, visit: Appointment | None) -> dict[str, Any]:
    """Give the browser what it needs to count an SMS by itself, while it is being written."""
    channel = Channel(row.channel)
    if channel is not Channel.SMS:
        return {}
    facts = wordings.facts_of(visit, row.language) if visit else wordings.sample(row.language)
    return {
        "values": wordings.shown_values(kind=Kind(row.kind), channel=channel, facts=facts),
        "alphabet": sms.ALPHABET,
        "unseen": {c: name for c in [*sms.ALPHABET["plain"], " "] if (name := sms.spelt(c)) != c},
        "most": settings.SMS_SEGMENTS,
        "costs": [c.value for c in sms.CostClass],
    }


def _shown_on(row: MessageText, visit: Appointment | None) -> str:
    shown = "a made-up visit"
    if visit:
        shown = f"the visit of {visit.patient} on {visit.local_date:%-d %B %Y}"
    more = ", and two made-up ones after it" if row.kind in TOGETHER else ""
    more = ", and a made-up one on the same day" if row.kind in BUNDLED else more
    return f"Shown on {shown}{more}."


@admin.register(OptOut)
class OptOutScreen(LookOnly):
    """Addresses that want nothing more on a channel."""

    nothing_yet = "Nobody has asked for no more messages."
    list_display = ("address", "channel", "at", "source", "reply", "message", "ended_at")
    list_filter = ("channel", "source")
    search_fields = ("address",)
    fields = (
        *("address", "channel", "at", "source", "reply", "message"),
        *("ended_at", "ended_by", "ended_how"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OptOut]:
        """Read the message along."""
        return super().get_queryset(request).select_related("message", "reply", "ended_by")


@admin.register(SmsPrice)
class SmsPriceScreen(Screen):
    """What a segment of a text costs; the reports multiply with it."""

    nothing_yet = (
        "Enter what a text costs by country or site; the report on reminders counts with it."
    )
    list_display = ("__str__", "site", "country", "valid_from", "source")
    list_filter = ("country",)
    fields = ("site", "country", "price", "currency", "valid_from", "source")
    site_paths = ("site",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SmsPrice]:
        """Read the site along."""
        return super().get_queryset(request).select_related("site")

    def save_model(self, request: HttpRequest, obj: SmsPrice, form: Any, change: Any) -> None:
        """Keep the price through its verb."""
        prices.keep(price=obj, by=actor(request), now=now())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep what was once reckoned with: a new price begins on a date of its own."""
        return False

"""The outbox to look through, and the clinic's own words to edit."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from notifications import answering, outbox, prices, screens, wordings
from notifications.care import admin as _care  # noqa: F401 - registers its screens
from notifications.core import sms
from notifications.core.policy import ADVICE, BUNDLED, TOGETHER, Channel, Kind
from notifications.core.wording import BadWording, blanks_of
from notifications.models import Attempt, Mention, Message, MessageText, OptOut, Receipt, SmsPrice
from notifications.screens import ByReason, ByState, LookOnly
from scheduling import access
from scheduling.models import Appointment
from scheduling.screens.frame import Screen, actor, now

TONES = {
    "sent": "success",
    "delivered": "success",
    "refused": "danger",
    "not delivered": "danger",
    "given up": "danger",
    "not certain": "warning",
    "being sent": "info",
}


__all__ = ["answering"]
"""Screens in rooms of their own, registered by being read here."""

TO_CHOOSE_FROM = 30
"""How many visits to come are offered to show a text on."""

LONGEST_PK = 18


class AtSite(admin.SimpleListFilter):
    """The sites where the user works."""

    title = "site"
    parameter_name = "site"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the user's own sites."""
        return [(str(s.pk), s.name) for s in access.visible_sites(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Keep one site's messages."""
        chosen = self.value() or ""
        return queryset.filter(site_id=int(chosen)) if chosen.isdecimal() else queryset


class Beside(TabularInline):
    """Rows that belong to a message, to be read with it."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave writing to the outbox."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Whoever may see a message may see how it went."""
        return bool(request.user.has_perm("notifications.view_message"))


class Attempts(Beside):
    """Each call to a provider, oldest first."""

    model = Attempt
    fields = ("at", "provider", "outcome", "provider_code", "said")
    readonly_fields = fields
    verbose_name_plural = "attempts"


class Receipts(Beside):
    """What the provider said of it afterwards, in the order in which it came."""

    model = Receipt
    fields = ("at", "provider", "event", "provider_code", "said_at", "merged")
    readonly_fields = fields
    verbose_name_plural = "receipts"


class Mentions(Beside):
    """The visits that a message about several tells of."""

    model = Mention
    fields = ("appointment", "told_version", "be_there", "was")
    readonly_fields = fields
    verbose_name_plural = "visits told of"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mention]:
        """Read the visits along."""
        return super().get_queryset(request).select_related("appointment")


@admin.register(Message)
class MessageScreen(LookOnly):
    """What was written to whom, and what became of it."""

    list_display = ("due_at", "what", "patient", "channel", "how", "why", "site")
    list_filter = (ByState, ByReason, "kind", "channel", AtSite)
    actions = ("send_again",)
    change_form_before_template = "notifications/replay_link.html"
    search_fields = ("patient__search_key", "recipient", "provider_id")
    search_help_text = "name, address, number, or the provider's id"
    date_hierarchy = "due_at"
    inlines = (Mentions, Attempts, Receipts)
    list_per_page = 50
    fields = (
        "what", "patient", "appointment", "offer", "site", "recipient", "how", "why", "due_at", "not_after",
        "attempts", "sending_at", "settled_at", "provider", "provider_id", "before", "after", "ref",
        "dedupe_key",
    )  # fmt: skip
    readonly_fields = ("what", "how", "why", "ref", "before", "after")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """List the messages of the sites where the user works."""
        rows = super().get_queryset(request).select_related("patient", "site", "appointment")
        sites = access.actor_of(request.user).sites
        return rows if sites is None else rows.filter(site__in=sites)

    @display(description="message", ordering="kind")
    def what(self, row: Message) -> str:
        """Name the message."""
        lead = f", {row.offset} before" if row.kind == Kind.REMINDER else ""
        lead = f", day {row.offset}" if row.kind in ADVICE else lead
        return f"{row.get_kind_display()}{lead}"

    @display(description="state", ordering="state", label=TONES)
    def how(self, row: Message) -> str:
        """Say how it stands."""
        return row.get_state_display()

    @display(description="why not sent")
    def why(self, row: Message) -> str:
        """Give the reason of a message that was not sent."""
        return row.get_drop_reason_display() if row.drop_reason else ""

    @display(description="takes the place of")
    def before(self, row: Message) -> str:
        """Link to the message that failed before this one."""
        return _linked([row.instead_of_id] if row.instead_of_id else [])

    @display(description="followed by")
    def after(self, row: Message) -> str:
        """Link to what was sent in its place."""
        later = Message.objects.filter(appointment=row.appointment_id, instead_of=row)
        return _linked(later.order_by("pk").values_list("pk", flat=True))

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Let those send again who may."""
        return screens.may_replay(request.user)

    @action(description="Send again…", permissions=["replay"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> HttpResponse:
        """Ask for the reason first."""
        ids = queryset.values_list("pk", flat=True)[: screens.MOST]
        return HttpResponseRedirect(screens.replay_page(ids))

    def get_urls(self) -> list[URLPattern]:
        """Add the page that asks for the reason."""
        view = self.admin_site.admin_view(screens.replay)
        return [path("replay/", view, name="notifications_message_replay"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], **more: Any
    ) -> HttpResponse:
        """Offer to send again what was given up."""
        row = context["original"]
        given_up = row.state in outbox.REPLAYABLE and screens.may_replay(request.user)
        context["replay"] = screens.replay_page([row.pk]) if given_up else ""
        answer: HttpResponse = super().render_change_form(request, context, **more)
        return answer


def _linked(ids: Iterable[int]) -> str:
    pages = ((reverse("admin:notifications_message_change", args=[pk]), pk) for pk in ids)
    return format_html_join(", ", '<a class="underline" href="{}">message {}</a>', pages) or "-"


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

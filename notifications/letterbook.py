"""The outbox to look through: what was written to whom, how it reads, what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Case, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.expressions import OrderBy
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import TabularInline
from unfold.decorators import action, display

from notifications import outbox, rereading, screens
from notifications.core.policy import ADVICE, TOGETHER, Kind
from notifications.models import Attempt, Mention, Message, Receipt
from notifications.providers import reasons
from notifications.screens import ByReason, ByState, LookOnly
from scheduling import access
from scheduling.screens.frame import now

TONES = {
    "sent": "success",
    "delivered": "success",
    "refused": "danger",
    "not delivered": "danger",
    "given up": "danger",
    "not certain": "warning",
    "being sent": "info",
}


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

    nothing_yet = (
        "Each visit that is booked writes its messages here: what is due, what was sent, "
        "and what was not and why."
    )
    list_display = ("due_at", "what", "patient", "visit", "channel", "how", "why", "site")
    list_filter = (ByState, ByReason, "kind", "channel", AtSite)
    actions = ("send_again",)
    change_form_before_template = "notifications/replay_link.html"
    search_fields = ("patient__search_key", "recipient", "provider_id")
    search_help_text = "name, address, number, or the provider's id"
    date_hierarchy = "due_at"
    inlines = (Mentions, Attempts, Receipts)
    list_per_page = 50
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "reads", "what", "patient", "visit", "offer", "site", "recipient", "how", "why", "due_at",
                    "not_after", "sending_at", "settled_at", "before", "after",
                )
            },
        ),
        (
            "For the technician",
            {
                "classes": ("collapse",),
                "fields": ("attempts", "provider", "provider_id", "ref", "dedupe_key"),
            },
        ),
    )  # fmt: skip
    readonly_fields = ("reads", "what", "visit", "how", "why", "ref", "before", "after")

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """Put what reception has to look at first."""
        return first_needed(now=now())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """List the messages of the sites where the user works."""
        # read beside the page and not joined: else every row that is ordered drags them along
        rows = (
            super().get_queryset(request).prefetch_related("patient", "site", "appointment__site")
        )
        # what the provider said last of one that failed, for the list to say why
        rows = rows.annotate(
            said_code=Coalesce(
                _last(Receipt.objects.exclude(provider_code=""), "provider_code"),
                _last(Attempt.objects.exclude(provider_code=""), "provider_code"),
                Value(""),
            ),
            said_last=Coalesce(_last(Attempt.objects.exclude(said=""), "said"), Value("")),
        )
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
        """Give the reason of a message that was not sent, or did not arrive."""
        if row.drop_reason:
            return row.get_drop_reason_display()
        if row.state not in FAILED:
            return ""
        said = getattr(row, "said_code", ""), getattr(row, "said_last", "")
        return reasons.sentence_of(said[0]) or said[1] or "The provider gave no reason."

    @display(description="visit", ordering="appointment__start")
    def visit(self, row: Message) -> str:
        """Lead to the visit that it tells of, the first of several; an offer tells of none."""
        if row.appointment is None:
            return "-"
        page = reverse("admin:scheduling_appointment_change", args=[row.appointment_id])
        at = f"{row.appointment.local_date:%a %-d %b %Y}, {row.appointment.local_time:%H:%M}"
        return format_html('<a class="underline" href="{}">{}</a>', page, at)

    @display(description="text")
    def reads(self, row: Message) -> str:
        """Show how it reads now: the text that left is not kept."""
        found = rereading.as_they_read_now([row.pk], now=now()).get(row.pk)
        if found is None:
            return "It cannot be shown: what it was made of is no longer kept."
        note = "As it reads now; the text that left is not kept."
        if found.changed:
            note = f"{note} The visit has changed since this was written."
        return render_to_string("notifications/reads.html", {"seen": found, "note": note})

    @display(description="takes the place of")
    def before(self, row: Message) -> str:
        """Link to the message that failed before this one."""
        return _linked([row.instead_of_id] if row.instead_of_id else [])

    @display(description="followed by")
    def after(self, row: Message) -> str:
        """Link to what was sent in its place."""
        later = Message.objects.filter(appointment=row.appointment_id, instead_of=row)
        return _linked(later.order_by("pk").values_list("pk", flat=True))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Show the list of visits where a message tells of several."""
        several = obj is not None and obj.kind in TOGETHER
        return [x for x in self.inlines if x is not Mentions or several]

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


FAILED = frozenset({"undelivered", "rejected", "dead", "unknown"})
"""States of which somebody asks why."""


def first_needed(*, now: datetime) -> tuple[OrderBy, ...]:
    """Order the outbox: what is wrong by age, then what is due by time, then the rest, newest first.

    Wrong is what should have left by `now`, and what failed while it would still be of use: a
    failure of last year is history, and would stand on top for ever.
    """
    overdue = Q(open=True, due_at__lte=now)
    failed = Q(open=False, state__in=FAILED, not_after__gt=now)
    rank = Case(When(overdue | failed, then=0), When(open=True, then=1), default=2)
    soonest = Case(When(failed | Q(open=True), then=F("due_at")))
    return rank.asc(), soonest.asc(), F("due_at").desc()


def _last(rows: QuerySet[Any], column: str) -> Subquery:
    """Read a column of a message's newest row, in the list's own query."""
    newest = rows.filter(message=OuterRef("pk")).order_by("-at", "-pk")
    return Subquery(newest.values(column)[:1])


def _linked(ids: Iterable[int]) -> str:
    pages = ((reverse("admin:notifications_message_change", args=[pk]), pk) for pk in ids)
    return format_html_join(", ", '<a class="underline" href="{}">message {}</a>', pages) or "-"

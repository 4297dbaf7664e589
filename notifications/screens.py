"""Screens of the outbox beside its lists: filters with counts, sending again, providers' health."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from notifications import breakers, health, outbox
from notifications.models import DROPS, STATES, Breaker, Message
from scheduling import access
from scheduling.errors import ClinicError
from scheduling.screens import door
from scheduling.screens.frame import Searched, actor, now

REPLAY = "notifications.replay_message"

MOST = 200
"""Messages that are sent again in one go; more is a matter for the operator."""


class LookOnly(Searched, ModelAdmin):
    """A list that only the house itself writes."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave writing to the outbox."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave it as it was written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave it as it was written."""
        return False

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404


class Counted(admin.SimpleListFilter):
    """The values of a column, each with how many there are, whatever else is filtered."""

    column: str
    words: list[tuple[str, str]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Count each value once."""
        rows = model_admin.get_queryset(request).order_by().values_list(self.column)
        counts = dict(rows.annotate(count=Count("pk")))
        return [(s, f"{label} ({counts.get(s, 0)})") for s, label in self.words]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> QuerySet[Message]:
        """Keep the messages with the chosen value."""
        return queryset.filter(**{self.column: self.value()}) if self.value() else queryset


class ByState(Counted):
    """Every state of a message."""

    title = "state"
    parameter_name = column = "state"
    words = STATES


class ByReason(Counted):
    """Every reason why a message was never sent."""

    title = "why not sent"
    parameter_name = column = "drop_reason"
    words = DROPS


def may_replay(user: Any) -> bool:
    """Tell whether somebody may send messages again."""
    return bool(user.has_perm(REPLAY))


def replay_page(ids: Any) -> str:
    """Spell the address of the page that asks for the reason."""
    return f"{reverse('admin:notifications_message_replay')}?{urlencode({'id': list(ids)}, doseq=True)}"


def replay(request: HttpRequest) -> HttpResponse:
    """Ask why the chosen messages are to be sent again, and send them."""
    door.needs(request, REPLAY)
    said = request.POST if request.method == "POST" else request.GET
    ids = [pk for text in said.getlist("id")[:MOST] if (pk := door.whole(text))]
    sites = access.visible_sites(request.user)
    rows = Message.objects.filter(pk__in=ids, site__in=sites).select_related("patient", "site")
    chosen = list(rows.order_by("pk"))
    if not chosen:
        raise Http404
    if request.method == "POST":
        _replay_all(request, chosen, request.POST.get("reason", ""))
        return HttpResponseRedirect(reverse("admin:notifications_message_changelist"))
    context = door.context_of(request, "Send again", chosen=chosen, opts=Message._meta)
    return TemplateResponse(request, "notifications/replay.html", context)


def _replay_all(request: HttpRequest, chosen: list[Message], reason: str) -> None:
    by, moment, done = actor(request), now(), 0
    for row in chosen:
        try:
            outbox.replay(message_id=row.pk, reason=reason, by=by, now=moment)
        except ClinicError as error:
            messages.error(request, f"{row.patient}, {row}: {error.sentence}")
        else:
            done += 1
    if done:
        messages.success(request, f"{done} to be sent again." if done > 1 else "It is sent again.")


@admin.register(Breaker)
class BreakerScreen(LookOnly):
    """How each provider fares, and since when."""

    nothing_yet = "E-mail and SMS leave as they should; a provider in trouble stands here."
    list_before_template = "notifications/providers.html"

    class Media:
        css = {"all": ("notifications/wording.css",)}

    list_display = ("way", "standing", "trouble", "since", "until", "ended_at")
    list_filter = ("channel",)
    actions = ("try_now",)
    fields = (
        "channel", "site", "provider", "trouble", "code", "said", "trips", "since", "until",
        "ended_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Breaker]:
        """List the whole channels, and the senders of the sites where the user works."""
        rows = super().get_queryset(request).select_related("site")
        sites = actor(request).sites
        here = Q(site__isnull=True) | Q(site__in=sites or ())
        return rows if sites is None else rows.filter(here)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show above the list every way out of the house, also while all is well."""
        sites = list(access.visible_sites(request.user))
        shown = {"ways": health.ways(sites=sites, now=now())}
        answer: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **shown})
        return answer

    @display(description="sender", ordering="channel")
    def way(self, row: Breaker) -> str:
        """Name the channel, the provider, and the site if it is only that one's."""
        return f"{row}{f', {row.site}' if row.site else ''}"

    @display(description="", label={"rests": "danger", "works": "success"})
    def standing(self, row: Breaker) -> str:
        """Say how it stands."""
        return "rests" if row.since else "works"

    def has_try_permission(self, request: HttpRequest) -> bool:
        """Let those try who may change it."""
        return bool(request.user.has_perm("notifications.change_breaker"))

    @action(description="Try again now", permissions=["try"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Breaker]) -> None:
        """Let the next tick try the chosen senders."""
        for row in queryset:
            try:
                breakers.try_now(breaker_id=row.pk, by=actor(request), now=now())
            except ClinicError as error:
                messages.error(request, f"{row}: {error.sentence}")
            else:
                messages.success(request, f"{row} is tried with the next message.")

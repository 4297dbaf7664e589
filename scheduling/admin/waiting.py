"""The waiting list in the admin: who waits, for what, until when; nothing is saved but by the verbs."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.decorators import display

from scheduling import protocols, waiting
from scheduling.admin import finder
from scheduling.admin.waiting_joining import join_view
from scheduling.admin.waiting_times import times_view
from scheduling.core.ranking import ORDER
from scheduling.models import Offer, WaitingEntry
from scheduling.screens import door
from scheduling.screens.frame import actor, attempt, now, trail_of, within
from scheduling.screens.waiting import open_offers, what_in_words, when_in_words


class StillWaiting(admin.SimpleListFilter):
    """Those who wait first: who got a time is looked up, not lived with."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is not the default."""
        return [*WaitingEntry.Closed.choices, ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """Call the default by its name."""
        for n, choice in enumerate(super().choices(changelist)):
            yield {**choice, "display": "Waiting"} if n == 0 else choice

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[WaitingEntry]
    ) -> QuerySet[WaitingEntry]:
        """Keep those who wait unless asked otherwise."""
        if self.value() == "all":
            return queryset
        if self.value():
            return queryset.filter(closed_as=self.value())
        return queryset.filter(closed_at=None)


@admin.register(WaitingEntry)
class WaitingScreen(ModelAdmin):
    """Patients who want earlier or any time."""

    nothing_yet = (
        "Patients are put on the list from their page, from the booking screen or from a visit."
    )
    list_before_template = "scheduling/admin/waiting_order.html"
    list_display = (
        "patient",
        "what",
        "earlier",
        "suits",
        "until",
        "since",
        "with_whom",
        "how",
        "site",
    )
    list_filter = (StillWaiting, "site", "treatment", "practitioner", ("until", RangeDateFilter), "urgent")  # fmt: skip
    list_filter_submit = True
    search_fields = ("patient__search_key",)
    search_help_text = "patient’s name, phone or birth date"
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Put the desk's own screens before the admin's."""
        screens = (
            ("add/", join_view, "add"),
            ("times/", times_view, "times"),
            ("<int:pk>/change/", entry_view, "change"),
        )
        door_of = self.admin_site.admin_view
        mine = (
            path(at, door_of(view), name=f"scheduling_waitingentry_{name}")
            for at, view, name in screens
        )
        return [*mine, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaitingEntry]:
        """List the user's sites, with what is offered just now."""
        rows: QuerySet[WaitingEntry] = super().get_queryset(request)
        offered = Offer.objects.filter(
            entry=OuterRef("pk"), state=Offer.State.OPEN, answer_by__gt=now()
        )
        return (
            within(rows, actor(request), ("site",))
            .select_related("patient", "treatment", "site", "practitioner", "appointment")
            .annotate(offered=Subquery(offered.values("answer_by")[:1]))
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WaitingEntry], search_term: str
    ) -> tuple[QuerySet[WaitingEntry], bool]:
        """Find by the register's own key."""
        found = finder.register_finds(search_term)
        return (queryset if found is None else queryset.filter(patient__in=found)), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Read the protocol's words once for all rows."""
        listed = super().get_changelist_instance(request)
        titles = protocols.in_force().titles
        for row in listed.result_list:
            row.titles = titles
        return listed

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Say the order on top of the list."""
        context = {"order": ORDER, **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Open to those who read the diary."""
        return request.user.has_perm(door.LOOK)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Open to those who read the diary."""
        return request.user.has_perm(door.LOOK)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let those add who work the diary."""
        return request.user.has_perm(door.WORK)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never through a form."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: who leaves the list stays in its history."""
        return False

    @admin.display(description="waits for", ordering="treatment__name")
    def what(self, row: WaitingEntry) -> str:
        """Say what is waited for."""
        return what_in_words(row, row.titles)  # type: ignore[attr-defined]

    @admin.display(description="instead of")
    def earlier(self, row: WaitingEntry) -> str:
        """Name the visit that would move."""
        visit = row.appointment
        return f"{visit.local_date:%-d %b %Y}, {visit.local_time:%H:%M}" if visit else "-"

    @admin.display(description="could come")
    def suits(self, row: WaitingEntry) -> str:
        """Say when a time would suit."""
        return when_in_words(row)

    @admin.display(description="since", ordering="created_at")
    def since(self, row: WaitingEntry) -> str:
        """Say since when they wait."""
        return f"{row.created_at:%-d %b %Y}"

    @admin.display(description="with", ordering="practitioner__name")
    def with_whom(self, row: WaitingEntry) -> str:
        """Name whom they would like to see."""
        return row.practitioner.name if row.practitioner else "anyone"

    @display(
        description="",
        label={"urgent": "danger", "offered": "info", "urgent, offered": "danger"},
    )
    def how(self, row: WaitingEntry) -> str:
        """Point out who goes first and who is being asked."""
        if row.closed_at:
            return row.get_closed_as_display()
        marks = {"urgent": row.urgent, "offered": row.offered}  # type: ignore[attr-defined]
        return ", ".join(word for word, true in marks.items() if true)


def entry_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one place on the list with its offers (GET), or take the patient off it (POST)."""
    door.needs(request, door.LOOK)
    moment = now()
    rows = WaitingEntry.objects.filter(pk=pk, site__in=door.sites_of(request))
    row = rows.select_related(
        "patient", "treatment", "site", "practitioner", "appointment__treatment"
    ).first()
    if row is None:
        raise Http404
    if request.method == "POST":
        door.needs(request, door.WORK)
        attempt(
            request,
            lambda: waiting.leave(entry_id=row.pk, by=actor(request), now=moment),
            f"{row.patient} waits no longer.",
        )
        return HttpResponseRedirect(reverse("admin:scheduling_waitingentry_changelist"))
    context = door.context_of(
        request,
        f"{row.patient}: waiting list",
        row=row,
        what=what_in_words(row, protocols.in_force().titles),
        when=when_in_words(row),
        offers=open_offers(row.offers.all(), moment),
        past=row.offers.exclude(state=Offer.State.OPEN),
        changes=trail_of(row, most=20),
    )
    return render(request, "scheduling/desk/waits.html", context)

"""Plans, hung into the admin: a list to look one up, and the screens; every change is a verb."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from unfold.admin import ModelAdmin

from plans import courses
from plans.admin.plans_door import MAKE
from plans.admin.plans_page import plan_view
from plans.admin.plans_starting import start_view
from plans.admin.plans_steps import step_view
from plans.admin.proposals import adjust_view
from plans.admin.rearranging import absence_view
from plans.courses import PlanView, Standing
from plans.models import Plan, Proposal
from plans.picture import words
from scheduling import access, register
from scheduling.screens import door
from scheduling.screens.frame import LONGEST_SEARCH, actor, now, within

Wanted = Callable[[PlanView], bool]

DERIVED: dict[str, Wanted] = {
    "overdue": lambda plan: plan.progress.overdue > 0,
    "reflow": lambda plan: bool(plan.needs_reflow),
    "paused": lambda plan: plan.standing in {Standing.PAUSED, Standing.PAUSED_BY_EVENT},
    "running": lambda plan: plan.standing is Standing.RUNNING,
    "complete": lambda plan: plan.standing is Standing.COMPLETE,
}
"""What is read from sessions, visits and records, and so cannot be asked of the database."""


class StandingFilter(admin.SimpleListFilter):
    """What somebody looks for in the list: most of it is derived, so plans are read to tell."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what asks for work first."""
        return [
            ("proposal", "With an open proposal"),
            ("overdue", "Overdue"),
            ("reflow", "To be re-flowed"),
            ("paused", "Paused"),
            ("running", "Running"),
            ("complete", "Complete"),
            ("abandoned", "Abandoned"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Plan]) -> QuerySet[Plan]:
        """Keep the plans that stand so."""
        value = self.value()
        if value == "proposal":
            still = Proposal.objects.filter(plan=OuterRef("pk"), state=Proposal.State.OPEN)
            return queryset.filter(Exists(still))
        if value == "abandoned":
            return queryset.filter(abandoned_at__isnull=False)
        wanted = DERIVED.get(value or "")
        if wanted is None:
            return queryset
        seen = courses.views(list(queryset.filter(abandoned_at__isnull=True)), now=now())
        return queryset.filter(pk__in=[plan.id for plan in seen if wanted(plan)])


class Seen(ChangeList):
    """A page of the list, each plan read with it, in a number of queries that does not grow."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the page, then how its plans stand."""
        super().get_results(request)
        rows = list(self.result_list)
        for row, seen in zip(rows, courses.views(rows, now=now()), strict=True):
            row.seen = seen
        self.result_list = rows


@admin.register(Plan)
class PlanScreen(ModelAdmin):
    """All plans of the user’s sites; nothing is saved or deleted from here."""

    nothing_yet = "A clinician makes a plan on the patient’s page, under Plans."
    list_display = ("name", "patient", "standing", "progress", "last", "site")
    list_display_links = ("name",)
    list_filter = (StandingFilter, "site", "template")
    search_fields = ("patient__search_key",)
    search_help_text = "patient’s name, phone or birth date"
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Put the screens before the admin’s own."""
        screens = (
            ("add/", start_view, "add"),
            ("absence/<int:pk>/", absence_view, "absence"),
            ("<int:pk>/change/", plan_view, "change"),
            ("<int:pk>/step/<slug:step>/", step_view, "step"),
            ("<int:pk>/proposal/<int:proposal>/session/<int:session>/", adjust_view, "adjust"),
        )
        door_of = self.admin_site.admin_view
        return [
            *(path(at, door_of(view), name=f"plans_plan_{name}") for at, view, name in screens),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        """List the plans of the user’s sites."""
        rows: QuerySet[Plan] = super().get_queryset(request)
        return within(rows, actor(request), ("site",)).select_related("patient", "site")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Read the plans along with the page."""
        return Seen

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Plan], search_term: str
    ) -> tuple[QuerySet[Plan], bool]:
        """Find by the register’s own key."""
        if not search_term.strip():
            return queryset, False
        countries = sorted(
            set(access.visible_sites(request.user).values_list("country", flat=True))
        )
        text = search_term.strip()[:LONGEST_SEARCH]
        found = register.find(text, countries=countries).order_by()
        return queryset.filter(patient__in=found), False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the plan’s own page, which has its history."""
        return plan_view(request, door.whole(object_id) or 0)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let clinicians make plans."""
        return request.user.has_perm(MAKE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never through a form: the verbs change plans."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a plan is abandoned and stays."""
        return False

    @admin.display(description="standing")
    def standing(self, row: Any) -> str:
        """Show how it stands, and whether somebody has to do something."""
        marks = [words.STANDING[row.seen.standing]]
        marks += ["proposal open"] if row.seen.proposal else []
        marks += ["to be re-flowed"] if row.seen.needs_reflow else []
        return ", ".join(marks)

    @admin.display(description="progress")
    def progress(self, row: Any) -> str:
        """Count how far it is."""
        return words.progress(row.seen.progress)

    @admin.display(description="last date")
    def last(self, row: Any) -> str:
        """Show the date of its last session that has one."""
        days = [session.on for session in row.seen.sessions if session.on]
        return words.full_day(max(days)) if days else "none yet"

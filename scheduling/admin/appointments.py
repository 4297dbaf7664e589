"""The appointment’s screens, hung into the admin: every change goes through a verb of booking."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateFilter

from scheduling import todos
from scheduling.admin import board, calendar, card, finder, late, sheets, signs, walkin
from scheduling.admin.booking import book_view
from scheduling.admin.day import day_view
from scheduling.admin.moving import move_view
from scheduling.admin.steps import step_view, visit_view
from scheduling.admin.undoing import undo_view
from scheduling.models import Appointment
from scheduling.screens import door
from scheduling.screens.frame import actor, now, within


@admin.register(Appointment)
class AppointmentScreen(ModelAdmin):
    """All visits of the user’s sites, to look one up; nothing is saved or deleted from here."""

    list_display = ("when", "patient", "treatment", "standing", "site")
    list_display_links = ("when",)
    list_filter = (("local_date", RangeDateFilter), "site", "status", "treatment")
    list_filter_submit = True
    search_fields = ("patient__search_key",)
    search_help_text = "patient’s name, phone or birth date"
    list_per_page = 50
    show_full_result_count = False
    ordering = ("-local_date", "-local_time", "-pk")
    actions = None

    def get_urls(self) -> list[URLPattern]:
        """Put the desk’s own screens before the admin’s."""
        screens = (
            ("day/", day_view, "day"),
            ("undo/", undo_view, "undo"),
            ("book/", book_view, "book"),
            ("board/", board.board_view, "board"),
            ("board/pulse/", board.pulse_view, "board_pulse"),
            ("board/walk-in/", walkin.walk_in_view, "walk_in"),
            ("board/late/", late.late_view, "late"),
            ("sheets/", sheets.sheets_view, "sheets"),
            ("sheets/file/", sheets.file_view, "sheet_file"),
            ("board/<int:pk>/<slug:step>/", board.step_view, "board_step"),
            ("patient/<int:pk>/", card.card_view, "card"),
            ("task/<int:pk>/done/", tick_view, "tick"),
            ("<int:pk>/move/", move_view, "move"),
            ("<int:pk>/step/<slug:step>/", step_view, "step"),
            ("<int:pk>/change/", visit_view, "change"),
            *calendar.SCREENS,
        )
        door_of = self.admin_site.admin_view
        return [
            *(
                path(at, door_of(view), name=f"scheduling_appointment_{name}")
                for at, view, name in screens
            ),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        """List the visits of the user’s sites."""
        rows: QuerySet[Appointment] = super().get_queryset(request)
        return within(rows, actor(request), ("site",)).select_related(
            "patient", "treatment", "site"
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Appointment], search_term: str
    ) -> tuple[QuerySet[Appointment], bool]:
        """Find by the register’s own key."""
        found = finder.register_finds(search_term)
        return (queryset if found is None else queryset.filter(patient__in=found)), False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the booking screen."""
        door.needs(request, door.WORK)
        return HttpResponseRedirect(reverse("admin:scheduling_appointment_book"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let those book who work the diary."""
        return request.user.has_perm(door.WORK)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never through a form: the verbs change visits."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: a visit is cancelled and stays."""
        return False

    @admin.display(description="when", ordering="local_date")
    def when(self, row: Appointment) -> str:
        """Show the promised wall time."""
        day = row.local_date
        return f"{day:%a} {day.day} {day:%b %Y}, {row.local_time:%H:%M}"

    @admin.display(description="status", ordering="status")
    def standing(self, row: Appointment) -> str:
        """Show the status in words."""
        return signs.sign_of(row).word


def tick_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick one task off, by POST."""
    door.needs(request, "scheduling.change_todo")
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    done = todos.tick_off(todo_ids=[pk], by=actor(request), now=now())
    if done:
        messages.success(request, "Done.")
    else:
        messages.info(request, "This task was done already.")
    return HttpResponseRedirect(door.back_of(request, reverse("admin:index")))

"""What reception has to do."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import action, display

from scheduling import access, todos
from scheduling.models import Todo
from scheduling.screens.frame import Screen, actor, now


class StillOpen(admin.SimpleListFilter):
    """Open tasks first: done ones are looked up, not lived with."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer what is not the default."""
        return [("done", "Done"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        """Call the default by its name."""
        for choice in super().choices(changelist):
            yield (
                {**choice, "display": "Open"}
                if self.value() is None and choice["selected"]
                else {
                    **choice,
                    "display": "Open"
                    if choice["display"] == "All" and choice["query_string"].find("state") < 0
                    else choice["display"],
                }
            )

    def queryset(self, request: HttpRequest, queryset: QuerySet[Todo]) -> QuerySet[Todo]:
        """Keep the open ones unless asked otherwise."""
        if self.value() == "all":
            return queryset
        return queryset.filter(done_at__isnull=self.value() != "done")


@admin.register(Todo)
class TodoScreen(Screen):
    """A task for reception."""

    nothing_yet = "Nothing waits to be done."
    list_display = ("what", "urgency", "patient", "site", "created_at", "done_by")
    list_filter = (StillOpen, "urgent", "site", "kind")
    search_fields = ("text", "patient__search_key")
    site_paths = ("site",)
    actions = ("tick_off",)
    autocomplete_fields = ("patient",)
    fields = ("text", "site", "patient", "urgent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Todo]:
        """Read site and patient along."""
        return super().get_queryset(request).select_related("site", "patient")

    def get_ordering(self, request: HttpRequest) -> Any:
        """Put who may be unwell first, as the overview does."""
        return todos.first_things_first(now=now())

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer the user's own sites."""
        if db_field.name == "site":
            kwargs["queryset"] = access.visible_sites(request.user)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show what somebody wrote as it was written."""
        return ("text", "site", "patient", "urgent", "created_at") if obj else ()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Show on a task when it came up and who did it."""
        return (*self.fields, "created_at", "done_at", "done_by") if obj else self.fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let tasks be ticked off from the list, not rewritten."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep tasks that are done."""
        return False

    def save_model(self, request: HttpRequest, obj: Todo, form: Any, change: Any) -> None:
        """Write the task down."""
        obj.kind = "note"
        todos.write_down(todo=obj, by=actor(request), now=now())

    @action(description="Mark as done", permissions=["change"])
    def tick_off(self, request: HttpRequest, queryset: QuerySet[Todo]) -> None:
        """Tick the chosen tasks off."""
        ids = list(queryset.values_list("pk", flat=True))
        done = todos.tick_off(todo_ids=ids, by=actor(request), now=now())
        messages.success(request, "1 task is done." if done == 1 else f"{done} tasks are done.")

    @admin.display(description="task", ordering="text")
    def what(self, row: Todo) -> str:
        """Show the task's words."""
        return row.text

    @display(description="", label={"urgent": "danger"})
    def urgency(self, row: Todo) -> str:
        """Point out what cannot wait."""
        return "urgent" if row.urgent else ""

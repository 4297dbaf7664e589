"""The audit trail, to be read and never written."""

from datetime import UTC

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from scheduling.models import Change
from scheduling.screens.frame import Screen


@admin.register(Change)
class ChangeScreen(Screen):
    """Who changed what, and when."""

    list_display = ("when", "by", "verb", "subject", "subject_id", "fields_named")
    list_filter = ("subject", "verb")
    search_fields = ("by", "subject_id")
    search_help_text = "who, or the number of what was changed"
    date_hierarchy = "at"
    fields = ("when", "by", "user", "verb", "subject", "subject_id", "in_full")
    readonly_fields = ("when", "in_full")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Change]:
        """Read the users along."""
        return super().get_queryset(request).select_related("user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Leave writing to the verbs."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave it as it was written."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Leave it as it was written."""
        return False

    @admin.display(description="when (UTC)", ordering="at")
    def when(self, row: Change) -> str:
        """Show the instant to the second."""
        return f"{row.at.astimezone(UTC):%-d %b %Y, %H:%M:%S}"

    @admin.display(description="what")
    def fields_named(self, row: Change) -> str:
        """Name the fields that changed."""
        return ", ".join(row.what) or "-"

    @admin.display(description="what")
    def in_full(self, row: Change) -> SafeString | str:
        """Show each field with its old and new value, where the trail holds them."""
        if not row.what:
            return "-"
        lines = ((field, _pair(pair)) for field, pair in row.what.items())
        return format_html("<ul>{}</ul>", format_html_join("", "<li><b>{}</b> {}</li>", lines))


def _pair(pair: object) -> str:
    match pair:
        case [old, new]:
            return f"{old} → {new}"
        case _:
            return "changed"

"""The frame of every screen: who acts, at which sites, through which verb, and what is told."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminSingleTimeWidget, UnfoldAdminTextareaWidget

from scheduling import access, grounds
from scheduling.core.words import Actor
from scheduling.errors import ClinicError, Malformed, NotFound
from scheduling.integrity import ERROR_OF
from scheduling.models import Change
from scheduling.screens.once import once


def actor(request: HttpRequest) -> Actor:
    """Name who acts in this request."""
    return access.actor_of(request.user)


def now() -> datetime:
    """Read the clock, once, at the edge."""
    return datetime.now(UTC)


def attempt(request: HttpRequest, step: Callable[[], object], done: str) -> bool:
    """Run a verb and tell how it went; what cannot be seen stays a 404."""
    try:
        step()
    except NotFound:
        raise
    except ClinicError as error:
        messages.error(request, error.sentence)
        return False
    messages.success(request, done)
    return True


def day_in(request: HttpRequest, name: str) -> date:
    """Read a date from a posted form.

    Raises:
        Malformed: there is none, or it is no date.

    """
    try:
        day: date = forms.DateField().clean(request.POST.get(name))
    except ValidationError as error:
        raise Malformed("Please give a date.") from error
    return day


def pick(form: forms.BaseForm, name: str, choices: Callable[[], list[tuple[str, str]]]) -> None:
    """Fill a picker, if the form has it: read-only pages do not."""
    field = form.fields.get(name)
    if isinstance(field, forms.ChoiceField):
        field.choices = choices()


def zone_choices() -> list[tuple[str, str]]:
    """List the zones that are named after a place."""
    named = sorted(zone for zone in available_timezones() if "/" in zone)
    return [("", ""), *((zone, zone.replace("_", " ")) for zone in [*named, "UTC"])]


class OfferingForm(forms.Form):
    """A form whose pickers offer what the clinic has today."""

    def offer(self, name: str, rows: QuerySet[Any]) -> None:
        """Let a picker offer these rows."""
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - for the type checker
        field.queryset = rows

    def choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        """Let a picker offer these values with their words."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = choices


class PlainForm(forms.ModelForm):
    """A form whose broken constraints read as the sentences of `scheduling.integrity`."""

    def _update_errors(self, errors: ValidationError) -> None:
        sentences = {
            constraint.get_violation_error_message(): ERROR_OF[constraint.name][1]
            for constraint in self.instance._meta.constraints
            if constraint.name in ERROR_OF
        }
        for said in getattr(errors, "error_dict", {}).values():
            for error in said:
                error.message = sentences.get(error.message, error.message)
        super()._update_errors(errors)  # type: ignore[misc]


_WIDGETS: dict[Any, dict[str, Any]] = {
    models.TimeField: {"widget": UnfoldAdminSingleTimeWidget(format="%H:%M")},
    models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})},
}


class Searched:
    """A list whose search reads no more than a line: each word is one more condition of the query."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Search for the first words of what was typed, or pasted."""
        found: tuple[QuerySet[Any], bool] = super().get_search_results(  # type: ignore[misc]
            request, queryset, search_term.strip()[:LONGEST_SEARCH]
        )
        return found


LONGEST_SEARCH = 120


class Screen(Searched, ModelAdmin):
    """A list and a form of the catalogue: rows of other sites are not there (404, not a hint)."""

    form = PlainForm
    formfield_overrides = _WIDGETS
    list_per_page = 50
    show_full_result_count = False
    site_paths: Sequence[str] = ()
    """Look-ups from the row to its site; a row without one belongs to the whole clinic."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """List the rows of the sites where the user works."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return within(rows, actor(request), self.site_paths)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Take what the address offers a new row, but no row that is not named by a number."""
        given: dict[str, Any] = super().get_changeform_initial_data(request)
        named = {field.name for field in self.opts.fields if field.is_relation}
        return {
            key: value
            for key, value in given.items()
            if key not in named or (str(value).isascii() and str(value).isdigit())
        }

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no bulk deletion: it would go past the verbs and the trail."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Keep the row through its verb."""
        grounds.keep(row=obj, by=actor(request), now=now())

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """Remove the row through its verb."""
        grounds.remove(row=obj, by=actor(request), now=now())

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: Any) -> None:
        """Keep and remove the rows below the form through their verbs."""
        by, moment = actor(request), now()
        rows = formset.save(commit=False)
        with grounds.together(by=by, now=moment):
            for row in formset.deleted_objects:
                grounds.remove(row=row, by=by, now=moment)
            for row in rows:
                grounds.keep(row=row, by=by, now=moment)
        formset.save_m2m()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show an anticipated refusal of a verb as a sentence above the form; a row is added once."""
        view = super().changeform_view
        if object_id is None:
            view = once(view)
        if request.method == "POST":
            request.POST = picked(request.POST, self.autocomplete_fields)  # type: ignore[assignment]
        try:
            return view(request, object_id, form_url, extra_context)
        except ClinicError as error:
            if request.method != "POST" or error.code == "not_found":
                raise
            messages.error(request, error.sentence)
            return HttpResponseRedirect(request.get_full_path())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the row's own part of the audit trail."""
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {row}",
            "opts": self.opts,
            "original": row,
            "changes": trail_of(row),
            "back": reverse(_change_url(self.opts), args=[row.pk]),
        }
        return TemplateResponse(request, "scheduling/admin/history.html", context)


def picked(said: QueryDict, pickers: Sequence[str]) -> QueryDict:
    """Read what is no id as the id of nobody: Django shows a picker again only for a number."""
    fixed = said.copy()
    for name in pickers:
        value = said.get(name, "")
        if value and not (value.isascii() and value.isdigit() and len(value) < LONGEST_ID):
            fixed[name] = "0"
    return fixed


LONGEST_ID = 19
"""Digits at which a number may leave PostgreSQL's bigint."""


class Rows(TabularInline):
    """Rows below a form, checked in sentences."""

    form = PlainForm
    formfield_overrides = _WIDGETS
    extra = 0
    show_change_link = False
    hide_title = True
    site_paths: Sequence[str] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """List the rows of the sites where the user works."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return within(rows, actor(request), self.site_paths)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Leave out the buttons beside a picker: rows are narrow."""
        return bare(super().formfield_for_dbfield(db_field, request, **kwargs))


def bare(field: Any) -> Any:
    """Take the buttons away that stand beside a picker."""
    if isinstance(getattr(field, "widget", None), RelatedFieldWidgetWrapper):
        field.widget = field.widget.widget
    return field


def within(rows: QuerySet[Any], by: Actor, paths: Sequence[str]) -> QuerySet[Any]:
    """Keep the rows of the actor's sites, and those that belong to no site."""
    if by.sites is None:
        return rows
    for path in paths:
        rows = rows.filter(Q(**{f"{path}__in": by.sites}) | Q(**{f"{path}__isnull": True}))
    return rows


def trail_of(row: Model, *, most: int = 200) -> list[Change]:
    """Read the newest changes of a row; a proxy shares the trail of its table."""
    table = row._meta.concrete_model or type(row)
    names = {row._meta.model_name or "", table._meta.model_name or ""}
    return list(Change.objects.filter(subject__in=names, subject_id=row.pk)[:most])


def _change_url(opts: Any) -> str:
    return f"admin:{opts.app_label}_{opts.model_name}_change"

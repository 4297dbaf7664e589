"""Forms as a browser would send them back: every field as the page showed it, then what one types."""

from collections.abc import Iterator
from typing import Any

from django.forms import BaseForm
from django.test import Client


def shown(page: Any) -> dict[str, Any]:
    """Read what the form of an admin page holds, its inlines' rows included."""
    data = dict(_of(page.context["adminform"].form))
    for inline in page.context["inline_admin_formsets"]:
        formset = inline.formset
        data |= dict(_of(formset.management_form))
        for form in formset.initial_forms + formset.extra_forms:
            data |= dict(_of(form))
    return data


def _of(form: BaseForm) -> Iterator[tuple[str, Any]]:
    for bound in form:
        value = bound.value()
        if value is True:
            yield bound.html_name, "on"
        elif value is not None and value is not False:
            yield bound.html_name, getattr(value, "pk", value)


def send(client: Client, url: str, **typed: Any) -> Any:
    """Open a form, type into it, and save; None empties a field."""
    data = shown(client.get(url)) | typed
    return client.post(url, {key: value for key, value in data.items() if value is not None})


def problems(page: Any) -> dict[str, list[str]]:
    """Read what the form says is wrong, inlines included."""
    form = page.context["adminform"].form
    found = {key: list(errors) for key, errors in form.errors.items()}
    for inline in page.context["inline_admin_formsets"]:
        if lines := list(inline.formset.non_form_errors()):
            found[inline.formset.prefix] = lines
        for row in inline.formset.forms:
            found |= {row.add_prefix(key): list(errors) for key, errors in row.errors.items()}
    return found


def told(page: Any) -> list[str]:
    """Read the messages on the page that follows."""
    return [str(message) for message in page.context["messages"]]

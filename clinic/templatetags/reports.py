"""What the templates of the reports need to lead from a cell to its rows."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from clinic.reports.shapes import Cell

register = template.Library()


@register.simple_tag(takes_context=True)
def cell(context: dict[str, Any], each: Cell) -> SafeString | str:
    """Draw a cell, leading to its rows or its page."""
    href = each.link
    # an hour of the week without a visit may still have been held for numbing, or after closing
    if each.rows is not None and (each.tone or each.value not in (0, None)):
        address = reverse("reports:rows", args=[context["entry"].slug])
        asked = context["ask"].earlier if each.back else context["ask"]
        href = f"{address}?{asked.query(**each.rows)}"
    small = format_html(" <small>{}</small>", each.small) if each.small else ""
    if not href:
        return format_html("{}{}", each.shown, small)
    return format_html('<a href="{}">{}</a>{}', href, each.shown, small)

"""A few figures of the week on the admin's overview, for those who read reports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.urls import reverse

from clinic.reports.asking import READ
from clinic.reports.shapes import Cell, share
from scheduling import access
from scheduling.models import Resource
from scheduling.reports import Kind, Period, Scope, attendance, exceptions, utilisation
from scheduling.reports.utilisation import Use


def of_manager(user: Any, context: Mapping[str, Any]) -> str:
    """Draw utilisation, no-shows, late cancellations and refusals of this week."""
    if not user.has_perm(READ):
        return ""
    now: datetime = context["now"]
    sites = dict(access.visible_sites(user).filter(active=True).values_list("pk", "zone"))
    if not sites:
        return ""
    today = now.astimezone(ZoneInfo(next(iter(sites.values())))).date()
    scope = Scope(Period.holding(Kind.WEEK, today), sites)
    lines = [
        (name, cell, f"{reverse('reports:report', args=[slug])}?period=week&on={today}")
        for name, slug, cell in _figures(scope)
    ]
    return render_to_string("clinic/reports/panel.html", {"lines": lines, "period": scope.period})


def _figures(scope: Scope) -> list[tuple[str, str, Cell]]:
    used = utilisation.measured(scope, kind=Resource.Kind.PRACTITIONER.value)
    use = sum(used.values(), Use())
    came = attendance.total(attendance.counted(scope))
    rest = sum(asks.rest for asks in exceptions.refused_asks(scope))
    return [
        (
            "Practitioners' time booked",
            "utilisation",
            share(int(use.visit.sum()), int(use.open.sum())),
        ),
        ("Did not come", "attendance", share(came.no_show, came.all)),
        ("Cancelled late", "attendance", share(came.late, came.all)),
        ("Asks refused for the skin's rest", "refusals", Cell(rest)),
    ]

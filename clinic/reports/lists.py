"""Cells that the lists of several reports share."""

from datetime import date, datetime, time

from django.urls import reverse

from clinic.reports.shapes import Cell
from scheduling import catalogue
from scheduling.core.refusals import WORDINGS


def visit_cell(visit_id: int, day: date, at: time) -> Cell:
    """Show when a visit was promised, and lead to its page."""
    when = datetime.combine(day, at)
    return Cell(when, f"{when:%a %-d %b %Y, %H:%M}", link=visit_page(visit_id))


def visit_page(visit_id: int) -> str:
    """Answer the address of a visit's page."""
    return reverse("admin:scheduling_appointment_change", args=[visit_id])


def rule_name(code: str) -> str:
    """Say in words what a code stands for; rules are named as in the protocol in force."""
    if code in WORDINGS:
        return WORDINGS[code].plain
    protocol = catalogue.current().active_protocol
    try:
        return (protocol.rule(code).title if protocol else "") or code
    except KeyError:
        return code

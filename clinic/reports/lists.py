"""Cells that the lists of several reports share."""

from collections.abc import Callable
from datetime import date, datetime, time

from django.urls import reverse

from clinic.reports.shapes import Cell
from plans.courses.misfits import OUTSIDE_LAG, WITHOUT_DATE
from plans.planning.refusing import AWAY, ELSEWHERE, NO_PLAN, OVER, PAUSED
from scheduling import catalogue
from scheduling.core.refusals import WORDINGS
from scheduling.papers.consents import COURSE


def visit_cell(visit_id: int, day: date, at: time) -> Cell:
    """Show when a visit was promised, and lead to its page."""
    when = datetime.combine(day, at)
    return Cell(when, f"{when:%a %-d %b %Y, %H:%M}", link=visit_page(visit_id))


def visit_page(visit_id: int) -> str:
    """Answer the address of a visit's page."""
    return reverse("admin:scheduling_appointment_change", args=[visit_id])


_OF_COURSES = {
    NO_PLAN: "No dates for the whole course",
    PAUSED: "The plan rests",
    OVER: "The plan is over",
    AWAY: "The patient is away",
    ELSEWHERE: "The other visits of the plan cannot follow",
    OUTSIDE_LAG: "Outside of the plan's lags",
    WITHOUT_DATE: "A session of the plan would have no date",
    COURSE: "No signed consent to this course",
}


def rule_names() -> Callable[[str], str]:
    """Answer what says a code in words; rules are named as in the protocol in force.

    Ask for it once a page: it looks whether the protocol has changed.
    """
    protocol = catalogue.current().active_protocol

    def named(code: str) -> str:
        if code in WORDINGS:
            return WORDINGS[code].plain
        if code in _OF_COURSES:
            return _OF_COURSES[code]
        try:
            return (protocol.rule(code).title if protocol else "") or code
        except KeyError:
            return code

    return named

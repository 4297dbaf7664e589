"""The pages: the shelf, one report, the rows behind a figure, and each of them as CSV."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from clinic.reports import asking, sheet, shelf
from clinic.reports.asking import Ask
from clinic.reports.shapes import Cell, Listing, Report, Table
from clinic.reports.shelf import Entry
from scheduling.reports import Kind, Page
from scheduling.screens import door
from scheduling.screens.frame import now

A_PAGE = 100
"""Rows on one page of a list."""

_SCOPE = frozenset({"period", "on", "first", "last", "site", "page", "table"})


def index_view(request: HttpRequest) -> HttpResponse:
    """Show the reports that there are for this reader."""
    entries = shelf.open_to(request.user)
    if not entries:
        raise PermissionDenied
    context = door.context_of(request, "Reports", entries=entries)
    return render(request, "clinic/reports/index.html", context)


def report_view(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one report."""
    entry, ask = _opened(request, slug)
    report = entry.build(ask) if ask else Report(empty="You are not placed at any site yet.")
    return render(
        request, "clinic/reports/report.html", _context(request, entry, ask, report=report)
    )


def table_view(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand out the figures of a report, or one of its tables, as CSV."""
    entry, ask = _opened(request, slug)
    if ask is None:
        raise Http404
    report, key = entry.build(ask), ask.word("table")
    if not key:
        heads = ("figure", "this period", "period before", "definition")
        lines = [(Cell(f.name), f.now, f.before, Cell(f.definition)) for f in report.figures]
        facts = _facts(entry, ask, "Figures", ())
        return sheet.written(f"{slug}-{_name(ask)}", facts, heads, lines)
    table = next((each for each in report.tables if each.key == key), None)
    if table is None:
        if report.empty:
            return sheet.written(
                f"{slug}-{_name(ask)}", _facts(entry, ask, key, [report.empty]), (), ()
            )
        raise Http404
    return sheet.written(
        f"{slug}-{key}-{_name(ask)}",
        _facts(entry, ask, table.title, (table.definition, *report.notes)),
        table.heads,
        _lines(table),
    )


def _lines(table: Table) -> list[Sequence[Cell]]:
    return [*table.lines, *([table.total] if table.total else [])]


def rows_view(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rows behind a figure, a page at a time."""
    entry, ask = _opened(request, slug)
    if ask is None:
        raise Http404
    number = max(ask.whole("page") or 1, 1)
    listing = _page_of(entry, ask, number)
    if number > 1 and not listing.count:  # beyond the last page: begin anew
        number = 1
        listing = _page_of(entry, ask, number)
    more = number * A_PAGE < listing.count
    given = _beyond(ask)
    return render(
        request,
        "clinic/reports/rows.html",
        _context(
            request,
            entry,
            ask,
            listing=listing,
            lines=_read(listing, request),
            first=(number - 1) * A_PAGE + 1,
            last=min(number * A_PAGE, listing.count),
            earlier=ask.query(**given, page=number - 1) if number > 1 else "",
            later=ask.query(**given, page=number + 1) if more else "",
            query=ask.query(**given),
        ),
    )


def _page_of(entry: Entry, ask: Ask, number: int) -> Listing:
    return entry.rows(replace(ask, page=Page((number - 1) * A_PAGE, A_PAGE)))


def rows_csv_view(request: HttpRequest, slug: str) -> HttpResponse:
    """Hand out all rows behind a figure as CSV."""
    entry, ask = _opened(request, slug)
    if ask is None:
        raise Http404
    listing = entry.rows(ask)
    facts = _facts(entry, ask, listing.title, [listing.definition])
    return sheet.written(f"{slug}-rows-{_name(ask)}", facts, listing.heads, _read(listing, request))


def _read(listing: Listing, request: HttpRequest) -> list[Sequence[Cell]]:
    """Leave out patients' names where the reader may not see patients."""
    if "patient" not in listing.heads or request.user.has_perm("scheduling.view_patient"):
        return list(listing.lines)
    hidden = list(listing.heads).index("patient")
    return [
        [Cell("") if n == hidden else cell for n, cell in enumerate(line)] for line in listing.lines
    ]


def _opened(request: HttpRequest, slug: str) -> tuple[Entry, Ask | None]:
    """Find a report and read what is asked of it; who may not read it is turned away."""
    entry = next((each for each in shelf.SHELF if each.slug == slug), None)
    if entry is None:
        raise Http404
    if not entry.open_to(request.user):
        raise PermissionDenied
    return entry, asking.read(request, now())


def _beyond(ask: Ask) -> dict[str, str]:
    """Answer the filters of the address beyond period and site."""
    return {name: value[:60] for name, value in ask.given.items() if name not in _SCOPE}


def _facts(entry: Entry, ask: Ask, title: str, definitions: Sequence[str]) -> list[tuple[str, str]]:
    period = ask.scope.period
    return [
        ("Report", f"{entry.title}: {title}"),
        ("Period", f"{period.first.isoformat()} to {period.last.isoformat()}, both included"),
        ("Period before", f"{period.before.first.isoformat()} to {period.before.last.isoformat()}"),
        ("Sites", ask.where),
        *([("Not as asked", ask.wrong)] if ask.wrong else []),
        *(("Definition", said) for said in definitions),
    ]


def _name(ask: Ask) -> str:
    period = ask.scope.period
    return f"{period.first.isoformat()}-{period.last.isoformat()}"


def _context(request: HttpRequest, entry: Entry, ask: Ask | None, **facts: Any) -> dict[str, Any]:
    context = door.context_of(request, entry.title, entry=entry, ask=ask, **facts)
    if ask is None:
        return context
    period = ask.scope.period
    given = _beyond(ask)
    step = {side: replace(ask, scope=replace(ask.scope, period=each)).query(**given)
            for side, each in (("back", period.before), ("on", period.after))}  # fmt: skip
    return context | {
        "period": period,
        "period_before": _BEFORE.get(period.kind) or f"the {period.days} days",
        "kinds": [(kind.value, _KINDS[kind]) for kind in Kind],
        "step": step,
        "base": ask.query(),
        "here": ask.query(**given),
        "entries": shelf.open_to(request.user),
    }


_BEFORE = {Kind.WEEK: "the week", Kind.MONTH: "the month", Kind.QUARTER: "the quarter"}
_KINDS = {Kind.WEEK: "week", Kind.MONTH: "month", Kind.QUARTER: "quarter", Kind.CUSTOM: "dates"}


def _behind(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Put a page behind the admin's door; a report is only ever read."""
    return admin.site.admin_view(require_safe(view))


app_name = "reports"
urlpatterns: list[URLPattern] = [
    path("", _behind(index_view), name="index"),
    path("<slug:slug>/", _behind(report_view), name="report"),
    path("<slug:slug>/table.csv", _behind(table_view), name="table"),
    path("<slug:slug>/rows/", _behind(rows_view), name="rows"),
    path("<slug:slug>/rows.csv", _behind(rows_csv_view), name="rows-csv"),
]

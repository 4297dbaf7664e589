"""Every figure of every page opens to exactly the rows that it counts, and the files say the same."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest
import time_machine
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils.html import escape

from clinic import groups
from clinic.reports import sheet, shelf
from clinic.reports.asking import Ask
from clinic.reports.shapes import Cell, Listing, Report
from notifications.models import SmsPrice
from plans.models import Adherence
from scheduling import refusals
from scheduling.core.words import Reason, Severity
from scheduling.errors import Refused
from scheduling.models import Override, Refusal, ThirdNext
from scheduling.reports import Page
from tests import cast
from tests.clinic.reports.test_pages import REPORTS, read
from tests.notifications.test_reports import sent
from tests.plans import stage
from tests.scheduling.reports import ledger
from tests.scheduling.reports.ledger import SPRING, Ledger
from tests.scheduling.reports.test_exceptions import moments

DICE = random.Random(9)  # noqa: S311 - dice of a test
MINUTES = {
    "open": "open min",
    "visit": "visit min",
    "hold": "numbing, cleaning min",
    "outside": "outside hours min",
}
Links = Iterator[tuple[str, Cell]]


def filled() -> Ledger:
    """Write two weeks of everything that a report counts, and some of it before and after."""
    book = ledger.written(3, 90)
    sent(book, 160)
    price = {"currency": "GBP", "source": "a bill"}
    for first, site in (
        (date(2027, 1, 1), book.clinic.site),
        (date(2027, 4, 3), book.clinic.site),
        (date(2027, 1, 1), book.other),
    ):
        SmsPrice.objects.create(
            site=site, price=Decimal("0.04") + first.month, valid_from=first, **price
        )
    users = [User.objects.create_user(f"dr-{n}") for n in range(2)]
    for at in moments(DICE, 60):
        user, visit = DICE.choice(users), DICE.choice(book.visits)
        Override.objects.create(
            appointment=visit, code=DICE.choice(["too_soon", "SEED-GAP-RF"]), reason="needed", by=user,
            by_name=f"Dr {user.username}", at=at,
        )  # fmt: skip
    for at in moments(DICE, 60):
        refused(
            book, DICE.sample(["SEED-GAP-RF", "LIT-TOXIN-ABL", "too_soon"], DICE.choice([1, 2])), at
        )
    for n in range(-20, 20):
        for site, treatment in (
            (book.clinic.site, book.clinic.review),
            (book.other, book.clinic.filler),
        ):
            days = DICE.choice([None, 1, 4, 9])
            ThirdNext.objects.create(
                site=site, treatment=treatment, measured_on=SPRING.first + timedelta(n), measured_at=cast.NOW,
                days=days, third_on=None if days is None else SPRING.first + timedelta(n + days), reach_days=92,
            )  # fmt: skip
    kept(book)
    return book


def refused(book: Ledger, codes: list[str], at: object) -> None:
    error = Refused(
        [Reason(code=c, severity=Severity.HARD, sentence="", patient_sentence="") for c in codes]
    )
    site = DICE.choice([book.clinic.site, book.other])
    treatment = DICE.choice([None, book.clinic.filler.pk])
    asked = refusals.Asked(
        verb=DICE.choice(list(Refusal.Verb)), site_id=site.pk, treatment_id=treatment
    )
    refusals.note(error, asked=asked, by=cast.reception(), now=at)  # type: ignore[arg-type]


def kept(book: Ledger) -> None:
    course = stage.scars(book.clinic, repeat=2)
    for _ in range(8):
        plan = stage.plan(book.clinic, course)
        for session in plan.sessions.all():
            Adherence.objects.create(
                session=session, site=DICE.choice([book.clinic.site, book.other]), read_at=cast.NOW,
                outcome=DICE.choice(["within", "late", "overdue", "dropped"]),
                counted_on=SPRING.first + timedelta(DICE.randrange(-16, 16)),
            )  # fmt: skip


def links(report: Report) -> Links:
    """Name each cell that can be opened by its figure or its column."""
    for figure in report.figures:
        yield figure.name, figure.now
        yield figure.name, figure.before
    for table in report.tables:
        for line in [*table.lines, table.total]:
            yield from zip(table.heads, line, strict=False)


def come_to(name: str, cell: Cell, listing: Listing) -> float | Decimal | None:
    """Work out from the rows what a cell must say."""
    rows, column = dict(cell.rows or {}), {head: n for n, head in enumerate(listing.heads)}

    def together(head: str) -> float | Decimal:
        return sum(line[column[head]].value or 0 for line in listing.lines)  # type: ignore[misc,arg-type]

    if "kind" in rows:
        return together(MINUTES[str(rows.get("part", "visit"))])
    if name.casefold().startswith(("segments", "cost", "spent")):
        return together("segments" if "egments" in name else "cost")
    if "days" in name.casefold() or name.startswith("median"):
        days = sorted(
            d if isinstance(d := line[column["days"]].value, int) else 93 for line in listing.lines
        )
        half = len(days) // 2
        return days[half] if len(days) % 2 else (days[half - 1] + days[half]) / 2
    return len(listing.lines)


def said(cell: Cell) -> object:
    value = cell.value if cell.part is None else cell.part
    return 93 if isinstance(value, str) and value.startswith("none within") else value


def check(entry: shelf.Entry, ask: Ask, report: Report, html: str) -> int:
    """Hold each cell against its rows; answer how many could be opened."""
    opened, seen = 0, {}
    for name, cell in links(report):
        if cell.rows is None or (cell.value is None and not cell.tone):
            continue
        asked = ask.earlier if cell.back else ask
        query = asked.query(**cell.rows)
        if query not in seen:
            given = dict(parse_qsl(query))
            seen[query] = entry.rows(replace(asked, given=given, page=Page()))
        listing = seen[query]
        assert listing.count == len(listing.lines), query
        assert said(cell) == pytest.approx(come_to(name, cell, listing)), (entry.slug, name, query)
        if listing.count and (said(cell) or cell.tone):
            opened += 1
            assert f'href="{REPORTS}{entry.slug}/rows/?{escape(query)}"' in html
    return opened


def same_in_files(client: Client, entry: shelf.Entry, ask: Ask, report: Report) -> None:
    """Hold the files of the figures, of each table and of the rows behind one of them against them."""
    address, query = f"{REPORTS}{entry.slug}", ask.query()
    figures = read(client.get(f"{address}/table.csv?{query}"))
    assert [line[:3] for line in figures[1:]] == [
        [f.name, sheet.inert(f.now.value), sheet.inert(f.before.value)] for f in report.figures
    ]
    for table in report.tables:
        lines = read(client.get(f"{address}/table.csv?{query}&table={table.key}"))
        assert lines == [
            [sheet.inert(head) for head in table.heads],
            *([sheet.inert(cell.value) for cell in line] for line in table.lines),
            *([[sheet.inert(cell.value) for cell in table.total]] if table.total else []),
        ]
    opening = ask.query(**(report.figures[0].now.rows or {}))
    rows = read(client.get(f"{address}/rows.csv?{opening}"))
    page = client.get(f"{address}/rows/?{opening}")
    assert len(rows) - 1 == page.context["listing"].count


@pytest.mark.django_db
@time_machine.travel(cast.NOW, tick=False)
def test_every_figure_of_every_page_is_the_rows_behind_it() -> None:
    book = filled()
    groups.ensure()
    user = cast.staff_user("manager", everywhere=True)
    user.groups.add(Group.objects.get(name="manager"))
    client = Client()
    client.force_login(user)
    periods = (SPRING, SPRING.before)
    for site in ("", book.clinic.site.pk, book.other.pk):
        for entry in shelf.SHELF:
            found: list[Report] = []
            for period in periods:
                query = f"period=custom&first={period.first}&last={period.last}&site={site}"
                page = client.get(f"{REPORTS}{entry.slug}/?{query}")
                ask, report = page.context["ask"], page.context["report"]
                assert (
                    check(entry, ask, report, page.content.decode()) > 3 or period is not SPRING
                ), (entry.slug, site)
                found.append(report)
                if period is SPRING and site != book.other.pk:
                    same_in_files(client, entry, ask, report)
            was = {f.name: f.now.value for f in found[1].figures}
            for figure in found[0].figures:
                assert figure.before.value == was.get(figure.name, figure.before.value)
                assert figure.before.value or not was.get(figure.name)

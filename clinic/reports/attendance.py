"""No-shows and late cancellations, by treatment, reminder and lead time."""

from collections.abc import Callable, Mapping

from clinic.reports.asking import Ask
from clinic.reports.lists import visit_cell
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Table, past, share
from notifications import reports as messages
from scheduling import catalogue
from scheduling.reports import attendance
from scheduling.reports.attendance import LATE, LEADS, NO_SHOW, OUTCOMES, Share

DUE = (
    "Visits that were to be: those of the period to which the patient came (arrived, in treatment"
    " or done), did not come, or that were cancelled late. Visits cancelled in time, still open or"
    " entered in error are not among them. A visit belongs to its own local date."
)
MISSED = "Visits marked as “did not come”, as a share of the visits that were to be."
TOO_LATE = (
    "Visits cancelled later than their site's notice before the start (as the site's notice stands"
    " now), whoever cancelled them, as a share of the visits that were to be."
)
BY_REMINDER = (
    "By how the best of a visit's reminders fared, those that one reminder of the day told of"
    " included. “Sent” is all that is known of an e-mail, and of a text until the network reports."
)
BY_LEAD = (
    "By elapsed time from when the visit was first booked until its start, in days of 24 hours."
)

HEADS = ("to be", "came", "did not come", "share", "cancelled late", "share")


def build(ask: Ask) -> Report:
    """Compose the page."""
    cells = messages.attended(ask.scope)
    now = attendance.total(cells)
    before = attendance.total(attendance.counted(ask.scope.before))
    if not now.all and not before.all:
        return Report(empty="No visits were to be in this period, nor in the one before.")
    names = {pk: offer.name for pk, offer in catalogue.current().treatments.items()}
    by = [attendance.by(cells, index) for index in range(3)]
    return Report(
        figures=(
            Figure(
                name="Visits that were to be",
                now=Cell(now.all, rows={"all": 1}),
                before=past(Cell(before.all, rows={"all": 1})),
                definition=DUE,
                unit="visits",
            ),
            _figure("Did not come", NO_SHOW, (now.no_show, now), (before.no_show, before), MISSED),
            _figure("Cancelled late", LATE, (now.late, now), (before.late, before), TOO_LATE),
        ),
        charts=(_chart("Share missed, by reminder", by[2], lambda n: messages.TOLD[n]),),
        tables=(
            _table("treatment", "By treatment", DUE, by[0], lambda pk: names.get(pk, str(pk))),
            _table("told", "By reminder", BY_REMINDER, by[2], lambda n: messages.TOLD[n]),
            _table("lead", "By lead time", BY_LEAD, by[1], lambda n: LEADS[n]),
        ),
    )


def _figure(
    name: str, outcome: str, now: tuple[int, Share], before: tuple[int, Share], definition: str
) -> Figure:
    return Figure(
        name=name,
        now=share(now[0], now[1].all, {"outcome": outcome}),
        before=past(share(before[0], before[1].all, {"outcome": outcome})),
        definition=definition,
        good=-1,
        unit="visits",
    )


Named = Callable[[int], str]


def _chart(title: str, shares: Mapping[int | None, Share], named: Named) -> Chart:
    known = {key: found for key, found in sorted(shares.items(), key=str) if key is not None}
    return Chart(
        title=title,
        labels=[named(key) for key in known],
        series=(
            ("did not come, %", [round(100 * s.no_show / s.all, 1) for s in known.values()]),
            ("cancelled late, %", [round(100 * s.late / s.all, 1) for s in known.values()]),
        ),
    )


def _table(
    key: str, title: str, definition: str, shares: Mapping[int | None, Share], named: Named
) -> Table:
    lines = [
        (Cell(named(value)), *_cells(found, {key: value}))
        for value, found in shares.items()
        if value is not None
    ]
    whole = sum(shares.values(), Share())
    return Table(
        key=key,
        title=title,
        definition=definition,
        heads=(title.removeprefix("By "), *HEADS),
        lines=sorted(lines, key=lambda line: line[0].shown) if key == "treatment" else lines,
        total=(Cell("all"), *_cells(whole, {"all": 1})),
    )


def _cells(found: Share, rows: dict[str, object]) -> tuple[Cell, ...]:
    return (
        Cell(found.all, rows=rows),
        Cell(found.came, rows=rows | {"outcome": "came"}),
        Cell(found.no_show, rows=rows | {"outcome": NO_SHOW}),
        share(found.no_show, found.all),
        Cell(found.late, rows=rows | {"outcome": LATE}),
        share(found.late, found.all),
    )


def rows(ask: Ask) -> Listing:
    """List the visits behind a figure."""
    outcome = ask.word("outcome")
    only = attendance.Only(
        treatment=ask.whole("treatment"),
        lead=ask.whole("lead"),
        told=ask.whole("told"),
        outcomes=[outcome] if outcome in OUTCOMES else [],
    )
    count, found = messages.attended_rows(ask.scope, only, ask.page)
    return Listing(
        title="Visits that were to be" if outcome not in OUTCOMES else f"Visits: {OUTCOMES[outcome]}",
        definition=DUE,
        heads=("visit", "site", "patient", "treatment", "what became of it", "booked ahead", "reminder"),
        count=count,
        lines=[
            (
                visit_cell(each.id, each.local_date, each.local_time),
                Cell(each.site),
                Cell(each.patient),
                Cell(each.treatment),
                Cell(OUTCOMES[each.outcome]),
                Cell(LEADS[each.lead]),
                Cell(messages.TOLD[each.told or 0]),
            )
            for each in found
        ],
    )  # fmt: skip

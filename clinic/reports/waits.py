"""The wait for the third next available appointment of each treatment."""

from collections.abc import Mapping
from dataclasses import replace

from clinic.reports.asking import Ask
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Table, past
from scheduling.reports import Scope, waits
from scheduling.reports.waits import FROM_HOUR, Wait

THIRD = (
    "Local days from the morning on which it was measured to the third free appointment of the"
    " treatment, 0 for the same day. The third, because the first two are often left over by a"
    " cancellation (Institute for Healthcare Improvement, “Third Next Available Appointment”)."
    " Free starts are counted so that each begins when the one before would be over; nobody in"
    " particular asks, so no clinical rule speaks."
)
MORNING = f"Measured once a day at each site, from {FROM_HOUR:02}:00 on its own clock."
MIDDLE = (
    "The median of all mornings of the period; a morning without a third appointment within reach"
    " counts as one day beyond it."
)
NEWEST = "Of each treatment the newest morning of the period alone."
ALL = "The median over all treatments of the sites counted, of their newest mornings."


def build(ask: Ask) -> Report:
    """Compose the page."""
    now, before = waits.waits(ask.scope), waits.waits(ask.scope.before)
    if not now:
        return Report(empty=f"Nothing was measured in this period. {MORNING}", notes=(THIRD,))
    earlier = {(w.site_id, w.treatment_id): w for w in before}
    return Report(
        figures=(
            Figure(
                name="Days to the third next appointment",
                now=_middle(now, {"newest": 1}),
                before=past(_middle(before, {"newest": 1})),
                definition=f"{ALL} {THIRD}",
                good=-1,
                unit="days",
            ),
        ),
        charts=(_chart(ask.scope),),
        tables=(
            Table(
                key="treatment",
                title="By treatment",
                definition=f"{THIRD} {MORNING} {MIDDLE}",
                heads=("treatment", "site", "newest, days", "measured on", "median, days",
                       "median before", "mornings"),
                lines=[_line(each, earlier) for each in now],
            ),
        ),
    )  # fmt: skip


def _middle(found: list[Wait], rows: Mapping[str, object] | None) -> Cell:
    days = sorted(w.reach_days + 1 if w.days is None else w.days for w in found)
    if not days:
        return Cell(None)
    half = len(days) // 2
    middle = days[half] if len(days) % 2 else (days[half - 1] + days[half]) / 2
    return Cell(float(middle), f"{middle:g}", rows)


def _line(each: Wait, earlier: Mapping[tuple[int, int], Wait]) -> tuple[Cell, ...]:
    rows = {"at": each.site_id, "treatment": each.treatment_id}
    before = earlier.get((each.site_id, each.treatment_id))
    return (
        Cell(each.treatment),
        Cell(each.site),
        replace(days_cell(each.days, each.reach_days), rows={**rows, "newest": 1}),
        Cell(each.measured_on),
        Cell(each.median, f"{each.median:g}", rows),
        past(Cell(before.median, f"{before.median:g}", rows)) if before else Cell(None),
        Cell(each.mornings, rows=rows),
    )


def days_cell(days: int | None, reach: int) -> Cell:
    """Show days, or that there was none within reach."""
    return Cell(f"none within {reach} days") if days is None else Cell(days)


def _chart(scope: Scope) -> Chart:
    days = waits.daily(scope)
    return Chart(
        title="Median days, by morning",
        labels=[f"{day:%-d %b}" for day, _ in days],
        series=(("days", [middle for _, middle in days]),),
        kind="line",
    )


def rows(ask: Ask) -> Listing:
    """List the mornings."""
    only = waits.Only(
        site=ask.whole("at"), treatment=ask.whole("treatment"), newest=ask.word("newest") == "1"
    )
    count, found = waits.mornings(ask.scope, only, ask.page)
    return Listing(
        title="Newest mornings" if only.newest else "Mornings measured",
        definition=f"{THIRD} {MORNING}" + (f" {NEWEST}" if only.newest else ""),
        heads=("date", "measured at", "site", "treatment", "third appointment", "days"),
        count=count,
        lines=[
            (
                Cell(each.measured_on),
                Cell(ask.local(each.measured_at, each.site_id)),
                Cell(each.site),
                Cell(each.treatment),
                Cell(each.third_on),
                days_cell(each.days, each.reach_days),
            )
            for each in found
        ],
    )

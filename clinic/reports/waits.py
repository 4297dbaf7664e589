"""The wait for the third next available appointment of each treatment."""

from collections.abc import Mapping

from clinic.reports.asking import Ask
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Table
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
ALL = "The median over all treatments of the sites counted, of their newest mornings."


def build(ask: Ask) -> Report:
    """Compose the page."""
    now, before = waits.waits(ask.scope), waits.waits(ask.scope.before)
    if not now:
        return Report(empty=f"Nothing was measured in this period. {MORNING}", notes=(THIRD,))
    past = {(w.site_id, w.treatment_id): w for w in before}
    return Report(
        figures=(
            Figure(
                name="Days to the third next appointment",
                now=_middle(now, {"all": 1}),
                before=_middle(before, None),
                definition=f"{ALL} {THIRD}",
                good=-1,
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
                lines=[_line(each, past) for each in now],
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


def _line(each: Wait, past: Mapping[tuple[int, int], Wait]) -> tuple[Cell, ...]:
    rows = {"at": each.site_id, "treatment": each.treatment_id}
    before = past.get((each.site_id, each.treatment_id))
    return (
        Cell(each.treatment),
        Cell(each.site),
        days_cell(each.days, each.reach_days),
        Cell(each.measured_on),
        Cell(each.median, f"{each.median:g}"),
        Cell(before.median, f"{before.median:g}") if before else Cell(None),
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
    site, treatment = ask.whole("at"), ask.whole("treatment")
    found = waits.waits(ask.scope)
    count = sum(
        w.mornings
        for w in found
        if site in (None, w.site_id) and treatment in (None, w.treatment_id)
    )
    return Listing(
        title="Mornings measured",
        definition=f"{THIRD} {MORNING}",
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
            for each in waits.mornings(ask.scope, site=site, treatment=treatment, page=ask.page)
        ],
    )

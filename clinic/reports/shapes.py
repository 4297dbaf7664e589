"""What a report is made of before it is drawn: figures, charts, tables, and lists of rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

Value: TypeAlias = str | int | float | Decimal | date | datetime | None
Rows: TypeAlias = Mapping[str, object]
"""What a list of rows is asked for, beyond period and sites."""

NONE = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, as a spreadsheet reads it, and as a page shows it.

    `rows` opens the rows that make it up, `link` another page; `tone` is a class of the sheet.
    """

    value: Value
    text: str = ""
    rows: Rows | None = None
    link: str = ""
    tone: str = ""
    small: str = ""

    @property
    def shown(self) -> str:
        """The value in words."""
        return self.text or spelled(self.value)


def spelled(value: Value) -> str:
    """Spell a value for a page."""
    if value is None or value == "":
        return NONE
    if isinstance(value, date):
        return f"{value:%-d %b %Y, %H:%M}" if isinstance(value, datetime) else f"{value:%-d %b %Y}"
    if isinstance(value, int | float):
        return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"
    return str(value)


def share(part: float, of: float, rows: Rows | None = None, tone: str = "") -> Cell:
    """Make a cell of a share, in per cent with one decimal; of nothing there is no share."""
    if not of:
        return Cell(None, tone=tone)
    value = round(100 * part / of, 1)
    return Cell(value, f"{value:.1f} %", rows, tone=tone)


def minutes(count: int, rows: Rows | None = None) -> Cell:
    """Make a cell of minutes, shown as hours and minutes."""
    hours, rest = divmod(int(count), 60)
    return Cell(int(count), f"{hours:,} h" + (f" {rest:02} min" if rest else ""), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number above the fold: now, in the period before, and what it means.

    `good` says which way is better: 1 more, -1 less, 0 neither.
    """

    name: str
    now: Cell
    before: Cell
    definition: str
    good: int = 0

    @property
    def change(self) -> str:
        """How far it has moved, in its own unit."""
        now, before = self.now.value, self.before.value
        if not isinstance(now, int | float) or not isinstance(before, int | float):
            return ""
        moved = round(now - before, 1)
        if not moved:
            return "no change"
        if " h" in self.now.shown:
            return f"{'+' if moved > 0 else '-'}{minutes(int(abs(moved))).shown}"
        return f"{moved:+,}{' points' if self.now.shown.endswith('%') else ''}"

    @property
    def tone(self) -> str:
        """Whether that is good or bad news."""
        now, before = self.now.value, self.before.value
        if not self.good or not isinstance(now, int | float) or not isinstance(before, int | float):
            return ""
        moved = (now - before) * self.good
        return "good" if moved > 0 else "bad" if moved < 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of counts; its first column names the line. `definition` says what is counted."""

    key: str
    title: str
    definition: str
    heads: Sequence[str]
    lines: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    heat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture of a table that stands below it; `series` are names and values by label."""

    title: str
    labels: Sequence[str]
    series: Sequence[tuple[str, Sequence[float | None]]]
    kind: str = "bar"

    @property
    def data(self) -> str:
        """Spell the chart for Chart.js, in the colours of the admin."""
        return json.dumps(
            {
                "labels": list(self.labels),
                "datasets": [
                    {
                        "label": name,
                        "data": list(values),
                        "backgroundColor": colour,
                        "borderColor": colour,
                        "maxBarThickness": 28,
                        "borderRadius": 3,
                    }
                    for (name, values), colour in zip(self.series, COLOURS, strict=False)
                ],
            }
        )

    @property
    def options(self) -> str:
        """Ask for no movement, a legend where there is more than one series, and zero below."""
        stacked = len(self.series) > 1
        return json.dumps(
            {
                "animation": False,
                "responsive": True,
                "maintainAspectRatio": False,
                "plugins": {"legend": {"display": stacked, "labels": {"color": GREY}}},
                "scales": {
                    "x": {"stacked": stacked, "grid": {"display": False}, "ticks": {"color": GREY}},
                    "y": {
                        "stacked": stacked, "beginAtZero": True, "grid": {},
                        "ticks": {"color": GREY},
                    },
                },
            }
        )  # fmt: skip


COLOURS = (
    "var(--color-primary-600)",
    "var(--color-primary-300)",
    "var(--color-base-400)",
    "var(--color-base-300)",
)
GREY = "#8b95a1"
"""Grey enough for both grounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A further filter of one report: a name of the address, and its values."""

    name: str
    label: str
    chosen: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that one page shows; `empty` says that there is nothing to count, and why."""

    figures: Sequence[Figure] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    choices: Sequence[Choice] = ()
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The rows behind a figure: `count` of all, `lines` of one page of them."""

    title: str
    definition: str
    heads: Sequence[str]
    count: int
    lines: Sequence[Sequence[Cell]] = field(default=())

"""What a report is made of before it is drawn: figures, charts, tables, and lists of rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    `rows` opens the rows that make it up, those of the period before where `back`; `link` another
    page; `tone` is a class of the sheet. `part` is what the rows come to where the value is
    something else made of it, and `of` what that is a share of.
    """

    value: Value
    text: str = ""
    rows: Rows | None = None
    link: str = ""
    tone: str = ""
    small: str = ""
    part: Value = None
    of: Value = None
    back: bool = False

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
    return Cell(value, f"{value:.1f} %", rows, tone=tone, part=part, of=of)


def past(cell: Cell) -> Cell:
    """Let a cell lead to its rows of the period before."""
    return replace(cell, back=True)


def minutes(count: int, rows: Rows | None = None) -> Cell:
    """Make a cell of minutes, shown as hours and minutes."""
    return Cell(int(count), hours_words(count), rows)


def hours_words(count: float) -> str:
    """Spell minutes as hours and minutes."""
    hours, rest = divmod(int(count), 60)
    return f"{hours:,} h" + (f" {rest:02} min" if rest else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number above the fold: now, in the period before, and what it means.

    `good` says which way is better: 1 more, -1 less, 0 neither. `unit` is what is counted
    ("visits"), or of a share of time “min”.
    """

    name: str
    now: Cell
    before: Cell
    definition: str
    good: int = 0
    unit: str = ""

    @property
    def made_of(self) -> str:
        """Say what a share is made of: “37 of 301 visits”."""
        part, of = self.now.part, self.now.of
        if not isinstance(part, int | float) or not isinstance(of, int | float):
            return ""
        if self.unit == "min":
            return f"{hours_words(part)} of {hours_words(of)}"
        return f"{part:,} of {of:,} {self.unit}".strip()

    @property
    def moved(self) -> str:
        """Say how far it lies from the period before, in its own unit; that period is named after."""
        now, before = _number(self.now), _number(self.before)
        if now is None or before is None:
            return "" if now is None else "nothing to compare with in"
        by = round(abs(now - before), 2)
        if not by:
            return "the same as in"
        word = "more" if now > before else "less"
        return f"{self._in_words(by)} {word} than in"

    def _in_words(self, by: float) -> str:
        if self.now.of is not None:
            return f"{by:,.1f} percentage points"
        if " h" in self.now.shown:
            return hours_words(by)
        unit = self.unit or self.now.shown.rpartition(" ")[2] * (self.now.shown.count(" ") == 1)
        return f"{by:,g} {unit}".strip()

    @property
    def tone(self) -> str:
        """Whether that is good or bad news."""
        now, before = _number(self.now), _number(self.before)
        if not self.good or now is None or before is None or now == before:
            return ""
        return "good" if (now - before) * self.good > 0 else "bad"

    @property
    def verdict(self) -> str:
        """The same in a word, so that it is not said by colour alone."""
        return {"good": "better", "bad": "worse"}.get(self.tone, "")


def _number(cell: Cell) -> float | None:
    return float(cell.value) if isinstance(cell.value, int | float | Decimal) else None


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
    """The rows behind a figure: `count` of all, `lines` of one page of them.

    `together` says what all of them come to, where that is not their number.
    """

    title: str
    definition: str
    heads: Sequence[str]
    count: int
    lines: Sequence[Sequence[Cell]] = field(default=())
    together: str = ""

"""May this visit be, when may it be, and why not: every clinical rule, asked in one place.

* `judge(visit, chart, protocol, *, now, profiles, moment) -> Verdict`: ``verdict.verdict`` is
  ``"allowed"``, ``"override"`` or ``"blocked"``; ``verdict.reasons`` are all fired reasons, worst
  first, advisories included. ``verdict.fired`` pairs each with the other visit's id and the gap.
* `change_points(visit, chart, protocol, first, last, *, profiles, moment) -> tuple[datetime, ...]`:
  UTC instants; between two neighbours (``[p, q)``) no start changes which rules fire, nor how
  severely. So one `judge` per stretch answers every start of a quarter; only the arithmetic of a
  reason ("5 < 7") differs by day. `first` and `last` are local dates, both inclusive.
* `clear_stretches(visit, chart, protocol, first, last, *, now, profiles, moment)`: the stretches of
  starts at which nothing blocks; what a search for free starts asks.
* `lacking(visit, chart, protocol, *, now, profiles)`: the prerequisites that check-in would miss.
* `earliest(visit, chart, protocol, *, now, profiles, moment) -> Outlook`: convention D10.
* `recovery(procedure, size, depth, end_date, protocol) -> Recovery | None`: three dates.
* `profiles_for(country, subdivision, protocol)`: which jurisdiction rules apply at a site.

A visit is asked about by its place in time, so `dataclasses.replace(visit, start=..., end=...)`
asks about another start. Nothing here reads a clock or a row.
"""

from scheduling.core.rules.chart import Chart, Moment, Record, Visit
from scheduling.core.rules.healing import Recovery, recovery
from scheduling.core.rules.lacking import lacking
from scheduling.core.rules.places import overlap, profiles_for
from scheduling.core.rules.search import Outlook, change_points, clear_stretches, earliest
from scheduling.core.rules.verdicts import Fired, Verdict, judge

__all__ = [
    "Chart",
    "Fired",
    "Moment",
    "Outlook",
    "Record",
    "Recovery",
    "Verdict",
    "Visit",
    "change_points",
    "clear_stretches",
    "earliest",
    "judge",
    "lacking",
    "overlap",
    "profiles_for",
    "recovery",
]

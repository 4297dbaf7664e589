"""Which sites and dates a report counts over, as a query reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from scheduling.core import hours
from scheduling.reports.periods import DAY, Period

AT = """JOIN unnest(%(span_sites)s::bigint[], %(opens)s::timestamptz[], %(closes)s::timestamptz[])
  AS span (site_id, opens, closes)
  ON span.site_id = {site} AND {at} >= span.opens AND {at} < span.closes"""
"""Keeps the instants whose local date, on their own site's clock, lies in the period."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A period at some sites; `sites` maps their ids to their IANA zones.

    A visit belongs to the date that its patient was promised, an event (an override, a message) to
    the date that its site's calendar showed.
    """

    period: Period
    sites: Mapping[int, str]

    @property
    def before(self) -> "Scope":
        """The same sites in the period before."""
        return replace(self, period=self.period.before)

    def params(self) -> dict[str, Any]:
        """Spell the scope for `AT`, and for visits: `sites`, `first`, `last`."""
        first, last = self.period.first, self.period.last
        zones = {site: ZoneInfo(name) for site, name in self.sites.items()}
        return {
            "sites": list(zones),
            "first": first,
            "last": last,
            "span_sites": list(zones),
            "opens": [hours.day_start(first, zone) for zone in zones.values()],
            "closes": [hours.day_start(last + DAY, zone) for zone in zones.values()],
        }


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of a list of rows; without `most`, all that follow."""

    skip: int = 0
    most: int | None = None


def asked(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Run a report's query.

    It is planned for its own dates each time: a plan made for any dates would be wrong for most.
    And it is not compiled: over many visits PostgreSQL expects to gain by that (`jit`), and spent
    seconds on what ran in a tenth of one. Both statements travel together.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL jit = off; {sql}", params)
        cursor.nextset()
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found

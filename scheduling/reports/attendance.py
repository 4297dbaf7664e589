"""Who came, who did not, and who cancelled too late, of the visits that were to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from scheduling.booking.ending import LAPSED
from scheduling.reports.scopes import Page, Scope, asked

CAME, NO_SHOW, LATE = "came", "noshow", "late"
OUTCOMES = {CAME: "came", NO_SHOW: "did not come", LATE: "cancelled late"}

LEADS = ("under 1 day", "1 to 6 days", "7 to 13 days", "14 to 27 days", "28 days or more")
"""Elapsed time from the first booking to the start, in whole days of 24 hours."""

SEEN = f"""
SELECT a.id, a.site_id, a.treatment_id, a.patient_id, a.start, a.local_date, a.local_time,
  CASE a.status WHEN 'noshow' THEN '{NO_SHOW}' WHEN 'cancelled' THEN '{LATE}' ELSE '{CAME}' END
    AS outcome,
  width_bucket(extract(epoch FROM a.start - a.created_at)::float8 / 86400,
    ARRAY[1, 7, 14, 28]::float8[]) AS lead
FROM scheduling_appointment a JOIN scheduling_site s ON s.id = a.site_id
WHERE a.site_id = ANY(%(sites)s) AND a.local_date BETWEEN %(first)s AND %(last)s
  AND (a.status IN ('fulfilled', 'arrived', 'checked-in', 'noshow')
    OR a.status = 'cancelled' AND a.cancel_reason <> '{LAPSED}'
      AND a.cancelled_at > a.start - make_interval(hours => s.cancel_notice_hours))
"""  # noqa: S608 - made of constants
"""The visits that were to be: patients came, did not come, or cancelled later than the notice."""

UNTOLD = "NULL::int"
"""What the ground floor knows of how a visit `v` was reminded of; an upper floor knows more."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many came, did not come and cancelled late."""

    came: int = 0
    no_show: int = 0
    late: int = 0

    @property
    def all(self) -> int:
        """Visits that were to be."""
        return self.came + self.no_show + self.late

    def __add__(self, other: "Share") -> "Share":
        """Put two counts together."""
        return Share(self.came + other.came, self.no_show + other.no_show, self.late + other.late)


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit that was to be, for a list."""

    id: int
    local_date: date
    local_time: time
    site: str
    patient: str
    treatment: str
    outcome: str
    lead: int
    told: int | None


Cells = Mapping[tuple[int, int, int | None], Share]
"""Counts by treatment, lead and, from an upper floor, how the reminder fared."""


def counted(scope: Scope, told: str = UNTOLD) -> Cells:
    """Count the visits of a scope; `told` is SQL that tells of a visit `v` how it was reminded of."""
    rows = asked(
        f"SELECT v.treatment_id, v.lead, {told}, v.outcome, count(*) FROM ({SEEN}) v GROUP BY 1, 2, 3, 4",  # noqa: S608
        scope.params(),
    )
    cells: dict[tuple[int, int, int | None], dict[str, int]] = {}
    for treatment, lead, fared, outcome, count in rows:
        cells.setdefault((treatment, lead, fared), {})[outcome] = count
    return {
        key: Share(found.get(CAME, 0), found.get(NO_SHOW, 0), found.get(LATE, 0))
        for key, found in cells.items()
    }


def by(cells: Cells, index: int) -> dict[int | None, Share]:
    """Put the cells together by treatment (0), lead (1) or reminder (2)."""
    found: dict[int | None, Share] = {}
    for key, share in sorted(cells.items(), key=lambda cell: str(cell[0])):
        found[key[index]] = found.get(key[index], Share()) + share
    return found


def total(cells: Cells) -> Share:
    """Put all cells together."""
    return sum(cells.values(), Share())


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which of the visits: None is any."""

    treatment: int | None = None
    lead: int | None = None
    told: int | None = None
    outcomes: Sequence[str] = ()


_LISTED = f"""
SELECT v.found, v.id, v.local_date, v.local_time, s.name,
  trim(p.given_name || ' ' || p.family_name), t.name, v.outcome, v.lead, {{told}}
FROM (
  SELECT v.*, count(*) OVER () AS found FROM ({SEEN}) v
  WHERE (%(treatment)s::bigint IS NULL OR v.treatment_id = %(treatment)s::bigint)
    AND (%(lead)s::int IS NULL OR v.lead = %(lead)s::int)
    AND (%(outcomes)s::text[] = '{{{{}}}}' OR v.outcome = ANY(%(outcomes)s::text[]))
    AND {{wanted}}
  ORDER BY v.start, v.id OFFSET %(skip)s LIMIT %(most)s
) v
JOIN scheduling_site s ON s.id = v.site_id
JOIN scheduling_treatment t ON t.id = v.treatment_id
JOIN scheduling_patient p ON p.id = v.patient_id
ORDER BY v.start, v.id
"""  # noqa: S608
"""A page is cut out before anything is told of its visits: all of a quarter's took seconds."""


def visits(
    scope: Scope, only: Only | None = None, page: Page | None = None, told: str = UNTOLD
) -> tuple[int, list[Visit]]:
    """List the visits behind a count, by time: how many there are, and those of the page.

    `told` is that of `counted`. Beyond the last page nothing is found, and nothing counted.
    """
    only = only or Only()
    wanted = "TRUE" if only.told is None else f"{told} = %(told)s::int"
    rows = asked(_LISTED.format(told=told, wanted=wanted), scope.params() | _listed(only, page))
    return rows[0][0] if rows else 0, [Visit(*row[1:]) for row in rows]


def _listed(only: Only, page: Page | None) -> dict[str, Any]:
    page = page or Page()
    return {
        "treatment": only.treatment,
        "lead": only.lead,
        "told": only.told,
        "outcomes": list(only.outcomes),
        "skip": page.skip,
        "most": page.most,
    }

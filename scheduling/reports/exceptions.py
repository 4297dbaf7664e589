"""Where a rule spoke: overrides by named clinicians, and asks that were refused."""

from dataclasses import dataclass
from datetime import datetime

from scheduling.reports.scopes import AT, Page, Scope, asked

_OVERRIDES = f"""
FROM scheduling_override o
JOIN scheduling_appointment a ON a.id = o.appointment_id
{AT.format(site="a.site_id", at="o.at")}
WHERE (%(by)s::bigint IS NULL OR o.by_id = %(by)s::bigint)
"""


@dataclass(frozen=True, slots=True)
class OverrideCount:
    """How often one clinician booked against one rule."""

    by_id: int
    by: str
    code: str
    count: int


@dataclass(frozen=True, slots=True)
class OverrideRow:
    """One override, for a list."""

    visit_id: int
    at: datetime
    site_id: int
    site: str
    by: str
    code: str
    treatment: str
    reason: str
    lapsed_at: datetime | None


def overrides(scope: Scope, *, by: int | None = None) -> list[OverrideCount]:
    """Count the overrides given in a scope, by clinician and rule; `by` keeps one user's."""
    rows = asked(
        f"SELECT o.by_id, max(o.by_name), o.code, count(*) {_OVERRIDES} GROUP BY 1, 3 ORDER BY 2, 3",
        scope.params() | {"by": by},
    )
    return [OverrideCount(*row) for row in rows]


def override_rows(
    scope: Scope, *, by: int | None = None, code: str = "", page: Page | None = None
) -> list[OverrideRow]:
    """List overrides, the newest first."""
    page = page or Page()
    rows = asked(
        f"""SELECT a.id, o.at, a.site_id, s.name, o.by_name, o.code, t.name, o.reason, o.lapsed_at
        FROM (SELECT o.* {_OVERRIDES} AND (%(code)s = '' OR o.code = %(code)s)) o
        JOIN scheduling_appointment a ON a.id = o.appointment_id
        JOIN scheduling_site s ON s.id = a.site_id
        JOIN scheduling_treatment t ON t.id = a.treatment_id
        ORDER BY o.at DESC, o.id DESC OFFSET %(skip)s LIMIT %(most)s""",  # noqa: S608
        scope.params() | {"by": by, "code": code, "skip": page.skip, "most": page.most},
    )
    return [OverrideRow(*row) for row in rows]


_REFUSALS = f"""
FROM scheduling_refusal r {AT.format(site="r.site_id", at="r.at")}
WHERE (%(family)s = '' OR r.family = %(family)s) AND (%(code)s = '' OR r.code = %(code)s)
"""


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How many asks one rule refused."""

    family: str
    code: str
    asks: int


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One rule that refused one ask, for a list."""

    at: datetime
    site_id: int
    site: str
    treatment: str
    family: str
    code: str
    severity: str
    by: str


def refusals(scope: Scope) -> list[RefusalCount]:
    """Count refused asks by rule; an ask that several rules refused counts with each."""
    rows = asked(
        f"SELECT r.family, r.code, count(*) {_REFUSALS} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        scope.params() | {"family": "", "code": ""},
    )
    return [RefusalCount(*row) for row in rows]


def refused_asks(scope: Scope, *, family: str = "") -> int:
    """Count the asks that were refused, each once, whatever the number of reasons."""
    rows = asked(
        f"SELECT count(DISTINCT r.ask) {_REFUSALS}",
        scope.params() | {"family": family, "code": ""},
    )
    return int(rows[0][0])


def refusal_rows(
    scope: Scope, *, family: str = "", code: str = "", page: Page | None = None
) -> list[RefusalRow]:
    """List what was refused, the newest first."""
    page = page or Page()
    rows = asked(
        f"""SELECT r.at, r.site_id, s.name, t.name, r.family, r.code, r.severity, r.by
        FROM (SELECT r.* {_REFUSALS}) r
        JOIN scheduling_site s ON s.id = r.site_id
        JOIN scheduling_treatment t ON t.id = r.treatment_id
        ORDER BY r.at DESC, r.id DESC OFFSET %(skip)s LIMIT %(most)s""",  # noqa: S608
        scope.params() | {"family": family, "code": code, "skip": page.skip, "most": page.most},
    )
    return [RefusalRow(*row) for row in rows]

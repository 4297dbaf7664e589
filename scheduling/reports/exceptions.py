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
  AND (%(verb)s = '' OR r.verb = %(verb)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which refusals: of one family, one rule, one thing asked for; empty is any."""

    family: str = ""
    code: str = ""
    verb: str = ""

    def params(self) -> dict[str, str]:
        """Spell it for a query."""
        return {"family": self.family, "code": self.code, "verb": self.verb}


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """How many asks one rule refused."""

    family: str
    code: str
    asks: int


@dataclass(frozen=True, slots=True)
class AskCount:
    """How many asks of one kind were refused; `rest` of them for the skin's rest."""

    verb: str
    asks: int
    rest: int


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One rule that refused one ask, for a list."""

    at: datetime
    site_id: int
    site: str
    verb: str
    treatment: str
    by: str
    family: str
    code: str
    severity: str


@dataclass(frozen=True, slots=True)
class AskRow:
    """One ask that was refused, with every rule that spoke, for a list."""

    at: datetime
    site_id: int
    site: str
    verb: str
    treatment: str
    by: str
    codes: list[str]


def refusals(scope: Scope) -> list[RefusalCount]:
    """Count refused asks by rule; an ask that several rules refused counts with each."""
    rows = asked(
        f"SELECT r.family, r.code, count(*) {_REFUSALS} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        scope.params() | Which().params(),
    )
    return [RefusalCount(*row) for row in rows]


def refused_asks(scope: Scope) -> list[AskCount]:
    """Count the asks that were refused, by what was asked: each once, whatever the reasons."""
    rows = asked(
        f"""SELECT r.verb, count(DISTINCT r.ask),
        count(DISTINCT r.ask) FILTER (WHERE r.family = 'rest') {_REFUSALS} GROUP BY 1 ORDER BY 1""",
        scope.params() | Which().params(),
    )
    return [AskCount(*row) for row in rows]


_NAMED = """
JOIN scheduling_site s ON s.id = r.site_id
LEFT JOIN scheduling_treatment t ON t.id = r.treatment_id
"""


def refusal_rows(
    scope: Scope, which: Which | None = None, page: Page | None = None
) -> tuple[int, list[RefusalRow]]:
    """List the rules that refused, one row a rule and ask, the newest first.

    Answer how many there are, and those of the page.
    """
    page, which = page or Page(), which or Which()
    rows = asked(
        f"""SELECT r.found, r.at, r.site_id, s.name, r.verb, coalesce(t.name, ''), r.by, r.family,
        r.code, r.severity
        FROM (SELECT r.*, count(*) OVER () AS found {_REFUSALS}
          ORDER BY r.at DESC, r.id DESC OFFSET %(skip)s LIMIT %(most)s) r {_NAMED}
        ORDER BY r.at DESC, r.id DESC""",  # noqa: S608
        scope.params() | which.params() | {"skip": page.skip, "most": page.most},
    )
    return rows[0][0] if rows else 0, [RefusalRow(*row[1:]) for row in rows]


def ask_rows(
    scope: Scope, which: Which | None = None, page: Page | None = None
) -> tuple[int, list[AskRow]]:
    """List the asks that were refused, one row an ask, the newest first; see `refusal_rows`."""
    page, which = page or Page(), which or Which()
    rows = asked(
        f"""SELECT r.found, r.at, r.site_id, s.name, r.verb, coalesce(t.name, ''), r.by,
          ARRAY(SELECT o.code FROM scheduling_refusal o
            WHERE o.site_id = r.site_id AND o.at = r.at AND o.ask = r.ask ORDER BY o.id)
        FROM (SELECT r.*, count(*) OVER () AS found
          FROM (SELECT DISTINCT ON (r.ask) r.* {_REFUSALS} ORDER BY r.ask, r.id) r
          ORDER BY r.at DESC, r.id DESC OFFSET %(skip)s LIMIT %(most)s) r {_NAMED}
        ORDER BY r.at DESC, r.id DESC""",  # noqa: S608
        scope.params() | which.params() | {"skip": page.skip, "most": page.most},
    )
    return rows[0][0] if rows else 0, [AskRow(*row[1:]) for row in rows]

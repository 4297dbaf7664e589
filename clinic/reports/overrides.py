"""Overrides by clinician and rule."""

from collections import Counter

from clinic.reports.asking import READ, Ask
from clinic.reports.lists import rule_names, visit_page
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Table, past
from scheduling.reports import exceptions
from scheduling.reports.exceptions import OverrideCount

GIVEN = (
    "Refusals against which a named clinician booked, moved or checked a visit in, with a reason."
    " Each rule overridden counts once. An override belongs to the local date on which it was"
    " given, at the visit's site; it counts also if it has lapsed since."
)
OWN = "You see your own; a manager sees everybody's."


def build(ask: Ask) -> Report:
    """Compose the page."""
    own = whose(ask)
    now = exceptions.overrides(ask.scope, by=own)
    before = exceptions.overrides(ask.scope.before, by=own)
    if not now and not before:
        return Report(empty="No rule was overridden in this period, nor in the one before.")
    by_rule, named = _summed(now, "code"), rule_names()
    return Report(
        notes=(OWN,) if own else (),
        figures=(
            Figure(
                name="Overrides",
                now=Cell(sum(o.count for o in now), rows={"all": 1}),
                before=past(Cell(sum(o.count for o in before), rows={"all": 1})),
                definition=GIVEN,
                unit="overrides",
            ),
        ),
        charts=(
            Chart(
                title="Overrides by rule",
                labels=[named(str(code)) for code in by_rule],
                series=(("overrides", list(by_rule.values())),),
            ),
        ),
        tables=(_both(now, before), _by_clinician(now)),
    )


def whose(ask: Ask) -> int | None:
    """Answer whose overrides may be seen: a clinician's own, or, for a manager, all."""
    return None if ask.user.has_perm(READ) else ask.user.pk or 0


def _summed(found: list[OverrideCount], name: str) -> Counter[object]:
    counted: Counter[object] = Counter()
    for each in found:
        counted[getattr(each, name)] += each.count
    return counted


def _both(now: list[OverrideCount], before: list[OverrideCount]) -> Table:
    counts = {(o.by_id, o.code): o.count for o in now}
    earlier = {(o.by_id, o.code): o.count for o in before}
    names, named = {o.by_id: o.by for o in (*before, *now)}, rule_names()
    lines = []
    for who, code in sorted(counts.keys() | earlier.keys(), key=lambda k: (names[k[0]], k[1])):
        rows = {"by": who, "code": code}
        lines.append(
            (
                Cell(names[who]),
                Cell(named(code)),
                Cell(code),
                Cell(counts.get((who, code), 0), rows=rows),
                past(Cell(earlier.get((who, code), 0), rows=rows)),
            )
        )
    return Table(
        key="rule",
        title="By clinician and rule",
        definition=GIVEN,
        heads=("clinician", "rule", "code", "overrides", "before"),
        lines=lines,
        total=(
            Cell("all"),
            Cell(""),
            Cell(""),
            Cell(sum(o.count for o in now), rows={"all": 1}),
            past(Cell(sum(earlier.values()), rows={"all": 1})),
        ),
    )


def _by_clinician(now: list[OverrideCount]) -> Table:
    names = {o.by_id: o.by for o in now}
    return Table(
        key="clinician",
        title="By clinician",
        definition=GIVEN,
        heads=("clinician", "overrides"),
        lines=[
            (Cell(names[int(str(pk))]), Cell(count, rows={"by": pk}))
            for pk, count in _summed(now, "by_id").most_common()
        ],
    )


def rows(ask: Ask) -> Listing:
    """List the overrides behind a figure."""
    own = whose(ask)
    by = own if own is not None else ask.whole("by")
    code = ask.word("code")
    counts, named = exceptions.overrides(ask.scope, by=by), rule_names()
    return Listing(
        title="Overrides" + (f": {named(code)}" if code else ""),
        definition=GIVEN,
        heads=("given at", "site", "clinician", "rule", "treatment", "reason", "lapsed"),
        count=sum(o.count for o in counts if code in ("", o.code)),
        lines=[
            (
                Cell(ask.local(o.at, o.site_id), link=visit_page(o.visit_id)),
                Cell(o.site),
                Cell(o.by),
                Cell(named(o.code)),
                Cell(o.treatment),
                Cell(o.reason),
                Cell("yes" if o.lapsed_at else "no"),
            )
            for o in exceptions.override_rows(ask.scope, by=by, code=code, page=ask.page)
        ],
    )

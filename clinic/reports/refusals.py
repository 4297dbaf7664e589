"""What the rules refused: rest between treatments first, then the other rules and the diary."""

from collections.abc import Mapping, Sequence

from clinic.reports.asking import Ask
from clinic.reports.lists import rule_name
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Table
from scheduling.models import Refusal
from scheduling.reports import exceptions
from scheduling.reports.exceptions import RefusalCount

ASKED = (
    "Times that somebody asked to book, to hold or to move to, and that were refused. Each ask"
    " counts once here, whatever the number of reasons; asked again, it counts again. Starts that"
    " the screens never offered are not among them, nor are courses proposed or accepted as a"
    " whole. Counted by the local date of the ask, at the site asked for."
)
REST = (
    "Refused asks for which a rule of rest between two treatments spoke (recovery, least days"
    " between kinds of treatment, interval of a course), as the protocol stood when it was asked."
)
EACH = "Every rule that spoke counts, so the lines add up to more than the refused asks."
FAMILIES = dict(Refusal.Family.choices)


def build(ask: Ask) -> Report:
    """Compose the page."""
    found = exceptions.refusals(ask.scope)
    past = {(r.family, r.code): r.asks for r in exceptions.refusals(ask.scope.before)}
    if not found and not past:
        return Report(empty="Nothing was refused in this period, nor in the one before.")
    return Report(
        figures=_figures(ask),
        charts=(
            Chart(
                title="Refused asks by rule",
                labels=[rule_name(each.code) for each in found[:12]],
                series=(("refused asks", [each.asks for each in found[:12]]),),
            ),
        ),
        tables=(_table(found, past),),
    )


def _figures(ask: Ask) -> tuple[Figure, ...]:
    rest = Refusal.Family.REST.value
    return (
        Figure(
            name="Refused for the skin's rest",
            now=Cell(exceptions.refused_asks(ask.scope, family=rest), rows={"family": rest}),
            before=Cell(exceptions.refused_asks(ask.scope.before, family=rest)),
            definition=REST,
        ),
        Figure(
            name="Refused asks",
            now=Cell(exceptions.refused_asks(ask.scope), rows={"all": 1}),
            before=Cell(exceptions.refused_asks(ask.scope.before)),
            definition=ASKED,
        ),
    )


def _table(found: Sequence[RefusalCount], past: Mapping[tuple[str, str], int]) -> Table:
    lines = [
        (
            Cell(rule_name(r.code)),
            Cell(r.code),
            Cell(FAMILIES.get(r.family, r.family)),
            Cell(r.asks, rows={"family": r.family, "code": r.code}),
            Cell(past.get((r.family, r.code), 0)),
        )
        for r in found
    ]
    total = (
        Cell("all reasons"),
        Cell(""),
        Cell(""),
        Cell(sum(r.asks for r in found), rows={"all": 1}),
        Cell(sum(past.values())),
    )
    return Table(
        key="rule",
        title="By rule",
        definition=f"{ASKED} {EACH}",
        heads=("rule", "code", "of", "refused asks", "before"),
        lines=lines,
        total=total,
    )


def rows(ask: Ask) -> Listing:
    """List the reasons behind a figure."""
    family, code = ask.word("family"), ask.word("code")
    counts = exceptions.refusals(ask.scope)
    return Listing(
        title="Refusals" + (f": {rule_name(code)}" if code else ""),
        definition=f"{ASKED} One line for each rule that spoke.",
        heads=("asked at", "site", "treatment", "rule", "of", "severity", "asked by"),
        count=sum(r.asks for r in counts if family in ("", r.family) and code in ("", r.code)),
        lines=[
            (
                Cell(ask.local(r.at, r.site_id)),
                Cell(r.site),
                Cell(r.treatment),
                Cell(rule_name(r.code)),
                Cell(FAMILIES.get(r.family, r.family)),
                Cell(r.severity),
                Cell(r.by),
            )
            for r in exceptions.refusal_rows(ask.scope, family=family, code=code, page=ask.page)
        ],
    )

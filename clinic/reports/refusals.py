"""What the rules refused: rest between treatments first, then the other rules and the diary."""

from collections.abc import Sequence

from clinic.reports.asking import Ask
from clinic.reports.lists import rule_names
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Rows, Table, past
from scheduling.models import Refusal
from scheduling.reports import exceptions
from scheduling.reports.exceptions import AskCount, AskRow, RefusalCount, RefusalRow, Which

ASKED = (
    "Asks that were refused: to book, to hold or to move a visit, to check a patient in, or to plan"
    " a course (to propose, change, re-flow or accept one). An ask counts once, whatever the number"
    " of reasons; asked again, it counts again, and so it does before somebody overrides it. Starts"
    " that the screens never offered are not among them, nor is looking. Counted by the local date of"
    " the ask, at the site asked for."
)
REST = (
    "Those of the refused asks for which at least one rule of rest between two treatments spoke"
    " (recovery, least days between kinds of treatment, interval of a course), as the protocol stood"
    " when it was asked. Each ask counts once, also where two such rules spoke; its rows are asks."
)
EACH = (
    "Counted by rule: every rule that spoke counts with each ask, so these lines add up to more than"
    " the refused asks."
)
FAMILIES = dict(Refusal.Family.choices)
VERBS = dict(Refusal.Verb.choices)
WHOLE = "the whole course"


def build(ask: Ask) -> Report:
    """Compose the page."""
    found, before = exceptions.refusals(ask.scope), exceptions.refusals(ask.scope.before)
    if not found and not before:
        return Report(empty="Nothing was refused in this period, nor in the one before.")
    asks = exceptions.refused_asks(ask.scope), exceptions.refused_asks(ask.scope.before)
    named = rule_names()
    return Report(
        figures=_figures(*asks),
        charts=(
            Chart(
                title="Refused asks by rule",
                labels=[named(each.code) for each in found[:12]],
                series=(("refused asks", [each.asks for each in found[:12]]),),
            ),
        ),
        tables=(_by_rule(found, before), _by_verb(*asks)),
    )


def _figures(now: Sequence[AskCount], before: Sequence[AskCount]) -> tuple[Figure, ...]:
    rest: Rows = {"each": "ask", "family": Refusal.Family.REST.value}
    every: Rows = {"each": "ask"}
    return (
        Figure(
            name="Asks refused for the skin's rest",
            now=Cell(sum(a.rest for a in now), rows=rest),
            before=past(Cell(sum(a.rest for a in before), rows=rest)),
            definition=f"{REST} {ASKED}",
            unit="asks",
        ),
        Figure(
            name="Refused asks",
            now=Cell(sum(a.asks for a in now), rows=every),
            before=past(Cell(sum(a.asks for a in before), rows=every)),
            definition=ASKED,
            unit="asks",
        ),
    )


def _by_rule(now: Sequence[RefusalCount], before: Sequence[RefusalCount]) -> Table:
    counts = {(r.family, r.code): r.asks for r in now}
    earlier = {(r.family, r.code): r.asks for r in before}
    named, lines = rule_names(), []
    for family, code in [*counts, *(key for key in earlier if key not in counts)]:
        rows = {"family": family, "code": code}
        lines.append(
            (
                Cell(named(code)),
                Cell(code),
                Cell(FAMILIES.get(family, family)),
                Cell(counts.get((family, code), 0), rows=rows),
                past(Cell(earlier.get((family, code), 0), rows=rows)),
            )
        )
    return Table(
        key="rule",
        title="By rule",
        definition=f"{ASKED} {EACH}",
        heads=("rule", "code", "of", "refused asks", "before"),
        lines=lines,
        total=(
            Cell("all reasons"),
            Cell(""),
            Cell(""),
            Cell(sum(counts.values()), rows={"all": 1}),
            past(Cell(sum(earlier.values()), rows={"all": 1})),
        ),
    )


def _by_verb(now: Sequence[AskCount], before: Sequence[AskCount]) -> Table:
    counts = {a.verb: a for a in now}
    earlier = {a.verb: a for a in before}
    none = AskCount("", 0, 0)
    lines = [
        (Cell(word), *_of_verb(verb, counts.get(verb, none), earlier.get(verb, none)))
        for verb, word in VERBS.items()
        if verb in counts or verb in earlier
    ]
    return Table(
        key="asked",
        title="By what was asked",
        definition=f"{ASKED} “For rest”: {REST}",
        heads=("asked", "refused asks", "before", "for rest", "before"),
        lines=lines,
        total=(Cell("all asks"), *_of_verb("", _sum(now), _sum(before))),
    )


def _of_verb(verb: str, now: AskCount, before: AskCount) -> tuple[Cell, ...]:
    every: Rows = {"each": "ask", "verb": verb}
    rest: Rows = {**every, "family": Refusal.Family.REST.value}
    return (
        Cell(now.asks, rows=every),
        past(Cell(before.asks, rows=every)),
        Cell(now.rest, rows=rest),
        past(Cell(before.rest, rows=rest)),
    )


def _sum(found: Sequence[AskCount]) -> AskCount:
    return AskCount("", sum(a.asks for a in found), sum(a.rest for a in found))


def rows(ask: Ask) -> Listing:
    """List the asks behind a figure, or, of a rule, the asks for which it spoke."""
    which = Which(family=ask.word("family"), code=ask.word("code"), verb=ask.word("verb"))
    return _asks(ask, which) if ask.word("each") == "ask" else _reasons(ask, which)


def _asks(ask: Ask, which: Which) -> Listing:
    count, found = exceptions.ask_rows(ask.scope, which, ask.page)
    named = rule_names()
    rest = which.family == Refusal.Family.REST
    return Listing(
        title="Asks refused for the skin's rest" if rest else "Refused asks",
        definition=f"{REST if rest else ASKED} One line for each ask, with every rule that spoke.",
        heads=("asked at", "site", "asked", "treatment", "rules", "asked by"),
        count=count,
        lines=[
            (
                *_asked(ask, r),
                Cell("; ".join(named(code) for code in r.codes)),
                Cell(r.by),
            )
            for r in found
        ],
    )


def _asked(ask: Ask, row: AskRow | RefusalRow) -> tuple[Cell, ...]:
    """Say when, where and for what somebody asked."""
    return (
        Cell(ask.local(row.at, row.site_id)),
        Cell(row.site),
        Cell(VERBS.get(row.verb, row.verb)),
        Cell(row.treatment or WHOLE),
    )


def _reasons(ask: Ask, which: Which) -> Listing:
    count, found = exceptions.refusal_rows(ask.scope, which, ask.page)
    named = rule_names()
    return Listing(
        title="Refusals" + (f": {named(which.code)}" if which.code else " by rule"),
        definition=f"{ASKED} One line for each ask and rule that spoke.",
        heads=("asked at", "site", "asked", "treatment", "rule", "of", "severity", "asked by"),
        count=count,
        lines=[
            (
                *_asked(ask, r),
                Cell(named(r.code)),
                Cell(FAMILIES.get(r.family, r.family)),
                Cell(r.severity),
                Cell(r.by),
            )
            for r in found
        ],
    )

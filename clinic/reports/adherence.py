"""How plans are kept to, by template and by treatment."""

from collections import Counter
from collections.abc import Callable, Mapping

from django.urls import reverse

from clinic.reports.asking import Ask
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Rows, Table, past, share
from plans import reports
from plans.models import Adherence
from plans.reports import Kept
from scheduling import catalogue

OUTCOMES = {code: word for code, word in Adherence.Outcome.choices if code != "open"}

DUE = (
    "Sessions of plans that came to an outcome in the period: done within their window, done"
    " before or after it, overdue (the window is over and nothing is booked), or dropped out (the"
    " plan was given up before they were done). A window follows from the plan's own lags and from"
    " when the sessions before it took place. Skipped sessions are not counted, nor those still to"
    " come. A done session belongs to its visit's date, an overdue one to the last day of its"
    " window, one dropped out to the day on which the plan was given up."
)
KEPT = "Sessions done within their window, as a share of the sessions that came to an outcome."
OVERDUE = "Sessions overdue, as a share of the sessions that came to an outcome."
DROPPED = "Sessions dropped out, as a share of the sessions that came to an outcome."


def build(ask: Ask) -> Report:
    """Compose the page."""
    now, before = reports.adherence(ask.scope), reports.adherence(ask.scope.before)
    read_at = reports.read_until(ask.scope)
    note = (
        f"Each plan is read once a day; the oldest reading is of"
        f" {ask.local(read_at, next(iter(ask.scope.sites))):%-d %b %Y, %H:%M}."
        if read_at
        else "No plan has been read yet; each is read once a day."
    )
    if not now and not before:
        return Report(
            empty="No session of a plan came to an outcome in this period.", notes=(note,)
        )
    counts, earlier = _counted(now), _counted(before)
    names = {pk: offer.name for pk, offer in catalogue.current().treatments.items()}
    return Report(
        notes=(note,),
        figures=(
            _figure("Within their window", "within", (counts, earlier), KEPT, 1),
            _figure("Overdue", "overdue", (counts, earlier), OVERDUE, -1),
            _figure("Dropped out", "dropped", (counts, earlier), DROPPED, -1),
        ),
        charts=(
            Chart(
                title="Sessions by outcome",
                labels=list(OUTCOMES.values()),
                series=(("sessions", [counts[code] for code in OUTCOMES]),),
            ),
        ),
        tables=(
            _table("template", now, lambda k: (k.template_id or 0, k.template or "no template")),
            _table("treatment", now, lambda k: (k.treatment_id, names.get(k.treatment_id, "?"))),
        ),
    )


def _counted(found: list[Kept]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in found:
        counts[each.outcome] += each.sessions
    return counts


Counts = tuple[Counter[str], Counter[str]]


def _figure(name: str, outcome: str, counts: Counts, definition: str, good: int) -> Figure:
    now, before = counts
    return Figure(
        name=name,
        now=share(now[outcome], now.total(), {"outcome": outcome}),
        before=past(share(before[outcome], before.total(), {"outcome": outcome})),
        definition=definition,
        good=good,
        unit="sessions",
    )


def _table(key: str, now: list[Kept], of: Callable[[Kept], tuple[int, str]]) -> Table:
    groups: dict[tuple[int, str], Counter[str]] = {}
    for each in now:
        groups.setdefault(of(each), Counter())[each.outcome] += each.sessions
    return Table(
        key=key,
        title=f"By {key}",
        definition=DUE,
        heads=(key, "sessions", *OUTCOMES.values(), "within, share"),
        lines=[
            (Cell(name), *_cells(counts, {key: pk}))
            for (pk, name), counts in sorted(groups.items(), key=lambda group: group[0][1])
        ],
        total=(Cell("all"), *_cells(_counted(now), {"all": 1})),
    )


def _cells(counts: Mapping[str, int], rows: Rows) -> tuple[Cell, ...]:
    whole = sum(counts.values())
    return (
        Cell(whole, rows=rows),
        *(Cell(counts.get(code, 0), rows={**rows, "outcome": code}) for code in OUTCOMES),
        share(counts.get("within", 0), whole),
    )


def rows(ask: Ask) -> Listing:
    """List the sessions behind a figure."""
    template, treatment = ask.whole("template"), ask.whole("treatment")
    outcome = ask.word("outcome")
    found = reports.adherence_rows(
        ask.scope, template=template, treatment=treatment, outcome=outcome, page=ask.page
    )
    count = sum(
        k.sessions
        for k in reports.adherence(ask.scope)
        if template in (None, k.template_id or 0)
        and treatment in (None, k.treatment_id)
        and outcome in ("", k.outcome)
    )
    return Listing(
        title=f"Sessions: {OUTCOMES[outcome]}" if outcome in OUTCOMES else "Sessions",
        definition=DUE,
        heads=("plan", "patient", "site", "session", "outcome", "on", "due from", "due until"),
        count=count,
        lines=[
            (
                Cell(each.plan, link=reverse("admin:plans_plan_change", args=[each.plan_id])),
                Cell(each.patient),
                Cell(each.site),
                Cell(each.session),
                Cell(OUTCOMES.get(each.outcome, each.outcome)),
                Cell(each.counted_on),
                Cell(each.due_first),
                Cell(each.due_last),
            )
            for each in found
        ],
    )

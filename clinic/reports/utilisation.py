"""How full the diary is, by resource and as a heat map of the week."""

from collections.abc import Mapping
from datetime import time

import numpy as np

from clinic.reports.asking import Ask
from clinic.reports.lists import visit_cell
from clinic.reports.shapes import (
    Cell,
    Chart,
    Choice,
    Figure,
    Listing,
    Report,
    Rows,
    Table,
    hours_words,
    minutes,
    past,
    share,
)
from scheduling import catalogue
from scheduling.models import Resource
from scheduling.reports import utilisation
from scheduling.reports.utilisation import HOURS, Use

KINDS = tuple((kind.value, f"{kind.label}s") for kind in Resource.Kind)
WORDS = {
    None: "Held time",
    "visit": "Visits",
    "hold": "Numbing and cleaning",
    "outside": "Outside opening hours",
}
OPEN = "open"
"""The part whose rows are the stretches in which a resource was open."""

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

USED = (
    "Minutes of visits as a share of open minutes. Open: opening hours of the resource without"
    " lunch, absences and public holidays, on the site's clock. Visits that stand or took place"
    " count; cancelled ones, no-shows and starts only held do not. Only minutes within opening"
    " hours are set against them."
)
HOLDS = (
    "Minutes within opening hours for which the resource is kept before and after the visit itself"
    " (numbing, cleaning), as a share of open minutes; not part of the utilisation."
)
OUTSIDE = "Minutes held while the resource was closed or away; no part of either share."
HEAT = (
    "Each cell is one hour of the week, over the whole period and all resources counted:"
    " minutes of visits as a share of open minutes, and behind the plus sign those kept for"
    " numbing and cleaning."
)


def build(ask: Ask) -> Report:
    """Compose the page."""
    kind, resource = chosen(ask)
    found = utilisation.measured(ask.scope, kind=kind, resource=resource)
    total = sum(found.values(), Use())
    past = utilisation.measured(ask.scope.before, kind=kind, resource=resource)
    before = sum(past.values(), Use())
    choices = (_kinds(kind), _resources(kind, resource))
    if not total.open.any() and not (total.visit + total.hold + total.outside).any():
        return Report(
            choices=choices, empty="Nothing was open in this period, and nothing was booked."
        )
    named: Rows = {"kind": kind, "resource": resource}
    return Report(
        choices=choices,
        figures=_figures(total, before, named),
        charts=(_chart(total),),
        tables=(_by_resource(found, kind), _heat(total, named)),
    )


def chosen(ask: Ask) -> tuple[str, int | None]:
    """Read which kind of resource is asked for, and which one of them."""
    kind = ask.word("kind")
    kind = kind if kind in Resource.Kind.values else Resource.Kind.PRACTITIONER.value
    resource = ask.whole("resource")
    thing = catalogue.current().resources.get(resource or 0)
    return kind, resource if thing is not None and thing.kind == kind else None


def _kinds(kind: str) -> Choice:
    return Choice(name="kind", label="Of", chosen=kind, options=KINDS)


def _resources(kind: str, resource: int | None) -> Choice:
    things = [t for t in catalogue.current().resources.values() if t.kind == kind]
    options = [(str(t.id), t.name) for t in sorted(things, key=lambda t: t.name)]
    return Choice(
        name="resource", label="Which", chosen=str(resource or ""), options=[("", "all"), *options]
    )


def _figures(total: Use, before: Use, named: Rows) -> tuple[Figure, ...]:
    visit, hold, outside = ({**named, "part": part} for part in utilisation.PARTS)
    open_now, open_then = int(total.open.sum()), int(before.open.sum())
    return (
        Figure(
            name="Utilisation",
            now=share(int(total.visit.sum()), open_now, visit),
            before=past(share(int(before.visit.sum()), open_then, visit)),
            definition=USED,
            good=1,
            unit="min",
        ),
        Figure(
            name="Numbing and cleaning",
            now=share(int(total.hold.sum()), open_now, hold),
            before=past(share(int(before.hold.sum()), open_then, hold)),
            definition=HOLDS,
            unit="min",
        ),
        Figure(
            name="Outside opening hours",
            now=minutes(int(total.outside.sum()), outside),
            before=past(minutes(int(before.outside.sum()), outside)),
            definition=OUTSIDE,
            good=-1,
        ),
    )


def _chart(total: Use) -> Chart:
    by_day = [part.reshape(7, 24).sum(axis=1) for part in (total.open, total.visit, total.hold)]

    def shares(part: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[float | None]:
        pairs = zip(part.tolist(), by_day[0].tolist(), strict=True)
        return [round(100 * n / of, 1) if of else None for n, of in pairs]

    return Chart(
        title="Utilisation by day of the week",
        labels=DAYS,
        series=(("visits, %", shares(by_day[1])), ("numbing and cleaning, %", shares(by_day[2]))),
    )


def _by_resource(found: Mapping[int, Use], kind: str) -> Table:
    things = catalogue.current().resources
    named = sorted(found, key=lambda pk: (things[pk].name, pk))
    return Table(
        key="resource",
        title="By resource",
        definition=USED,
        heads=("resource", "open min", "visits min", "utilisation %", "numbing, cleaning min",
               "numbing, cleaning %", "outside hours min"),
        lines=[
            (Cell(things[pk].name), *_cells(found[pk], {"kind": kind, "resource": pk}))
            for pk in named
        ],
        total=(Cell("all"), *_cells(sum(found.values(), Use()), {"kind": kind})),
    )  # fmt: skip


def _cells(use: Use, rows: Rows) -> tuple[Cell, ...]:
    opened, visit, hold, outside = (
        int(part.sum()) for part in (use.open, use.visit, use.hold, use.outside)
    )
    return (
        minutes(opened, {**rows, "part": OPEN}),
        minutes(visit, {**rows, "part": "visit"}),
        share(visit, opened),
        minutes(hold, {**rows, "part": "hold"}),
        share(hold, opened),
        minutes(outside, {**rows, "part": "outside"}),
    )


def _heat(total: Use, named: Rows) -> Table:
    used = (total.open + total.visit + total.hold + total.outside).reshape(7, 24).any(axis=0)
    lines = [
        (Cell(f"{hour:02}:00"), *(_warm(total, day * 24 + hour, named) for day in range(7)))
        for hour in np.flatnonzero(used).tolist()
    ]
    return Table(
        key="week", title="By hour of the week", definition=HEAT, heads=("from", *DAYS),
        lines=lines, heat=True,
    )  # fmt: skip


def _warm(total: Use, hour: int, named: Rows) -> Cell:
    """Colour an hour by how full it is; what was closed all the time has no colour."""
    opened, visit = int(total.open[hour]), int(total.visit[hour])
    hold, outside = int(total.hold[hour]), int(total.outside[hour])
    rows = {**named, "hour": hour} if visit or hold or outside else None
    if not opened:
        return Cell(
            None, "closed" if not outside else f"{outside} min", rows, tone="heat-none", part=visit
        )
    per = 100 * visit / opened
    small = f"+{100 * hold / opened:.0f}" if hold else ""
    tone = f"heat-{min(int(per // 20), 4)}"
    return Cell(round(per, 1), f"{per:.0f} %", rows, tone=tone, small=small, part=visit)


def rows(ask: Ask) -> Listing:
    """List what holds the resources, in an hour of the week or in all; or when they were open."""
    kind, resource = chosen(ask)
    if ask.word("part") == OPEN:
        return _when_open(ask, kind, resource)
    hour = ask.whole("hour")
    hour = hour if hour is not None and hour < HOURS else None
    part = ask.word("part") if ask.word("part") in utilisation.PARTS else None
    only = utilisation.Only(resource=resource, hour=hour, part=part)
    found = utilisation.holds(ask.scope, kind=kind, only=only, page=ask.page)
    when = "" if hour is None else f", {DAYS[hour // 24]}s from {time(hour % 24):%H:%M}"
    return Listing(
        title=f"{WORDS[part]} of {dict(KINDS)[kind].lower()}{when}",
        definition=f"{USED} {HOLDS} {OUTSIDE}",
        heads=("visit", "site", "patient", "treatment", "resource", "visit min",
               "numbing, cleaning min", "outside hours min"),
        count=found.count,
        together=", ".join(
            f"{WORDS[name].lower()} {hours_words(found.minutes[name])}" for name in utilisation.PARTS
        ),
        lines=[
            (
                visit_cell(each.visit_id, each.local_date, each.local_time),
                Cell(each.site),
                Cell(each.patient),
                Cell(each.treatment),
                Cell(each.resource),
                Cell(each.visit),
                Cell(each.hold),
                Cell(each.outside),
            )
            for each in found.rows
        ],
    )  # fmt: skip


def _when_open(ask: Ask, kind: str, resource: int | None) -> Listing:
    found = utilisation.opened(ask.scope, kind=kind, resource=resource)
    end = None if ask.page.most is None else ask.page.skip + ask.page.most
    return Listing(
        title=f"Open time of {dict(KINDS)[kind].lower()}",
        definition=USED,
        heads=("from", "until", "site", "resource", "open min"),
        count=len(found),
        together=hours_words(sum(each.minutes for each in found)),
        lines=[
            (
                Cell(each.start.replace(tzinfo=None), f"{each.start:%a %-d %b %Y, %H:%M}"),
                Cell(each.end.replace(tzinfo=None), f"{each.end:%H:%M}"),
                Cell(each.site),
                Cell(each.resource),
                Cell(each.minutes),
            )
            for each in found[ask.page.skip : end]
        ],
    )

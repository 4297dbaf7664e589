"""How reminders fared, and what texts cost."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from clinic.reports.asking import Ask
from clinic.reports.lists import visit_page
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Rows, Table, past, share
from notifications import reports
from notifications.core.kinds import Channel
from notifications.models import CHANNELS, KINDS
from notifications.reports import FATES, MessageRow, Reminders, Spend
from scheduling.screens import door

LEFT = (
    "Reminders of the period by channel, by the local day on which they were handed to the"
    " provider, else were due. One that told of several visits counts once, the visits it told of"
    " beside its own as “told in another reminder”."
)
ARRIVED = (
    "Texts that the network reported as delivered, as a share of reminders by text that were handed"
    " over. Nobody reports of an e-mail that it was delivered, so e-mails are not in this figure."
)
COST = (
    "Segments of all texts that a provider took, times the price of a segment on that day, as it"
    " was entered under “SMS prices” for the site or its country with its source. What providers"
    " bill beside (sender numbers, replies, taxes) is not in it, nor are sign-in codes, texts that"
    " were refused, and texts sent before segments were counted."
)
SEGMENTS = "Parts that the network bills: 160 or 153 characters of GSM-7, 70 or 67 of UCS-2 each."

_HANDED = ("delivered", "sent", "failed", "unknown")


def build(ask: Ask) -> Report:
    """Compose the page."""
    found, earlier = reports.traffic(ask.scope, ask.scope.before)
    now, before, spent = found.reminders, earlier.reminders, found.spend
    if not (now or before or spent or earlier.spend):
        return Report(empty="No message left in this period, nor in the one before.")
    return Report(
        figures=(
            Figure(
                name="Reminders delivered by text",
                now=_delivered(now),
                before=past(_delivered(before)),
                definition=ARRIVED,
                good=1,
                unit="texts handed over",
            ),
            Figure(
                name="Segments of texts",
                now=_segments(spent),
                before=past(_segments(earlier.spend)),
                definition=SEGMENTS,
                good=-1,
                unit="segments",
            ),
            Figure(
                name="Spent on texts",
                now=_cost(spent),
                before=past(_cost(earlier.spend)),
                definition=COST,
                good=-1,
            ),
        ),
        charts=(_chart(now),),
        tables=(_fates(now), _spent(spent)),
        notes=_unknown(spent),
    )


TEXTS: Rows = {"what": "texts"}


def _delivered(found: Reminders) -> Cell:
    handed = sum(found.get((Channel.SMS, fate), 0) for fate in _HANDED)
    rows: Rows = {"channel": Channel.SMS.value, "fate": "delivered"}
    return share(found.get((Channel.SMS, "delivered"), 0), handed, rows)


def _segments(found: Sequence[Spend]) -> Cell:
    return Cell(sum(each.segments for each in found), rows=TEXTS)


def _cost(found: Sequence[Spend]) -> Cell:
    """Add up by currency; nothing is added where a price is missing."""
    sums = defaultdict[str, Decimal](Decimal)
    for each in found:
        if each.cost is None and each.segments:
            return Cell(None, "no price known", TEXTS)
        if each.cost is not None:
            sums[each.priced.currency] += each.cost
    if not sums:
        return Cell(None)
    if len(sums) == 1:
        currency, amount = next(iter(sums.items()))
        return Cell(amount, f"{amount:,.2f} {currency}", TEXTS)
    said = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items()))
    return Cell(said, rows=TEXTS)


def _unknown(found: Sequence[Spend]) -> tuple[str, ...]:
    notes = []
    missing = {each.priced.site for each in found if each.cost is None and each.segments}
    if missing:
        notes.append(
            f"No price of a segment is known for {', '.join(sorted(missing))} over the whole"
            " period. Enter the clinic's own under “SMS prices”, with where it comes from."
        )
    if uncounted := sum(each.uncounted for each in found):
        notes.append(f"{uncounted:,} texts left before segments were counted.")
    return tuple(notes)


def _chart(now: Reminders) -> Chart:
    fates = [fate for fate in FATES if any(now.get((c, fate)) for c, _ in CHANNELS)]
    return Chart(
        title="Reminders, by what became of them",
        labels=[FATES[fate] for fate in fates],
        series=[(name, [now.get((code, fate), 0) for fate in fates]) for code, name in CHANNELS],
    )


def _fates(now: Reminders) -> Table:
    def line(name: str, fate: str) -> tuple[Cell, ...]:
        counts = [
            sum(n for (c, f), n in now.items() if c == code and fate in ("", f))
            for code, _ in CHANNELS
        ]
        cells = [
            Cell(n, rows={"channel": code, "fate": fate})
            for n, (code, _) in zip(counts, CHANNELS, strict=True)
        ]
        return (Cell(name), *cells, Cell(sum(counts), rows={"fate": fate, "all": 1}))

    return Table(
        key="fate",
        title="Reminders by what became of them",
        definition=LEFT,
        heads=("reminders", *(name for _, name in CHANNELS), "all"),
        lines=[line(name, fate) for fate, name in FATES.items()],
        total=line("all", ""),
    )


def _spent(found: Sequence[Spend]) -> Table:
    return Table(
        key="spend",
        title="Texts and what they cost",
        definition=f"{COST} {SEGMENTS}",
        heads=("site", "kind", "texts", "segments", "price of a segment", "currency", "cost",
               "source of the price"),
        lines=[_spent_line(each) for each in found],
        total=(
            Cell("all"), Cell(""), Cell(sum(s.texts for s in found), rows=TEXTS),
            _segments(found), Cell(""), Cell(""), _cost(found), Cell(""),
        ),
    )  # fmt: skip


def _spent_line(each: Spend) -> tuple[Cell, ...]:
    priced = each.priced
    rows: Rows = {**TEXTS, "at": priced.site_id, "of": each.kind, "since": priced.first}
    return (
        Cell(priced.site),
        Cell(_KINDS.get(each.kind, each.kind)),
        Cell(each.texts, rows=rows),
        Cell(each.segments, rows=rows),
        Cell(priced.price, "not known" if priced.price is None else ""),
        Cell(priced.currency),
        Cell(each.cost, "not known" if each.cost is None else f"{each.cost:,.2f}", rows),
        Cell(priced.source),
    )


_KINDS = dict(KINDS)


def rows(ask: Ask) -> Listing:
    """List the messages behind a figure; their texts are not kept, whose they are says the visit."""
    if ask.word("what") == "texts":
        return _texts(ask)
    count, found = reports.reminder_rows(
        ask.scope, channel=ask.word("channel"), fate=ask.word("fate"), page=ask.page
    )
    return Listing(
        title="Reminders",
        definition=LEFT,
        heads=("when", "site", "kind", "channel", "what became of it"),
        count=count,
        lines=[_line(ask, each) for each in found],
    )


def _texts(ask: Ask) -> Listing:
    count, found = reports.text_rows(
        ask.scope,
        site=ask.whole("at"),
        since=door.day_in(ask.word("since")),
        kind=ask.word("of"),
        page=ask.page,
    )
    return Listing(
        title="Texts",
        definition=f"{COST} {SEGMENTS}",
        heads=("when", "site", "kind", "channel", "what became of it", "segments", "price", "cost",
               "currency"),
        count=count,
        lines=[
            (
                *_line(ask, each),
                Cell(each.segments),
                Cell(each.price),
                Cell(each.cost),
                Cell(each.currency),
            )
            for each in found
        ],
    )  # fmt: skip


def _line(ask: Ask, each: MessageRow) -> tuple[Cell, ...]:
    return (
        Cell(
            ask.local(each.at, each.site_id),
            link=visit_page(each.visit_id) if each.visit_id else "",
        ),
        Cell(each.site),
        Cell(_KINDS.get(each.kind, each.kind)),
        Cell(dict(CHANNELS).get(each.channel, each.channel)),
        Cell(FATES[each.fate]),
    )

"""How reminders fared, and what texts cost."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from clinic.reports.asking import Ask
from clinic.reports.lists import visit_page
from clinic.reports.shapes import Cell, Chart, Figure, Listing, Report, Table, share
from notifications import reports
from notifications.core.kinds import Channel
from notifications.models import CHANNELS, KINDS
from notifications.reports import FATES, Spend

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
    now, before = reports.reminders(ask.scope), reports.reminders(ask.scope.before)
    spent, past = reports.spend(ask.scope), reports.spend(ask.scope.before)
    if not (now or before or spent or past):
        return Report(empty="No message left in this period, nor in the one before.")
    return Report(
        figures=(
            Figure(
                name="Reminders delivered by text",
                now=_delivered(now, {"channel": "sms", "fate": "delivered"}),
                before=_delivered(before, None),
                definition=ARRIVED,
                good=1,
            ),
            Figure(
                name="Segments of texts",
                now=Cell(sum(s.segments for s in spent), rows={"what": "texts"}),
                before=Cell(sum(s.segments for s in past)),
                definition=SEGMENTS,
                good=-1,
            ),
            Figure(
                name="Spent on texts",
                now=_cost(spent, {"what": "texts"}),
                before=_cost(past, None),
                definition=COST,
            ),
        ),
        charts=(_chart(now),),
        tables=(_fates(now), _spent(spent)),
        notes=_unknown(spent),
    )


def _delivered(found: dict[tuple[str, str], int], rows: dict[str, object] | None) -> Cell:
    handed = sum(found.get((Channel.SMS, fate), 0) for fate in _HANDED)
    return share(found.get((Channel.SMS, "delivered"), 0), handed, rows)


def _cost(found: Sequence[Spend], rows: dict[str, object] | None) -> Cell:
    """Add up by currency; nothing is added where a price is missing."""
    sums = defaultdict[str, Decimal](Decimal)
    for each in found:
        if each.cost is None and each.segments:
            return Cell(None, "no price known", rows)
        if each.cost is not None:
            sums[each.priced.currency] += each.cost
    if not sums:
        return Cell(None, rows=rows)
    if len(sums) == 1:
        currency, amount = next(iter(sums.items()))
        return Cell(amount, f"{amount:,.2f} {currency}", rows)
    said = ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items()))
    return Cell(said, rows=rows)


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


def _chart(now: dict[tuple[str, str], int]) -> Chart:
    fates = [fate for fate in FATES if any(now.get((c, fate)) for c, _ in CHANNELS)]
    return Chart(
        title="Reminders, by what became of them",
        labels=[FATES[fate] for fate in fates],
        series=[(name, [now.get((code, fate), 0) for fate in fates]) for code, name in CHANNELS],
    )


def _fates(now: dict[tuple[str, str], int]) -> Table:
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
    kinds = dict(KINDS)
    return Table(
        key="spend",
        title="Texts and what they cost",
        definition=f"{COST} {SEGMENTS}",
        heads=("site", "kind", "texts", "segments", "price of a segment", "currency", "cost",
               "source of the price"),
        lines=[
            (
                Cell(s.priced.site),
                Cell(kinds.get(s.kind, s.kind)),
                Cell(s.texts, rows={"what": "texts", "at": s.priced.site_id, "of": s.kind}),
                Cell(s.segments),
                Cell(s.priced.price, "not known" if s.priced.price is None else ""),
                Cell(s.priced.currency),
                Cell(s.cost, "" if s.cost is None else f"{s.cost:,.2f}"),
                Cell(s.priced.source),
            )
            for s in found
        ],
        total=(
            Cell("all"), Cell(""), Cell(sum(s.texts for s in found), rows={"what": "texts"}),
            Cell(sum(s.segments for s in found)), Cell(""), Cell(""), _cost(found, None), Cell(""),
        ),
    )  # fmt: skip


def rows(ask: Ask) -> Listing:
    """List the messages behind a figure; their texts are not kept, whose they are says the visit."""
    if ask.word("what") == "texts":
        site, kind = ask.whole("at"), ask.word("of")
        found = reports.text_rows(ask.scope, site=site, kind=kind, page=ask.page)
        count = sum(
            s.texts
            for s in reports.spend(ask.scope)
            if site in (None, s.priced.site_id) and kind in ("", s.kind)
        )
        title, definition = "Texts", COST
    else:
        channel, fate = ask.word("channel"), ask.word("fate")
        found = reports.reminder_rows(ask.scope, channel=channel, fate=fate, page=ask.page)
        count = sum(
            n
            for (c, f), n in reports.reminders(ask.scope).items()
            if channel in ("", c) and fate in ("", f)
        )
        title, definition = "Reminders", LEFT
    kinds, channels = dict(KINDS), dict(CHANNELS)
    return Listing(
        title=title,
        definition=definition,
        heads=("when", "site", "kind", "channel", "what became of it", "segments"),
        count=count,
        lines=[
            (
                Cell(ask.local(m.at, m.site_id), link=visit_page(m.visit_id) if m.visit_id else ""),
                Cell(m.site),
                Cell(kinds.get(m.kind, m.kind)),
                Cell(channels.get(m.channel, m.channel)),
                Cell(FATES[m.fate]),
                Cell(m.segments),
            )
            for m in found
        ],
    )

"""What a manager looks at of messages: how reminders fared, and what texts cost."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from notifications.core.kinds import Kind
from notifications.models import SmsPrice
from scheduling.core import hours
from scheduling.models import Site
from scheduling.reports import Page, Scope, asked, attendance
from scheduling.reports.periods import DAY

TOLD = ("no reminder", "tried, not certain to have arrived", "sent", "delivered")
"""How the best reminder of a visit fared, the index is its rank; `sent` is all that is known of
an e-mail, and of a text until the network reports."""

_BEST = """coalesce((
  SELECT max(CASE coalesce(t.state, m.state)
    WHEN 'delivered' THEN 3 WHEN 'accepted' THEN 2
    WHEN 'unknown' THEN 1 WHEN 'undelivered' THEN 1 WHEN 'rejected' THEN 1 WHEN 'dead' THEN 1
    ELSE 0 END)
  FROM notifications_message m LEFT JOIN notifications_message t ON t.id = m.told_in_id
  WHERE m.appointment_id = v.id AND m.kind = 'reminder'), 0)"""
"""The rank of a visit's best reminder, looked up by the visit; a join read the whole outbox."""


def attended(scope: Scope) -> attendance.Cells:
    """Count who came and who did not, also by how their reminder fared."""
    return attendance.counted(scope, _BEST)


def attended_rows(
    scope: Scope, only: attendance.Only | None = None, page: Page | None = None
) -> tuple[int, list[attendance.Visit]]:
    """List the visits behind a count of `attended`: how many, and those of the page."""
    return attendance.visits(scope, only, page, _BEST)


FATES = {
    "delivered": "delivered",
    "sent": "sent, no report",
    "failed": "not delivered",
    "unknown": "not certain",
    "together": "told in another reminder",
    "dropped": "not sent, on purpose",
    "waiting": "waiting",
}
"""What became of a message, in the order of a page."""

_FATE = """CASE m.state WHEN 'delivered' THEN 'delivered' WHEN 'accepted' THEN 'sent'
  WHEN 'undelivered' THEN 'failed' WHEN 'rejected' THEN 'failed' WHEN 'dead' THEN 'failed'
  WHEN 'unknown' THEN 'unknown'
  WHEN 'dropped' THEN CASE m.drop_reason WHEN 'told_together' THEN 'together' ELSE 'dropped' END
  ELSE 'waiting' END"""

_WHEN = "coalesce(m.sending_at, m.due_at)"


@dataclass(frozen=True, slots=True)
class Priced:
    """A stretch of one site's period in which one price held; None where none is known."""

    site_id: int
    site: str
    opens: datetime
    closes: datetime
    first: date
    price: Decimal | None
    currency: str
    source: str


def priced(scope: Scope) -> list[Priced]:
    """Cut each site's period where its price changes, on the site's own dates."""
    prices = list(SmsPrice.objects.order_by("valid_from", "pk"))
    found: list[Priced] = []
    for site in Site.objects.filter(pk__in=scope.sites).order_by("name", "pk"):
        own = [p for p in prices if p.site_id == site.pk]
        country = [p for p in prices if p.site_id is None and p.country == site.country]
        found += _stretches(scope, site, own, country)
    return found


def _stretches(
    scope: Scope, site: Site, own: Sequence[SmsPrice], country: Sequence[SmsPrice]
) -> Iterator[Priced]:
    first, end, zone = scope.period.first, scope.period.last + DAY, ZoneInfo(site.zone)
    turns = {p.valid_from for p in (*own, *country) if first < p.valid_from < end}
    for start, over in pairwise(sorted({first, end} | turns)):
        price = _in_force(own, start) or _in_force(country, start)
        yield Priced(
            site_id=site.pk,
            site=site.name,
            opens=hours.day_start(start, zone),
            closes=hours.day_start(over, zone),
            first=start,
            price=price.price if price else None,
            currency=price.currency if price else "",
            source=price.source if price else "",
        )


def _in_force(prices: Sequence[SmsPrice], day: date) -> SmsPrice | None:
    """Answer the last price that began by a date; they come in the order of their dates."""
    return next((p for p in reversed(prices) if p.valid_from <= day), None)


@dataclass(frozen=True, slots=True)
class Spend:
    """Texts that a provider took at one site under one price; `uncounted` have no segments."""

    priced: Priced
    kind: str
    texts: int
    segments: int
    uncounted: int

    @property
    def cost(self) -> Decimal | None:
        """Segments times price; None where no price is known."""
        return None if self.priced.price is None else self.segments * self.priced.price

    def __add__(self, other: "Spend") -> "Spend":
        """Put two of one site, price and kind together."""
        return Spend(
            self.priced,
            self.kind,
            self.texts + other.texts,
            self.segments + other.segments,
            self.uncounted + other.uncounted,
        )


Reminders = Mapping[tuple[str, str], int]
"""Reminders by channel and fate, by the local day on which they left or were to leave."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What left in one scope, or was to: how reminders fared, and what texts cost."""

    reminders: Reminders
    spend: Sequence[Spend]


_TAKEN = "m.channel = 'sms' AND m.state IN ('accepted', 'delivered', 'undelivered') AND m.sending_at IS NOT NULL"
"""Texts that a provider took.

Sign-in codes are not in the outbox and are not counted; nor are texts refused, or of unknown
outcome.
"""

_WITHIN = f"""
FROM notifications_message m
JOIN unnest(%(n)s::int[], %(span_sites)s::bigint[], %(opens)s::timestamptz[],
  %(closes)s::timestamptz[]) AS span (n, site_id, opens, closes)
  ON span.site_id = m.site_id AND {_WHEN} >= span.opens AND {_WHEN} < span.closes
WHERE {_WHEN} >= %(from)s AND {_WHEN} < %(until)s
"""

_COUNTED = f"""
SELECT span.n, m.kind, m.channel, {_FATE}, {_TAKEN} AS taken, count(*),
  coalesce(sum(m.segments), 0), count(*) FILTER (WHERE m.segments IS NULL)
{_WITHIN} AND (m.kind = 'reminder' OR {_TAKEN})
GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2
"""


def traffic(*scopes: Scope) -> list[Traffic]:
    """Count the messages of some scopes, all in one reading.

    No index knows when a message left: it would cost every mark its HOT update. So the outbox is
    read from end to end, and once for all that is asked.
    """
    spans = [(at, span) for at, scope in enumerate(scopes) for span in priced(scope)]
    rows = asked(_COUNTED, _spans([span for _, span in spans])) if spans else []
    found = [(Counter[tuple[str, str]](), dict[tuple[int, str], Spend]()) for _ in scopes]
    for n, kind, channel, fate, taken, count, segments, uncounted in rows:
        at, span = spans[n]
        reminders, spent = found[at]
        if kind == Kind.REMINDER:
            reminders[channel, fate] += count
        if taken:
            more = Spend(span, kind, count, segments, uncounted)
            spent[n, kind] = spent[n, kind] + more if (n, kind) in spent else more
    return [Traffic(reminders, tuple(spent.values())) for reminders, spent in found]


def _spans(spans: Sequence[Priced]) -> dict[str, Any]:
    return {
        "n": list(range(len(spans))),
        "span_sites": [span.site_id for span in spans],
        "opens": [span.opens for span in spans],
        "closes": [span.closes for span in spans],
        "from": min((span.opens for span in spans), default=None),
        "until": max((span.closes for span in spans), default=None),
    }


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message, for a list; whose it is stands on the visit's page."""

    id: int
    visit_id: int | None
    at: datetime
    site_id: int
    site: str
    kind: str
    channel: str
    fate: str
    segments: int | None
    price: Decimal | None
    currency: str

    @property
    def cost(self) -> Decimal | None:
        """Segments times price; None where one of them is not known."""
        if self.price is None or self.segments is None:
            return None
        return self.segments * self.price


_LISTED = f"""
SELECT m.found, m.n, m.id, m.appointment_id, {_WHEN}, m.site_id, s.name, m.kind, m.channel, {_FATE},
  m.segments
FROM (
  SELECT m.*, span.n, count(*) OVER () AS found {_WITHIN} AND {{which}}
  ORDER BY {_WHEN}, m.id OFFSET %(skip)s LIMIT %(most)s
) m JOIN scheduling_site s ON s.id = m.site_id
ORDER BY 5, m.id
"""  # noqa: S608 - made of constants

_REMINDER = f"""m.kind = 'reminder'
  AND (%(channel)s = '' OR m.channel = %(channel)s) AND (%(fate)s = '' OR {_FATE} = %(fate)s)"""
_TEXT = f"{_TAKEN} AND (%(kind)s = '' OR m.kind = %(kind)s)"


def reminder_rows(
    scope: Scope, *, channel: str = "", fate: str = "", page: Page | None = None
) -> tuple[int, list[MessageRow]]:
    """List the reminders behind a count, by time: how many, and those of the page."""
    return _rows(_REMINDER, priced(scope), page, channel=channel, fate=fate)


def text_rows(
    scope: Scope,
    *,
    site: int | None = None,
    since: date | None = None,
    kind: str = "",
    page: Page | None = None,
) -> tuple[int, list[MessageRow]]:
    """List the texts behind the spend, by time; `since` is where one price of a site began."""
    spans = [
        span for span in priced(scope)
        if site in (None, span.site_id) and since in (None, span.first)
    ]  # fmt: skip
    return _rows(_TEXT, spans, page, kind=kind)


def _rows(
    which: str, spans: Sequence[Priced], page: Page | None, **filters: str
) -> tuple[int, list[MessageRow]]:
    page = page or Page()
    if not spans:
        return 0, []
    asking = _spans(spans) | filters | {"skip": page.skip, "most": page.most}
    rows = asked(_LISTED.format(which=which), asking)
    return rows[0][0] if rows else 0, [_message(row, spans[row[1]]) for row in rows]


def _message(row: Sequence[Any], span: Priced) -> MessageRow:
    return MessageRow(*row[2:], price=span.price, currency=span.currency)  # type: ignore[misc]

"""What a manager looks at of messages: how reminders fared, and what texts cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from notifications.models import SmsPrice
from scheduling.core import hours
from scheduling.models import Site
from scheduling.reports import Page, Scope, asked, attendance
from scheduling.reports.periods import DAY
from scheduling.reports.scopes import AT

TOLD = ("no reminder", "tried, not certain to have arrived", "sent", "delivered")
"""How the best reminder of a visit fared, the index is its rank; `sent` is all that is known of
an e-mail, and of a text until the network reports."""

_SEEN = f"""
WITH seen AS (
  SELECT due.id, due.site_id, due.treatment_id, due.patient_id, due.start, due.local_date,
    due.local_time, due.outcome, due.lead,
    coalesce(max(CASE coalesce(t.state, m.state)
      WHEN 'delivered' THEN 3 WHEN 'accepted' THEN 2
      WHEN 'unknown' THEN 1 WHEN 'undelivered' THEN 1 WHEN 'rejected' THEN 1 WHEN 'dead' THEN 1
      ELSE 0 END), 0) AS told
  FROM ({attendance.SEEN}) due
  LEFT JOIN notifications_message m ON m.appointment_id = due.id AND m.kind = 'reminder'
  LEFT JOIN notifications_message t ON t.id = m.told_in_id
  GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
)
"""  # noqa: S608 - made of constants
"""One join and one grouping: a list of the best, joined again, was compared row by row."""

_ATTENDED = f"""{_SEEN}
SELECT treatment_id, lead, told, outcome, count(*) FROM seen GROUP BY 1, 2, 3, 4
"""  # noqa: S608

_ATTENDED_ROWS = _SEEN + attendance.LISTED


def attended(scope: Scope) -> attendance.Cells:
    """Count who came and who did not, also by how their reminder fared."""
    return attendance.counted(scope, _ATTENDED)


def attended_rows(
    scope: Scope, only: attendance.Only | None = None, page: Page | None = None
) -> list[attendance.Visit]:
    """List the visits behind a count of `attended`."""
    return attendance.visits(scope, only, page, _ATTENDED_ROWS)


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

_REMINDERS = f"""
FROM notifications_message m {AT.format(site="m.site_id", at=_WHEN)} WHERE m.kind = 'reminder'
"""


def reminders(scope: Scope) -> dict[tuple[str, str], int]:
    """Count reminders by channel and fate, by the day they left or were to leave."""
    rows = asked(f"SELECT m.channel, {_FATE}, count(*) {_REMINDERS} GROUP BY 1, 2", scope.params())
    return {(channel, fate): count for channel, fate, count in rows}


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


_LISTED = f"""
SELECT m.id, m.appointment_id, {_WHEN}, m.site_id, s.name, m.kind, m.channel, {_FATE}, m.segments
"""


def reminder_rows(
    scope: Scope, *, channel: str = "", fate: str = "", page: Page | None = None
) -> list[MessageRow]:
    """List the reminders behind a count, by time."""
    page = page or Page()
    rows = asked(
        f"""{_LISTED} FROM (SELECT m.* {_REMINDERS}) m
        JOIN scheduling_site s ON s.id = m.site_id
        WHERE (%(channel)s = '' OR m.channel = %(channel)s) AND (%(fate)s = '' OR {_FATE} = %(fate)s)
        ORDER BY 3, m.id OFFSET %(skip)s LIMIT %(most)s""",
        scope.params() | {"channel": channel, "fate": fate, "skip": page.skip, "most": page.most},
    )
    return [MessageRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Priced:
    """A stretch of one site's period in which one price held; None where none is known."""

    site_id: int
    site: str
    opens: datetime
    closes: datetime
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


_TEXTS = """
FROM notifications_message m
JOIN unnest(%(n)s::int[], %(span_sites)s::bigint[], %(opens)s::timestamptz[],
  %(closes)s::timestamptz[]) AS span (n, site_id, opens, closes)
  ON span.site_id = m.site_id AND m.sending_at >= span.opens AND m.sending_at < span.closes
WHERE m.channel = 'sms' AND m.state IN ('accepted', 'delivered', 'undelivered')
"""


def spend(scope: Scope) -> list[Spend]:
    """Count the texts that a provider took, by site, price and kind, by the day they left.

    Sign-in codes are not in the outbox and are not counted; nor are texts refused, or of unknown
    outcome.
    """
    spans = priced(scope)
    rows = asked(
        f"""SELECT span.n, m.kind, count(*), coalesce(sum(m.segments), 0),
        count(*) FILTER (WHERE m.segments IS NULL) {_TEXTS} GROUP BY 1, 2 ORDER BY 1, 2""",
        _spans(spans),
    )
    return [Spend(spans[n], kind, *counts) for n, kind, *counts in rows]


def _spans(spans: Sequence[Priced]) -> dict[str, Any]:
    return {
        "n": list(range(len(spans))),
        "span_sites": [span.site_id for span in spans],
        "opens": [span.opens for span in spans],
        "closes": [span.closes for span in spans],
    }


def text_rows(
    scope: Scope, *, site: int | None = None, kind: str = "", page: Page | None = None
) -> list[MessageRow]:
    """List the texts behind the spend, by time."""
    page = page or Page()
    spans = [span for span in priced(scope) if site in (None, span.site_id)]
    rows = asked(
        f"""{_LISTED} FROM (SELECT m.* {_TEXTS} AND (%(kind)s = '' OR m.kind = %(kind)s)) m
        JOIN scheduling_site s ON s.id = m.site_id
        ORDER BY 3, m.id OFFSET %(skip)s LIMIT %(most)s""",
        _spans(spans) | {"kind": kind, "skip": page.skip, "most": page.most},
    )
    return [MessageRow(*row) for row in rows]

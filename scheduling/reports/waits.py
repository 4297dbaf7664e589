"""The wait for the third next available appointment, measured once a morning at each site.

The third, because the first and the second are often left over by a cancellation (Institute for
Healthcare Improvement, “Third Next Available Appointment”). It is computed by the diary's own
search; a stored history keeps the page fast and says how the wait has changed.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling import catalogue, diary
from scheduling.catalogue import Ground, Offer, Place
from scheduling.core.timeline import instant
from scheduling.core.words import Wish
from scheduling.models import ThirdNext
from scheduling.reports.scopes import Page, Scope, asked

FROM_HOUR = 5
"""The local hour from which a site's morning is measured."""

REACHES = (14, 92)
"""Local days looked through, at first and then."""

THIRD = 3


def measure(*, now: datetime) -> int:
    """Measure every active treatment at each site where it is morning; answer how many.

    Once a local date: what was measured that day stands.
    """
    return _measured(now, FROM_HOUR)


def measure_early(*, now: datetime) -> int:
    """Measure whatever the hour, for a house that has just been furnished."""
    return _measured(now, 0)


def _measured(now: datetime, from_hour: int) -> int:
    with catalogue.steady() as ground:
        if ground.active_protocol is None:
            return 0
        return sum(
            _site(ground, site, now.astimezone(site.tz).date(), now)
            for site in ground.sites.values()
            if site.active and now.astimezone(site.tz).hour >= from_hour
        )


def _site(ground: Ground, site: Place, today: date, now: datetime) -> int:
    known = set(
        ThirdNext.objects.filter(site=site.id, measured_on=today).values_list(
            "treatment_id", flat=True
        )
    )
    rows = []
    for offer in ground.treatments.values():
        if offer.active and offer.id not in known and _given(ground, site, offer):
            third, reach = third_next(site=site, offer=offer, today=today, now=now)
            rows.append(
                ThirdNext(
                    site_id=site.id,
                    treatment_id=offer.id,
                    measured_on=today,
                    measured_at=now,
                    third_on=third,
                    days=None if third is None else (third - today).days,
                    reach_days=reach,
                )
            )
    ThirdNext.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _given(ground: Ground, site: Place, offer: Offer) -> bool:
    """Tell whether somebody at the site can give a treatment at all."""
    return bool(offer.needs) and all(
        any(ground.able(site.id, asked.kind, asked.skill) for asked in need) for need in offer.needs
    )


def third_next(*, site: Place, offer: Offer, today: date, now: datetime) -> tuple[date | None, int]:
    """Find the local date of the third free appointment, and how many days were looked through.

    Free starts are counted so that each begins when the one before would be over: three patients
    could be booked one after another. Nobody in particular asks, so no clinical rule speaks.
    """
    reach = 0
    for days in REACHES:
        reach = min(days, site.horizon_days)
        last = today + timedelta(days=reach)
        wish = Wish(site_id=site.id, treatment_id=offer.id)
        starts = diary.free_starts(wish=wish, first=today, last=last, now=now).quanta.tolist()
        third = third_of(starts, offer.minutes_default // 5)
        if third is not None:
            return instant(third).astimezone(site.tz).date(), reach
    return None, reach


def third_of(starts: list[int], length_q: int) -> int | None:
    """Take the third of starts (quanta, ascending) of which none begins before the last is over."""
    count, over = 0, None
    for start in starts:
        if over is None or start >= over:
            count, over = count + 1, start + length_q
            if count == THIRD:
                return start
    return None


@dataclass(frozen=True, slots=True)
class Wait:
    """The wait of one treatment at one site: the newest of a period, and its middle.

    Days are None where there was no third appointment within reach.
    """

    site_id: int
    site: str
    treatment_id: int
    treatment: str
    mornings: int
    measured_on: date
    days: int | None
    reach_days: int
    median: float | None


_SUMMED = """
SELECT n.site_id, s.name, n.treatment_id, t.name, count(*), max(n.measured_on),
  (array_agg(n.days ORDER BY n.measured_on DESC))[1],
  (array_agg(n.reach_days ORDER BY n.measured_on DESC))[1],
  percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(n.days, n.reach_days + 1))
FROM scheduling_thirdnext n
JOIN scheduling_site s ON s.id = n.site_id JOIN scheduling_treatment t ON t.id = n.treatment_id
WHERE n.site_id = ANY(%(sites)s) AND n.measured_on BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2, 3, 4 ORDER BY 2, 4, 3
"""


def waits(scope: Scope) -> list[Wait]:
    """Answer each treatment's wait; a morning without a third start counts as beyond its reach."""
    return [Wait(*row) for row in asked(_SUMMED, scope.params())]


_DAILY = """
SELECT n.measured_on, percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(n.days, n.reach_days + 1))
FROM scheduling_thirdnext n
WHERE n.site_id = ANY(%(sites)s) AND n.measured_on BETWEEN %(first)s AND %(last)s
GROUP BY 1 ORDER BY 1
"""


def daily(scope: Scope) -> list[tuple[date, float]]:
    """Answer the middle of all treatments' waits on each morning."""
    return [(day, float(middle)) for day, middle in asked(_DAILY, scope.params())]


@dataclass(frozen=True, slots=True)
class Morning:
    """One morning's measure, for a list."""

    measured_on: date
    measured_at: datetime
    site_id: int
    site: str
    treatment: str
    third_on: date | None
    days: int | None
    reach_days: int


_MORNINGS = """
SELECT n.found, n.measured_on, n.measured_at, n.site_id, n.site, n.treatment, n.third_on, n.days,
  n.reach_days
FROM (
  SELECT n.*, s.name AS site, t.name AS treatment, count(*) OVER () AS found
  FROM (
    SELECT n.*, max(n.measured_on) OVER (PARTITION BY n.site_id, n.treatment_id) AS newest_on
    FROM scheduling_thirdnext n
    WHERE n.site_id = ANY(%(sites)s) AND n.measured_on BETWEEN %(first)s AND %(last)s
  ) n
  JOIN scheduling_site s ON s.id = n.site_id JOIN scheduling_treatment t ON t.id = n.treatment_id
  WHERE (%(site)s::bigint IS NULL OR n.site_id = %(site)s::bigint)
    AND (%(treatment)s::bigint IS NULL OR n.treatment_id = %(treatment)s::bigint)
    AND (NOT %(newest)s OR n.measured_on = n.newest_on)
) n
ORDER BY n.measured_on DESC, n.site, n.treatment, n.id OFFSET %(skip)s LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """Which mornings: of one site, one treatment, or each treatment's newest; None is any."""

    site: int | None = None
    treatment: int | None = None
    newest: bool = False


def mornings(
    scope: Scope, only: Only | None = None, page: Page | None = None
) -> tuple[int, list[Morning]]:
    """List the mornings that were measured, the newest first: how many, and those of the page."""
    page, only = page or Page(), only or Only()
    asking = {
        "site": only.site, "treatment": only.treatment, "newest": only.newest,
        "skip": page.skip, "most": page.most,
    }  # fmt: skip
    rows = asked(_MORNINGS, scope.params() | asking)
    return rows[0][0] if rows else 0, [Morning(*row[1:]) for row in rows]

"""Hours that were added: the stretches that came free by them, noted for those who wait."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling import catalogue
from scheduling.catalogue import Ground
from scheduling.core import hours
from scheduling.core.timeline import Timeline, Window, ceil_q, instant, spans
from scheduling.models import Opening
from scheduling.waiting.openings import wanted_at

AHEAD = timedelta(days=28)
"""How far ahead added time is noted. A weekly evening goes on for ever; who waits wants it soon, and
reads of four of them."""


def hours_added(*, was: Ground, now: datetime) -> int:
    """Note what hours and absences leave free that they did not before; answer how many stretches.

    `was` is the catalogue before the change. Only at sites where anybody waits, from now on, and of
    a length that a visit could have; a stretch ends with its day.
    """
    wanted = wanted_at([site.id for site in was.sites.values() if site.active])
    if not wanted:
        return 0
    ground = catalogue.current()
    fresh = [
        Opening(site_id=site_id, start=instant(low), end=instant(high), created_at=now)
        for site_id in sorted(wanted)
        for low, high in _freed(was, ground, site_id, now)
    ]
    Opening.objects.bulk_create(fresh)
    return len(fresh)


def _freed(was: Ground, ground: Ground, site_id: int, now: datetime) -> Iterator[tuple[int, int]]:
    """Give the quanta in which somebody or something is there now, and was not before."""
    site = ground.site(site_id)
    today = now.astimezone(site.tz).date()
    window = hours.days_window(today, today + AHEAD, site.tz)
    freed: Timeline = 0
    before = was.lines(was.site(site_id), window).present
    for pk, line in ground.lines(site, window).present.items():
        if ground.resources[pk].active:
            freed |= line & ~before.get(pk, 0)
    freed &= window.between(ceil_q(now), window.q1)
    for low, high in spans(freed, window):
        yield from _by_day(low, high, site.tz, window, ground.shortest_q)


def _by_day(
    low: int, high: int, zone: ZoneInfo, window: Window, shortest_q: int
) -> Iterator[tuple[int, int]]:
    while low < high:
        ends = min(high, hours.day_bounds(hours.local_date(low, zone), zone)[1], window.q1)
        if ends - low >= shortest_q:
            yield low, ends
        low = ends

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from scheduling.models import Allocation, OpeningHours, Resource, Site
from scheduling.reports import Page, utilisation
from scheduling.reports.utilisation import PARTS, Only, Use
from tests import cast
from tests.scheduling.reports import ledger
from tests.scheduling.reports.ledger import Ledger

pytestmark = pytest.mark.django_db
FIVE = timedelta(minutes=5)


def by_hand(book: Ledger, resource: Resource) -> Use:
    """Walk through the two weeks five minutes at a time, on each site's clock."""
    use = Use()
    for site in (book.clinic.site, book.other):
        zone = ZoneInfo(site.zone)
        held = list(
            Allocation.objects.filter(
                resource=resource, active=True, appointment__site=site
            ).select_related("appointment")
        )
        if resource.site_id not in (None, site.pk):
            continue
        q = (
            int(datetime.combine(ledger.SPRING.first - timedelta(days=1), time(), UTC).timestamp())
            // 300
        )
        for each in range(q, q + 288 * 17):
            local = datetime.fromtimestamp(each * 300, UTC).astimezone(zone)
            if ledger.SPRING.first <= local.date() <= ledger.SPRING.last:
                _count(use, each, local, is_open(resource, site, local), held)
    return use


def _count(use: Use, q: int, local: datetime, opened: int, held: list[Allocation]) -> None:
    hour = local.weekday() * 24 + local.hour
    hold = next((h for h in held if h.start_q <= q < h.end_q), None)
    use.open[hour] += 5 * opened
    if hold is not None:
        visit = hold.appointment.start_q <= q < hold.appointment.end_q
        line = use.outside if not opened else use.visit if visit else use.hold
        line[hour] += 5


def is_open(resource: Resource, site: Site, local: datetime) -> bool:
    moment = local.astimezone(UTC)
    if resource.name == "Dr Amara Lind" and AWAY[0] - FIVE < moment < AWAY[1]:
        return False
    if local.date().isoformat() in CLOSED and site.country == "GB":
        return False
    return _within(site, None, local) and (
        resource.follows_site_hours or _within(site, resource, local)
    )


AWAY = (cast.at(date(2027, 3, 29), 9), cast.at(date(2027, 3, 29), 13, 7))
CLOSED = {"2027-03-26", "2027-03-29"}
"""Good Friday and Easter Monday in England."""


def _within(site: Site, resource: Resource | None, local: datetime) -> bool:
    key = (site.pk, resource.pk if resource else None)
    if key not in _hours:
        rows = OpeningHours.objects.filter(site=site, resource=resource)
        _hours[key] = {(r.weekday, r.opens, r.closes) for r in rows}
    return any(w == local.weekday() and o <= local.time() < c for w, o, c in _hours[key])


_hours: dict[tuple[int, int | None], set[tuple[int, time, time]]] = {}


@pytest.mark.parametrize("seed", [0])
def test_minutes_are_those_of_walking_through_the_weeks(seed: int) -> None:
    book = ledger.written(seed, 120)
    _hours.clear()
    for kind in ("practitioner", "room", "device"):
        found = utilisation.measured(book.scope, kind=kind)
        mine = [r for r in book.resources if r.kind == kind]
        assert set(found) == {r.pk for r in mine}
        for resource in mine:
            wanted = by_hand(book, resource)
            for part in ("open", "visit", "hold", "outside"):
                assert getattr(found[resource.pk], part).tolist() == getattr(wanted, part).tolist(), (
                    resource, part,
                )  # fmt: skip


@pytest.mark.parametrize("seed", [1])
def test_rows_add_up_to_the_minutes(seed: int) -> None:
    book = ledger.written(seed, 120)
    for kind in ("practitioner", "room"):
        total = sum(utilisation.measured(book.scope, kind=kind).values(), Use())
        found = utilisation.holds(book.scope, kind=kind)
        rows = found.rows
        sums = [sum(getattr(row, part) for row in rows) for part in ("visit", "hold", "outside")]
        assert sums == [total.visit.sum(), total.hold.sum(), total.outside.sum()]
        assert utilisation.holds(book.scope, kind=kind, page=Page(1, 2)) == replace(
            found, rows=rows[1:3]
        )
        assert [found.minutes[part] for part in PARTS] == sums
        for part in PARTS:
            some = utilisation.holds(book.scope, kind=kind, only=Only(part=part))
            assert some.minutes[part] == found.minutes[part]
            assert some.rows == [row for row in rows if getattr(row, part)]
        busiest = int(np.argmax(total.visit + total.hold))
        rows = utilisation.holds(book.scope, kind=kind, only=Only(hour=busiest)).rows
        assert sum(row.visit for row in rows) == total.visit[busiest]
        assert sum(row.hold for row in rows) == total.hold[busiest]


def test_one_resource_is_measured_alone() -> None:
    book = ledger.written(3, 120)
    every = utilisation.measured(book.scope, kind="practitioner")
    one = utilisation.measured(book.scope, kind="practitioner", resource=book.clinic.nurse.pk)
    assert set(one) == {book.clinic.nurse.pk}
    assert one[book.clinic.nurse.pk].visit.tolist() == every[book.clinic.nurse.pk].visit.tolist()


def test_the_hour_that_the_clocks_skip_is_never_open() -> None:
    book = ledger.written(3, 0)
    site = book.clinic.site
    OpeningHours.objects.create(site=site, weekday=6, opens=time(0), closes=time(4))
    room = utilisation.measured(book.scope, kind="room")[book.clinic.room.pk]
    sunday = room.open[6 * 24 : 6 * 24 + 4].tolist()
    assert sunday == [120, 60, 120, 120]  # two Sundays, of which one has no 01:00

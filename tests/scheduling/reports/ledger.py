"""A diary full of generated visits, and its rows as Python sees them."""

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.models import Absence, Allocation, Appointment, Resource, Site
from scheduling.reports import Kind, Period, Scope
from tests import cast

SPRING = Period(Kind.CUSTOM, date(2027, 3, 22), date(2027, 4, 4))
"""Two weeks around the night on which London's clocks go forward (28 March 2027)."""

STATUSES = ("booked", "fulfilled", "fulfilled", "arrived", "checked-in", "noshow", "cancelled")
ACTIVE = {"booked", "fulfilled", "arrived", "checked-in"}


@dataclass
class Ledger:
    """A clinic in London, one in New York, and the visits written there."""

    clinic: cast.Clinic
    other: Site
    visits: list[Appointment] = field(default_factory=list)

    @property
    def scope(self) -> Scope:
        """Both sites over the two weeks."""
        return self.over(SPRING)

    def over(self, period: Period) -> Scope:
        return Scope(period, {site.pk: site.zone for site in (self.clinic.site, self.other)})

    @property
    def resources(self) -> list[Resource]:
        return [self.clinic.doctor, self.clinic.nurse, self.clinic.room, self.clinic.laser]


def written(seed: int, count: int = 60) -> Ledger:
    """Write visits at random; what they hold never overlaps, as the diary would have it."""
    dice = random.Random(seed)  # noqa: S311 - dice of a test
    clinic = cast.build()
    other = cast.site_named("Fifth Avenue", zone="America/New_York", country="US", subdivision="")
    cast.open_weekly(other, clinic.nurse, time(10), time(16))
    Absence.objects.create(
        resource=clinic.doctor,
        cause="sick",
        start=cast.at(date(2027, 3, 29), 9),
        end=cast.at(date(2027, 3, 29), 13, 7),
    )
    ledger = Ledger(clinic, other)
    taken: dict[int, list[tuple[int, int]]] = {}
    for _ in range(count):
        _write(ledger, dice, taken)
    return ledger


def _write(ledger: Ledger, dice: random.Random, taken: dict[int, list[tuple[int, int]]]) -> None:
    site = dice.choice([ledger.clinic.site, ledger.clinic.site, ledger.other])
    first = SPRING.first - timedelta(days=3)
    q = int(datetime.combine(first, time(), UTC).timestamp()) // 300 + dice.randrange(20 * 288)
    end = q + dice.choice([3, 9, 15])
    status = dice.choice(STATUSES)
    holds = []
    for resource in dice.sample(ledger.resources, 2):
        span = (q - dice.choice([0, 12]), end + dice.choice([0, 2, -2]))
        if resource.kind == "practitioner" or resource.site_id == site.pk:
            holds.append((resource, span))
    free = all(not (s < b and a < e) for r, (s, e) in holds for a, b in taken.setdefault(r.pk, []))
    if status in ACTIVE and free:
        for resource, span in holds:
            taken[resource.pk].append(span)
    elif status in ACTIVE:
        status = "noshow"
    visit = row_of(ledger, dice, site, (q, end), status)
    ledger.visits.append(visit)
    Allocation.objects.bulk_create(
        Allocation(appointment=visit, resource=r, start_q=s, end_q=e, active=status in ACTIVE)
        for r, (s, e) in holds
    )


def row_of(
    ledger: Ledger, dice: random.Random, site: Site, span: tuple[int, int], status: str
) -> Appointment:
    start, end = (datetime.fromtimestamp(q * 300, UTC) for q in span)
    local = start.astimezone(ZoneInfo(site.zone))
    treatment = dice.choice([ledger.clinic.review, ledger.clinic.filler, ledger.clinic.resurfacing])
    cancelled = status == "cancelled"
    return Appointment.objects.create(
        patient=cast.patient(f"P{len(ledger.visits)}", "Pine"),
        site=site,
        treatment=treatment,
        procedure=treatment.procedure,
        start=start,
        end=end,
        start_q=span[0],
        end_q=span[1],
        local_date=local.date(),
        local_time=local.time(),
        zone=site.zone,
        status=status,
        created_at=start - timedelta(hours=dice.choice([1, 23, 24, 100, 168, 400, 700, 2000])),
        cancelled_at=start - timedelta(hours=dice.choice([-1, 2, 23, 24, 25, 90]))
        if cancelled
        else None,
        cancel_reason=dice.choice(["", "ill", "hold expired"]) if cancelled else "",
    )

"""Several visits of one patient, told in one change, for tests of the message about them."""

import re
from datetime import datetime, timedelta
from typing import Any

from notifications import outbox
from notifications.providers import Outgoing
from scheduling import links
from scheduling.models import Appointment
from tests.notifications import stage
from tests.notifications.stage import DAYS_14, NOW, Carrier, House

WEEKS_4 = timedelta(weeks=4)
DAY = timedelta(days=1)


def course(at: House, count: int = 3, **facts: Any) -> list[Appointment]:
    """Write so many visits, four weeks apart, without their messages."""
    return [stage.visit(at, DAYS_14 + n * WEEKS_4, **facts) for n in range(count)]


def tell(visits: list[Appointment], verb: str = "arrange", now: datetime = NOW) -> None:
    outbox.enqueue(appointments=visits, verb=verb, now=now)


def booked(at: House, count: int = 3) -> list[Appointment]:
    visits = course(at, count)
    tell(visits, "book")
    return visits


def shift(visit: Appointment, by: timedelta = DAY) -> Appointment:
    """Move a visit as a verb does, its news not yet told."""
    visit.told_version += 1
    visit.start, visit.end = visit.start + by, visit.end + by
    visit.save()
    return visit


def cancel(visit: Appointment) -> Appointment:
    visit.told_version += 1
    visit.status = "cancelled"
    visit.save()
    return visit


def sent(now: datetime = NOW) -> dict[str, Outgoing]:
    """Sweep, and answer what left by each channel: one at most."""
    carrier = Carrier()
    stage.sweep(carrier, now)
    found = {str(x.channel): x for x in carrier.sent}
    assert len(found) == len(carrier.sent)
    return found


def dates(outgoing: Outgoing) -> list[str]:
    """Read the list of visits as a patient does."""
    return re.findall(r"^\d+\. (.+)$", outgoing.text, re.MULTILINE)


def opened(outgoing: Outgoing) -> int:
    """Follow the link of a message to the visit that it opens."""
    (token,) = re.findall(r"/v/(?!stop/)([\w-]+)/", outgoing.text)
    visit = links.redeem(token=token, now=NOW).appointment
    assert visit is not None
    return int(visit.pk)

"""Visits and providers for tests of the outbox."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

from notifications import outbox
from notifications.core.policy import Channel, Policy
from notifications.desks import Desk
from notifications.models import Message
from notifications.providers import (
    CannotTell,
    Outgoing,
    Permit,
    Provider,
    ProviderId,
    Trace,
    Withheld,
    at_once,
)
from scheduling.models import Appointment, Patient, Site, Treatment
from tests import cast

NOW = cast.NOW
"""Monday 4 January 2027, 08:00 in London: the telephones may just sound."""

DAYS_14 = datetime(2027, 1, 18, 14, tzinfo=UTC)


@dataclass(frozen=True)
class House:
    """A site and a patient who can be reached both ways."""

    site: Site
    treatment: Treatment
    patient: Patient


def house(**facts: Any) -> House:
    """Build as little as a message needs."""
    site = Site.objects.create(
        name="Harley House",
        zone="Europe/London",
        country="GB",
        address="12 Harley Street\nLondon W1G 9QD",
        phone="+442079460000",
        email="desk@harley.example",
    )
    treatment = Treatment.objects.create(
        name="Laser resurfacing",
        procedure="fractional_ablative",
        minutes_least=30,
        minutes_default=45,
        minutes_most=45,
    )
    return House(site, treatment, cast.patient("Ada", "Pine", **facts))


def visit(at: House, start: datetime = DAYS_14, **facts: Any) -> Appointment:
    """Write a booked visit of 45 minutes with an hour of preparation, without the verbs."""
    local = start.astimezone(ZoneInfo(at.site.zone))
    q = int(start.timestamp()) // 300
    said = {
        "patient": at.patient,
        "site": at.site,
        "treatment": at.treatment,
        "procedure": at.treatment.procedure,
        "areas": ["face"],
        "start": start,
        "end": start + timedelta(minutes=45),
        "start_q": q,
        "end_q": q + 9,
        "local_date": local.date(),
        "local_time": local.time(),
        "zone": at.site.zone,
        "prep_minutes": 60,
        "created_at": NOW,
    }
    return Appointment.objects.create(**(said | facts))


def booked(at: House, start: datetime = DAYS_14, **facts: Any) -> Appointment:
    """Write a visit and its messages."""
    made = visit(at, start, **facts)
    outbox.enqueue(appointments=[made], verb="book", now=NOW)
    return made


def change(appointment: Appointment, verb: str, *, now: datetime = NOW, **facts: Any) -> None:
    """Change a visit so that the patient must be told, and tell."""
    appointment.told_version += 1
    for name, value in facts.items():
        setattr(appointment, name, value)
    appointment.save()
    outbox.enqueue(appointments=[appointment], verb=verb, now=now)


@dataclass
class Carrier:
    """A provider that keeps what it was handed, and fails as told: an error per send, in order."""

    name: str = "fake"
    sent: list[Outgoing] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)
    during: Callable[[Outgoing], None] = lambda _: None
    knows: dict[str, ProviderId] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        if not permit():
            raise Withheld
        self.during(outgoing)
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        self.sent.append(outgoing)
        return ProviderId(f"fake-{len(self.sent)}", "taken")

    def prepare(self, outgoing: Outgoing) -> None:
        pass

    def foretold(self, outgoing: Outgoing) -> str:
        return f"fake-{len(self.sent) + 1}"

    def find(self, trace: Trace) -> ProviderId | None:
        if self.knows is None:
            raise CannotTell
        return self.knows.get(trace.ref)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def desk(carrier: Provider, clock: Clock, policy: Policy | None = None) -> Desk:
    """Set up a round with one carrier for both channels and no jitter."""

    def carry(_: Channel, /) -> Provider:
        return carrier

    return Desk(clock=clock, policy=policy or Policy(), carriers=carry, draw=lambda: 1.0)


def sweep(carrier: Provider, now: datetime = NOW) -> int:
    """Sweep once at a moment."""
    clock = Clock(now)
    return outbox.sweep(clock=clock, using=desk(carrier, clock))


def states(appointment: Appointment) -> dict[str, str]:
    """List the visit's messages by what they are, e.g. ``0:reminder:48h:sms``."""
    rows = Message.objects.filter(appointment=appointment).order_by("due_at", "pk")
    return {row.dedupe_key.partition(":")[2]: row.drop_reason or row.state for row in rows}

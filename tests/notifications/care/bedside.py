"""Visits that are booked and done through the clinic's one door, and what was written about them."""

import re
from datetime import datetime, time, timedelta
from typing import Any

from notifications import carenotes
from notifications.models import CareNote, Message
from notifications.providers import Outgoing
from scheduling import booking
from scheduling.core.words import Actor
from scheduling.models import Appointment, Record, Todo
from tests import cast
from tests.notifications import stage
from tests.notifications.stage import Carrier

DESK = Actor(name="Desk")
OUT_OF_HOURS = "+442079460999"
ON_CALL = "+447700900999"
DAY = timedelta(days=1)


SHIPPED = (
    "code", "name", "day", "until", "channel", "procedures", "areas", "depth", "record",
    "fitzpatrick_least", "source", "sureness",
)  # fmt: skip


def ship() -> None:
    """Write the shipped lines again, as the migration that brings the care timeline writes them."""
    there = set(CareNote.objects.values_list("code", flat=True))
    CareNote.objects.bulk_create(
        CareNote(
            **{name: line[name] for name in SHIPPED},
            at=time.fromisoformat(line["at"]),
            asks=line["check"],
        )
        for line in carenotes.shipped()["notes"]
        if line["code"] not in there
    )


def clinic(**facts: Any) -> cast.Clinic:
    """Build the clinic, with a number for the night and somebody on call."""
    ship()  # a test that commits empties the tables behind it
    phones = {"out_of_hours_phone": OUT_OF_HOURS, "on_call_phone": ON_CALL}
    return cast.build(**{**phones, **facts})


def booked(at: cast.Clinic, days: int = 35, hour: int = 11, **facts: Any) -> Appointment:
    """Book a visit of the cast's patient so many days from today."""
    start = cast.at(cast.day(days), hour)
    wish = at.wish(**facts)
    return booking.book(wish=wish, start=start, by=DESK, now=cast.NOW).appointment


def complete(visit: Appointment, now: datetime | None = None, **more: Any) -> Appointment:
    """Check a visit in and complete it, at its end unless another moment is named."""
    at = now or visit.end
    Record.objects.get_or_create(
        patient=visit.patient, kind="consent", start=cast.NOW, end=cast.NOW, zone=visit.zone
    )
    booking.check_in(appointment_id=visit.pk, version=None, by=DESK, now=visit.start)
    return booking.complete(appointment_id=visit.pk, version=None, by=DESK, now=at, **more)


def done(at: cast.Clinic, days: int = 1, **facts: Any) -> Appointment:
    """Book a visit and complete it at its end."""
    return complete(booked(at, days, **facts))


def written(visit: Appointment, *kinds: str) -> dict[str, str]:
    """List the timeline's rows by version, kind, day and channel: how each stands."""
    rows = Message.objects.filter(appointment=visit, kind__in=kinds or ("care", "aftercare"))
    return {
        row.dedupe_key.partition(":")[2]: row.drop_reason or row.state
        for row in rows.order_by("due_at", "pk")
    }


def due(visit: Appointment, offset: str) -> datetime:
    """Say when a day's message falls due."""
    return Message.objects.filter(appointment=visit, offset=offset).latest("pk").due_at


def sent(now: datetime) -> list[Outgoing]:
    """Sweep at a moment, and answer what left."""
    carrier = Carrier()
    stage.sweep(carrier, now)
    return carrier.sent


def token_in(text: str) -> str:
    """Find the token of the care link in a message."""
    (token,) = re.findall(r"/c/([\w-]+)/", text)
    return str(token)


def tasks(kind: str) -> list[Todo]:
    return list(Todo.objects.filter(kind=kind).order_by("pk"))

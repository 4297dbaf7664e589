"""What must hold after every fault; each answers what breaks it, so that a control can show it red."""

from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from notifications import outbox
from notifications.core.quiet import country_of
from notifications.core.states import OPEN, State
from notifications.models import Message
from scheduling.models import Todo
from tests.faults.stub import Taken, Truth

CLOSED = {s.value for s in State} - {s.value for s in OPEN}
ARRIVED = {"accepted", "delivered", "undelivered"}
PERHAPS = {"dead"}
"""States of a message that the provider may have: the ones of unknown outcome that nobody found."""


def rows_of(truth: Truth) -> list[tuple[Taken, Message]]:
    found = {m.ref: m for m in Message.objects.select_related("appointment", "patient")}
    return [(t, found[UUID(t.ref)]) for t in truth.taken]


def sent_twice(truth: Truth) -> list[object]:
    """At most one accepted for each appointment, kind, offset, channel and version."""
    same = Counter(
        (m.appointment_id, m.kind, m.offset, m.channel, m.told_version) for _, m in rows_of(truth)
    )
    return [key for key, times in same.items() if times > 1]


def unaccounted(truth: Truth, horizon: datetime, due: int) -> list[object]:
    """All that was due has an end; what is accepted is there, and what is not sent is a task.

    `due` is how many messages the test wrote that were due; retries and second ways come on top.
    """
    at_stub = {UUID(t.ref) for t in truth.taken}
    rows = list(Message.objects.filter(due_at__lte=horizon))
    first = [m for m in rows if m.instead_of_id is None]
    wrong: list[object] = [(m.pk, "still", m.state) for m in rows if m.state not in CLOSED]
    wrong += [] if len(first) == due else [("due", due, "found", len(first))]
    wrong += [
        (m.pk, "never arrived") for m in rows if m.state in ARRIVED - {m.ref in at_stub and m.state}
    ]
    wrong += [
        (m.pk, "arrived, but is", m.state)
        for m in rows
        if m.ref in at_stub and m.state not in ARRIVED | PERHAPS
    ]
    return wrong + _unheard(rows, at_stub)


def _unheard(rows: list[Message], at_stub: set[UUID]) -> list[object]:
    """Find those who were told nothing, and nobody was asked to phone them."""
    asked = set(Todo.objects.values_list("appointment_id", flat=True))
    told = {m.appointment_id for m in rows if m.state in ARRIVED and m.ref in at_stub}
    failed = [m for m in rows if m.state in {"rejected", "dead"} and m.ref not in at_stub]
    return [
        (m.pk, "failed, and nobody knows") for m in failed if m.appointment_id not in asked | told
    ]


def at_night(truth: Truth) -> list[object]:
    """No text between 20:00 and 08:00 where its reader is."""
    return [
        (m.pk, local.isoformat())
        for t, m in rows_of(truth)
        if m.channel == "sms"
        and not 8
        <= (local := t.at.astimezone(ZoneInfo(m.patient.zone or m.appointment.zone))).hour
        < 20
    ]


def over_cap(truth: Truth) -> list[object]:
    """No telephone gets more in a day, or in any seven, than its reader's country allows."""
    gone: dict[tuple[str, str], list[tuple[date, str]]] = {}
    for t, m in _found(truth):
        if m.channel == "sms":
            zone = m.patient.zone or m.appointment.zone
            day = t.at.astimezone(ZoneInfo(zone)).date()
            gone.setdefault((t.to, zone), []).append((day, m.kind))
    return [over for (to, zone), each in gone.items() for over in _over(to, zone, each)]


def _over(to: str, zone: str, each: list[tuple[date, str]]) -> list[object]:
    habit = outbox.quiet_hours("").of("sms", country_of(zone) or "")
    wrong: list[object] = []
    for n, (last, kind) in enumerate(each, start=1):
        cap = habit.cap(kind)
        upto = [day for day, _ in each[:n]]
        week = sum(last - timedelta(days=6) <= day <= last for day in upto)
        if cap and (upto.count(last) > (cap.day or week) or week > (cap.week or week)):
            wrong.append((to, last.isoformat(), kind))
    return wrong


def _found(truth: Truth) -> list[tuple[Taken, Message]]:
    """Pair what arrived with its row; a control may have deleted rows."""
    found = {m.ref: m for m in Message.objects.select_related("appointment", "patient")}
    return [(t, found[UUID(t.ref)]) for t in truth.taken if UUID(t.ref) in found]


def leaked(text: str, canaries: set[str]) -> list[object]:
    """No clinical word, no name, no address and no token in a log."""
    return [word for word in canaries if word in text]

"""Reminders: the outbox's own sweep in two processes, against SMTP without a database.

The sink is one process; the floor sends the very same e-mails to it, one connection for every
hundred, as the sweep does. A sender is then killed in the middle of its work, and what became of
every message is counted.
"""

import os
import signal
import statistics
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes
from multiprocessing.process import BaseProcess

from benchmarks import floors, servers, workload
from benchmarks.report import Report
from benchmarks.sink import Sink
from benchmarks.stations import FORK, Station, in_turns, timed, trips
from benchmarks.workload import NOW

SENDERS = 2
IDLE_ROWS = 100_000


def fill(count: int, due_at: datetime) -> None:
    """Write reminders of the visits of W, and nothing else, into the outbox."""
    from django.db import connection

    from notifications.models import Attempt, Message
    from scheduling.models import Appointment

    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {Message._meta.db_table}, {Attempt._meta.db_table} CASCADE")
    visits = list(
        Appointment.objects.order_by("pk").values_list(
            "pk", "patient_id", "site_id", "patient__email"
        )
    )
    facts = {
        "kind": "reminder", "channel": "email", "offset": "7d", "told_version": 0,
        "due_at": due_at, "first_due_at": due_at,
        "not_after": NOW + timedelta(days=1), "state": "pending", "drop_reason": "", "attempts": 0,
        "text_hash": b"", "provider": "", "provider_id": "", "created_at": NOW,
    }  # fmt: skip
    rows = (
        {"ref": uuid.UUID(int=n + 1), "appointment_id": visit, "patient_id": patient,
         "site_id": site, "recipient": address, "dedupe_key": f"W {n}"}
        for n in range(count)
        for visit, patient, site, address in [visits[n % len(visits)]]
    )  # fmt: skip
    workload.copy_rows(Message, facts, rows)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {Message._meta.db_table}")


def clock() -> datetime:
    """Tell the time of W, which goes on as time does."""
    return NOW + timedelta(seconds=time.monotonic() % 3600)


def _sweeper(database: str, port: int) -> None:
    servers.use(database)
    _post_to(port)
    from notifications import outbox

    while outbox.sweep(clock=clock):
        pass


def _post_to(port: int) -> None:
    """Point Django's mail at the sink."""
    from django.conf import settings

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


def _posters(port: int, letters: Sequence[bytes]) -> None:
    from notifications.rounds import BATCH

    for at in range(0, len(letters), BATCH):
        floors.deliver(port, letters[at : at + BATCH])


def _together(works: Sequence[Callable[[], BaseProcess]]) -> float:
    """Start processes at once and take the seconds until the last one ends."""
    from django.db import connections

    connections.close_all()
    began = time.perf_counter()
    running = [work() for work in works]
    for process in running:
        process.join()
    return time.perf_counter() - began


def _process(target: Callable[..., None], *args: object) -> BaseProcess:
    process = FORK.Process(target=target, args=args, daemon=True)
    process.start()
    return process


def swept(database: str, sink: Sink, count: int) -> tuple[float, list[bytes]]:
    """Send `count` reminders through the sweep; give messages a second, and the messages."""
    servers.use(database)
    fill(count, clock() - timedelta(minutes=1))
    seconds = _together([lambda: _process(_sweeper, database, sink.port)] * SENDERS)
    taken = sink.take()
    return len(taken) / seconds, taken


def posted(sink: Sink, letters: Sequence[bytes]) -> float:
    """Send the same letters without a database; give messages a second."""
    share = -(-len(letters) // SENDERS)
    seconds = _together(
        [
            lambda part=letters[n * share : (n + 1) * share]: _process(_posters, sink.port, part)  # type: ignore[misc]
            for n in range(SENDERS)
        ]
    )
    return len(sink.take()) / seconds


def killed(database: str, sink: Sink, count: int) -> dict[str, int]:
    """Kill one of two senders at work; count what is unknown, what came twice, what is lost."""
    from django.db import connection

    from notifications import outbox
    from notifications.models import Message

    servers.use(database)
    fill(count, clock() - timedelta(minutes=1))
    connection.close()
    victim, other = (_process(_sweeper, database, sink.port) for _ in range(SENDERS))
    time.sleep(0.4)
    os.kill(victim.pid or 0, signal.SIGKILL)
    victim.join()
    other.join()
    _post_to(sink.port)
    with connection.cursor() as cursor:  # as if the dead sender's lease had run out
        cursor.execute(
            "UPDATE notifications_message SET leased_until = now() - interval '1 second' "
            "WHERE state IN ('claimed', 'sending')"
        )
    while outbox.sweep(clock=clock) or Message.objects.filter(state="pending").exists():
        pass
    ids = [message_from_bytes(raw)["Message-ID"] for raw in sink.take()]
    unknown = Message.objects.filter(state="unknown").count()
    accepted = Message.objects.filter(state="accepted").count()
    connection.close()
    return {
        "unknown": unknown,
        "twice": len(ids) - len(set(ids)),
        "lost": count - accepted - unknown,
    }


def idle(rows: int) -> tuple[int, float, float]:
    """Sweep with nothing due among many waiting; give round trips, milliseconds, and a ping's."""
    from notifications import outbox

    fill(rows, NOW + timedelta(days=1))
    sweep = lambda: outbox.sweep(clock=clock)  # noqa: E731
    sweep()
    took, ping = in_turns(25, lambda: timed(sweep), lambda: timed(floors.ping))
    return trips(sweep), took, ping


def measure(report: Report, database: str, *, smoke: bool) -> None:
    """Measure delivery in turns with its floor, the killed sender, and the idle sweep."""
    count, rounds, kills, waiting = (60, 1, 1, 1_000) if smoke else (2_000, 5, 5, IDLE_ROWS)
    copy = servers.create("reminders", template=database)
    sink = Sink()
    try:
        _, letters = swept(copy, sink, min(count, 200))
        alike = (letters * count)[:count]
        rates, plain = [], []
        for _ in range(rounds):
            rates.append(swept(copy, sink, count)[0])
            plain.append(posted(sink, alike))
        deaths = [killed(copy, sink, count) for _ in range(kills)]
        with Station.at(copy) as station:
            round_trips, took, ping = station.ask(idle, waiting)
    finally:
        sink.close()
    _tell(report, statistics.median(rates), statistics.median(plain), (count, len(letters[0])))
    _tell_deaths(report, deaths)
    report.say(
        f"Idle sweep over {waiting:,} waiting rows: {round_trips} round trips, {took:.2f} ms "
        f"({took / ping:.1f} x one round trip).",
    )
    report.at_most("reminders: idle sweep, round trips", round_trips, 3)


def _tell(report: Report, ours: float, floor: float, what: tuple[int, int]) -> None:
    count, size = what
    report.section(
        "Reminders", f"{SENDERS} senders, {count} e-mails of {size} bytes; medians, in turns."
    )
    report.table(
        ("what", "messages/s", "of floor"),
        [("floor: the same SMTP, no database", floor, 1.0), ("the sweep", ours, ours / floor)],
    )
    report.at_least("reminders: delivery, of the floor's", ours / floor, 0.55)


def _tell_deaths(report: Report, deaths: list[dict[str, int]]) -> None:
    unknown = max(death["unknown"] for death in deaths)
    wrong = sum(death["twice"] + death["lost"] for death in deaths)
    report.say(
        "",
        f"Senders killed: {len(deaths)}; unknown outcomes at most {unknown} each, "
        f"sent twice or lost {wrong}.",
    )
    report.at_most("reminders: unknown outcomes per killed sender", unknown, 1)
    report.at_most("reminders: sent twice or lost", wrong, 0)

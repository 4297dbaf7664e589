"""Booking under contention: 32 processes, three allocations each, all rules on.

Each round runs on W. "different times": every client books its own free places, which share
practitioners, rooms and devices with the others' (the clients wait for locks and never for a
place). "hot": all clients want two practitioners, rooms and devices at overlapping times, so most
asks end in a refusal, which names the earliest start that works. The floor writes the rows of the
first case through Django, by the same processes, on a copy without the exclusion constraints.
"""

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from multiprocessing.connection import Connection
from typing import TypeAlias

from benchmarks import floors, servers, workload
from benchmarks.report import Report
from benchmarks.stations import FORK, percentile
from benchmarks.workload import NOW, Clinic

CLIENTS = 32
LENGTH_Q = 9


@dataclass(frozen=True, slots=True)
class Errand:
    """One booking to be made: a patient, a start in quanta, and the three resources or none."""

    patient: int
    start_q: int
    held: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Round:
    """What the clients of one round found."""

    seconds: float
    outcomes: Counter[str]
    took: list[float]
    """Milliseconds of every ask, booked or refused."""

    @property
    def rate(self) -> float:
        """Bookings a second."""
        return self.outcomes["booked"] / self.seconds


Work: TypeAlias = Callable[[Errand], None]


def free_places() -> list[tuple[int, int, int, int]]:
    """List (start, practitioner, room, device) that are free in W and do not touch each other."""
    dice = random.Random(3)
    taken: dict[tuple[str, int], int] = {}
    origin = workload.midnight_q(workload.FIRST)
    for visit in workload.visits():
        span = ((1 << (visit.end_q - visit.start_q)) - 1) << (visit.start_q - origin)
        for key in (("p", visit.practitioner), ("r", visit.room), ("d", visit.device)):
            taken[key] = taken.get(key, 0) | span
    places = []
    for midnight in workload.open_days():
        for at in range(workload.OPENS_Q, workload.CLOSES_Q - LENGTH_Q + 1, 3):
            start = midnight + at
            span = ((1 << LENGTH_Q) - 1) << (start - origin)
            found = [
                next((n for n in dice.sample(range(count), count) if not taken.get((kind, n), 0) & span and _works(kind, n, at)), None)
                for kind, count in (("p", workload.PRACTITIONERS), ("r", workload.ROOMS), ("d", workload.DEVICES))
            ]  # fmt: skip
            if None not in found:
                for kind, index in zip("prd", found, strict=True):
                    taken[kind, index] = taken.get((kind, index), 0) | span  # type: ignore[index,arg-type]
                places.append((start, *found))
    return places  # type: ignore[return-value]


def _works(kind: str, index: int, at: int) -> bool:
    lunch = workload.lunch_of(index).hour * 12 + workload.lunch_of(index).minute // 5
    return kind != "p" or at + LENGTH_Q <= lunch or at >= lunch + 12


def prepare(patients: int) -> list[int]:
    """Register patients who have had their consultation."""
    from scheduling.models import Patient, Record

    made = Patient.objects.bulk_create(
        Patient(
            given_name=f"New {n}", family_name="Fir", birth_date=date(1985, 4, 12), fitzpatrick=2,
            email=f"new{n}@example.org", phone="+447700900124", search_key=f"new {n} fir",
        )
        for n in range(patients)
    )  # fmt: skip
    then = NOW - timedelta(days=27)
    Record.objects.bulk_create(
        Record(
            patient=one, kind="consultation", start=then, end=then + timedelta(minutes=20),
            zone="Europe/London",
        )
        for one in made
    )  # fmt: skip
    return [one.pk for one in made]


def errands(clinic: Clinic, patients: Sequence[int], each: int) -> list[list[Errand]]:
    """Deal each client free places, different for everybody, in random order."""
    places = free_places()
    random.Random(1).shuffle(places)
    return _dealt(
        (
            Errand(patient, start, (clinic.practitioners[p], clinic.rooms[r], clinic.devices[d]))
            for patient, (start, p, r, d) in zip(patients, places, strict=False)
        ),
        each,
    )


def hot_errands(clinic: Clinic, patients: Sequence[int], each: int) -> list[list[Errand]]:
    """Deal each client starts of the same 30 free days after W, on two of everything."""
    dice = random.Random(2)
    begin = workload.FIRST + timedelta(days=workload.DAYS)
    days = [day for n in range(30) if (day := begin + timedelta(days=n)).weekday() < 6]
    starts = [
        at
        for at in range(workload.OPENS_Q, workload.CLOSES_Q - LENGTH_Q + 1, 3)
        if all(_works("p", index, at) for index in range(2))
    ]
    return _dealt(
        (
            Errand(
                patient,
                workload.midnight_q(dice.choice(days)) + dice.choice(starts),
                (
                    dice.choice(clinic.practitioners[:2]),
                    dice.choice(clinic.rooms[:2]),
                    dice.choice(clinic.devices[:2]),
                ),
            )
            for patient in patients
        ),
        each,
    )


def _dealt(dealt: Iterable[Errand], each: int) -> list[list[Errand]]:
    found = list(dealt)
    return [found[at : at + each] for at in range(0, len(found), each)]


def through_the_door(clinic: Clinic) -> Work:
    """Book as every edge does."""
    from scheduling import booking
    from scheduling.core.words import Actor, Wish

    desk = Actor(name="Desk")

    def work(errand: Errand) -> None:
        kinds = ("practitioner", "room", "device")
        asked = (
            {}
            if errand.held is None
            else dict(zip(kinds, ((one,) for one in errand.held), strict=True))
        )
        wish = Wish(
            site_id=clinic.site, treatment_id=clinic.full, patient_id=errand.patient,
            areas=("face",), size="face", depth="superficial", resources=asked,
        )  # fmt: skip
        start = datetime.fromtimestamp(errand.start_q * 300, UTC)
        booking.book(wish=wish, start=start, by=desk, now=NOW)

    return work


def plainly(rows: floors.Rows) -> Work:
    """Write the same rows, and no more."""

    def work(errand: Errand) -> None:
        rows.write(patient=errand.patient, start_q=errand.start_q, held=errand.held or ())

    return work


def run_round(database: str, works: list[list[Errand]], work: Work) -> Round:
    """Let all clients go at once; each makes its first booking before, to be warm."""
    from django.db import connections

    connections.close_all()
    gate = FORK.Barrier(len(works) + 1)
    wires, clients = [], []
    for mine in works:
        here, there = FORK.Pipe(duplex=False)
        clients.append(
            FORK.Process(target=_client, args=(database, mine, work, gate, there), daemon=True)
        )
        clients[-1].start()
        there.close()
        wires.append(here)
    gate.wait(300)
    began = time.perf_counter()
    found = [wire.recv() for wire in wires]
    seconds = time.perf_counter() - began
    for client in clients:
        client.join()
    outcomes = Counter(outcome for outcome, _ in (pair for pairs in found for pair in pairs))
    return Round(seconds, outcomes, [took for pairs in found for _, took in pairs])


def _client(database: str, mine: list[Errand], work: Work, gate, wire: Connection) -> None:  # type: ignore[no-untyped-def]
    servers.use(database)
    _outcome(work, mine[0])
    gate.wait(300)
    found = []
    for errand in mine[1:]:
        began = time.perf_counter()
        outcome = _outcome(work, errand)
        found.append((outcome, (time.perf_counter() - began) * 1000))
    wire.send(found)


def _outcome(work: Work, errand: Errand) -> str:
    from scheduling.errors import Refused

    try:
        work(errand)
    except Refused as refusal:
        return "/".join(sorted({reason.code for reason in refusal.reasons}))
    except Exception as error:  # noqa: BLE001 -- counted under its name and printed
        return f"{type(error).__name__}: {str(error)[:80]}"
    return "booked"


OVERLAPS = """
SELECT count(*) FROM scheduling_allocation a JOIN scheduling_allocation b
ON a.resource_id = b.resource_id AND a.id < b.id AND a.active AND b.active
AND a.start_q < b.end_q AND b.start_q < a.end_q
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def ask(database: str, question: str) -> int:
    """Ask a database for one number."""
    from django.db import connection

    servers.use(database)
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
    connection.close()
    return int(row[0])


def measure(report: Report, database: str, clinic: Clinic, *, smoke: bool) -> None:
    """Measure floor and product in turns, each round on a fresh copy of W."""
    clients, each, rounds = (4, 3, 1) if smoke else (CLIENTS, 21, 3)
    copy = servers.create("booking", template=database)
    servers.use(copy)
    patients = prepare(clients * each)
    book = through_the_door(clinic)
    plan = errands(clinic, patients, each)
    rows = _first_booking(plan[0][0], book)
    found: dict[str, list[Round]] = {"floor": [], "product": [], "chosen": [], "hot": []}
    bad = deadlocks = 0
    free = [[replace(errand, held=None) for errand in mine] for mine in plan]
    kinds: dict[str, tuple[list[list[Errand]], Work]] = {
        "floor": (plan, plainly(rows)),
        "product": (plan, book),
        "chosen": (free, book),
        "hot": (hot_errands(clinic, patients, each), book),
    }
    for _ in range(rounds):
        for name, (works, work) in kinds.items():
            database = servers.create(name, template=copy)
            if name == "floor":
                servers.use(database)
                floors.unguard()
            found[name].append(run_round(database, works, work))
            if name != "floor":
                bad += ask(database, OVERLAPS)
                deadlocks += ask(database, DEADLOCKS)
    _tell(report, found, bad, deadlocks, clients)


def _first_booking(errand: Errand, book: Work) -> floors.Rows:
    """Book once to see which rows a booking writes, and take it back out of the template."""
    from django.db import connections, transaction

    from scheduling.models import Appointment

    with transaction.atomic():
        book(errand)
        rows = floors.Rows(Appointment.objects.select_related("patient").latest("pk"))
        transaction.set_rollback(True)
    connections.close_all()
    return rows


def _tell(
    report: Report, found: dict[str, list[Round]], bad: int, deadlocks: int, clients: int
) -> None:
    report.section(
        "Booking",
        f"{clients} client processes, three allocations a booking, all rules on; medians of "
        f"{len(found['floor'])} rounds in turns.",
    )  # fmt: skip
    rates = {name: statistics.median(r.rate for r in rounds) for name, rounds in found.items()}
    tails = {name: _tail(rounds, 0.99) for name, rounds in found.items()}
    names = {
        "floor": "floor: the same rows through Django, no lock, rule or constraint",
        "product": "`booking.book`, different times",
        "chosen": "`booking.book`, any resources (the house chooses)",
        "hot": "`booking.book`, hot: 2 x 2 x 2 resources",
    }
    report.table(
        ("what", "booked/s", "of floor", "p50 ms", "p99 ms", "p99 of floor's"),
        [
            (words, rates[name], rates[name] / rates["floor"], _tail(found[name], 0.5), tails[name],
             tails[name] / tails["floor"])
            for name, words in names.items()
        ],
    )  # fmt: skip
    for name, rounds in found.items():
        outcomes = sum((r.outcomes for r in rounds), Counter())
        report.say("", f"{name}: {', '.join(f'{n} {what}' for what, n in outcomes.most_common())}")
    surfaced = sum(
        n for rounds in found.values() for r in rounds for what, n in r.outcomes.items()
        if what.startswith(("Busy", "OperationalError"))
    )  # fmt: skip
    report.at_least("booking: rate, of the floor's", rates["product"] / rates["floor"], 0.35)
    report.at_most("booking: double bookings found by SQL", bad, 0)
    report.at_most("booking: deadlocks surfaced", surfaced, 0)
    report.at_most("booking: hot p99, of the floor's p99", tails["hot"] / tails["floor"], 3)
    report.say("", f"Deadlocks inside the database, retried unseen: {deadlocks}.")


def _tail(rounds: Sequence[Round], share: float) -> float:
    return statistics.median(percentile(r.took, share) for r in rounds)

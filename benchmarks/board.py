"""The status board: a site's day with 200 visits in every column, the look for news, and one step.

Today is filled by hand: visits to come and late, arrived, in numbing, in treatment, done, gone and
missed, each with the trail and the stamps that led there. The page is asked for as a browser would,
middleware and template included; queries are counted as Django counts them, round trips in libpq's
own trace. The floor is one plain query for the same visits, patients and what they hold.
"""

import statistics
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from benchmarks import servers, workload
from benchmarks.diary import FLOOR
from benchmarks.pages import Cost, cost
from benchmarks.report import Report
from benchmarks.stations import Station, timed
from benchmarks.workload import Clinic

COUNT, LENGTH_Q = 200, 6
BOARD_MS, BOARD_QUERIES, PULSE_QUERIES = 300, 16, 4
FIRST_ID = 20_000_001
ROOT = "/admin/scheduling/appointment/board"

STATES = (
    "booked",
    "arrived",
    "checked-in",
    "checked-in",
    "fulfilled",
    "fulfilled",
    "noshow",
    "booked",
)
"""Statuses in turns; the second of two alike has gone a stage further."""

STEPS = {
    "booked": (), "arrived": ("arrive",), "checked-in": ("arrive", "check_in", "numbing"),
    "fulfilled": ("arrive", "check_in", "numbing", "treatment", "complete"), "noshow": ("no_show",),
}  # fmt: skip


def fill(clinic: Clinic) -> int:
    """Write today's visits with all that stands on their cards; give how many."""
    from scheduling.models import Allocation, Appointment, Change, Stage

    now = datetime.now(UTC)
    visits = list(_visits(now))
    facts = workload.facts_of_a_visit(clinic)
    for name in ("status", "created_at"):
        facts.pop(name)
    workload._guards(
        Allocation, back=False, constraints=True
    )  # whom they hold is nobody's business here
    workload.copy_rows(Appointment, facts, iter(visits))
    workload.copy_rows(Allocation, {}, _holds(clinic, visits))
    workload._guards(Allocation, back=True, constraints=False)
    Change.objects.bulk_create(
        Change(at=now, by="W", verb=verb, subject="appointment", subject_id=row["id"], what={})
        for row in visits
        for verb in STEPS[row["status"]]
    )
    Stage.objects.bulk_create(
        Stage(appointment_id=row["id"], kind=kind, since=row["checked_in_at"], at=now, by="W")
        for row in visits
        for kind in _stages(row)
    )
    return len(visits)


def _visits(now: datetime) -> Iterator[dict[str, Any]]:
    today = now.astimezone(workload.LONDON).date()
    midnight = workload.midnight_q(today)
    for n in range(COUNT):
        q = midnight + workload.OPENS_Q + n // workload.PRACTITIONERS * LENGTH_Q
        start = datetime.fromtimestamp(q * 300, UTC)
        status = STATES[n % len(STATES)]
        here = status in {"arrived", "checked-in", "fulfilled"}
        inside = status in {"checked-in", "fulfilled"}
        yield {
            "id": FIRST_ID + n, "patient_id": n + 1, "uid": UUID(int=FIRST_ID + n), "status": status,
            "start": start, "end": start + timedelta(minutes=30), "start_q": q,
            "end_q": q + LENGTH_Q, "local_date": today, "local_time": start.astimezone(workload.LONDON).time(),
            "created_at": now - timedelta(days=9), "arrived_at": now if here else None,
            "checked_in_at": now if inside else None,
            "completed_at": now if status == "fulfilled" else None,
        }  # fmt: skip


def _stages(row: dict[str, Any]) -> tuple[str, ...]:
    further = row["id"] % 2 == 0
    if row["status"] == "checked-in":
        return ("numbing", "treatment") if further else ("numbing",)
    return ("left",) if row["status"] == "fulfilled" and further else ()


def _holds(clinic: Clinic, visits: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for n, row in enumerate(visits):
        base = {
            "appointment_id": row["id"], "start_q": row["start_q"], "end_q": row["end_q"],
            "active": row["status"] != "noshow",
        }  # fmt: skip
        yield {**base, "resource_id": clinic.practitioners[n % workload.PRACTITIONERS]}
        yield {**base, "resource_id": clinic.rooms[n % workload.ROOMS]}


def asked(clinic: Clinic, rounds: int) -> dict[str, Cost]:
    """Ask for the board and for its news."""
    return {
        name: cost(f"{ROOT}/{path}?site={clinic.site}", rounds) for name, path in _DOORS.items()
    }


_DOORS = {"the board": "", "news of it": "pulse/"}


def floor(clinic: Clinic) -> float:
    """Fetch the visits, their patients and what they hold by one plain query; give milliseconds."""
    from django.db import connection
    from psycopg import Cursor

    connection.ensure_connection()
    today = datetime.now(UTC).astimezone(workload.LONDON).date()

    def fetch() -> None:
        with Cursor(connection.connection) as cursor:
            cursor.execute(FLOOR, [clinic.site, today], binary=True, prepare=True)
            cursor.fetchall()

    fetch()
    return statistics.median(timed(fetch) for _ in range(25))


def measure(report: Report, database: str, clinic: Clinic, *, smoke: bool) -> None:
    """Measure the board and the look for news."""
    copy = servers.create("board", template=database)
    servers.use(copy)
    fill(clinic)
    with Station.at(copy) as station:
        found = station.ask(asked, clinic, 1 if smoke else 15)
        plain = station.ask(floor, clinic)
    report.section("Status board", f"{COUNT} visits of one site's day, in every column.")
    report.table(
        ("request", "ms", "queries", "round trips", "x one plain query"),
        [(name, ms, queries, there, ms / plain) for name, (ms, queries, there) in found.items()],
    )
    report.at_most("board: queries", found["the board"][1], BOARD_QUERIES)
    report.at_most("board: ms", found["the board"][0], BOARD_MS)
    report.at_most("board: queries of the look for news", found["news of it"][1], PULSE_QUERIES)

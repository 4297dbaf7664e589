"""The day list of a site: the whole page, with 100 and with 200 visits.

Two Sundays after W are filled by hand, ten visits for each practitioner on the longer one. The
page is asked for as a browser would, middleware and template included; round trips are counted in
libpq's own trace.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from benchmarks import servers, workload
from benchmarks.pages import cost
from benchmarks.report import Report
from benchmarks.stations import Station
from benchmarks.workload import Clinic, Visit

SHORT, LONG = 100, 200
LENGTH_Q = 9


def fill(clinic: Clinic, day: date, count: int, first_id: int) -> None:
    """Write a day of visits, 45 minutes each, every practitioner in turn."""
    from scheduling.models import Allocation, Appointment

    midnight = workload.midnight_q(day)
    visits = [
        Visit(start, start + LENGTH_Q, n % workload.PRACTITIONERS, n % workload.ROOMS)
        for n in range(count)
        for start in [midnight + workload.OPENS_Q + n // workload.PRACTITIONERS * LENGTH_Q]
    ]
    workload.copy_rows(Appointment, workload.facts_of_a_visit(clinic), _rows(visits, first_id))
    workload.copy_rows(
        Allocation,
        {"active": True},
        (
            {"appointment_id": first_id + n, "resource_id": held, "start_q": visit.start_q,
             "end_q": visit.end_q}
            for n, visit in enumerate(visits)
            for held in [clinic.practitioners[visit.practitioner]]
        ),
    )  # fmt: skip


def _rows(visits: list[Visit], first_id: int) -> Iterator[dict[str, object]]:
    for n, visit in enumerate(visits):
        yield {
            "id": first_id + n, "patient_id": n + 1, **workload.times(visit),
            "uid": UUID(int=first_id + n),
        }  # fmt: skip


def page(clinic: Clinic, day: date, rounds: int) -> tuple[float, int]:
    """Ask for a day's page; give the milliseconds and the round trips."""
    address = f"/admin/scheduling/appointment/day/?site={clinic.site}&date={day:%Y-%m-%d}"
    found = cost(address, rounds)
    return found.ms, found.trips


def measure(report: Report, database: str, clinic: Clinic, *, smoke: bool) -> None:
    """Measure a day of 100 and one of 200 visits."""
    copy = servers.create("daylist", template=database)
    servers.use(copy)
    short = workload.FIRST + timedelta(days=workload.DAYS + 5)
    long = short + timedelta(days=7)
    fill(clinic, short, SHORT, 10_000_001)
    fill(clinic, long, LONG, 10_000_001 + SHORT)
    rounds = 1 if smoke else 25
    with Station.at(copy) as station:
        rows = [
            (n, *station.ask(page, clinic, day, rounds))
            for n, day in ((SHORT, short), (LONG, long))
        ]
    report.section("Day list", "The whole admin page, middleware and template included.")
    report.table(("visits", "ms", "round trips"), rows)
    report.at_most(
        "day list: round trips more with 200 visits than with 100", rows[1][2] - rows[0][2], 0
    )

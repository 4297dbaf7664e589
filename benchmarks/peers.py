"""What people use instead, on the same visits, server and machine, in the same run.

* A query per slot: Django's ORM asked for every candidate start and practitioner whether an
  overlapping row exists, the way most booking tutorials do it.
* `django-appointment` 3.12, its own `get_available_slots_for_staff`, called for each day and
  practitioner. It knows no rooms, no devices, no "any practitioner", and no lunch: an
  Unavailability a day stands for it. It has its own tables, and its own process, since it wants
  settings of its own. It is no dependency, for it holds back `django-phonenumber-field`: run with
  `uv run --with "django-appointment==3.12.0" benchmarks/run.py` to have it beside us.
"""

import statistics
from datetime import datetime, timedelta
from importlib.util import find_spec
from multiprocessing import get_context

from benchmarks import workload
from benchmarks.django_appointment import Seen, serve
from benchmarks.report import Report
from benchmarks.stations import Station, timed
from benchmarks.workload import Clinic

STEP_Q, LENGTH_Q = 3, 9


def slot_by_slot(clinic: Clinic, days: int) -> tuple[float, int]:
    """Search by a query per slot; give the milliseconds and the number of starts found."""
    found: set[int] = set()
    took = timed(lambda: found.update(_free_slots(clinic, days)))
    return took, len(found)


def _free_slots(clinic: Clinic, days: int) -> set[int]:
    from scheduling.models import Allocation

    free: set[int] = set()
    for n in range(days):
        day = workload.FIRST + timedelta(days=n)
        if day.weekday() == 6:
            continue
        midnight = workload.midnight_q(day)
        for index, practitioner in enumerate(clinic.practitioners):
            lunch = (
                midnight + workload.lunch_of(index).hour * 12 + workload.lunch_of(index).minute // 5
            )
            opens, closes = midnight + workload.OPENS_Q, midnight + workload.CLOSES_Q
            for start in range(opens, closes - LENGTH_Q + 1, STEP_Q):
                if start < lunch + 12 and lunch < start + LENGTH_Q:
                    continue
                if not Allocation.objects.filter(
                    resource_id=practitioner, active=True,
                    start_q__lt=start + LENGTH_Q, end_q__gt=start,
                ).exists():  # fmt: skip
                    free.add(start)
    return free


def django_appointment_installed() -> bool:
    """Tell whether it was brought along."""
    return find_spec("appointment") is not None


class DjangoAppointment:
    """A process of its own that runs django-appointment on W."""

    def __init__(self, database: str) -> None:
        context = get_context("spawn")
        self.wire, there = context.Pipe()
        self.process = context.Process(target=serve, args=(database, there), daemon=True)
        self.process.start()
        there.close()
        lunches = [workload.lunch_of(n) for n in range(workload.PRACTITIONERS)]
        self.wire.send((workload.FIRST, workload.DAYS, lunches, _everything()))
        self.wire.recv()  # its tables are filled

    def slots(self, practitioners: int, days: int) -> tuple[float, int]:
        """Give the milliseconds of one search and the number of starts found."""
        self.wire.send((practitioners, days))
        answer: tuple[float, int] = self.wire.recv()
        return answer

    def close(self) -> None:
        """End the process."""
        self.wire.close()
        self.process.join(5)


def _everything() -> list[Seen]:
    """Give the visits of W by the clock on the wall, which is what django-appointment keeps."""
    return [
        (visit.practitioner, _local(visit.start_q), _local(visit.end_q))
        for visit in workload.visits()
    ]


def _local(quantum: int) -> datetime:
    return datetime.fromtimestamp(quantum * 300, workload.LONDON).replace(tzinfo=None)


def measure(
    report: Report, station: Station, clinic: Clinic, database: str, *, smoke: bool
) -> None:
    """Compare our search, core and cold, with what people use instead."""
    from benchmarks import search

    report.section("Peers", "A 45-minute visit, 15-minute step, on W; milliseconds.")
    package = DjangoAppointment(database) if django_appointment_installed() else None
    if package is None:
        report.say(
            "",
            "django-appointment was not brought along (`--with django-appointment==3.12.0`): left out.",
        )
    rows = []
    for who, days in [("any", 1)] if smoke else [("one", 7), ("any", 1), ("any", 7), ("any", 30)]:
        rounds = 1 if smoke or (who == "any" and days > 1) else 5
        practitioners = 1 if who == "one" else workload.PRACTITIONERS
        some = Clinic(
            clinic.site, clinic.practitioners[:practitioners], (), (), clinic.hands, clinic.full
        )
        taken: dict[str, list[tuple[float, int]]] = {}
        for _ in range(rounds):
            case = (who, STEP_Q * 5, days)
            taken.setdefault("Fallow", []).append(station.ask(search.cold_and_count, clinic, case))
            taken.setdefault("query per slot", []).append(station.ask(slot_by_slot, some, days))
            if package:
                taken.setdefault("django-appointment", []).append(
                    package.slots(practitioners, days)
                )
        ours = statistics.median(t for t, _ in taken["Fallow"])
        for name, found in taken.items():
            took = statistics.median(t for t, _ in found)
            rows.append((f"{who}, {days} d, {name}", took, f"{took / ours:,.0f}x", found[0][1]))
    report.table(("case", "ms", "of ours", "starts found"), rows)
    if package:
        package.close()

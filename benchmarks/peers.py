"""What people use instead, on the same visits, server and machine, in the same run.

* A query per slot: Django's ORM asked for every candidate start and practitioner whether an
  overlapping row exists, the way most booking tutorials do it.
* `django-appointment` 3.12, its own `get_available_slots_for_staff`, called for each day and
  practitioner. It knows no rooms, no devices, no "any practitioner", and no lunch: an
  Unavailability a day stands for it. It has its own tables, and its own process, since it wants
  settings of its own. It runs when the extra `bench` is installed.
"""

import os
import statistics
import time
from datetime import date, datetime, timedelta
from datetime import time as wall
from decimal import Decimal
from importlib.util import find_spec
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import unquote, urlsplit

from benchmarks import workload
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
    """Tell whether the extra `bench` is here."""
    return find_spec("appointment") is not None


class DjangoAppointment:
    """A process of its own that runs django-appointment on W."""

    def __init__(self, database: str) -> None:
        context = get_context("spawn")
        self.wire, there = context.Pipe()
        self.process = context.Process(target=_serve, args=(database, there), daemon=True)
        self.process.start()
        there.close()
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


def _serve(database: str, wire: Connection) -> None:
    _django(database)
    staff, service, first = _fill()
    wire.send("ready")
    while True:
        try:
            practitioners, days = wire.recv()
        except EOFError:
            return
        began = time.perf_counter()
        found = _slots(staff[:practitioners], service, first, days)
        took = (time.perf_counter() - began) * 1000
        wire.send((took, len(found)))


def _django(database: str) -> None:
    """Set Django up for django-appointment alone."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    url = urlsplit(os.environ["DATABASE_URL"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "appointment"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": database, "HOST": url.hostname,
                "PORT": url.port, "USER": url.username, "PASSWORD": unquote(url.password or ""),
                "CONN_MAX_AGE": None,
            }
        },
        USE_TZ=True, TIME_ZONE="Europe/London", SECRET_KEY="peer",  # noqa: S106
        Q_CLUSTER={}, LOGGING_CONFIG=None,
    )  # fmt: skip
    django.setup()
    call_command("migrate", verbosity=0)


def _fill() -> tuple[list, object, date]:  # type: ignore[type-arg]
    """Write W in django-appointment's tables, moved by whole weeks so that it lies ahead."""
    from appointment import models
    from django.contrib.auth.models import User

    models.Config.objects.create(
        slot_duration=STEP_Q * 5, lead_time=wall(9), finish_time=wall(18), appointment_buffer_time=0
    )
    service = models.Service.objects.create(
        name="Resurfacing", duration=timedelta(minutes=45), price=Decimal(0)
    )
    users = User.objects.bulk_create(
        User(username=f"p{n}", is_staff=True) for n in range(workload.PRACTITIONERS)
    )
    staff = models.StaffMember.objects.bulk_create(
        models.StaffMember(user=user, slot_duration=STEP_Q * 5, work_on_saturday=True)
        for user in users
    )
    models.WorkingHours.objects.bulk_create(
        models.WorkingHours(
            staff_member=one, day_of_week=day, start_time=wall(9), end_time=wall(18)
        )
        for one in staff
        for day in range(1, 7)  # 0 is Sunday there
    )
    late = max((date.today() - workload.FIRST).days, 0)  # noqa: DTZ011 -- it reads the clock itself
    ahead = timedelta(weeks=-(-late // 7) + 1 if late else 0)
    _fill_diary(models, staff, service, ahead)
    return staff, service, workload.FIRST + ahead


def _fill_diary(models, staff, service, ahead: timedelta) -> None:  # type: ignore[no-untyped-def]
    from django.db import connection

    days = [workload.FIRST + ahead + timedelta(days=n) for n in range(workload.DAYS)]
    models.Unavailability.objects.bulk_create(
        models.Unavailability(
            staff_member=one,
            date=day,
            start_time=lunch,
            end_time=lunch.replace(hour=lunch.hour + 1),
        )
        for index, one in enumerate(staff)
        for lunch in [workload.lunch_of(index)]
        for day in days
        if day.weekday() < 6
    )
    requests = models.AppointmentRequest.objects.bulk_create(
        models.AppointmentRequest(
            date=(start := _local(visit.start_q)).date() + ahead, start_time=start.time(),
            end_time=_local(visit.end_q).time(), service=service,
            staff_member=staff[visit.practitioner], id_request=str(n),
        )
        for n, visit in enumerate(workload.visits())
    )  # fmt: skip
    models.Appointment.objects.bulk_create(
        models.Appointment(appointment_request=one, id_request=one.id_request, amount_to_pay=0)
        for one in requests
    )
    connection.cursor().execute("VACUUM (ANALYZE)")


def _local(quantum: int) -> datetime:
    return datetime.fromtimestamp(quantum * 300, workload.LONDON)


def _slots(staff, service, first: date, days: int) -> set[datetime]:  # type: ignore[no-untyped-def]
    from appointment.services import get_available_slots_for_staff

    return {
        slot
        for n in range(days)
        for day in [first + timedelta(days=n)]
        for one in staff
        for slot in get_available_slots_for_staff(day, one, day.isoweekday() % 7, service=service)
    }


def measure(
    report: Report, station: Station, clinic: Clinic, database: str, *, smoke: bool
) -> None:
    """Compare our search, core and cold, with what people use instead."""
    from benchmarks import search

    report.section("Peers", "A 45-minute visit, 15-minute step, on W; milliseconds.")
    package = DjangoAppointment(database) if django_appointment_installed() else None
    if package is None:
        report.say("", "django-appointment is not installed (`--extra bench`): left out.")
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

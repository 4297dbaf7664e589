"""A process of its own that runs django-appointment on W; it imports nothing of Fallow.

What it is told comes over a pipe, since its Django has other apps and settings than ours.
"""

import os
import time
from datetime import date, datetime, timedelta
from datetime import time as wall
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

STEP_MINUTES = 15

Seen: TypeAlias = tuple[int, datetime, datetime]
"""A visit: the practitioner's number, start and end by the clock on the wall."""


def serve(database: str, wire: Connection) -> None:
    """Fill its tables, then answer (practitioners, days) with milliseconds and starts found."""
    first, days, lunches, visits = wire.recv()
    _django(database)
    late = max((date.today() - first).days, 0)  # noqa: DTZ011 -- it reads the clock itself
    ahead = timedelta(weeks=late // 7 + 1 if late else 0)
    staff, service = _fill(len(lunches))
    _fill_diary(staff, [first + ahead + timedelta(days=n) for n in range(days)], lunches)
    _fill_visits(staff, service, visits, ahead)
    wire.send("ready")
    while True:
        try:
            practitioners, days = wire.recv()
        except EOFError:
            return
        began = time.perf_counter()
        found = _slots(staff[:practitioners], service, first + ahead, days)
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
    call_command("migrate", "auth", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)  # it ships no migrations


def _fill(practitioners: int):  # type: ignore[no-untyped-def]
    """Write the service and the staff, Monday to Saturday 09:00-18:00."""
    from appointment import models
    from django.contrib.auth.models import User

    models.Config.objects.create(
        slot_duration=STEP_MINUTES,
        lead_time=wall(9),
        finish_time=wall(18),
        appointment_buffer_time=0,
    )
    service = models.Service.objects.create(
        name="Resurfacing", duration=timedelta(minutes=45), price=Decimal(0)
    )
    users = User.objects.bulk_create(
        User(username=f"p{n}", is_staff=True) for n in range(practitioners)
    )
    staff = models.StaffMember.objects.bulk_create(
        models.StaffMember(user=user, slot_duration=STEP_MINUTES, work_on_saturday=True)
        for user in users
    )
    models.WorkingHours.objects.bulk_create(
        models.WorkingHours(
            staff_member=one, day_of_week=day, start_time=wall(9), end_time=wall(18)
        )
        for one in staff
        for day in range(1, 7)  # 0 is Sunday there
    )
    return staff, service


def _fill_diary(staff, days: list[date], lunches: list[wall]) -> None:  # type: ignore[no-untyped-def]
    """Write lunch breaks: one Unavailability a day."""
    from appointment import models

    models.Unavailability.objects.bulk_create(
        models.Unavailability(
            staff_member=one,
            date=day,
            start_time=lunch,
            end_time=lunch.replace(hour=lunch.hour + 1),
        )
        for one, lunch in zip(staff, lunches, strict=True)
        for day in days
        if day.weekday() < 6
    )


def _fill_visits(staff, service, visits: list[Seen], ahead: timedelta) -> None:  # type: ignore[no-untyped-def]
    """Write the visits, moved by whole weeks so that they lie ahead."""
    from appointment import models
    from django.db import connection

    requests = models.AppointmentRequest.objects.bulk_create(
        models.AppointmentRequest(
            date=start.date() + ahead, start_time=start.time(), end_time=end.time(),
            service=service, staff_member=staff[who], id_request=str(n),
        )
        for n, (who, start, end) in enumerate(visits)
    )  # fmt: skip
    models.Appointment.objects.bulk_create(
        models.Appointment(appointment_request=one, id_request=one.id_request, amount_to_pay=0)
        for one in requests
    )
    connection.cursor().execute("VACUUM (ANALYZE)")


def _slots(staff, service, first: date, days: int) -> set[datetime]:  # type: ignore[no-untyped-def]
    from appointment.services import get_available_slots_for_staff

    return {
        slot
        for n in range(days)
        for day in [first + timedelta(days=n)]
        for one in staff
        for slot in get_available_slots_for_staff(day, one, day.isoweekday() % 7, service=service)
    }

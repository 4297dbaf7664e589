from datetime import timedelta

import pytest
import time_machine

from scheduling import booking, tasks
from scheduling.models import Appointment, IdempotencyRecord
from tests import cast

pytestmark = pytest.mark.django_db


def test_free_expired_holds_frees_what_nobody_booked_in_time() -> None:
    clinic = cast.build()
    held = booking.hold(
        wish=clinic.wish(clinic.review),
        start=cast.at(cast.day(1), 10),
        by=cast.reception(),
        now=cast.NOW,
    ).appointment
    with time_machine.travel(cast.NOW + timedelta(minutes=9), tick=False):
        tasks.free_expired_holds()
    assert Appointment.objects.get().status == "pending"
    with time_machine.travel(cast.NOW + timedelta(minutes=10), tick=False):
        tasks.free_expired_holds()
    assert Appointment.objects.get().status == "cancelled"
    assert not held.allocations.filter(active=True).exists()


def test_forget_old_answers_keeps_those_of_the_last_day() -> None:
    for hours in (0, 1):
        IdempotencyRecord.objects.create(
            principal="user:1",
            endpoint="POST /x",
            key=f"K{hours}",
            body_hash=b"",
            status=201,
            body="{}",
            created_at=cast.NOW + timedelta(hours=hours),
        )
    with time_machine.travel(cast.NOW + timedelta(hours=24), tick=False):
        tasks.forget_old_answers()
    assert [row.key for row in IdempotencyRecord.objects.all()] == ["K1"]

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.db import transaction

if TYPE_CHECKING:
    from scheduling.models import Appointment


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # these need the models, which are not there when this module is read
        from notifications import panels as ours  # noqa: PLC0415
        from notifications.care import panels as bedside  # noqa: PLC0415
        from scheduling import panels  # noqa: PLC0415
        from scheduling.signals import (  # noqa: PLC0415
            appointment_changed,
            patient_record_changed,
        )

        appointment_changed.connect(write_down, dispatch_uid="notifications.outbox")
        patient_record_changed.connect(look_again, dispatch_uid="notifications.care")
        panels.add("patient", 50, ours.of_patient)
        panels.add("appointment", 50, ours.of_appointment)
        panels.add("dashboard", 50, ours.of_desk)
        panels.add_marks(50, ours.marks)
        panels.add("patient", 15, bedside.of_patient)
        panels.add("appointment", 15, bedside.of_appointment)
        panels.add("dashboard", 10, bedside.of_desk)


def write_down(
    *, appointments: Sequence["Appointment"], verb: str, told: bool, now: datetime, **_: Any
) -> None:
    """Write what patients must be told, in booking's transaction, and ring once it commits."""
    from notifications import care, outbox  # noqa: PLC0415

    written = outbox.enqueue(appointments=appointments, verb=verb, now=now) if told else 0
    # after the outbox, which withdraws what was waiting about the visit as it was
    written += care.follow(appointments=appointments, verb=verb, told=told, now=now)
    if written:
        # robust: a broker that is down costs one tick, never a booking
        transaction.on_commit(ring, robust=True)


def look_again(*, patient_id: int, record: Any, now: datetime, **_: Any) -> None:
    """Write what a new record calls for: a history may bring advice of its own."""
    from notifications import care  # noqa: PLC0415

    care.look_again(patient_id=patient_id, record=record, now=now)


def ring() -> None:
    from notifications.tasks import sweep  # noqa: PLC0415

    sweep.apply_async(expires=15)

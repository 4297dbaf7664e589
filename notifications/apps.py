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
        from scheduling import panels  # noqa: PLC0415
        from scheduling.signals import appointment_changed  # noqa: PLC0415

        appointment_changed.connect(write_down, dispatch_uid="notifications.outbox")
        panels.add("patient", 50, ours.of_patient)
        panels.add("appointment", 50, ours.of_appointment)
        panels.add("dashboard", 50, ours.of_desk)
        panels.add("dashboard", 60, ours.of_health)
        panels.add_marks(50, ours.marks)


def write_down(
    *, appointments: Sequence["Appointment"], verb: str, told: bool, now: datetime, **_: Any
) -> None:
    """Write what patients must be told, in booking's transaction, and ring once it commits."""
    from notifications import outbox  # noqa: PLC0415

    if told and outbox.enqueue(appointments=appointments, verb=verb, now=now):
        # robust: a broker that is down costs one tick, never a booking
        transaction.on_commit(ring, robust=True)


def ring() -> None:
    from notifications.tasks import sweep  # noqa: PLC0415

    sweep.apply_async(expires=15)

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured
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
        panels.add("phone", 50, ours.of_opt_outs)
        panels.add("patient", 45, ours.of_replies)
        panels.add("dashboard", 45, ours.of_inbox)
        panels.add_marks(50, ours.marks)
        hear_of_email()


def hear_of_email() -> None:
    """Take anymail's reports, where it is installed and a secret guards its hooks."""
    from django.conf import settings  # noqa: PLC0415

    if settings.EMAIL_WEBHOOKS:
        try:
            from anymail.signals import inbound, tracking  # noqa: PLC0415
        except ImportError as error:
            raise ImproperlyConfigured(
                "FALLOW_EMAIL_WEBHOOK_SECRET needs `pip install fallow[esp]`."
            ) from error
        from notifications import webhooks  # noqa: PLC0415

        tracking.connect(webhooks.tracked, dispatch_uid="notifications.receipts")
        inbound.connect(webhooks.received, dispatch_uid="notifications.inbox")


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

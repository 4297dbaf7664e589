from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from scheduling.core.words import Actor
    from scheduling.models import Appointment, Offer


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # these need the models, which are not there when this module is read
        from notifications import copies as files  # noqa: PLC0415
        from notifications import panels as ours  # noqa: PLC0415
        from notifications.care import panels as bedside  # noqa: PLC0415
        from scheduling import copies, panels  # noqa: PLC0415
        from scheduling.signals import (  # noqa: PLC0415
            appointment_changed,
            offer_made,
            patient_record_changed,
        )

        appointment_changed.connect(write_down, dispatch_uid="notifications.outbox")
        patient_record_changed.connect(look_again, dispatch_uid="notifications.care")
        offer_made.connect(offer_it, dispatch_uid="notifications.offers")
        panels.add("patient", 50, ours.of_patient)
        panels.add("appointment", 50, ours.of_appointment)
        panels.add("dashboard", 50, ours.of_desk)
        panels.add("dashboard", 60, ours.of_health)
        panels.add("phone", 50, ours.of_opt_outs)
        panels.add("patient", 45, ours.of_replies)
        panels.add("dashboard", 45, ours.of_inbox)
        panels.add_marks(50, ours.marks)
        panels.add("patient", 15, bedside.of_patient)
        panels.add("appointment", 15, bedside.of_appointment)
        panels.add("at-once", 10, bedside.of_desk)
        copies.add("messages", files.messages_of)
        copies.add("replies", files.replies_of)
        copies.add("answers", files.answers_of)
        take_part()
        hear_of_email()


def take_part() -> None:
    """Take opt-outs along when a clinic moves, and when two records become one."""
    from notifications import merging as settling  # noqa: PLC0415
    from notifications import transfer  # noqa: PLC0415
    from scheduling import merging  # noqa: PLC0415
    from scheduling.transfer import exports, kinds  # noqa: PLC0415

    merging.add(settling.settle)
    kinds.add(transfer.KIND)
    exports.add_files(transfer.photos_of_all)


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
    *,
    appointments: Sequence["Appointment"],
    verb: str,
    told: bool,
    by: "Actor",
    now: datetime,
    **_: Any,
) -> None:
    """Write what patients must be told, in booking's transaction, and ring once it commits."""
    from notifications import answers, care, outbox  # noqa: PLC0415
    from scheduling.bells import ring_once  # noqa: PLC0415

    if verb in answers.DECIDING:
        answers.decided(appointments=appointments, by=by, now=now)
    written = outbox.enqueue(appointments=appointments, verb=verb, now=now, by=by) if told else 0
    # after the outbox, which withdraws what was waiting about the visit as it was
    written += care.follow(appointments=appointments, verb=verb, told=told, by=by, now=now)
    if written:
        ring_once(ring)


def look_again(*, patient_id: int, record: Any, now: datetime, **_: Any) -> None:
    """Write what a new record calls for: a history may bring advice of its own."""
    from notifications import care  # noqa: PLC0415
    from notifications.care import alarming  # noqa: PLC0415
    from scheduling.bells import ring_once  # noqa: PLC0415

    care.look_again(patient_id=patient_id, record=record, now=now)
    if alarming.heed(patient_id=patient_id, record=record, now=now):
        ring_once(ring)


def offer_it(*, offer: "Offer", now: datetime, **_: Any) -> None:
    """Write the words about an offer, with it."""
    from notifications import offers  # noqa: PLC0415
    from scheduling.bells import ring_once  # noqa: PLC0415

    if offers.write_down(offer=offer, now=now):
        ring_once(ring)


def ring() -> None:
    from notifications.tasks import sweep  # noqa: PLC0415

    sweep.apply_async(expires=15)

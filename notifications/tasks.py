"""The doorbells of the outbox: one call each, decide nothing, may be lost, late or doubled."""

from celery import shared_task
from django.utils import timezone

from notifications import care, outbox, signin


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Send what is due; codes first, for somebody waits for each at a form."""
    try:
        signin.send(clock=timezone.now)
    finally:
        outbox.sweep(clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
def send_codes() -> None:
    """Send the codes that wait, without a turn among the messages."""
    signin.send(clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
def recall() -> None:
    """Ask patients to come again whose session is overdue or upkeep due."""
    care.recall(now=timezone.now())

"""The doorbells of the outbox: one call each, decide nothing, may be lost, late or doubled."""

from celery import shared_task
from django.utils import timezone

from notifications import care, outbox


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Send what is due."""
    outbox.sweep(clock=timezone.now)


@shared_task  # type: ignore[untyped-decorator]
def recall() -> None:
    """Ask patients to come again whose session is overdue or upkeep due."""
    care.recall(now=timezone.now())

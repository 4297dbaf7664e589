"""The doorbell of the outbox: one call, decides nothing, may be lost, late or doubled."""

from celery import shared_task
from django.utils import timezone

from notifications import outbox


@shared_task  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Send what is due."""
    outbox.sweep(clock=timezone.now)

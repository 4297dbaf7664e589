"""The diary's own chores. Each tick may be lost, late or doubled: the rows say what is due."""

from celery import shared_task
from django.utils import timezone

from scheduling import booking, idempotency, waiting


@shared_task  # type: ignore[untyped-decorator]
def free_expired_holds() -> None:
    """Let go of the starts that were kept for somebody and not booked in time."""
    booking.free_expired_holds(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def forget_old_answers() -> None:
    """Delete the answers to repeated requests that nobody may repeat any more."""
    idempotency.forget_old(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def offer_free_times() -> None:
    """End offers that nobody answered, and offer what is still free to the next in order."""
    now = timezone.now()
    waiting.expire(now=now)
    waiting.offer_next(now=now)

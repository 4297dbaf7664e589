"""The diary's own chores. Each tick may be lost, late or doubled: the rows say what is due."""

from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from scheduling import booking, idempotency, limits, reservations, visitors, waiting
from scheduling.flow import keeping
from scheduling.papers import history
from scheduling.reports import waits


@shared_task  # type: ignore[untyped-decorator]
def free_expired_holds() -> None:
    """Let go of the starts that were kept for somebody and not booked in time."""
    booking.free_expired_holds(now=timezone.now())
    reservations.forget_strangers()


@shared_task  # type: ignore[untyped-decorator]
def forget_old_answers() -> None:
    """Delete what is over: answers to repeated requests, counts of limits, sign-ins."""
    now = timezone.now()
    idempotency.forget_old(now=now)
    limits.forget_old(now=now)
    visitors.forget_old(now=now)
    history.forget_drafts(now=now)


@shared_task  # type: ignore[untyped-decorator]
def offer_free_times() -> None:
    """End offers that nobody answered, and offer what is still free to the next in order."""
    now = timezone.now()
    waiting.expire(now=now)
    waiting.offer_next(now=now)


@shared_task  # type: ignore[untyped-decorator]
def keep_sheets() -> None:
    """Keep the newest day sheet of each site as a file, for when the network is down."""
    if settings.SHEETS_DIR:
        folder = Path(settings.SHEETS_DIR)
        keeping.keep(folder=folder, days=settings.SHEETS_DAYS, now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def measure_waits() -> None:
    """Measure once a morning how far ahead the third free appointment of each treatment lies."""
    waits.measure(now=timezone.now())

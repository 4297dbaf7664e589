"""The house's own pulse."""

from celery import shared_task
from django.core.cache import cache
from django.utils import timezone

PULSE = "beat-last-tick"


@shared_task  # type: ignore[untyped-decorator]
def tick() -> None:
    """Note that beat, the broker and a worker are alive: `/readyz` reads how long ago."""
    cache.set(PULSE, timezone.now().timestamp(), timeout=None)

"""The plans' own chore: one call, which may be lost, late or doubled."""

from celery import shared_task
from django.utils import timezone

from plans import planning, reports


@shared_task  # type: ignore[untyped-decorator]
def look_over() -> None:
    """Ask reception to re-flow the plans that a change of the ground has left unfit."""
    planning.look_over(now=timezone.now())


@shared_task  # type: ignore[untyped-decorator]
def read_adherence() -> None:
    """Read how the plans that were not read for a day are kept to."""
    reports.read(now=timezone.now())

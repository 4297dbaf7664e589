"""The diary's own chores. Each tick may be lost, late or doubled: the rows say what is due."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from scheduling import booking, idempotency, limits, reservations, visitors, waiting
from scheduling.core.words import Actor
from scheduling.errors import ClinicError
from scheduling.flow import keeping
from scheduling.models import Intake
from scheduling.papers import history
from scheduling.reports import waits
from scheduling.transfer import intakes


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
    intakes.forget_old(now=now)


@shared_task  # type: ignore[untyped-decorator]
def offer_free_times() -> None:
    """End offers that nobody answered, and offer what is still free to the next in order."""
    now = timezone.now()
    waiting.expire(now=now)
    waiting.offer_next(now=now)


# A large file takes longer than a tick; done twice, the second finds it written.
_LONG = {"soft_time_limit": 3600, "time_limit": 3700, "acks_late": False}


@shared_task(**_LONG)  # type: ignore[untyped-decorator]
def look_over_file(intake_id: int, name: str, user_id: int | None) -> None:
    """Find the verdict on every row of a file that was handed in."""
    by = Actor(name=name, user_id=user_id)
    with _said_on(intake_id):
        intakes.look_over(intake_id=intake_id, by=by, now=timezone.now())


@shared_task(**_LONG)  # type: ignore[untyped-decorator]
def write_file(
    intake_id: int, agreed: tuple[str, str, int], name: str, user_id: int | None
) -> None:
    """Take a file in as it was shown."""
    sha256, seen, leaving_out = agreed
    by = Actor(name=name, user_id=user_id)
    with _said_on(intake_id):
        intakes.write(
            intake_id=intake_id,
            agreed=intakes.Agreed(sha256=sha256, seen=seen, leaving_out=leaving_out),
            by=by,
            now=timezone.now(),
        )


@contextmanager
def _said_on(intake_id: int) -> Iterator[None]:
    """Show a refusal on the page of the file: nobody waits for the answer of a task."""
    sentence = ""
    try:
        yield
    except ClinicError as error:
        sentence = error.sentence
    Intake.objects.filter(pk=intake_id).update(sentence=sentence)


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

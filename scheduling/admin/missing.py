"""What coming visits still lack before anybody may be treated: consultation, patch test, consent."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from scheduling.models import Appointment


def of_many(visits: Sequence[Appointment], now: datetime) -> Mapping[int, tuple[str, ...]]:
    """Name what each visit lacks."""
    return {}

"""The clinician on call hears of an answer that stands against a visit which is close."""

from datetime import datetime, timedelta

from notifications.care import answering
from scheduling import booking
from scheduling.models import Record

CLOSE = timedelta(hours=48)
"""How near a visit is that cannot wait for the desk to open; design: a weekend's length."""

OFFSET = "answer"
"""What sets the alarm of a visit apart from those of its checks: it is written once a version."""


def heed(*, patient_id: int, record: Record | None, now: datetime) -> int:
    """Alarm for each close visit that a patient's own new answer stands against; tell how many.

    The desk has an urgent task of every such visit already, near or far.
    """
    if (
        record is None
        or not record.reported_by_patient
        or record.reviewed_at
        or record.withdrawn_at
    ):
        return 0
    refused = booking.refused_coming(patient_id, now=now)
    close = [visit for visit, _ in refused if visit.start - now <= CLOSE]
    return sum(answering.call_clinician(visit, OFFSET, now) for visit in close)

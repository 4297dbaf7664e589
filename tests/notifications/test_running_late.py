"""A day that runs late is told once a patient, however many visits of theirs move on."""

import pytest

from notifications.models import Message
from scheduling import booking
from scheduling.flow import late
from tests import cast

DESK = cast.reception()


@pytest.mark.django_db
def test_each_patient_gets_one_message_by_each_channel() -> None:
    clinic = cast.build()
    other = cast.patient("Bo", "Reed", consulted=True)
    for patient, treatment, hour in (
        (clinic.patient, clinic.review, 10),
        (clinic.patient, clinic.consultation, 11),
        (other, clinic.review, 12),
    ):
        wish = clinic.wish(treatment, patient_id=patient.pk)
        booking.book(wish=wish, start=cast.at(cast.TODAY, hour), by=DESK, now=cast.NOW)
    before = set(Message.objects.values_list("pk", flat=True))
    shown = late.preview(
        practitioner_id=clinic.doctor.pk, site_id=clinic.site.pk, minutes=15, by=DESK, now=cast.NOW
    )
    moves = [each.move for each in shown if each.move]
    late.shift(moves=moves, reason="", by=DESK, now=cast.NOW)
    news = Message.objects.exclude(pk__in=before).exclude(kind="reminder").filter(open=True)
    told = news.order_by("patient_id", "channel").values_list("patient_id", "channel")
    assert list(told) == [
        (patient.pk, channel) for patient in (clinic.patient, other) for channel in ("email", "sms")
    ]

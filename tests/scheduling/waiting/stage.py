"""What the tests of the waiting list stand on."""

from datetime import datetime, timedelta

from scheduling import booking, links, waiting
from scheduling.core.words import Actor
from scheduling.models import Appointment, Link, Offer, Patient, WaitingEntry
from scheduling.waiting import Gap, Want
from tests import cast
from tests.cast import NOW

DESK = Actor(name="Desk")
FREED = cast.at(cast.day(2), 11)
"""Wednesday, 11:00."""


def patient_of(patient: Patient) -> Actor:
    return Actor(name="by link", patient_id=patient.pk)


def booked(
    clinic: cast.Clinic, patient: Patient, start: datetime, what: object = None
) -> Appointment:
    treatment = what or clinic.review
    wish = clinic.wish(treatment, patient_id=patient.pk, areas=())  # type: ignore[arg-type]
    return booking.book(wish=wish, start=start, by=DESK, now=NOW).appointment


def waits(
    clinic: cast.Clinic, patient: Patient, *, now: datetime = NOW, **want: object
) -> WaitingEntry:
    """Put a patient on the list for a review, within three weeks."""
    wish = clinic.wish(clinic.review, patient_id=patient.pk, areas=(), size="", depth="")
    facts: dict[str, object] = {"until": cast.day(21), **want}
    return waiting.join(wish=wish, want=Want(**facts), by=DESK, now=now)  # type: ignore[arg-type]


def gap(clinic: cast.Clinic, start: datetime = FREED, minutes: int = 30) -> Gap:
    return Gap(site_id=clinic.site.pk, start=start, end=start + timedelta(minutes=minutes))


def offered(entry: WaitingEntry, start: datetime = FREED, now: datetime = NOW) -> Offer:
    return waiting.offer(entry_id=entry.pk, start=start, by=DESK, now=now)


def link_to(offer: Offer, now: datetime = NOW) -> str:
    """Make a link to an offer, as its message does, and answer its token."""
    bound = links.Visit(
        appointment_id=None,
        offer_id=offer.pk,
        patient_id=offer.entry.patient_id,
        told_version=0,
        end=offer.answer_by,
        purpose=Link.Purpose.OFFER,
    )
    return links.issue_many(visits=[bound], now=now)[0]

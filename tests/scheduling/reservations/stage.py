"""A clinic that is open to those who book by themselves, and people who keep its starts."""

from dataclasses import dataclass
from datetime import date, datetime

from scheduling import reservations, visitors
from scheduling.core.words import Wish
from scheduling.models import Appointment, Patient, PatientSession, Treatment
from scheduling.reservations import Newcomer, Reserved
from tests import cast
from tests.cast import NOW

PHONE = "+447700900456"
TEN = cast.at(cast.day(1), 10)


@dataclass(frozen=True)
class Stage:
    """A clinic that opens its consultation and its review to those who book by themselves."""

    clinic: cast.Clinic

    @property
    def wish(self) -> Wish:
        return Wish(site_id=self.clinic.site.pk, treatment_id=self.clinic.consultation.pk)


def stage() -> Stage:
    clinic = cast.build()
    Treatment.objects.filter(name__in=["Consultation", "Review"]).update(self_booking=True)
    return Stage(clinic)


def session_of(patient: Patient | None, phone: str = PHONE, now: datetime = NOW) -> PatientSession:
    token = visitors.admit(patient_id=patient and patient.pk, now=now, phone=phone)
    return visitors.recognise(token=token, now=now)


def kept(
    at: Stage, session: PatientSession, start: datetime = TEN, now: datetime = NOW
) -> Reserved:
    made = reservations.keep(session=session, wish=at.wish, start=start, now=now)
    return Reserved(appointment_id=made.pk, wish=at.wish, start=start)


def newcomer(**facts: object) -> Newcomer:
    said: dict[str, object] = {
        "given_name": "Bea",
        "family_name": "Lowe",
        "birth_date": date(1990, 5, 1),
        "email": "bea@example.org",
        "language": "es",
        "agreed": {"sms": "Send me texts."},
    }
    return Newcomer(**(said | facts))  # type: ignore[arg-type]


def pending() -> list[Appointment]:
    return list(Appointment.objects.filter(status="pending").order_by("pk"))

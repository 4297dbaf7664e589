"""Somebody new becomes a patient in the transaction of the first booking, and not before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from scheduling import booking, register, todos, trail
from scheduling.core.words import Actor, Status
from scheduling.errors import Malformed
from scheduling.integrity import named_constraints, retrying
from scheduling.models import Appointment, Patient, PatientSession, Todo
from scheduling.reservations.keeping import (
    Reserved,
    acting,
    allowed,
    book_for,
    booked_already,
    locked,
)

LOOKS_KNOWN = "looks-known"
"""Reception's task where somebody new looks like a patient of the register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What somebody new said; the phone is the one that was verified, whatever is said.

    `agreed` maps a channel (`sms`, `email`) to the sentence that was agreed to. For a minor
    `guardian` is (given name, family name) of whose phone it is.
    """

    given_name: str
    family_name: str
    birth_date: date
    email: str
    language: str
    agreed: Mapping[str, str]
    guardian: tuple[str, str] | None = None

    @property
    def channel(self) -> str:
        """The channels agreed to, as the register spells them."""
        both = {"sms", "email"} <= set(self.agreed)
        return "both" if both else next(iter(self.agreed), Patient.Channel.NONE.value)


def enrol(
    *, session: PatientSession, reserved: Reserved, newcomer: Newcomer, now: datetime
) -> Appointment:
    """Make somebody new a patient and book the start kept for them, both or neither.

    The session is that patient's from then on. Whoever looks like a patient of the register is
    never told so: reception gets a task.

    Raises:
        Malformed: a minor without a guardian, or a fact that is impossible.
        Refused, NotOpen, NotFound, Busy: see `keep`.

    """
    booking.free_expired_holds(now=now)
    return _enrolled(session.pk, reserved, newcomer, now)


@retrying
def _enrolled(
    session_id: int, reserved: Reserved, newcomer: Newcomer, now: datetime
) -> Appointment:
    mine, _ = locked(session_id, now)
    if (already := booked_already(mine, reserved)) is not None:
        return already
    if mine.patient_id is None:
        known = _same_person(mine, newcomer)
        mine.patient = known or _entered(mine, reserved, newcomer, now)
        mine.save(update_fields=["patient"])
        if known is not None:
            _hand_over(mine, reserved, known)
    if (coming := _coming(mine, now)) is not None:
        mine.hold = coming
        mine.save(update_fields=["hold"])
        return coming
    allowed(mine, reserved.wish)
    return book_for(mine, reserved, now)


def _same_person(mine: PatientSession, newcomer: Newcomer) -> Patient | None:
    """Find the patient whom the same person made on another phone a moment ago.

    The verified phone, the whole name and the birth date, all three: a family shares the first.
    """
    said = Patient(
        given_name=newcomer.given_name,
        family_name=newcomer.family_name,
        birth_date=newcomer.birth_date,
    )
    # the birth date ends the name: “Ana Li” is not the twin “Ana Lima”
    name = register.key_of(said)
    holds = "guardian__phone" if newcomer.guardian else "phone"
    found = Patient.objects.filter(birth_date=newcomer.birth_date, **{holds: mine.phone})
    return next((row for row in found.order_by("pk") if row.search_key.startswith(name)), None)


def _hand_over(mine: PatientSession, reserved: Reserved, known: Patient) -> None:
    """Let the start that was kept for somebody new be kept for the patient who they are.

    Else it would stand in its own way: as another person's, for as long as it is kept.
    """
    kept = _standing_in(mine, reserved).first()
    if kept is not None:
        with named_constraints():
            Appointment.objects.filter(pk=reserved.appointment_id).update(patient=known)
        kept.delete()


def _standing_in(mine: PatientSession, reserved: Reserved) -> QuerySet[Patient]:
    """Find, locked, the row that stands for somebody new at the start that is kept for them."""
    return Patient.objects.select_for_update(no_key=True).filter(
        provisional=True,
        appointments=reserved.appointment_id,
        appointments__sessions=mine.pk,
        appointments__status=Status.PENDING.value,
    )


def _coming(mine: PatientSession, now: datetime) -> Appointment | None:
    """Find the first visit that this new patient has booked already, on another phone."""
    booked = Appointment.objects.filter(
        patient=mine.patient, status=Status.BOOKED.value, start__gt=now
    )
    return booked.order_by("start", "pk").first()


def _entered(
    mine: PatientSession, reserved: Reserved, newcomer: Newcomer, now: datetime
) -> Patient:
    """Give the row that stood for somebody new their name, or write one where the hold is gone."""
    if register.needs_guardian(newcomer.birth_date, now.date()) and newcomer.guardian is None:
        raise Malformed("Somebody under 18 books with a parent or guardian.")
    patient = _standing_in(mine, reserved).first() or Patient()
    guardian = _guardian(mine, newcomer, now)
    patient.given_name, patient.family_name = newcomer.given_name, newcomer.family_name
    patient.birth_date, patient.guardian = newcomer.birth_date, guardian
    # a minor is written to through the guardian
    patient.phone = "" if guardian else mine.phone
    patient.email = "" if guardian else newcomer.email
    _write(patient, newcomer, now)
    _tell_reception([patient, *([guardian] if guardian else [])], reserved.wish.site_id, now)
    return patient


def _guardian(mine: PatientSession, newcomer: Newcomer, now: datetime) -> Patient | None:
    if newcomer.guardian is None:
        return None
    given, family = newcomer.guardian
    guardian = Patient(given_name=given, family_name=family, phone=mine.phone, email=newcomer.email)
    return _write(guardian, newcomer, now)


def _write(patient: Patient, newcomer: Newcomer, now: datetime) -> Patient:
    """Enter somebody in the register, with the evidence of what they agreed to."""
    patient.provisional, patient.do_not_contact = False, False
    patient.language, patient.channel = newcomer.language, newcomer.channel
    patient.search_key = register.key_of(patient)
    by = Actor(name="somebody new by code", patient_id=patient.pk or 0)
    register.register(patient=patient, by=by, now=now)
    what: dict[str, Any] = {
        channel: ["", sentence] for channel, sentence in sorted(newcomer.agreed.items())
    }
    what["channel"] = ["", newcomer.channel]
    entry = trail.entry(subject=patient, verb="agree", by=acting(patient.pk), now=now, what=what)
    trail.write([entry])
    return patient


def _tell_reception(people: list[Patient], site_id: int, now: datetime) -> None:
    """Ask reception to compare, where somebody new looks like a patient of the register."""
    for patient in people:
        others = {person.pk for person in people}
        alike = [like for like in register.duplicates_of(patient) if like.patient.pk not in others]
        if not alike:
            continue
        said = ", ".join(f"{like.patient} ({like.because})" for like in alike)
        todo = Todo(
            site_id=site_id,
            patient=patient,
            kind=LOOKS_KNOWN,
            text=f"{patient} has booked as somebody new and looks like {said}. Is it the same person?",
        )
        todos.write_down(todo=todo, by=acting(patient.pk), now=now)

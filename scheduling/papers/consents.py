"""Consent per course: which text asks for a signature, who signs it, and what the signature is.

A signature is a name typed in full, the moment, and the door that it came by. It becomes the
`consent` record that the protocol asks for at check-in.
"""

import json
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Min

from scheduling import protocols, records, trail
from scheduling.booking.dependents import reasons_now
from scheduling.core.rules import Moment
from scheduling.core.words import Actor, Reason, Severity, Status
from scheduling.errors import ClinicError, Malformed, NotFound, WrongState
from scheduling.integrity import lock_patient, retrying
from scheduling.models import Appointment, ConsentText, Patient, Record, SignedConsent

MAJORITY = 18
"""Years from which somebody signs alone (Family Law Reform Act 1969, s. 1, and Spain's Código
Civil, art. 240); the protocol's own ages say who may be treated at all."""

LONGEST_NAME = 160
SIGNABLE = frozenset({Status.BOOKED.value, Status.ARRIVED.value})


class TextChanged(ClinicError):
    """Another text is in force than the one that was read."""

    code = "consent_text_changed"
    sentence = "The text has been changed in the meantime."


class NobodyToSign(ClinicError):
    """Nobody who may sign is known: no birth date, or no guardian of a minor."""

    code = "nobody_to_sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a visit stands: the text that would be signed, and the signature that covers it."""

    text: ConsentText | None
    signed: SignedConsent | None
    needed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What was signed: the id of the text that was read, the name as typed, and the door."""

    text_id: int
    name: str
    door: str


def text_for(*, procedure: str, language: str, on: date) -> ConsentText | None:
    """Find the newest text in force for a procedure: its own, else its narrowest category's.

    A version without the language is given in English.
    """
    for subject in _subjects(procedure):
        rows = ConsentText.objects.filter(subject=subject, in_force_from__lte=on)
        newest = rows.order_by("-version").values_list("version", flat=True).first()
        if newest is not None:
            texts = {row.language: row for row in rows.filter(version=newest).order_by("pk")}
            return texts.get(language) or texts.get("en") or next(iter(texts.values()))
    return None


def _subjects(procedure: str) -> list[str]:
    categories = protocols.in_force().categories.items()
    around = sorted((len(held), name) for name, held in categories if procedure in held)
    return [procedure, *(name for _, name in around)]


def standing(*, visit: Appointment, language: str, now: datetime) -> Standing:
    """Tell whether a visit needs a signature still, and show the one that covers it.

    A course is signed for once, whatever its text becomes; without a course the newest version
    is asked for. Either ends when the protocol wants a newer consent.
    """
    text = text_for(procedure=visit.procedure, language=language, on=_today(visit.zone, now))
    signed = _covering(visit, text)
    if text is None or visit.status not in SIGNABLE:
        return Standing(text=text, signed=signed, needed=False)
    return Standing(text=text, signed=signed, needed=signed is None or _lapsed(visit, now))


COURSE = "consent_of_course"


def lacking(visit: Appointment, now: datetime) -> list[Reason]:
    """Say at check-in that a course was never consented to; nothing where it was.

    As on the patient's page, a course is signed for once. What staff recorded by hand since the
    course's first visit was booked counts too: it may have been signed on paper. A clinic that has
    no text for the procedure is not asked; the protocol's own rule stands besides.
    """
    if visit.series_id is None:
        return []
    text = text_for(procedure=visit.procedure, language="en", on=_today(visit.zone, now))
    if text is None or _covering(visit, text) is not None or _recorded_since(visit):
        return []
    return [
        Reason(
            code=COURSE,
            severity=Severity.HARD,
            sentence="A signed consent to this course is needed before the treatment begins.",
            patient_sentence="Before we begin, you sign your consent to this course.",
            arithmetic=f"{text.title}: none signed since the course was booked",
        )
    ]


def _recorded_since(visit: Appointment) -> bool:
    booked = Appointment.objects.filter(series=visit.series)
    began = booked.aggregate(first=Min("created_at"))["first"]
    records = Record.objects.filter(
        patient_id=visit.patient_id, kind=Record.Kind.CONSENT, withdrawn_at=None, start__gte=began
    )
    return records.exists()


def _covering(visit: Appointment, text: ConsentText | None) -> SignedConsent | None:
    signed = SignedConsent.objects.filter(
        patient_id=visit.patient_id, procedure=visit.procedure, record__withdrawn_at=None
    ).select_related("text", "guardian", "record")
    if visit.series_id is not None:
        signed = signed.filter(series_id=visit.series_id)
    else:
        signed = signed.filter(series=None)
        if text is not None:
            signed = signed.filter(text__subject=text.subject, text__version=text.version)
    return signed.order_by("-signed_at", "-pk").first()


def _lapsed(visit: Appointment, now: datetime) -> bool:
    """Ask the protocol whether the consent that is there still counts at the visit."""
    asked = {r.code for r in protocols.in_force().rules if getattr(r, "needs", "") == "consent"}
    reasons = reasons_now(visit, now, Moment.CHECK_IN)
    return any(r.code in asked and r.severity is not Severity.ADVISORY for r in reasons)


def signer_of(patient: Patient, *, today: date) -> Patient:
    """Answer who signs: the patient, or the guardian of a minor.

    Raises:
        NobodyToSign: the birth date is not known, or a minor's guardian is not.

    """
    if patient.birth_date is None:
        raise NobodyToSign("The birth date is not known.", which="sign_unborn")
    born = patient.birth_date
    age = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    if age >= MAJORITY:
        return patient
    if patient.guardian is None:
        raise NobodyToSign("No guardian is known.", which="sign_minor")
    return patient.guardian


@transaction.atomic
def sign(*, appointment_id: int, signature: Signature, by: Actor, now: datetime) -> SignedConsent:
    """Sign for a visit and its course; signed before, that signature is answered.

    Raises:
        NotFound: there is no such visit of this patient's.
        WrongState: the visit is over or off.
        TextChanged: another text is in force by now.
        NobodyToSign: see `signer_of`.
        Malformed: there is no name, or for a minor another than the guardian's.

    """
    visit = _locked(appointment_id, by)
    if visit.status not in SIGNABLE:
        raise WrongState("This visit is over or cancelled.")
    text = ConsentText.objects.filter(pk=signature.text_id).first()
    today = _today(visit.zone, now)
    asked = text_for(procedure=visit.procedure, language=text.language if text else "", on=today)
    stands = standing(visit=visit, language=text.language if text else "", now=now)
    if stands.signed is not None and not stands.needed:
        return stands.signed
    if text is None or asked is None or asked.pk != text.pk:
        raise TextChanged
    signer = signer_of(visit.patient, today=today)
    typed = "".join(letter for letter in signature.name if letter.isprintable())
    name = " ".join(typed.split())[:LONGEST_NAME]
    _check(name, signer, visit.patient)
    kept = replace(signature, name=name)
    return _signed(visit, text, signer, kept, (by, now))


def _signed(
    visit: Appointment,
    text: ConsentText,
    signer: Patient,
    signature: Signature,
    when: tuple[Actor, datetime],
) -> SignedConsent:
    (by, now), name = when, signature.name
    minor = signer.pk != visit.patient_id
    record = Record(
        patient_id=visit.patient_id,
        kind=Record.Kind.CONSENT,
        start=now,
        end=now,
        zone=visit.zone,
        appointment=visit,
        note=f"Signed by {name}: {text}",
    )
    kept = SignedConsent.objects.create(
        patient_id=visit.patient_id,
        text=text,
        appointment=visit,
        series_id=visit.series_id,
        procedure=visit.procedure,
        treatment=visit.treatment.name,
        role=SignedConsent.Role.GUARDIAN if minor else SignedConsent.Role.PATIENT,
        guardian=signer if minor else None,
        signed_name=name,
        signed_at=now,
        zone=visit.zone,
        by=by.name,
        door=signature.door,
        record=records.add(record=record, by=by, now=now),
    )
    trail.write([trail.entry(subject=kept, verb="sign", by=by, now=now)])
    return kept


def _check(name: str, signer: Patient, patient: Patient) -> None:
    # one letter is no name, nor are dots, and what cannot be seen can be read by no court
    if sum(letter.isalpha() for letter in name) < 2:  # noqa: PLR2004
        raise Malformed("Type the full name.", which="error_name")
    if signer.pk != patient.pk and _plain(name) != _plain(str(signer)):
        # whoever holds a minor's phone must not sign as anybody
        raise Malformed("Type the guardian's name.", which="error_guardian")


def _plain(name: str) -> str:
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def _locked(appointment_id: int, by: Actor) -> Appointment:
    # the patient first, and then the visit as it is: signed twice at once is signed once
    lock_patient(by.patient_id)
    rows = Appointment.objects.select_related("patient__guardian", "treatment", "site")
    visit = rows.filter(pk=appointment_id, patient_id=by.patient_id or 0).first()
    if visit is None:
        raise NotFound
    return visit


def _today(zone: str, now: datetime) -> date:
    return now.astimezone(ZoneInfo(zone)).date()


@retrying
def publish(*, text: ConsentText, by: Actor, now: datetime) -> ConsentText:
    """Put a text in force from its date on; a version is never changed, the next one follows it.

    Raises:
        Malformed: this version has a text in that language already.

    """
    text.created_at, text.created_by = now, by.name
    text.save(force_insert=True)
    trail.write([trail.entry(subject=text, verb="publish", by=by, now=now)])
    return text


def load_shipped(*, by: Actor, now: datetime) -> int:
    """Put the shipped drafts in force as version 1, for a demo; answer how many were new.

    A real clinic writes its own: what is signed is the word of its medical lead and its lawyer.
    """
    text = files("scheduling").joinpath("data", "consents.json").read_text("utf-8")
    fresh = [
        ConsentText(version=1, in_force_from=now.date(), **row)
        for row in json.loads(text)["texts"]
        if not ConsentText.objects.filter(
            subject=row["subject"], language=row["language"], version=1
        ).exists()
    ]
    for row in fresh:
        publish(text=row, by=by, now=now)
    return len(fresh)

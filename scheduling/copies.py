"""The copy of their data that a patient may take along (GDPR, articles 15 and 20).

What stands here is what the house keeps about one patient and nobody else. Left out: who a guardian
or a ward is, and the free notes of the staff (`note` of a patient, a visit, a record; the reasons of
overrides). Those may speak of others (article 15(4)) or do serious harm (Data Protection Act 2018,
schedule 3, paragraph 5), which a person must look at first; the page says so.

Upper floors add their parts from `apps.py`, as panels are; nobody imports upward to read something.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from scheduling.models import Appointment, Patient, Record, SignedConsent, Submission, WaitingEntry

Lines = Sequence[Mapping[str, Any]]
"""Rows of one part: plain names to text, numbers, dates or truth, as JSON can spell them."""

Read = Callable[[Patient], Lines]

_parts: dict[str, Read] = {}


def add(name: str, read: Read) -> None:
    """Put a part into every copy; the same name again replaces it."""
    _parts[name] = read


def copy_of(patient: Patient) -> dict[str, list[dict[str, Any]]]:
    """Read all that is kept about a patient, part by part, newest rows first."""
    own: dict[str, Lines] = {
        "person": [_person(patient)],
        "visits": [_visit(row) for row in _visits(patient)],
        "records": [_record(row) for row in Record.objects.filter(patient=patient)],
        "histories": [_history(row) for row in Submission.objects.filter(patient=patient)],
        "consents": [_consent(row) for row in _consents(patient)],
        "waiting": [_waiting(row) for row in _wishes(patient)],
    }
    above = {name: read(patient) for name, read in sorted(_parts.items())}
    return {name: [_said(row) for row in lines] for name, lines in (own | above).items()}


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is not known."""
    return {name: value for name, value in row.items() if value not in (None, "", [])}


def minute(at: datetime | None) -> str:
    """Spell an instant in UTC to the minute; empty where there is none."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else ""


def _person(patient: Patient) -> dict[str, Any]:
    return {
        "given_name": patient.given_name,
        "family_name": patient.family_name,
        "birth_date": patient.birth_date,
        "phone": str(patient.phone or ""),
        "other_phone": str(patient.other_phone or ""),
        "email": patient.email,
        "language": patient.get_language_display(),
        "messages_by": patient.get_channel_display(),
        "skin_type": patient.fitzpatrick,
        "has_guardian": patient.guardian_id is not None,
        "do_not_contact": patient.do_not_contact,
        "since": minute(patient.created_at),
    }


def _visits(patient: Patient) -> QuerySet[Appointment]:
    rows = Appointment.objects.filter(patient=patient).select_related("site", "treatment")
    return rows.order_by("-start", "-pk")


def _visit(row: Appointment) -> dict[str, Any]:
    return {
        "date": row.local_date,
        "time": f"{row.local_time:%H:%M}",
        "zone": row.zone,
        "site": row.site.name,
        "treatment": row.treatment.name,
        "areas": list(row.areas),
        "status": row.status,
    }


def _record(row: Record) -> dict[str, Any]:
    detail = (row.get_code_display(), row.get_drug_class_display(), row.size, row.depth)
    return {
        "what": row.get_kind_display(),
        "from": minute(row.start) or row.start_date,
        "until": minute(row.end) or row.end_date,
        "procedure": row.procedure,
        "areas": list(row.areas),
        "result": row.get_result_display(),
        "detail": [each for each in detail if each],
        "from_you": row.reported_by_patient,
        "withdrawn": minute(row.withdrawn_at),
    }


def _history(row: Submission) -> dict[str, Any]:
    answers = [
        " · ".join(
            part
            for part in (
                each["question"],
                each["answer"],
                each["facts"]["on"],
                each["facts"]["words"],
            )
            if part
        )
        for each in row.answers
    ]
    return {"at": minute(row.at), "version": row.version, "answers": answers}


def _consents(patient: Patient) -> QuerySet[SignedConsent]:
    return SignedConsent.objects.filter(patient=patient).select_related("text", "record")


def _consent(row: SignedConsent) -> dict[str, Any]:
    mine = row.role == SignedConsent.Role.PATIENT
    return {
        "title": row.text.title,
        "version": row.text.version,
        "treatment": row.treatment,
        # the name of a guardian is another person's
        "signed_by": row.signed_name if mine else row.get_role_display(),
        "at": minute(row.signed_at),
        "withdrawn": minute(row.record.withdrawn_at),
    }


def _wishes(patient: Patient) -> QuerySet[WaitingEntry]:
    rows = WaitingEntry.objects.filter(patient=patient).select_related("site", "treatment")
    return rows.order_by("-created_at", "-pk")


def _waiting(row: WaitingEntry) -> dict[str, Any]:
    return {
        "treatment": row.treatment.name,
        "site": row.site.name,
        "areas": list(row.areas),
        "since": minute(row.created_at),
        "until": row.until,
        "state": row.get_closed_as_display() or "open",
    }

"""Dated clinical facts of a patient: add one, say when it ended, withdraw a mistaken one.

A fact is never rewritten: what the rules once read can be read again. A wrong one is withdrawn
and entered anew.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import Malformed, NotFound, WrongState
from scheduling.integrity import lock_patient, named_constraints
from scheduling.models import Record
from scheduling.signals import patient_record_changed

Kind = Record.Kind

_MOMENT = ("start", "end")
_SPELL = ("start_date", "end_date")
_DAY = ("start_date",)

FIELDS: Mapping[Kind, tuple[str, ...]] = {
    Kind.CONSULTATION: _MOMENT,
    Kind.CONSENT: _MOMENT,
    Kind.PATCH_TEST: (*_MOMENT, "procedure", "result"),
    Kind.HEALED: (*_DAY, "areas"),
    Kind.ISOTRETINOIN: _SPELL,
    Kind.SUN_EXPOSURE: _SPELL,
    Kind.FAKE_TAN: _SPELL,
    Kind.WAXING: (*_SPELL, "areas"),
    Kind.PREGNANCY: _SPELL,
    Kind.BREASTFEEDING: _SPELL,
    Kind.ACTIVE_INFECTION: (*_SPELL, "areas"),
    Kind.PHOTOSENSITISING_DRUG: ("drug_class", *_SPELL),
    Kind.DENTAL_OR_VACCINE: _SPELL,
    Kind.ADVERSE_EVENT: ("code", "areas", *_SPELL),
    Kind.DOCTOR_DIRECTED: _DAY,
    Kind.PRIOR_SESSION: ("procedure", "areas", "size", "depth", *_DAY),
}
"""Which fields a type of record uses; a note goes with every type."""

REQUIRED = frozenset({"start", "procedure", "result", "drug_class", "code"})
"""Without these a record of its type says nothing that a rule could read."""

ONE_DAY = frozenset(kind for kind, fields in FIELDS.items() if "end_date" not in fields) - {
    Kind.CONSULTATION,
    Kind.CONSENT,
    Kind.PATCH_TEST,
}
"""Types that happen on one local date, kept as both ends of it."""


def ongoing(record: Record) -> bool:
    """Tell whether a spell has no end yet, so that its rule holds on every date."""
    return "end_date" in FIELDS[Kind(record.kind)] and record.end_date is None


@transaction.atomic
def add(*, record: Record, by: Actor, now: datetime) -> Record:
    """Enter a dated fact, as its type reads it, and tell the floors above.

    Raises:
        Malformed: a field that the type needs is missing, or it lies in the future.
        NotFound: there is no such patient.

    """
    if objection := objection_to(record, now=now):
        raise Malformed(objection)
    lock_patient(record.patient_id)
    record.recorded_by_id = by.user_id
    with named_constraints():
        record.save()
    _tell(record, "add", by=by, now=now)
    return record


def objection_to(record: Record, *, now: datetime) -> str:
    """Say why no rule could read a record; empty when all is well.

    A fact of one day is first written as both ends of it.
    """
    kind = Kind(record.kind)
    if kind in ONE_DAY:
        record.end_date = record.start_date
    missing = [
        name
        for name in FIELDS[kind]
        if not getattr(record, name) and (name in REQUIRED or (kind in ONE_DAY and name in _DAY))
    ]
    if missing:
        return f"{kind.label}: say {' and '.join(word_for(name) for name in missing)}."
    began = record.start.date() if record.start else record.start_date
    if began and began > now.date():
        return f"{kind.label}: what is still to come is booked, not recorded."
    return "A record ends after it begins." if _reversed(record) else ""


def _reversed(record: Record) -> bool:
    pairs: tuple[tuple[Any, Any], ...] = (
        (record.start_date, record.end_date),
        (record.start, record.end),
    )
    return any(first and last and last < first for first, last in pairs)


def word_for(field: str) -> str:
    """Say a field of a record as a person would."""
    words = {
        "start": "when it began",
        "start_date": "the date",
        "procedure": "which procedure",
        "result": "its result",
        "drug_class": "the class of the drug",
        "code": "what happened",
    }
    return words.get(field, field)


@transaction.atomic
def finish(*, record_id: int, on: date, by: Actor, now: datetime) -> Record:
    """Say on which local date an ongoing fact ended, its last day included.

    Raises:
        NotFound: there is no such record.
        WrongState: it has ended already, or was withdrawn.
        Malformed: it would end before it began.

    """
    record = _locked(record_id)
    if record.withdrawn_at or not ongoing(record):
        raise WrongState("Only what still goes on can end.")
    if record.start_date and on < record.start_date:
        raise Malformed("It cannot end before it began.")
    record.end_date = on
    record.save(update_fields=["end_date"])
    _tell(record, "finish", by=by, now=now)
    return record


@transaction.atomic
def withdraw(*, record_id: int, by: Actor, now: datetime) -> Record:
    """Mark a record as entered in error: it stays readable and counts no longer.

    Raises:
        NotFound: there is no such record.
        WrongState: it was withdrawn before.

    """
    record = _locked(record_id)
    if record.withdrawn_at:
        raise WrongState("This record was withdrawn before.")
    record.withdrawn_at = now
    record.save(update_fields=["withdrawn_at"])
    _tell(record, "withdraw", by=by, now=now)
    return record


@transaction.atomic
def review(*, record_id: int, by: Actor, now: datetime) -> Record:
    """Note that a clinician has read a patient's own answer and finds it right.

    Raises:
        NotFound: there is no such record.
        WrongState: it is no answer of a patient's, was reviewed before, or withdrawn.

    """
    record = _locked(record_id)
    if not record.reported_by_patient or record.reviewed_at or record.withdrawn_at:
        raise WrongState("Only a patient's answer that nobody has reviewed can be accepted.")
    record.reviewed_at, record.reviewed_by = now, by.name
    record.save(update_fields=["reviewed_at", "reviewed_by"])
    # no news for the floors above: it counted before, and it counts now
    what = {"patient": [None, record.patient_id], "kind": [None, record.kind]}
    trail.write([trail.entry(subject=record, verb="review", by=by, now=now, what=what)])
    return record


def _locked(record_id: int) -> Record:
    record = Record.objects.filter(pk=record_id).first()
    if record is None:
        raise NotFound
    lock_patient(record.patient_id)
    record.refresh_from_db()
    return record


def _tell(record: Record, verb: str, *, by: Actor, now: datetime) -> None:
    what = {"patient": [None, record.patient_id], "kind": [None, record.kind]}
    trail.write([trail.entry(subject=record, verb=verb, by=by, now=now, what=what)])
    patient_record_changed.send(
        sender=Record, patient_id=record.patient_id, record=record, by=by, now=now
    )

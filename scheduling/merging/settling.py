"""What is not only moved when two records become one; upper floors settle theirs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from scheduling import links, waiting
from scheduling.core.words import Actor
from scheduling.merging import apart
from scheduling.models import (
    Appointment,
    Convenience,
    Draft,
    Origin,
    Patient,
    PatientSession,
    WaitingEntry,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """Two records of one person: who stays, as they were before and are now, and who goes."""

    stays: Patient
    before: Patient
    goes: Patient
    by: Actor
    now: datetime


Settle = Callable[[Joined], list[str]]
"""Runs in the merge's transaction, when every row is moved; says what it did, in sentences."""

_parts: dict[str, Settle] = {}


def add(settle: Settle) -> None:
    """Let an upper floor settle what is its own; adding the same again replaces it."""
    _parts[f"{settle.__module__}.{settle.__qualname__}"] = settle


def above(joined: Joined) -> list[str]:
    """Let the upper floors settle theirs, in the order of their names."""
    return [line for _, part in sorted(_parts.items()) for line in part(joined)]


def beforehand(joined: Joined) -> list[str]:
    """Clear away what cannot be there twice, before rows are moved."""
    stays, goes, now = joined.stays, joined.goes, joined.now
    said = []
    for entry in _waiting_twice(stays, goes):
        waiting.leave(entry_id=entry.pk, by=joined.by, now=now)
        said.append(f"Waits once, not twice, for {entry.treatment.name}.")
    if Convenience.objects.filter(patient=stays).exists():
        Convenience.objects.filter(patient=goes).delete()
    begun = Draft.objects.filter(patient=stays).values("opened_by")
    Draft.objects.filter(patient=goes, opened_by__in=begun).delete()
    # who was let in with the other record's phone or address proves it again
    PatientSession.objects.filter(patient=goes, ended_at=None).update(ended_at=now)
    links.revoke(appointments=Appointment.objects.filter(patient=goes), now=now)
    # a page that shows one of these visits shows the wrong patient now
    Appointment.objects.filter(patient=goes).update(version=F("version") + 1)
    apart.carry_over(stays=stays.pk, goes=goes.pk)
    # what the other system calls the one or the other is this patient
    Origin.objects.filter(subject="patients", subject_id=goes.pk).update(subject_id=stays.pk)
    return said


def _waiting_twice(stays: Patient, goes: Patient) -> list[WaitingEntry]:
    here = WaitingEntry.objects.filter(patient=stays, closed_at=None)
    wanted = set(here.values_list("site_id", "treatment_id"))
    theirs = WaitingEntry.objects.filter(patient=goes, closed_at=None).select_related("treatment")
    return [entry for entry in theirs if (entry.site_id, entry.treatment_id) in wanted]

"""Finding a patient with one hand on the phone: part of a name, a phone number, a birth date."""

from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from scheduling import register
from scheduling.models import Patient, Site

SHOWN = 12
"""Results on one screen; more than that and typing another word is quicker than reading."""


@dataclass(frozen=True, slots=True)
class Found:
    """The patients that fit, the first few of them, and whether there are more."""

    text: str
    patients: tuple[Patient, ...]
    more: bool

    @property
    def only(self) -> Patient | None:
        """Answer the patient when exactly one fits."""
        return self.patients[0] if len(self.patients) == 1 else None


def look_for(text: str) -> Found | None:
    """Find patients by any of name, phone and birth date; None when nothing was typed."""
    text = text.strip()[:120]
    if not text:
        return None
    rows = list(register.find(text, countries=countries()).order_by(*ORDER)[: SHOWN + 1])
    return Found(text, tuple(rows[:SHOWN]), more=len(rows) > SHOWN)


ORDER = ("family_name", "given_name", "pk")


def countries() -> list[str]:
    """List the countries of the sites: national phone numbers are read as they are dialled there."""
    return sorted(set(Site.objects.values_list("country", flat=True)))


def register_finds(text: str) -> "QuerySet[Patient] | None":
    """Find all patients that fit a list's search; None when nothing was typed."""
    text = text.strip()[:120]
    return register.find(text, countries=countries()).order_by() if text else None


def age(patient: Patient, today: date) -> int | None:
    """Count a patient's full years today."""
    return register.age_on(patient.birth_date, today) if patient.birth_date else None

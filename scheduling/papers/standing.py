"""What an answer means for the visits to come: which of them the rules refuse now, and why."""

from dataclasses import dataclass
from datetime import date, datetime

from scheduling import booking, protocols
from scheduling.core.words import Reason
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A coming visit that the rules no longer allow, and until when as far as a date says."""

    visit: Appointment
    reasons: tuple[Reason, ...]

    @property
    def records(self) -> tuple[str, ...]:
        """Types of record that stand against it, each once, in the order of their weight."""
        kinds = [_record_of(reason.code) for reason in self.reasons]
        return tuple(dict.fromkeys(kind for kind in kinds if kind))

    @property
    def earliest(self) -> date | None:
        """Local date from which no reason stands; None where a reason has no such date."""
        days = [reason.earliest for reason in self.reasons]
        known = [day for day in days if day]
        return max(known) if known and len(known) == len(days) else None


def refused(
    *, patient_id: int, now: datetime, appointment_id: int | None = None
) -> tuple[Refused, ...]:
    """List the coming visits of a patient that the rules refuse, or look at one of them only."""
    found = booking.refused_coming(patient_id, now=now)
    return tuple(
        Refused(visit=visit, reasons=tuple(reasons))
        for visit, reasons in found
        if appointment_id in {None, visit.pk}
    )


def _record_of(code: str) -> str:
    rules = protocols.in_force().rules
    return next((getattr(r, "record", "") or "" for r in rules if r.code == code), "")

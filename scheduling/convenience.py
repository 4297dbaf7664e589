"""When a patient can best come: asked with check boxes, remembered, never a rule.

Wishes put one start before another, on the patient's pages and in plans whose own row says nothing;
they forbid none.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from django.db import transaction

from scheduling import trail
from scheduling.core.words import Actor
from scheduling.errors import Malformed
from scheduling.models import Convenience, Patient

PARTS: Mapping[str, str] = {
    "morning": "00:00-12:00",
    "afternoon": "12:00-17:00",
    "evening": "17:00-00:00",
}
"""The parts of a day by their stretches, spelt as plans spell times of day (00:00 ends the day)."""

WEEKDAYS = range(7)


@dataclass(frozen=True, slots=True)
class Convenient:
    """Weekdays (0 is Monday) and parts of the day; an empty one means that any will do."""

    weekdays: tuple[int, ...] = ()
    parts: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether the patient wishes anything."""
        return bool(self.weekdays or self.parts)

    @property
    def times(self) -> tuple[str, ...]:
        """The parts as stretches of the clock."""
        return tuple(PARTS[part] for part in self.parts)

    def suits(self, start: datetime) -> bool:
        """Tell whether a start on the site's clock is as wished."""
        on_day = not self.weekdays or start.weekday() in self.weekdays
        return on_day and (not self.parts or part_of(start.time()) in self.parts)


def part_of(at: time) -> str:
    """Name the part of the day that a wall time lies in."""
    text = f"{at:%H:%M}"
    return next(
        name
        for name, (low, high) in ((n, s.split("-")) for n, s in PARTS.items())
        if low <= text and (high == "00:00" or text < high)
    )


def of(patient_id: int) -> Convenient:
    """Answer what a patient wishes, nothing where nobody asked."""
    row = Convenience.objects.filter(patient=patient_id).first()
    return Convenient(tuple(row.weekdays), tuple(row.parts)) if row else Convenient()


@transaction.atomic
def remember(
    *, patient_id: int, weekdays: Collection[int], parts: Collection[str], by: Actor, now: datetime
) -> Convenient:
    """Remember what a patient wishes, in place of what was wished before.

    Raises:
        Malformed: a weekday or a part of the day that there is none of.

    """
    if not set(weekdays) <= set(WEEKDAYS) or not set(parts) <= set(PARTS):
        raise Malformed("A weekday is 0 (Monday) to 6; a part of the day has a known name.")
    wished = Convenient(tuple(sorted(set(weekdays))), tuple(p for p in PARTS if p in set(parts)))
    before = of(patient_id)
    if wished == before:
        return wished
    Convenience.objects.update_or_create(
        patient_id=patient_id,
        defaults={
            "weekdays": list(wished.weekdays),
            "parts": list(wished.parts),
            "changed_at": now,
        },
    )
    what = {
        "weekdays": [list(before.weekdays), list(wished.weekdays)],
        "parts": [list(before.parts), list(wished.parts)],
    }
    subject = Patient(pk=patient_id)
    trail.write([trail.entry(subject=subject, verb="wish", by=by, now=now, what=what)])
    return wished

"""The desk's screens: thin doors to the verbs, one module a noun."""

from scheduling.admin import (
    absences,
    appointments,
    desk,
    intakes,
    papers,
    people,
    places,
    protocols,
    records,
    staff,
    trail,
    treatments,
    waiting,
)

__all__ = [
    "absences",
    "appointments",
    "desk",
    "intakes",
    "papers",
    "people",
    "places",
    "protocols",
    "records",
    "staff",
    "trail",
    "treatments",
    "waiting",
]

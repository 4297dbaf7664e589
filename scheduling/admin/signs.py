"""A visit's status as an icon and a word, and what may be done next."""

from collections.abc import Mapping
from dataclasses import dataclass

from scheduling.core.words import Status
from scheduling.models import Appointment


@dataclass(frozen=True, slots=True)
class Sign:
    """A Material Symbols icon, a word, and a tone of the stylesheet."""

    icon: str
    word: str
    tone: str


SIGNS: Mapping[str, Sign] = {
    Status.PROPOSED: Sign("lightbulb", "proposed", "quiet"),
    Status.PENDING: Sign("hourglass_top", "on hold", "quiet"),
    Status.BOOKED: Sign("event", "booked", "plain"),
    Status.ARRIVED: Sign("directions_walk", "arrived", "now"),
    Status.CHECKED_IN: Sign("how_to_reg", "checked in", "now"),
    Status.FULFILLED: Sign("task_alt", "done", "good"),
    Status.CANCELLED: Sign("event_busy", "cancelled", "quiet"),
    Status.NOSHOW: Sign("person_off", "did not come", "bad"),
    Status.ENTERED_IN_ERROR: Sign("backspace", "entered in error", "quiet"),
    Status.WAITLIST: Sign("list_alt", "waiting", "quiet"),
}


def sign_of(visit: Appointment) -> Sign:
    """Show where a visit stands."""
    return SIGNS[visit.status]


NEXT: Mapping[str, tuple[str, str]] = {
    Status.BOOKED: ("arrive", "Arrived"),
    Status.ARRIVED: ("check-in", "Check in"),
}
"""The one step that the day list offers at each status; the rest is on the visit's own page."""

VERBS: Mapping[str, str] = {
    "hold": "kept a time",
    "book": "booked",
    "arrange": "placed with its plan",
    "move": "moved",
    "annotate": "changed the note",
    "confirm": "noted the patient’s yes",
    "arrive": "marked as arrived",
    "check_in": "checked in",
    "numbing": "began numbing",
    "treatment": "began the treatment",
    "left": "noted that the patient left",
    "complete": "completed",
    "cancel": "cancelled",
    "no_show": "marked as not come",
    "reinstate": "put back as booked",
}
"""The audit trail's verbs in words."""

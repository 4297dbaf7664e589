"""The one door to the diary: every edge books, moves and ends visits through these verbs.

Each verb is keyword-only, takes ids or values with `by` (who acts) and `now` (aware UTC), runs in
one transaction with its locks in one order (patients, resources, appointments, each by pk), writes
the audit trail, and sends `appointment_changed` before it commits.
"""

from scheduling.booking.ask import Ask, Booked
from scheduling.booking.ending import cancel, free_expired_holds, no_show, reinstate
from scheduling.booking.intake import book, book_held, book_many, hold
from scheduling.booking.moves import Place, move
from scheduling.booking.overrides import OverrideAsk
from scheduling.booking.progress import Done, annotate, arrive, check_in, complete, confirm

__all__ = [
    "Ask",
    "Booked",
    "Done",
    "OverrideAsk",
    "Place",
    "annotate",
    "arrive",
    "book",
    "book_held",
    "book_many",
    "cancel",
    "check_in",
    "complete",
    "confirm",
    "free_expired_holds",
    "hold",
    "move",
    "no_show",
    "reinstate",
]

"""The one door to the diary: every edge books, moves and ends visits through these verbs.

Each verb is keyword-only, takes ids or values with `by` (who acts) and `now` (aware UTC), runs in
one transaction with its locks in one order (patients, resources, appointments, each by pk), writes
the audit trail, and sends `appointment_changed` before it commits.
"""

from scheduling.booking.arranging import Move, Placing, arrange, as_shown, hold_many, move_many
from scheduling.booking.ask import Ask, Booked, known_wish, wish_of
from scheduling.booking.asking import ask_at_check_in
from scheduling.booking.bringing import BRING_IN, Brought, Past, bring_in, note_ended, note_past
from scheduling.booking.dependents import NO_LONGER_ALLOWED, flag_coming, refused_coming
from scheduling.booking.ending import (
    cancel,
    cancel_many,
    free_expired_holds,
    in_time,
    may_be_put_back,
    no_show,
    reinstate,
    release_holds,
)
from scheduling.booking.intake import HOLD_MINUTES, book, book_held, book_many, hold
from scheduling.booking.moves import Place, move
from scheduling.booking.overrides import OverrideAsk, blocking, end_date
from scheduling.booking.progress import Done, annotate, arrive, check_in, complete, confirm

__all__ = [
    "BRING_IN",
    "HOLD_MINUTES",
    "NO_LONGER_ALLOWED",
    "Ask",
    "Booked",
    "Brought",
    "Done",
    "Move",
    "OverrideAsk",
    "Past",
    "Place",
    "Placing",
    "annotate",
    "arrange",
    "arrive",
    "as_shown",
    "ask_at_check_in",
    "blocking",
    "book",
    "book_held",
    "book_many",
    "bring_in",
    "cancel",
    "cancel_many",
    "check_in",
    "complete",
    "confirm",
    "end_date",
    "flag_coming",
    "free_expired_holds",
    "hold",
    "hold_many",
    "in_time",
    "known_wish",
    "may_be_put_back",
    "move",
    "move_many",
    "no_show",
    "note_ended",
    "note_past",
    "refused_coming",
    "reinstate",
    "release_holds",
    "wish_of",
]

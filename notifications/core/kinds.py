"""What a message is: its channel, its kind, and why one was never sent."""

from enum import StrEnum

from scheduling.core.words import Status


class Channel(StrEnum):
    """How words leave the house."""

    EMAIL = "email"
    SMS = "sms"


class Kind(StrEnum):
    """Why a message is written."""

    BOOKED = "booked"
    REMINDER = "reminder"
    CHANGED = "changed"
    CANCELLED = "cancelled"
    SEVERAL = "several"
    ALL_OFF = "all_off"
    REPLY = "reply"
    ANSWER = "answer"
    CARE = "care"
    AFTERCARE = "aftercare"
    RECALL = "recall"
    ALERT = "alert"
    DAY = "day"
    FAMILY = "family"
    OFFER = "offer"


ANSWERS = frozenset({Kind.REPLY, Kind.ANSWER})
"""The kinds that answer a patient: of themselves, by SMS only, and in reception's words, the way
that the message came."""

TOGETHER = frozenset({Kind.SEVERAL, Kind.ALL_OFF})
"""The kinds that tell of several visits at once; of the second, every one is cancelled."""


BUNDLED = frozenset({Kind.DAY, Kind.FAMILY})
"""Reminders of several visits on one day, of one patient or of several on one telephone.

They are ways of saying a reminder: the rows of the outbox are of the kind `REMINDER`.
"""


ADVICE = frozenset({Kind.CARE, Kind.AFTERCARE})
"""The kinds that bring the care timeline: what is said is behind a link, or in the e-mail."""

OF_OFFERS = frozenset({Kind.OFFER})
"""The kinds that bring a time from the waiting list: about an offer, and about no visit."""

TO_STAFF = frozenset({Kind.ALERT})
"""The kinds that go to the clinic's own people, at any hour, whatever the patient chose."""


class DropReason(StrEnum):
    """Why a message was never sent; shown to reception as a sentence."""

    SUPERSEDED = "superseded"
    VISIT_STARTED = "visit_started"
    TOO_LATE = "too_late"
    QUIET_HOURS = "quiet_hours"
    OPTED_OUT = "opted_out"
    DO_NOT_CONTACT = "do_not_contact"
    DECEASED = "deceased"
    NO_ADDRESS = "no_address"
    UNWRITABLE = "unwritable"
    CAPPED = "capped"
    TOLD_TOGETHER = "told_together"
    OFFER_OVER = "offer_over"

    @property
    def sentence(self) -> str:
        """Say it on the screen."""
        return _DROP_SENTENCES[self]


_DROP_SENTENCES = {
    DropReason.SUPERSEDED: "The visit was moved or cancelled before this was sent.",
    DropReason.VISIT_STARTED: "The patient was already here, or the visit was over.",
    DropReason.TOO_LATE: "It would have arrived too late to be of use.",
    DropReason.QUIET_HOURS: "It fell into the night and would have been too late by morning.",
    DropReason.OPTED_OUT: "The patient asked for no messages on this channel.",
    DropReason.DO_NOT_CONTACT: "The patient asked not to be contacted.",
    DropReason.DECEASED: "The patient has died.",
    DropReason.NO_ADDRESS: "There is no address for this channel any more.",
    DropReason.UNWRITABLE: "Its text could not be made; please phone the patient.",
    DropReason.CAPPED: "Enough was sent to this address already, this day or this week.",
    DropReason.TOLD_TOGETHER: "Another reminder told of this visit too, on the same day.",
    DropReason.OFFER_OVER: "The offer was over before this was sent.",
}

OTHERWISE = frozenset({DropReason.QUIET_HOURS, DropReason.CAPPED})
"""Reasons that speak against one channel only: the message may go by the other."""

OFF = frozenset({Status.CANCELLED, Status.ENTERED_IN_ERROR})
"""The statuses of a visit to which nobody need come."""

STILL_ON: dict[Kind, frozenset[Status]] = {
    Kind.BOOKED: frozenset({Status.BOOKED}),
    Kind.REMINDER: frozenset({Status.BOOKED}),
    Kind.CHANGED: frozenset({Status.BOOKED}),
    Kind.CANCELLED: OFF,
    Kind.SEVERAL: OFF | {Status.BOOKED},
    Kind.ALL_OFF: OFF,
    Kind.REPLY: OFF | {Status.BOOKED},
    Kind.ANSWER: frozenset(Status),
    Kind.CARE: frozenset({Status.BOOKED}),
    Kind.AFTERCARE: frozenset({Status.FULFILLED}),
    Kind.RECALL: frozenset(Status),
    Kind.ALERT: frozenset(Status),
    Kind.DAY: frozenset({Status.BOOKED}),
    Kind.FAMILY: frozenset({Status.BOOKED}),
    Kind.OFFER: frozenset({Status.BOOKED}),
}
"""The statuses in which a message of each kind still tells the truth."""

SAFE_TWICE = frozenset(
    {Kind.BOOKED, Kind.REMINDER, Kind.CHANGED, Kind.CANCELLED, Kind.SEVERAL, Kind.ALL_OFF}
)
"""Kinds of which a second copy does no harm: each says the whole truth about one version of a
visit, so that whoever reads it twice is told the same. A kind that is not listed is never sent
again by itself."""

OTHER = {Channel.SMS: Channel.EMAIL, Channel.EMAIL: Channel.SMS}
"""What is left where one channel will not do."""

AT_ONCE = "now"
"""The offset of messages that go as soon as something happens."""

"""Rows of messages: the outbox, the inbox, and the clinic's own words."""

from notifications.models.care import CareAnswer, CareNote, CarePhoto, CareText, Recall
from notifications.models.challenges import MOST_TRIES, Challenge
from notifications.models.inbox import INTENTS, MERGED, Answer, OptOut, Receipt, Reply
from notifications.models.outbox import (
    CHANNELS,
    DROPS,
    KINDS,
    STATES,
    TROUBLES,
    Attempt,
    Breaker,
    Mention,
    Message,
    Pace,
)
from notifications.models.prices import SmsPrice
from notifications.models.texts import WORDED, MessageText

__all__ = [
    "CHANNELS",
    "DROPS",
    "INTENTS",
    "KINDS",
    "MERGED",
    "MOST_TRIES",
    "STATES",
    "TROUBLES",
    "WORDED",
    "Answer",
    "Attempt",
    "Breaker",
    "CareAnswer",
    "CareNote",
    "CarePhoto",
    "CareText",
    "Challenge",
    "Mention",
    "Message",
    "MessageText",
    "OptOut",
    "Pace",
    "Recall",
    "Receipt",
    "Reply",
    "SmsPrice",
]

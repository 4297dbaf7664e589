"""Rows of the outbox: what must reach whom, when, by which channel, and until when it is of use."""

import uuid

from django.db import models
from django.db.models import Q

from notifications.core.policy import Channel, DropReason, Kind
from notifications.core.resting import Trouble
from notifications.core.states import OPEN, State
from scheduling.models import Appointment, Offer, Patient, Site

CHANNELS = [(Channel.EMAIL.value, "e-mail"), (Channel.SMS.value, "SMS")]
KINDS = [
    (Kind.BOOKED.value, "visit booked"),
    (Kind.REMINDER.value, "reminder"),
    (Kind.CHANGED.value, "visit moved"),
    (Kind.CANCELLED.value, "visit cancelled"),
    (Kind.SEVERAL.value, "several visits"),
    (Kind.ALL_OFF.value, "several visits cancelled"),
    (Kind.REPLY.value, "automatic answer"),
    (Kind.ANSWER.value, "reception's answer"),
    (Kind.CARE.value, "advice before a visit"),
    (Kind.AFTERCARE.value, "advice and checks after a visit"),
    (Kind.RECALL.value, "time to come again"),
    (Kind.ALERT.value, "call to the clinician"),
    (Kind.OFFER.value, "offer of a free time"),
]
STATES = [
    (State.PENDING.value, "waiting"),
    (State.CLAIMED.value, "next in line"),
    (State.SENDING.value, "being sent"),
    (State.ACCEPTED.value, "sent"),
    (State.DELIVERED.value, "delivered"),
    (State.UNDELIVERED.value, "not delivered"),
    (State.REJECTED.value, "refused"),
    (State.UNKNOWN.value, "not certain"),
    (State.DROPPED.value, "not sent"),
    (State.DEAD.value, "given up"),
]
DROPS = [(r.value, r.sentence) for r in DropReason]

_OPEN = [s.value for s in OPEN]
_SETTLED = [s.value for s in State if s not in OPEN]


class Message(models.Model):
    """One message to one person by one channel about one version of a visit, or about one offer.

    The news of several visits belongs to the first of them, and has a `Mention` of each.
    Only `notifications.outbox` writes rows, in the transaction of the visit's own change, and
    only guarded updates move `state`. `dedupe_key` makes the same message impossible to write
    twice; `token` and `leased_until` say who is sending it; `ref` is the id that providers see.
    """

    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, blank=True, related_name="messages"
    )
    offer = models.ForeignKey(
        Offer,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
        help_text="the free time that it offers; it is about no visit then",
    )
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="messages")
    # no index: a site is never deleted while it has visits, and lists are read by time
    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, related_name="messages", db_index=False
    )
    kind = models.CharField(max_length=12, choices=KINDS)
    channel = models.CharField(max_length=5, choices=CHANNELS)
    offset = models.CharField(max_length=8, help_text="“now”, or how long before the visit")
    told_version = models.PositiveIntegerField(help_text="the version of the visit it tells of")
    recipient = models.CharField(max_length=254, help_text="address or number, as last read")
    due_at = models.DateTimeField(help_text="not before")
    not_after = models.DateTimeField(help_text="of no use later")
    first_due_at = models.DateTimeField(help_text="the first `due_at`; retries are counted from it")
    # unique by a constraint of its own: `unique=True` would add an index for LIKE, which nobody asks
    dedupe_key = models.TextField()

    state = models.CharField(max_length=12, choices=STATES, default=State.PENDING.value)
    # true until nothing more is to be done; the only thing about the state that an index knows, so
    # that leasing and marking touch no index (PostgreSQL's HOT updates)
    open = models.BooleanField(default=True, db_default=True, editable=False)
    drop_reason = models.CharField(max_length=16, choices=DROPS, blank=True)
    token = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    sending_at = models.DateTimeField("handed over", null=True, blank=True)
    text_hash = models.BinaryField(max_length=32, default=b"", editable=False)
    # parts that the network bills of a text, measured as it leaves; no check, which every UPDATE
    # of the row would have to pay for
    segments = models.SmallIntegerField(null=True, blank=True, editable=False)
    provider = models.CharField(max_length=16, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    # which message of the same lease was taken before this one left; no constraint and no index, for
    # it is read only where a sender has died
    after_id = models.BigIntegerField(null=True, blank=True, editable=False)
    look_up_at = models.DateTimeField(null=True, blank=True, editable=False)
    # which message this one takes the place of: by the other channel, or once more; no constraint
    # and no index, for it is written with the row and only ever shown
    instead_of = models.ForeignKey(
        "self",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    # no constraint, and no index but the partial one below: nothing that a message which goes
    # alone would have to pay for
    told_in = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="told_too",
        db_index=False,
        db_constraint=False,
        editable=False,
        help_text="the reminder that tells of this visit too, on the same day",
    )
    created_at = models.DateTimeField("written")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "outbox"
        ordering = ["-due_at", "-pk"]
        permissions = [("replay_message", "Can send a message again that was given up")]
        indexes = [
            models.Index(fields=["due_at", "id"], name="message_open", condition=Q(open=True)),
            # what else is to be told, and was told lately, at the same address
            models.Index(fields=["recipient", "open"], name="message_by_recipient"),
            models.Index(
                fields=["told_in"], name="message_told_in", condition=Q(told_in__isnull=False)
            ),
            models.Index(
                fields=["offer"], name="message_of_offer", condition=Q(offer__isnull=False)
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key"], name="message_dedupe_key"),
            # together these are all the states that there are
            models.CheckConstraint(
                name="message_open_until_settled",
                condition=Q(open=True, state__in=_OPEN) | Q(open=False, state__in=_SETTLED),
            ),
            models.CheckConstraint(
                name="message_about_a_visit_or_an_offer",
                condition=Q(appointment__isnull=True, offer__isnull=False)
                | Q(appointment__isnull=False, offer__isnull=True),
            ),
            models.CheckConstraint(
                name="message_dropped_with_a_reason",
                condition=Q(state="dropped") & ~Q(drop_reason="")
                | ~Q(state="dropped") & Q(drop_reason=""),
            ),
            models.CheckConstraint(
                name="message_lease_has_a_token",
                condition=~Q(state__in=["claimed", "sending"])
                | Q(token__isnull=False, leased_until__isnull=False),
            ),
            models.CheckConstraint(
                name="message_accepted_with_an_id",
                condition=~Q(state__in=["accepted", "delivered"]) | ~Q(provider_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.get_channel_display()}"


class Mention(models.Model):
    """One visit that a message about several tells of, and the version that it tells.

    `be_there` is the time told, empty when it tells that the visit is off; `was` is the time that
    the patient was told before.
    """

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    # no index: the constraint has one that begins with the visit
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, related_name="mentions", db_index=False
    )
    told_version = models.PositiveIntegerField()
    channel = models.CharField(max_length=5, choices=CHANNELS)
    be_there = models.DateTimeField(null=True, blank=True)
    was = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["message_id", "be_there", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="visit_mentioned_once", fields=["appointment", "told_version", "channel"]
            ),
        ]

    def __str__(self) -> str:
        return str(self.appointment)


class Attempt(models.Model):
    """One call to a provider and what came of it. Rows are only added."""

    # no constraint: a row is only written by the statement that settles its message
    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="tries", db_constraint=False
    )
    at = models.DateTimeField()
    provider = models.CharField(max_length=16)
    outcome = models.CharField(max_length=12, choices=STATES)
    provider_code = models.CharField(max_length=16, blank=True)
    said = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["message_id", "at", "pk"]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.said}"


TROUBLES = [(t.value, t.sentence) for t in Trouble]


class Breaker(models.Model):
    """How one way out of the house fares: a channel, at one site where it has a sender of its own.

    While `since` is set nothing is leased for it. From `until` on one message at a time tries
    whether it works again; the first that goes through ends the rest. Rows stay, so that the
    last trouble can still be read. Only `notifications.breakers` writes them.
    """

    channel = models.CharField(max_length=5, choices=CHANNELS)
    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, null=True, blank=True, related_name="+", db_index=False
    )
    provider = models.CharField(max_length=16)
    trouble = models.CharField(max_length=8, choices=TROUBLES)
    code = models.CharField(max_length=16, blank=True)
    said = models.CharField(max_length=300, blank=True)
    trips = models.PositiveIntegerField(default=0, help_text="failures in a row")
    since = models.DateTimeField(null=True, blank=True)
    until = models.DateTimeField("next try")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "provider's health"
        verbose_name_plural = "providers' health"
        ordering = ["channel", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_breaker_a_sender", fields=["channel", "site"], nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} by {self.provider}"


class Pace(models.Model):
    """How much of a channel's backlog was taken up in one minute, by all processes together."""

    channel = models.CharField(max_length=5, choices=CHANNELS, primary_key=True)
    minute = models.DateTimeField()
    taken = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.taken}"

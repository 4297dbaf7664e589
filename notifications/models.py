"""Rows of the outbox: what must reach whom, when, by which channel, and until when it is of use."""

import uuid

from django.db import models
from django.db.models import Q

from notifications.core.policy import Channel, DropReason, Kind
from notifications.core.states import OPEN, State
from notifications.models_care import CareAnswer, CareNote, CareText, Recall
from scheduling.models import Appointment, Patient, Site

__all__ = [
    "Attempt",
    "CareAnswer",
    "CareNote",
    "CareText",
    "Mention",
    "Message",
    "MessageText",
    "OptOut",
    "Recall",
]

CHANNELS = [(Channel.EMAIL.value, "e-mail"), (Channel.SMS.value, "SMS")]
KINDS = [
    (Kind.BOOKED.value, "visit booked"),
    (Kind.REMINDER.value, "reminder"),
    (Kind.CHANGED.value, "visit moved"),
    (Kind.CANCELLED.value, "visit cancelled"),
    (Kind.SEVERAL.value, "several visits"),
    (Kind.ALL_OFF.value, "several visits cancelled"),
    (Kind.CARE.value, "advice before a visit"),
    (Kind.AFTERCARE.value, "advice and checks after a visit"),
    (Kind.RECALL.value, "time to come again"),
    (Kind.ALERT.value, "call to the clinician"),
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
    """One message to one person by one channel about one version of a visit.

    The news of several visits belongs to the first of them, and has a `Mention` of each.
    Only `notifications.outbox` writes rows, in the transaction of the visit's own change, and
    only guarded updates move `state`. `dedupe_key` makes the same message impossible to write
    twice; `token` and `leased_until` say who is sending it; `ref` is the id that providers see.
    """

    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="messages")
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
    provider = models.CharField(max_length=16, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    look_up_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField("written")
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(fields=["due_at", "id"], name="message_open", condition=Q(open=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["dedupe_key"], name="message_dedupe_key"),
            # together these are all the states that there are
            models.CheckConstraint(
                name="message_open_until_settled",
                condition=Q(open=True, state__in=_OPEN) | Q(open=False, state__in=_SETTLED),
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


class MessageText(models.Model):
    """The clinic's own wording of one message; while `body` is empty the shipped one holds."""

    kind = models.CharField(max_length=12, choices=KINDS)
    channel = models.CharField(max_length=5, choices=CHANNELS)
    language = models.CharField(max_length=5, choices=Patient.Language)
    subject = models.CharField(max_length=150, blank=True, help_text="e-mail only")
    body = models.TextField("text", blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = "wording"
        ordering = ["channel", "kind", "language", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="message_worded_once", fields=["kind", "channel", "language"]
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.get_kind_display()}, {self.get_channel_display()}, "
            f"{self.get_language_display()}"
        )


class OptOut(models.Model):
    """An address that wants nothing more on one channel, with the evidence; ended by a START."""

    channel = models.CharField(max_length=5, choices=CHANNELS)
    address = models.CharField(max_length=254)
    at = models.DateTimeField()
    source = models.CharField(max_length=16, help_text="who told us: provider, reply, staff")
    message = models.ForeignKey(
        Message, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "opt-out"
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="opted_out_once",
                fields=["channel", "address"],
                condition=Q(ended_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} to {self.address}"

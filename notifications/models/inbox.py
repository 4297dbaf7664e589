"""What comes in: reports of providers, patients' replies, what is answered, who wants no more."""

from django.db import models
from django.db.models import Q

from notifications.core.receipts import Merged
from notifications.core.replies import Intent
from notifications.models.outbox import CHANNELS, Message
from scheduling.models import Appointment, Patient, Todo

MERGED = [
    (Merged.MOVED.value, "news"),
    (Merged.KNOWN.value, "known already"),
    (Merged.CONFLICT.value, "contradicts"),
    (Merged.UNMATCHED.value, "no such message"),
    (Merged.ASIDE.value, "noted"),
]
INTENTS = [
    (Intent.OPT_OUT.value, "no more messages"),
    (Intent.OPT_IN.value, "messages again"),
    (Intent.HELP.value, "asks for help"),
    (Intent.CONFIRM.value, "confirms"),
    (Intent.CANCEL.value, "cancels"),
    (Intent.UNCLEAR.value, "about a visit"),
    (Intent.CLINICAL.value, "clinical words"),
    (Intent.OTHER.value, "something else"),
    (Intent.NOTHING.value, "nothing"),
]


class OptOut(models.Model):
    """An address that wants nothing more on one channel, with the evidence.

    A START ends it, or the patient on a page: `ended_by` and `ended_how` are the evidence of that.
    """

    channel = models.CharField(max_length=5, choices=CHANNELS)
    address = models.CharField(max_length=254)
    at = models.DateTimeField()
    source = models.CharField(
        max_length=16, help_text="who told us: provider, reply, staff, link, page"
    )
    message = models.ForeignKey(
        Message,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the last message that went there before",
    )
    reply = models.ForeignKey(
        "Reply",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="the message that asked for it",
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        "Reply", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ended_how = models.CharField(
        max_length=160, blank=True, help_text="who asked for messages again, where no message did"
    )

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


class Receipt(models.Model):
    """What a provider said of a message after it took it. Rows are only added.

    `event` is the provider's word, normalised; `said_at` is its own time for it, where it gives
    one; `merged` is what the report did to the message.
    """

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, null=True, blank=True, related_name="receipts"
    )
    provider = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=255)
    event = models.CharField(max_length=24)
    provider_code = models.CharField(max_length=16, blank=True)
    said_at = models.DateTimeField(null=True, blank=True)
    at = models.DateTimeField("received")
    merged = models.CharField("effect", max_length=10, choices=MERGED)

    class Meta:
        ordering = ["message_id", "at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="receipt_kept_once",
                fields=["provider", "provider_id", "event", "said_at"],
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.event}"


class Reply(models.Model):
    """A message that came in, kept as it was written, from whomever it came.

    `patient` and `appointment` are whom and what it seems to concern; `state` is open until it
    was acted upon, answered or put aside. The body is for staff only and is never logged.
    """

    class State(models.TextChoices):
        OPEN = "open", "to be read"
        ACTED = "acted", "acted upon"
        ANSWERED = "answered", "answered"
        CLOSED = "closed", "put aside"

    provider = models.CharField(max_length=16)
    provider_id = models.CharField(max_length=255)
    channel = models.CharField(max_length=5, choices=CHANNELS)
    sender = models.CharField("from", max_length=254)
    sent_to = models.CharField("to", max_length=254, blank=True)
    body = models.TextField("text", blank=True)
    pictures = models.PositiveSmallIntegerField(default=0, help_text="sent along, and not kept")
    at = models.DateTimeField("received")
    patient = models.ForeignKey(
        Patient, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    appointment = models.ForeignKey(
        Appointment,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name="visit",
    )
    intent = models.CharField("read as", max_length=8, choices=INTENTS)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    todo = models.ForeignKey(
        Todo, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name_plural = "inbox"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["at"], name="reply_open", condition=Q(state="open")),
        ]
        constraints = [
            models.UniqueConstraint(name="reply_kept_once", fields=["provider", "provider_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} of {self.at:%Y-%m-%d %H:%M}"

    @property
    def shown(self) -> str:
        """What was written, or that it was nothing but pictures."""
        return self.body or ("(pictures only)" if self.pictures else "(empty)")


class Answer(models.Model):
    """What a message of kind `reply` or `answer` says: a shipped sentence's key, or words."""

    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="answer")
    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, related_name="answers")
    said = models.TextField()
    by = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["reply_id", "pk"]

    def __str__(self) -> str:
        return self.said[:80]

"""Proofs of a telephone or an e-mail: one row a code, which is its message too."""

import uuid

from django.db import models
from django.db.models import Q

from notifications.core.states import State
from notifications.models.outbox import CHANNELS, STATES
from scheduling.models import Site

MOST_TRIES = 5

_WAYS = [
    State.PENDING.value,
    State.SENDING.value,
    State.ACCEPTED.value,
    State.REJECTED.value,
    State.UNKNOWN.value,
    State.DROPPED.value,
]


class Challenge(models.Model):
    """Somebody who says that `address` is theirs, and the code that is to show it.

    It is about no visit and no patient: nobody looks whether the address is known here before its
    code has come back. The code is derived from `nonce` and the house's key, and kept nowhere. Only
    the browser that asked can answer: it holds a 256-bit token, of which the SHA-256 is kept.
    `state` is that of the code's message, along the outbox's table of states. Only
    `notifications.signin` writes rows; every change is a guarded update.
    """

    ref = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_hash = models.BinaryField(max_length=32, unique=True)
    nonce = models.BinaryField(max_length=16)
    channel = models.CharField(max_length=5, choices=CHANNELS)
    address = models.CharField(max_length=254, help_text="E.164, or an e-mail address")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    language = models.CharField(max_length=5)
    onward = models.CharField(max_length=200, blank=True, help_text="where to go once inside")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(help_text="of the code; a proof lives as long again")
    code_tries = models.PositiveSmallIntegerField(default=0)
    proved_at = models.DateTimeField(null=True, blank=True)
    date_tries = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="used, replaced or given up")

    state = models.CharField(max_length=12, choices=STATES, default=State.PENDING.value)
    sending_at = models.DateTimeField("handed over", null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    provider = models.CharField(max_length=16, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    provider_code = models.CharField(max_length=16, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["id"], name="code_to_send", condition=Q(state="pending")),
            models.Index(fields=["expires_at"], name="challenge_by_age"),
        ]
        constraints = [
            models.CheckConstraint(
                name="challenge_tried_five_times",
                condition=Q(code_tries__lte=MOST_TRIES, date_tries__lte=MOST_TRIES),
            ),
            models.CheckConstraint(name="code_goes_one_way", condition=Q(state__in=_WAYS)),
            models.CheckConstraint(
                name="code_handed_over_at",
                condition=Q(state__in=["pending", "dropped", "rejected"])
                | Q(sending_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"challenge {self.pk}"

"""The clinic's own words."""

from django.db import models

from notifications.core.policy import Kind
from notifications.models.outbox import CHANNELS, KINDS
from scheduling.models import Patient

WORDED = [
    *KINDS,
    (Kind.DAY.value, "reminder of several visits on one day"),
    (Kind.FAMILY.value, "reminder to several people on one day"),
]
"""What has a text of its own: each kind of message, and the ways of saying a reminder."""


class MessageText(models.Model):
    """The clinic's own wording of one message; while `body` is empty the shipped one holds."""

    kind = models.CharField(max_length=12, choices=WORDED)
    channel = models.CharField(max_length=5, choices=CHANNELS)
    language = models.CharField(max_length=5, choices=Patient.Language)
    subject = models.CharField(max_length=150, blank=True, help_text="e-mail only")
    body = models.TextField("text", blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = "wording"
        verbose_name_plural = "texts"
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

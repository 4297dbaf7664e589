"""Versions of the clinical protocol."""

from django.db import models
from django.db.models import Q


class ProtocolVersion(models.Model):
    """A numbered protocol document.

    Once activated its document never changes: the trigger `protocol_is_immutable` refuses it, so
    that an override's protocol can always be read again.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        ACTIVE = "active", "active"
        RETIRED = "retired", "retired"

    number = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    document = models.JSONField()
    based_on = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="copies"
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    activated_at = models.DateTimeField(null=True, blank=True)
    activated_by = models.CharField(max_length=160, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-number"]
        permissions = [("activate_protocol", "Can activate a protocol version (medical lead)")]
        constraints = [
            models.UniqueConstraint(
                name="one_protocol_is_active", fields=["state"], condition=Q(state="active")
            ),
            models.CheckConstraint(
                name="active_protocol_names_who",
                condition=Q(state="draft") | (Q(activated_at__isnull=False) & ~Q(activated_by="")),
            ),
        ]

    def __str__(self) -> str:
        return f"Protocol {self.number} ({self.get_state_display()})"

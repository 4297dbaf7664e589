"""Who may come in: staff, links, and requests that were answered once."""

from django.db import models
from django.db.models import Q
from phonenumber_field.modelfields import PhoneNumberField

from scheduling.models.appointments import Appointment
from scheduling.models.people import Patient
from scheduling.models.places import Site
from scheduling.models.waiting import Offer


class Staff(models.Model):
    """The sites at which a user works; elsewhere appointments are busy time only."""

    user = models.OneToOneField("auth.User", on_delete=models.CASCADE, related_name="staff")
    sites = models.ManyToManyField(Site, blank=True, related_name="staff")
    everywhere = models.BooleanField(default=False, help_text="works at every site")

    class Meta:
        verbose_name_plural = "staff"
        ordering = ["user_id"]

    def __str__(self) -> str:
        return str(self.user)


class Link(models.Model):
    """A patient's link, one a message: 256-bit token, of which only the SHA-256 is kept.

    It opens one purpose on one subject, and dies when the subject's `told_version` changes, at
    `expires_at`, or when revoked.
    """

    class Purpose(models.TextChoices):
        VISIT = "visit", "see, confirm, cancel, ask to move"
        CARE = "care", "read advice, answer how it is"
        RECALL = "recall", "ask to be rung for another visit"
        OFFER = "offer", "answer an offer from the waiting list"

    token_hash = models.BinaryField(max_length=32, unique=True)
    purpose = models.CharField(max_length=12, choices=Purpose)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="links")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, blank=True, related_name="links"
    )
    offer = models.ForeignKey(
        Offer, on_delete=models.CASCADE, null=True, blank=True, related_name="links"
    )
    bound_version = models.PositiveIntegerField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.purpose} link {self.pk}"


class PatientSession(models.Model):
    """A patient who proved with a code that the phone or the e-mail is theirs, for a while.

    `patient` is empty while the person behind a verified phone or e-mail is not known here: somebody
    new, who may book a consultation. Only the SHA-256 of its 256-bit token is kept.
    """

    token_hash = models.BinaryField(max_length=32, unique=True)
    patient = models.ForeignKey(
        Patient, on_delete=models.CASCADE, null=True, blank=True, related_name="sessions"
    )
    phone = PhoneNumberField(blank=True, help_text="verified by a code")
    email = models.EmailField(blank=True, help_text="verified by a code")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["expires_at"], name="patient_session_by_age")]

    def __str__(self) -> str:
        return f"patient session {self.pk}"


class IdempotencyRecord(models.Model):
    """The answer that a POST with an Idempotency-Key got; a repetition gets it again."""

    principal = models.CharField(max_length=80)
    endpoint = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    body_hash = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["created_at"], name="idempotency_by_age")]
        constraints = [
            models.UniqueConstraint(
                name="request_answered_once", fields=["principal", "endpoint", "key"]
            ),
            models.CheckConstraint(name="idempotency_key_not_empty", condition=~Q(key="")),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.status}"

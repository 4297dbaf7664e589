"""What patients fill in and sign before a visit: kept as it was asked, answered and signed."""

from django.db import models
from django.db.models import F, Q

from scheduling.models.appointments import Appointment
from scheduling.models.people import Patient, Record
from scheduling.models.series import Series


class Draft(models.Model):
    """Answers that somebody has begun to give; they count for nothing, and go after some days.

    `opened_by` names the door (one link, or a code): behind another door nobody reads them.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="drafts")
    opened_by = models.CharField(max_length=40)
    answers = models.JSONField(default=dict)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="one_draft_a_door", fields=["patient", "opened_by"]),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"


class Submission(models.Model):
    """A medical history as it was handed in: each question in its words, each answer.

    Rows are only added: the trigger `paper_is_kept` refuses the rest. `answers` is a list of
    `{key, question, answer, facts}`, `facts` being what the records were made of.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="submissions")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="submissions"
    )
    form = models.SlugField(max_length=40)
    version = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=5)
    answers = models.JSONField()
    allergies = models.TextField(blank=True)
    at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    by = models.CharField(max_length=160)
    door = models.CharField(max_length=40, help_text="the link or the session that it came by")

    class Meta:
        verbose_name = "medical history"
        verbose_name_plural = "medical histories"
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["patient", "at"], name="submission_by_patient")]

    def __str__(self) -> str:
        return f"Medical history {self.pk}"


class ConsentText(models.Model):
    """What is agreed to, in one language and version.

    `subject` is a procedure of the protocol or one of its categories. A version never changes: the
    trigger `paper_is_kept` refuses it, and a changed text is the next version.
    """

    subject = models.SlugField(max_length=60)
    language = models.CharField(max_length=5, choices=Patient.Language)
    version = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160)
    body = models.TextField("text")
    in_force_from = models.DateField()
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        ordering = ["subject", "-version", "language"]
        constraints = [
            models.UniqueConstraint(
                name="consent_text_once", fields=["subject", "version", "language"]
            ),
            models.CheckConstraint(name="consent_version_from_1", condition=Q(version__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.title} (version {self.version}, {self.language})"


class SignedConsent(models.Model):
    """A consent that was signed: which text, by whom, when, and by which door it came.

    It covers the course of its series or, without one, its procedure. Rows are only added: the
    trigger `paper_is_kept` refuses the rest; it is taken back by withdrawing its record.
    """

    class Role(models.TextChoices):
        PATIENT = "patient", "the patient"
        GUARDIAN = "guardian", "the guardian"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="consents")
    text = models.ForeignKey(ConsentText, on_delete=models.PROTECT, related_name="signatures")
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, related_name="signed_consents"
    )
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, null=True, blank=True, related_name="consents"
    )
    procedure = models.SlugField(max_length=60)
    treatment = models.CharField(max_length=120)
    role = models.CharField("signed by", max_length=8, choices=Role)
    guardian = models.ForeignKey(
        Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    signed_name = models.CharField("name as typed", max_length=160)
    signed_at = models.DateTimeField()
    zone = models.CharField(max_length=64)
    by = models.CharField(max_length=160)
    door = models.CharField(max_length=40, help_text="the link or the session that it came by")
    record = models.OneToOneField(Record, on_delete=models.PROTECT, related_name="signed_consent")

    class Meta:
        verbose_name = "signed consent"
        ordering = ["-signed_at", "-pk"]
        indexes = [models.Index(fields=["patient", "signed_at"], name="consent_by_patient")]
        constraints = [
            models.CheckConstraint(
                name="consent_of_minor_names_guardian",
                condition=Q(role="patient")
                | (Q(guardian__isnull=False) & ~Q(guardian=F("patient"))),
            ),
            models.CheckConstraint(name="consent_is_signed", condition=~Q(signed_name="")),
        ]

    def __str__(self) -> str:
        return f"{self.text.title}: {self.signed_name}"

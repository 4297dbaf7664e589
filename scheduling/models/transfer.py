"""Files that were handed in from another system, and what their rows became here."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Origin(models.Model):
    """Which row here a row of another system became: what makes a repeated file change nothing.

    `subject` is a kind of file (`patients`, `visits`) and `subject_id` the key of the row here.
    `digest` is the SHA-256 of the file's row as it was last taken over.
    """

    source = models.SlugField(max_length=40, help_text="the other system")
    subject = models.SlugField(max_length=40)
    external_id = models.CharField(max_length=120)
    subject_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        ordering = ["source", "subject", "external_id"]
        indexes = [models.Index(fields=["subject", "subject_id"], name="origin_by_subject")]
        constraints = [
            models.UniqueConstraint(
                name="came_from_one_row", fields=["source", "subject", "external_id"]
            ),
            models.CheckConstraint(name="origin_has_an_id", condition=~Q(external_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.subject} {self.external_id}"


class Intake(models.Model):
    """One file handed in, as it is, with what was declared about it and what it would do.

    `sha256` is of the bytes; `seen` is a digest of the verdicts that were shown: only a writing
    that comes to the same verdicts is kept. The bytes go when the rows are written.
    """

    class State(models.TextChoices):
        RECEIVED = "received", "being looked at"
        CHECKED = "checked", "looked at, not written"
        WRITTEN = "written", "written"
        FAILED = "failed", "cannot be read"

    kind = models.SlugField(max_length=40)
    source = models.SlugField(max_length=40)
    name = models.CharField("file", max_length=200)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    declared = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State, default=State.RECEIVED)
    sentence = models.TextField(blank=True, help_text="why it cannot be read")
    counts = models.JSONField(default=dict)
    seen = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    written_at = models.DateTimeField(null=True, blank=True)
    written_by = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = "file from another system"
        verbose_name_plural = "files from other systems"
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("move_data", "Can take data in from another system, merge patients, and export all"),
        ]

    def __str__(self) -> str:
        return self.name


class IntakeRow(models.Model):
    """The verdict on one line of a file; `cells` is kept of rows that a person has to look at."""

    class Verdict(models.TextChoices):
        NEW = "new", "new"
        CHANGED = "changed", "changed"
        SAME = "same", "same"
        FLAGGED = "flagged", "flagged"
        REFUSED = "refused", "refused"

    intake = models.ForeignKey(Intake, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    verdict = models.CharField(max_length=8, choices=Verdict)
    external_id = models.CharField(max_length=120, blank=True)
    sentence = models.TextField(blank=True)
    codes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    cells = models.JSONField(default=dict)

    class Meta:
        ordering = ["intake_id", "line"]
        constraints = [
            models.UniqueConstraint(name="one_verdict_a_line", fields=["intake", "line"]),
        ]

    def __str__(self) -> str:
        return f"line {self.line}: {self.verdict}"

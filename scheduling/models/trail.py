"""The audit trail: every change, who made it, when, and what it changed."""

from django.db import models


class Change(models.Model):
    """One change by one verb.

    Rows are only ever added: the trigger `trail_is_append_only` refuses the rest. `what` holds
    field names with old and new values, never clinical text.
    """

    at = models.DateTimeField()
    by = models.CharField(max_length=160)
    user = models.ForeignKey(
        "auth.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    what = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["subject", "subject_id", "at"], name="change_by_subject")]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject} {self.subject_id}"

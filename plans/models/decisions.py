"""Why a plan was steered as it was: who said what, and when. Rows are only ever added."""

from django.db import models

from plans.models.plans import Plan, Session


class Decision(models.Model):
    """One word spoken over a plan or one of its sessions: paused, resumed, abandoned, skipped.

    The audit trail keeps that it was done; the reason may be clinical and is kept here.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="decisions")
    session = models.ForeignKey(
        Session, on_delete=models.CASCADE, null=True, blank=True, related_name="decisions"
    )
    verb = models.CharField(max_length=12)
    reason = models.CharField(max_length=200)
    by = models.CharField(max_length=160)
    at = models.DateTimeField()

    class Meta:
        ordering = ["plan_id", "-at", "-pk"]
        constraints = [
            models.CheckConstraint(name="decision_says_why", condition=~models.Q(reason=""))
        ]

    def __str__(self) -> str:
        return f"{self.verb}: {self.reason}"

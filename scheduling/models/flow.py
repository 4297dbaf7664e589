"""How far a visit has come between check-in and the door: stamps that are only ever added."""

from django.db import models

from scheduling.models.appointments import Appointment


class Stage(models.Model):
    """One step of a patient through the house that has no status of its own.

    `since` is the check-in that it follows: when a step was pressed by mistake and the visit is
    put back, a new check-in begins anew, and the old stamps stay as they were. The trigger
    `stage_is_append_only` refuses whatever is no insert.
    """

    class Kind(models.TextChoices):
        """Where the patient is now."""

        NUMBING = "numbing", "in numbing"
        TREATMENT = "treatment", "in treatment"
        LEFT = "left", "left"

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="stages")
    kind = models.CharField(max_length=12, choices=Kind)
    since = models.DateTimeField()
    at = models.DateTimeField()
    by = models.CharField(max_length=160)
    user = models.ForeignKey(
        "auth.User", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["appointment_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="stage_reached_once", fields=["appointment", "since", "kind"]
            ),
            models.CheckConstraint(
                name="stage_is_known",
                condition=models.Q(kind__in=["numbing", "treatment", "left"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"

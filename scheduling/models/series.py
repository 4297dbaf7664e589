"""What the rules know of a plan: sessions that belong together."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from scheduling.models.people import Patient


class Series(models.Model):
    """A patient's run of sessions; the floor above hangs its plan on it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="series")
    name = models.CharField(max_length=120, blank=True)
    categories = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    open = models.BooleanField(default=True)

    class Meta:
        verbose_name_plural = "series"
        ordering = ["patient_id", "pk"]

    def __str__(self) -> str:
        return self.name or f"series {self.pk}"

"""How each session of a plan stood when it was last read, kept for reports only."""

from django.db import models

from plans.models.plans import Session
from scheduling.models import Site


class Adherence(models.Model):
    """One session against its window: a reading, made anew each day, that nothing else relies on.

    `counted_on` is the site's local date to which the outcome belongs, empty while there is none:
    the day of the visit, the last day of the window, or the day on which the course was given up.
    """

    class Outcome(models.TextChoices):
        WITHIN = "within", "done within its window"
        EARLY = "early", "done before its window"
        LATE = "late", "done after its window"
        OVERDUE = "overdue", "overdue"
        DROPPED = "dropped", "dropped out"
        OPEN = "open", "nothing to say yet"

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="adherence")
    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    outcome = models.CharField(max_length=8, choices=Outcome)
    counted_on = models.DateField(null=True, blank=True)
    due_first = models.DateField(null=True, blank=True)
    due_last = models.DateField(null=True, blank=True)
    read_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "adherence"
        ordering = ["counted_on", "pk"]
        indexes = [models.Index(fields=["site", "counted_on"], name="adherence_by_site")]

    def __str__(self) -> str:
        return self.get_outcome_display()

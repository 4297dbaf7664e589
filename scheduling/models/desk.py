"""What reception has to do."""

from django.db import models

from scheduling.models.appointments import Appointment
from scheduling.models.people import Patient
from scheduling.models.places import Site


class Todo(models.Model):
    """A task for reception, written from any floor and ticked off by a person."""

    site = models.ForeignKey(
        Site, on_delete=models.CASCADE, null=True, blank=True, related_name="todos"
    )
    patient = models.ForeignKey(
        Patient, on_delete=models.CASCADE, null=True, blank=True, related_name="todos"
    )
    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, blank=True, related_name="todos"
    )
    kind = models.SlugField(max_length=40)
    text = models.TextField()
    urgent = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=160, blank=True)

    class Meta:
        verbose_name = "task"
        ordering = ["-urgent", "created_at", "pk"]
        indexes = [
            models.Index(
                fields=["site", "created_at"],
                name="todo_open",
                condition=models.Q(done_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]

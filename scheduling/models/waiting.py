"""Who waits for a time, what came free, and what was offered to whom."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from scheduling.models.appointments import Appointment
from scheduling.models.people import Patient
from scheduling.models.places import Resource, Site
from scheduling.models.treatments import Treatment


class WaitingEntry(models.Model):
    """A patient who would like a visit, or theirs earlier: of what, where, when, and until when.

    With an `appointment` it is that visit that would move; its area, size and depth are then what
    is waited for. Times of day are local starts, both ends included; no weekdays mean any (0 is
    Monday).
    """

    class Closed(models.TextChoices):
        BOOKED = "booked", "got a time"
        LEFT = "left", "waits no longer"
        LAPSED = "lapsed", "nothing came free in time"
        OVER = "over", "the visit took place or is off"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="waiting")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="waiting")
    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="+")
    appointment = models.ForeignKey(
        Appointment,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="waiting",
        help_text="the visit that the patient would like earlier",
    )
    practitioner = models.ForeignKey(
        Resource, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    size = models.CharField(max_length=8, blank=True)
    depth = models.CharField(max_length=12, blank=True)
    indication = models.CharField(max_length=40, blank=True)
    weekdays = ArrayField(
        models.PositiveSmallIntegerField(validators=[MaxValueValidator(6)]),
        default=list,
        blank=True,
        help_text="0 is Monday; none is any",
    )
    from_time = models.TimeField(null=True, blank=True, help_text="earliest local start")
    until_time = models.TimeField(null=True, blank=True, help_text="latest local start")
    until = models.DateField("until", help_text="the last date that is of use")
    urgent = models.BooleanField(default=False, help_text="a clinician asks for it: goes first")
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(max_length=8, choices=Closed, blank=True)

    class Meta:
        verbose_name = "place on the waiting list"
        verbose_name_plural = "waiting list"
        ordering = ["-urgent", "created_at", "pk"]
        indexes = [
            models.Index(
                fields=["site", "created_at"],
                name="waiting_open",
                condition=Q(closed_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="waits_once_for_a_treatment",
                fields=["patient", "site", "treatment"],
                condition=Q(closed_at__isnull=True),
            ),
            models.CheckConstraint(
                name="waiting_hours_in_order",
                condition=Q(from_time__isnull=True)
                | Q(until_time__isnull=True)
                | Q(from_time__lte=F("until_time")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patient}, {self.treatment}"


class Opening(models.Model):
    """A stretch of time that came free, and is offered to one after another.

    `created_at` lies ahead while the step that freed it can still be undone.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="openings")
    start = models.DateTimeField()
    end = models.DateTimeField()
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(
                fields=["created_at"], name="opening_open", condition=Q(closed_at__isnull=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(name="opening_has_length", condition=Q(start__lt=F("end"))),
        ]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M}"


class Offer(models.Model):
    """One start offered to one who waits, to be answered in time. It is not held meanwhile."""

    class State(models.TextChoices):
        OPEN = "open", "waits for an answer"
        ACCEPTED = "accepted", "taken"
        DECLINED = "declined", "declined"
        EXPIRED = "expired", "not answered in time"
        LOST = "lost", "somebody else took it"
        WITHDRAWN = "withdrawn", "withdrawn"

    entry = models.ForeignKey(WaitingEntry, on_delete=models.CASCADE, related_name="offers")
    opening = models.ForeignKey(
        Opening, on_delete=models.CASCADE, null=True, blank=True, related_name="offers"
    )
    start = models.DateTimeField()
    answer_by = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    appointment = models.ForeignKey(
        Appointment, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["answer_by"], name="offer_open", condition=Q(state="open")),
        ]
        constraints = [
            models.UniqueConstraint(
                name="one_offer_at_a_time", fields=["entry"], condition=Q(state="open")
            ),
            models.UniqueConstraint(
                name="opening_offered_to_one",
                fields=["opening"],
                condition=Q(state="open", opening__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.entry}"

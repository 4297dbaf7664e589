"""A patient's course of treatments, and its sessions."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from plans.models.lags import LagColumns, lag_in_order
from plans.models.templates import PlanTemplate
from scheduling.models import Patient, Resource, Series, Site, Treatment


class Plan(models.Model):
    """A template copied for one patient; what the ground floor knows of it is its `series`.

    Whether a plan runs, rests or is over is read from its sessions, from `paused_at` and
    `abandoned_at`, and from the patient's open adverse events; none of that is stored twice.
    `version` rises with every change of the plan itself, not with its visits'.

    What the patient would like: `weekdays` (0 is Monday), `times` (pairs "09:00-12:00"),
    `practitioner`. When the patient is away: `not_before`, `not_after` (both inclusive), `blocked`.
    `paid_sessions` is an imported figure, shown only: payments are made elsewhere.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="plans")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="plans")
    series = models.OneToOneField(Series, on_delete=models.PROTECT, related_name="plan")
    template = models.ForeignKey(
        PlanTemplate, on_delete=models.SET_NULL, null=True, blank=True, related_name="plans"
    )
    name = models.CharField(max_length=120)
    indication = models.CharField(max_length=40, blank=True)
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    size = models.CharField(max_length=8, blank=True)
    depth = models.CharField(max_length=12, blank=True)

    weekdays = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    times = ArrayField(models.CharField(max_length=11), default=list, blank=True)
    practitioner = models.ForeignKey(
        Resource, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    not_before = models.DateField(null=True, blank=True)
    not_after = models.DateField(null=True, blank=True)
    blocked = ArrayField(models.DateField(), default=list, blank=True)

    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=160, blank=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    abandoned_at = models.DateTimeField(null=True, blank=True)
    abandoned_by = models.CharField(max_length=160, blank=True)
    abandon_reason = models.CharField(max_length=200, blank=True)
    paid_sessions = models.PositiveSmallIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=160)

    class Meta:
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("make_plan", "Can make, pause and abandon plans (clinician)"),
            ("work_plan", "Can propose, accept and re-flow plans (reception)"),
        ]
        constraints = [
            models.CheckConstraint(
                name="plan_dates_in_order",
                condition=Q(not_before__isnull=True)
                | Q(not_after__isnull=True)
                | Q(not_after__gte=models.F("not_before")),
            ),
            models.CheckConstraint(
                name="plan_pause_says_why",
                condition=Q(paused_at__isnull=True) | ~Q(pause_reason=""),
            ),
            models.CheckConstraint(
                name="plan_abandoned_says_why",
                condition=Q(abandoned_at__isnull=True) | ~Q(abandon_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """One step of a plan. Its visit is the appointment of the plan's series with its `seq`.

    So its state (unplanned, proposed, booked, done, missed, skipped) is read from that visit, the
    plan's open proposal, and `skipped_at`; it is never stored. `fixed` sessions never move in a
    re-flow: the patient cannot come at another time.
    """

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="sessions")
    seq = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField()
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    size = models.CharField(max_length=8, blank=True)
    depth = models.CharField(max_length=12, blank=True)
    same_practitioner = models.BooleanField(default=False)
    optional = models.BooleanField(default=False)
    fixed = models.BooleanField(default=False)
    skipped_at = models.DateTimeField(null=True, blank=True)
    skipped_by = models.CharField(max_length=160, blank=True)
    skip_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["plan_id", "seq"]
        constraints = [
            models.UniqueConstraint(name="session_has_its_number", fields=["plan", "seq"]),
            models.CheckConstraint(
                name="skipped_session_says_why",
                condition=Q(skipped_at__isnull=True) | ~Q(skip_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SessionLag(LagColumns):
    """How long a session comes after an earlier one of its plan."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="lags")
    after = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="followers")

    class Meta:
        ordering = ["session_id", "pk"]
        constraints = [
            lag_in_order("session_lag_in_order"),
            models.UniqueConstraint(
                name="session_lag_given_once", fields=["session", "after", "unit"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session} after {self.after}"

"""A visit, what it holds, and who said that it may be."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, IntegerRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from scheduling.core.words import COUNTED, OCCUPYING, Status
from scheduling.models.people import Patient
from scheduling.models.places import Resource, Site
from scheduling.models.protocols import ProtocolVersion
from scheduling.models.series import Series
from scheduling.models.treatments import Treatment

LONGEST_Q = 288
"""No allocation is longer than a day of 5-minute quanta, so a read may start at q0 - 288."""

_HELD = Func(F("start_q"), F("end_q"), function="int4range", output_field=IntegerRangeField())


class Appointment(models.Model):
    """A visit: patient, treatment, area, size, depth, and its wall time at a site.

    The wall time (`local_date`, `local_time`, `fold`, `zone`) is the promise; `start` and `end`
    are the instants derived from it. `start_q` and `end_q` are the visit without preparation in
    5-minute quanta of the Unix epoch. `version` rises with every edit, `told_version` only when
    the patient must be told (time, site or status).
    """

    STATUSES = [(s.value, s.value.replace("-", " ")) for s in Status]

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="appointments")
    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="appointments")
    procedure = models.SlugField(max_length=60)
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    size = models.CharField(max_length=8, blank=True)
    depth = models.CharField(max_length=12, blank=True)
    indication = models.CharField(max_length=40, blank=True)
    encounter = models.CharField(max_length=40, blank=True)
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, null=True, blank=True, related_name="appointments"
    )
    seq = models.PositiveSmallIntegerField(null=True, blank=True)
    not_before = models.DateField(null=True, blank=True)
    not_after = models.DateField(null=True, blank=True)

    start = models.DateTimeField()
    end = models.DateTimeField()
    start_q = models.IntegerField()
    end_q = models.IntegerField()
    local_date = models.DateField()
    local_time = models.TimeField()
    fold = models.PositiveSmallIntegerField(default=0)
    zone = models.CharField(max_length=64)
    prep_minutes = models.PositiveSmallIntegerField(default=0)

    status = models.CharField(max_length=16, choices=STATUSES, default=Status.BOOKED.value)
    version = models.PositiveIntegerField(default=1)
    told_version = models.PositiveIntegerField(default=0)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    checked_in_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    actual_end = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    recovery_least = models.DateField(null=True, blank=True)
    recovery_typical = models.DateField(null=True, blank=True)
    recovery_most = models.DateField(null=True, blank=True)
    protocol = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True)
    booked_by = models.CharField(max_length=160, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["start", "pk"]
        permissions = [
            ("override_refusal", "Can book against a refusal, with a reason (clinician)"),
            ("work_diary", "Can book, move, cancel and see visits through"),
        ]
        indexes = [
            models.Index(fields=["patient", "start_q"], name="appointment_by_patient"),
            models.Index(fields=["site", "local_date", "local_time"], name="appointment_by_day"),
            models.Index(
                fields=["expires_at"], name="appointment_holds", condition=Q(status="pending")
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="appointment_has_length",
                condition=Q(start_q__lt=F("end_q")) & Q(end_q__lte=F("start_q") + LONGEST_Q),
            ),
            models.CheckConstraint(
                name="hold_has_an_expiry",
                condition=Q(status="pending", expires_at__isnull=False)
                | (~Q(status="pending") & Q(expires_at__isnull=True)),
            ),
            ExclusionConstraint(
                name="patient_in_one_place",
                expressions=[
                    (F("patient"), RangeOperators.EQUAL),
                    (_HELD, RangeOperators.OVERLAPS),
                ],
                condition=Q(status__in=sorted(OCCUPYING)),
            ),
            # A hold may stand beside the visit that it would replace; two visits may not.
            models.UniqueConstraint(
                name="session_booked_once",
                fields=["series", "seq"],
                condition=Q(status__in=sorted(COUNTED)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.local_date:%Y-%m-%d} {self.local_time:%H:%M}"


class Allocation(models.Model):
    """One resource held by one appointment for one span, wider or narrower than the visit.

    Times are 5-minute quanta of the Unix epoch, half-open. `active` mirrors whether the
    appointment's status occupies; only booking's verbs write either.
    """

    appointment = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, related_name="allocations"
    )
    # No index of its own: the planner would read a resource's whole history through it where the
    # covering index below reads a window.
    resource = models.ForeignKey(
        Resource, on_delete=models.PROTECT, related_name="allocations", db_index=False
    )
    start_q = models.IntegerField()
    end_q = models.IntegerField()
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["appointment_id", "pk"]
        indexes = [
            models.Index(
                fields=["resource", "start_q"],
                include=["end_q"],
                name="allocation_by_resource",
                condition=Q(active=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="allocation_has_length",
                condition=Q(start_q__lt=F("end_q")) & Q(end_q__lte=F("start_q") + LONGEST_Q),
            ),
            ExclusionConstraint(
                name="resource_not_double_booked",
                expressions=[
                    (F("resource"), RangeOperators.EQUAL),
                    (_HELD, RangeOperators.OVERLAPS),
                ],
                condition=Q(active=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_id} [{self.start_q}, {self.end_q})"


class Override(models.Model):
    """A named clinician's reason for booking against one refusal, between two sessions.

    `gap_days` is the local-day gap to `other` when it was given: the override lapses when the
    two move closer than that. Age and prerequisite overrides have no `other` and end with their
    own session's move.
    """

    appointment = models.ForeignKey(Appointment, on_delete=models.CASCADE, related_name="overrides")
    other = models.ForeignKey(
        Appointment, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    code = models.CharField(max_length=40)
    reason = models.TextField()
    sentence = models.TextField(blank=True)
    arithmetic = models.CharField(max_length=200, blank=True)
    gap_days = models.IntegerField(null=True, blank=True)
    protocol = models.ForeignKey(
        ProtocolVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    by = models.ForeignKey("auth.User", on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=160)
    at = models.DateTimeField()
    lapsed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["appointment_id", "pk"]
        constraints = [
            models.CheckConstraint(name="override_has_a_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.by_name}"

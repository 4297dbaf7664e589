"""What reports count and nothing else keeps: refused asks, and the wait for the third free time."""

from django.db import models

from scheduling.models.places import Site
from scheduling.models.treatments import Treatment


class Refusal(models.Model):
    """One reason for which one ask to book or to move was refused; rows are only added.

    `ask` is shared by the reasons of one refusal; `verb` is what was asked for. A course asked for as
    a whole names no treatment. No patient is named: what is counted is the rule. The keys have no
    constraint, so that writing a row takes no lock on any other.
    """

    class Family(models.TextChoices):
        REST = "rest", "rest between treatments"
        CLINICAL = "clinical", "other clinical rules"
        DIARY = "diary", "the diary"
        COURSE = "course", "the plan of a course"

    class Verb(models.TextChoices):
        BOOK = "book", "to book or to hold"
        MOVE = "move", "to move"
        CHECK_IN = "check-in", "to check in"
        PLAN = "plan", "to plan a course"

    ask = models.UUIDField()
    at = models.DateTimeField()
    site = models.ForeignKey(
        Site, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    treatment = models.ForeignKey(
        Treatment,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
    )
    verb = models.CharField(max_length=8, choices=Verb, default=Verb.BOOK, db_default="book")
    code = models.CharField(max_length=40)
    family = models.CharField(max_length=8, choices=Family)
    severity = models.CharField(max_length=8)
    by = models.CharField(max_length=160)

    class Meta:
        ordering = ["-at", "-pk"]
        permissions = [
            ("read_reports", "Can read all reports (manager)"),
            ("read_clinical_reports", "Can read the reports on rules and plans (clinician)"),
        ]
        indexes = [models.Index(fields=["site", "at"], name="refusal_by_site")]

    def __str__(self) -> str:
        return self.code


class ThirdNext(models.Model):
    """How many local days the third free appointment of a treatment lay ahead, on one morning.

    `third_on` and `days` are empty where there was none within `reach_days`.
    """

    site = models.ForeignKey(Site, on_delete=models.CASCADE, related_name="+", db_index=False)
    treatment = models.ForeignKey(
        Treatment, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    measured_on = models.DateField(help_text="the site's own date")
    measured_at = models.DateTimeField()
    third_on = models.DateField(null=True, blank=True)
    days = models.PositiveSmallIntegerField(null=True, blank=True)
    reach_days = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "third next appointment"
        ordering = ["-measured_on", "site_id", "treatment_id"]
        constraints = [
            models.UniqueConstraint(
                name="third_next_measured_once", fields=["site", "measured_on", "treatment"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measured_on}: {self.days}"

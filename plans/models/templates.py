"""How courses are usually built, as data with its source: the clinic's own to edit."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from plans.models.lags import LagColumns, lag_in_order
from scheduling.models import Treatment


class PlanTemplate(models.Model):
    """A course as it is usually built: ordered steps and the lags between them.

    `code` names a shipped template and is stable; the clinic's own have one of their making.
    `sureness` is that of the source, A to D (see the protocol). A plan copies its template, so
    that later edits change no patient's plan.
    """

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, unique=True)
    indication = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True, help_text="what it is for, in a sentence")
    source = models.TextField(blank=True, help_text="where the figures come from")
    sureness = models.CharField(max_length=1, blank=True)
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                name="template_sureness_is_a_to_d",
                condition=Q(sureness__in=["", "A", "B", "C", "D"]),
            )
        ]

    def __str__(self) -> str:
        return self.name


class TemplateStep(models.Model):
    """One step of a template: a treatment, so many times.

    Empty `areas`, `size` and `depth` take the plan's. Steps that say `same_practitioner` are all
    given by one practitioner. `minutes` empty takes the treatment's own length.
    """

    template = models.ForeignKey(PlanTemplate, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=80, help_text="as the patient reads it")
    treatment = models.ForeignKey(Treatment, on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    areas = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    size = models.CharField(max_length=8, blank=True)
    depth = models.CharField(max_length=12, blank=True)
    repeat = models.PositiveSmallIntegerField(default=1)
    same_practitioner = models.BooleanField(default=False)
    optional = models.BooleanField(default=False)

    class Meta:
        ordering = ["template_id", "position"]
        constraints = [
            models.UniqueConstraint(
                name="template_step_has_its_position",
                fields=["template", "position"],
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                name="template_step_repeats_1_to_40",
                condition=Q(repeat__gte=1) & Q(repeat__lte=40),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateLag(LagColumns):
    """How long a step comes after an earlier one; after itself: between one repeat and the next.

    After a step that repeats, counted from its last session, to the first of this one.
    """

    step = models.ForeignKey(TemplateStep, on_delete=models.CASCADE, related_name="lags")
    after = models.ForeignKey(TemplateStep, on_delete=models.CASCADE, related_name="followers")

    class Meta:
        ordering = ["step_id", "pk"]
        constraints = [
            lag_in_order("template_lag_in_order"),
            models.UniqueConstraint(
                name="template_lag_given_once", fields=["step", "after", "unit"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} after {self.after}"

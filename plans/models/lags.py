"""How long after an earlier step a step comes: the columns that template and plan share."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from plans.core.course import Unit


class LagColumns(models.Model):
    """Least, target and most of a lag; in local days or elapsed minutes.

    Days count from the end date of the earlier to the start date of the later session, minutes
    from start to start. Without `most` the later one may come at any time from `least` on.
    """

    UNITS = [(unit.value, unit.value) for unit in Unit]

    least = models.PositiveSmallIntegerField(default=0)
    target = models.PositiveSmallIntegerField(null=True, blank=True)
    most = models.PositiveSmallIntegerField(null=True, blank=True)
    unit = models.CharField(max_length=8, choices=UNITS, default=Unit.DAYS.value)

    class Meta:
        abstract = True


def lag_in_order(name: str) -> models.CheckConstraint:
    """Keep least <= target <= most, where they are given."""
    after_least: dict[str, Any] = {"target__gte": F("least")}
    return models.CheckConstraint(
        name=name,
        condition=(Q(target__isnull=True) | Q(**after_least))
        & (Q(most__isnull=True) | Q(most__gte=F("least")))
        & (Q(most__isnull=True) | Q(target__isnull=True) | Q(target__lte=F("most"))),
    )

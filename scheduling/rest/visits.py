"""How a visit is spelt: what booking answers, and what a list shows."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from scheduling.core.words import Reason
from scheduling.models import Appointment
from scheduling.rest.problems import ReasonShape


@extend_schema_serializer(component_name="Recovery")
class RecoveryShape(serializers.Serializer[Any]):
    """The local dates until which the skin rests; null where nothing heals."""

    least = serializers.DateField(allow_null=True)
    typical = serializers.DateField(allow_null=True)
    most = serializers.DateField(allow_null=True)


@extend_schema_serializer(component_name="BookedVisit")
class BookedShape(serializers.Serializer[Any]):
    """A visit as booking answers it; times carry the site's offset."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Appointment.STATUSES)
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    arrive_at = serializers.DateTimeField(help_text="the time to be there: start less preparation")
    resources = serializers.DictField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="ids by kind"
    )
    recovery = RecoveryShape()
    advisories = ReasonShape(many=True)
    expires_at = serializers.DateTimeField(required=False, help_text="of a hold only")


@extend_schema_serializer(component_name="Visit")
class VisitShape(serializers.Serializer[Any]):
    """A visit as it is read."""

    id = serializers.IntegerField()
    version = serializers.IntegerField()
    status = serializers.ChoiceField(choices=Appointment.STATUSES)
    site = serializers.IntegerField()
    patient = serializers.IntegerField()
    treatment = serializers.IntegerField()
    procedure = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    arrive_at = serializers.DateTimeField()
    resources = serializers.DictField(child=serializers.ListField(child=serializers.IntegerField()))
    recovery = RecoveryShape()
    area = serializers.ListField(child=serializers.CharField())
    size = serializers.CharField()
    depth = serializers.CharField()
    indication = serializers.CharField()
    encounter = serializers.CharField()
    note = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    arrived_at = serializers.DateTimeField(allow_null=True)
    checked_in_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    cancelled_at = serializers.DateTimeField(allow_null=True)
    cancel_reason = serializers.CharField()


MOMENTS = (
    "expires_at",
    "confirmed_at",
    "arrived_at",
    "checked_in_at",
    "completed_at",
    "cancelled_at",
)


def with_resources(rows: QuerySet[Appointment]) -> QuerySet[Appointment]:
    """Bring along what the visits hold, in two queries however many they are."""
    return rows.prefetch_related("allocations__resource")


def booked(visit: Appointment, advisories: Iterable[Reason] = ()) -> dict[str, Any]:
    """Spell a visit as the verbs of booking answer it."""
    spelt = {
        "id": visit.pk,
        "version": visit.version,
        "status": visit.status,
        **times(visit),
        "resources": resources(visit),
        "recovery": recovery(visit),
        "advisories": [reason.as_dict() for reason in advisories],
    }
    if visit.expires_at is not None:
        spelt["expires_at"] = local(visit, visit.expires_at)
    return spelt


def shown(visit: Appointment) -> dict[str, Any]:
    """Spell a visit as it is read."""
    return {
        "id": visit.pk,
        "version": visit.version,
        "status": visit.status,
        "site": visit.site_id,
        "patient": visit.patient_id,
        "treatment": visit.treatment_id,
        "procedure": visit.procedure,
        **times(visit),
        "resources": resources(visit),
        "recovery": recovery(visit),
        "area": visit.areas,
        "size": visit.size,
        "depth": visit.depth,
        "indication": visit.indication,
        "encounter": visit.encounter,
        "note": visit.note,
        **{name: local(visit, getattr(visit, name)) for name in MOMENTS},
        "cancel_reason": visit.cancel_reason,
    }


def times(visit: Appointment) -> dict[str, Any]:
    """Spell when the visit is, and when to be there."""
    arrive_at = visit.start - timedelta(minutes=visit.prep_minutes)
    return {
        "start": local(visit, visit.start),
        "end": local(visit, visit.end),
        "arrive_at": local(visit, arrive_at),
    }


def local(visit: Appointment, moment: datetime | None) -> str | None:
    """Spell an instant on the visit's clock, with its offset."""
    return None if moment is None else moment.astimezone(ZoneInfo(visit.zone)).isoformat()


def resources(visit: Appointment) -> dict[str, list[int]]:
    """Answer the ids that the visit holds, or held, by kind."""
    found: dict[str, list[int]] = {}
    for held in visit.allocations.all():
        ids = found.setdefault(held.resource.kind, [])
        if held.resource_id not in ids:
            ids.append(held.resource_id)
    return {kind: sorted(found[kind]) for kind in sorted(found)}


def recovery(visit: Appointment) -> dict[str, str | None]:
    """Spell the recovery dates; null where nothing heals."""
    dates = {
        "least": visit.recovery_least,
        "typical": visit.recovery_typical,
        "most": visit.recovery_most,
    }
    return {name: day.isoformat() if day else None for name, day in dates.items()}

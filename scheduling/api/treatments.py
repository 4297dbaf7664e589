"""What can be booked: read only."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scheduling.models import Need, Treatment
from scheduling.rest.doors import Door
from scheduling.rest.problems import READ_PROBLEMS


@extend_schema_serializer(component_name="Need")
class NeedShape(serializers.ModelSerializer[Need]):
    """One resource that a visit holds: from minutes after its start until minutes after its end.

    Needs that share a `choice` above 0 are alternatives.
    """

    skill = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)

    class Meta:
        model = Need
        fields = ["kind", "skill", "from_min", "until_min", "choice"]


@extend_schema_serializer(component_name="Treatment")
class TreatmentShape(serializers.ModelSerializer[Treatment]):
    """A procedure as the clinic offers it; minutes are the visit's, without preparation."""

    needs = NeedShape(many=True)

    class Meta:
        model = Treatment
        fields = [
            "id", "name", "procedure", "minutes_least", "minutes_default", "minutes_most",
            "preparation", "aftercare", "asks_area", "active", "needs",
        ]  # fmt: skip


class Treatments(Door):
    """What can be booked."""

    queryset = Treatment.objects.order_by("name", "pk")
    serializer_class = TreatmentShape
    needs = {"list": "scheduling.view_treatment", "retrieve": "scheduling.view_treatment"}

    def get_queryset(self) -> QuerySet[Treatment]:
        """Bring the needs along."""
        rows: QuerySet[Treatment] = super().get_queryset()
        return rows.prefetch_related("needs__skill")

    @extend_schema(responses={200: TreatmentShape(many=True), **READ_PROBLEMS})
    def list(self, request: Request) -> Response:
        """List the treatments, by name."""
        self.query()
        return self.paged(self.get_queryset(), lambda row: TreatmentShape(row).data)

    @extend_schema(responses={200: TreatmentShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one treatment with its needs."""
        return Response(TreatmentShape(self.get_object()).data)

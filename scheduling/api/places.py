"""Sites, and the practitioners, rooms and devices at them: read only."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from scheduling.models import Capability, OpeningHours, Resource, Site
from scheduling.rest.bodies import KINDS, Id, Query
from scheduling.rest.doors import Door
from scheduling.rest.problems import READ_PROBLEMS

READ = {"list": "scheduling.view_site", "retrieve": "scheduling.view_site"}


@extend_schema_serializer(component_name="Site")
class SiteShape(serializers.ModelSerializer[Site]):
    """One address of the clinic."""

    class Meta:
        model = Site
        fields = [
            "id", "name", "zone", "country", "subdivision", "address", "phone", "email",
            "step_minutes", "notice_minutes", "horizon_days", "active",
        ]  # fmt: skip


class Sites(Door):
    """The sites at which the caller works."""

    queryset = Site.objects.order_by("name", "pk")
    serializer_class = SiteShape
    needs = READ

    def get_queryset(self) -> QuerySet[Site]:
        """Hide the sites at which the caller does not work."""
        sites = self.actor.sites
        rows: QuerySet[Site] = super().get_queryset()
        return rows if sites is None else rows.filter(pk__in=sites)

    @extend_schema(responses={200: SiteShape(many=True), **READ_PROBLEMS})
    def list(self, request: Request) -> Response:
        """List the sites at which you work, by name."""
        self.query()
        return self.paged(self.get_queryset(), lambda row: SiteShape(row).data)

    @extend_schema(responses={200: SiteShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one site."""
        return Response(SiteShape(self.get_object()).data)


@extend_schema_serializer(component_name="Capability")
class CapabilityShape(serializers.ModelSerializer[Capability]):
    """What a resource can do, and from when until when; both dates count."""

    skill = serializers.SlugRelatedField[Any](slug_field="code", read_only=True)

    class Meta:
        model = Capability
        fields = ["skill", "valid_from", "valid_until"]


@extend_schema_serializer(component_name="Resource")
class ResourceShape(serializers.ModelSerializer[Resource]):
    """A practitioner, a room or a device; `site` is null for a practitioner."""

    capabilities = CapabilityShape(many=True)

    class Meta:
        model = Resource
        fields = ["id", "kind", "name", "site", "active", "capabilities"]


class ResourcesAsked(Query):
    """Which resources to list."""

    site = Id(required=False, help_text="those who work or stand there")
    kind = serializers.ChoiceField(choices=KINDS, required=False)


class ResourceDoor(Door):
    """What a visit occupies."""

    queryset = Resource.objects.order_by("kind", "name", "pk")
    serializer_class = ResourceShape
    needs = {"list": "scheduling.view_resource", "retrieve": "scheduling.view_resource"}

    def get_queryset(self) -> QuerySet[Resource]:
        """Hide what stands or works only at sites where the caller does not work."""
        rows: QuerySet[Resource] = super().get_queryset().prefetch_related("capabilities__skill")
        sites = self.actor.sites
        return rows if sites is None else rows.filter(_at(list(sites)))

    @extend_schema(
        parameters=[ResourcesAsked], responses={200: ResourceShape(many=True), **READ_PROBLEMS}
    )
    def list(self, request: Request) -> Response:
        """List practitioners, rooms and devices with what they can do."""
        asked = self.query(ResourcesAsked)
        rows = self.get_queryset()
        if "site" in asked:
            rows = rows.filter(_at([asked["site"]]))
        if "kind" in asked:
            rows = rows.filter(kind=asked["kind"])
        return self.paged(rows, lambda row: ResourceShape(row).data)

    @extend_schema(responses={200: ResourceShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one resource."""
        return Response(ResourceShape(self.get_object()).data)


def _at(sites: list[int]) -> Q:
    """Match what stands at the sites, and who has hours there."""
    hours = OpeningHours.objects.filter(resource=OuterRef("pk"), site__in=sites)
    return Q(site__in=sites) | Q(Exists(hours))

"""How courses are usually built: read only."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plans import templates
from plans.api import asks, spelling
from plans.api.shapes import TemplateShape
from plans.models import PlanTemplate
from scheduling.rest import versions
from scheduling.rest.doors import Door
from scheduling.rest.problems import READ_PROBLEMS

VIEW = "plans.view_plantemplate"


class Templates(Door):
    """The templates that plans are made from, and those that are retired."""

    queryset = PlanTemplate.objects.order_by("name", "pk")
    serializer_class = TemplateShape
    needs: ClassVar = {"list": VIEW, "retrieve": VIEW}

    def get_queryset(self) -> QuerySet[PlanTemplate]:
        """Bring steps and lags along."""
        return templates.with_steps(super().get_queryset())

    @extend_schema(
        parameters=[asks.TemplatesAsked],
        responses={200: TemplateShape(many=True), **READ_PROBLEMS},
    )
    def list(self, request: Request) -> Response:
        """List the templates, by name."""
        asked: dict[str, Any] = self.query(asks.TemplatesAsked)
        return self.paged(self.get_queryset().filter(active=asked["active"]), spelling.template)

    @extend_schema(responses={200: TemplateShape, **READ_PROBLEMS})
    def retrieve(self, request: Request, pk: str) -> Response:
        """Read one template with its steps and lags."""
        row = self.get_object()
        return Response(spelling.template(row), headers=versions.tag(row.version))

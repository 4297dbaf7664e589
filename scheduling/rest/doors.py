"""What all doors of the API have in common: a gate, strict input, one clock, answers once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from scheduling import idempotency
from scheduling.access import actor_of
from scheduling.core.words import Actor
from scheduling.rest.answers import Spelling, kept_refusal, sent, written
from scheduling.rest.bodies import Query, Strict, plain
from scheduling.rest.gate import Gate

KEY = "Idempotency-Key"
ONCE = OpenApiParameter(
    KEY, str, OpenApiParameter.HEADER, description="a retry within 24 h answers as the first did"
)
MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, description='the version seen, such as "3"'
)


class Door(GenericViewSet[Any]):
    """One noun of the API. `needs` names the permission for each action."""

    permission_classes = (Gate,)
    filter_backends = ()
    metadata_class = None
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[Mapping[str, str]] = {}

    @cached_property
    def actor(self) -> Actor:
        """Name who asks, with their sites and rights of just now."""
        return actor_of(self.request.user)

    @cached_property
    def now(self) -> datetime:
        """Read the clock, once a request."""
        return timezone.now()

    def finalize_response(self, request: Request, *args: Any, **facts: Any) -> Any:
        """Keep what is told of patients out of every cache on the way."""
        response = super().finalize_response(request, *args, **facts)
        response["Cache-Control"] = "no-store"
        return response

    def body(self, shape: type[Strict]) -> dict[str, Any]:
        """Read the request's body as `shape`; no body is an empty object."""
        data = self.request.data
        # Without a body DRF answers an empty form, whose fields would read as HTML's.
        reader = shape(data={} if isinstance(data, QueryDict) else data)
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def query(self, shape: type[Query] = Query) -> dict[str, Any]:
        """Read the address's query as `shape`."""
        reader = shape(data=plain(self.request.query_params))
        reader.is_valid(raise_exception=True)
        return dict(reader.validated_data)

    def paged(self, rows: Any, spell: Callable[[Any], Any]) -> Response:
        """Answer one page of rows, each spelt."""
        page = self.paginate_queryset(rows) or []
        return self.get_paginated_response([spell(row) for row in page])

    def once(self, request: Request, verb: Callable[[], Spelling]) -> HttpResponse:
        """Run the verb; with an Idempotency-Key at most once in 24 h, and answer the same again."""
        key = request.headers.get(KEY)
        if key is None:
            return sent(written(verb()))
        user = request.user
        asked = idempotency.asked(
            principal=f"user:{user.pk}",
            endpoint=f"{request.method} {request.path_info.rstrip('/')}",
            key=key,
            body=request.data,
        )
        spell = partial(
            kept_refusal,
            handler=self.get_exception_handler(),
            context=self.get_exception_handler_context(),
        )
        return sent(
            idempotency.once(
                request=asked, verb=lambda: written(verb()), refusal=spell, now=self.now
            )
        )

"""What drf-spectacular cannot see by itself, told to it."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction


class StrictMembers(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Say that a body takes no members beside those described."""

    target_class = "scheduling.rest.bodies.Strict"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """Describe the serializer as ever, closed."""
        described: dict[str, Any] = auto_schema._map_serializer(  # type: ignore[no-untyped-call]  # noqa: SLF001 -- the documented call
            self.target, direction, bypass_extensions=True
        )
        return described | {"additionalProperties": False}

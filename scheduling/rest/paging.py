"""Long lists in pages: `limit` and `offset`."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

FARTHEST = 10_000_000
"""A row number beyond any clinic's, and far from where PostgreSQL's integers end."""


class Pages(LimitOffsetPagination):
    """Answer 50 rows at a time, at most 200; a page that cannot be read is an error."""

    max_limit = 200

    def get_limit(self, request: Request) -> int:
        """Read how many rows are asked for; more than 200 are given as 200."""
        asked = _number(request, self.limit_query_param, least=1, default=self.default_limit or 50)
        return min(asked, self.max_limit)

    def get_offset(self, request: Request) -> int:
        """Read after how many rows the page begins."""
        return _number(request, self.offset_query_param, least=0, default=0)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Describe both figures with their limits."""
        described: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in described:
            least = 1 if parameter["name"] == self.limit_query_param else 0
            parameter["schema"] |= {"minimum": least, "maximum": FARTHEST}
        return described


def _number(request: Request, name: str, *, least: int, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - int() is quadratic
        raise ValidationError({name: ["Write a whole number."]})
    if not least <= int(text) <= FARTHEST:
        raise ValidationError({name: [f"Write a number from {least} to {FARTHEST}."]})
    return int(text)

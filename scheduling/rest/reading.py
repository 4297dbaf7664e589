"""How a body is read. A module of its own, because the settings name it for every floor."""

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser


class JsonObject(BaseParser):
    """Read a body that is one JSON object.

    orjson refuses what Python's parser lets through and no row can hold: lone surrogates,
    NaN and Infinity, thousands of nested brackets.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Answer the object's members."""
        try:
            read = orjson.loads(stream.read())
        except orjson.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise ParseError(f"This is not JSON: see {where}.") from error
        if not isinstance(read, dict):
            raise ParseError("Send a JSON object, such as {}.")
        return read

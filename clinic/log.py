"""The log: one JSON object a line, with the request's id and without patient data.

Paths carry ids and link tokens, exception texts carry rows, so neither is ever written: a line
names the route's pattern, and a failure its type and the places it passed.
"""

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="-")


def sentence(record: logging.LogRecord) -> str:
    """Spell the record's message; Django's request records become status and route."""
    request = getattr(record, "request", None)
    if request is None or not hasattr(request, "resolver_match"):
        return record.getMessage()
    route = request.resolver_match.route if request.resolver_match else "(no such page)"
    return f"{request.method} {route} {getattr(record, 'status_code', '')}".rstrip()


def places(record: logging.LogRecord) -> list[str]:
    """List where a failure passed, outermost first, then its type; never its text."""
    if not record.exc_info or record.exc_info[0] is None:
        return []
    frames = traceback.extract_tb(record.exc_info[2])
    lines = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    kind = record.exc_info[0]
    return [*lines, f"{kind.__module__}.{kind.__qualname__}"]


class JsonLines(logging.Formatter):
    """One object a line, for a log collector."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time (UTC), level, logger, request id and message."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "request_id": REQUEST_ID.get(),
            "message": sentence(record),
        }
        line |= getattr(record, "facts", {})
        if failure := places(record):
            line["failure"] = failure
        return json.dumps(line, default=str)


class PlainLines(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the message, then the failure's places, one a line."""
        facts = " ".join(f"{key}={value}" for key, value in getattr(record, "facts", {}).items())
        head = f"{record.levelname.lower():8}{record.name}: {sentence(record)} {facts}".rstrip()
        return "\n    ".join([head, *places(record)])

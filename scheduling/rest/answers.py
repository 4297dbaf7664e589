"""What goes out: the same bytes for a request and for each of its repetitions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.response import Response

from scheduling.errors import ClinicError
from scheduling.idempotency import Answer

JSON = "application/json"

Handler = Callable[[Exception, dict[str, Any]], Response | None]


@dataclass(frozen=True, slots=True)
class Spelling:
    """A verb's result as plain values, with its status and headers."""

    data: Any
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


def written(spelling: Spelling) -> Answer:
    """Write the values down as JSON."""
    text = orjson.dumps(spelling.data, default=str).decode()
    headers = {"Content-Type": JSON, **spelling.headers}
    return Answer(status=spelling.status, text=text, headers=headers)


def kept_refusal(error: ClinicError, handler: Handler, context: dict[str, Any]) -> Answer | None:
    """Spell an error as the answer to keep: a conflict is, anything else may differ next time."""
    response = handler(error, context)
    if response is None or response.status_code != HTTPStatus.CONFLICT:
        return None
    headers = {"Content-Type": response.content_type or JSON}
    return written(Spelling(response.data, response.status_code, headers))


def sent(answer: Answer) -> HttpResponse:
    """Answer over HTTP; a repetition says that it is one."""
    response = HttpResponse(answer.text, status=answer.status)
    for name, value in answer.headers.items():
        response[name] = value
    if answer.repeated:
        response["Idempotency-Replayed"] = "true"
    return response

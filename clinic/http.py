"""What HTTP makes of the house's words: ClinicErrors as problem+json or a page, and the gate.

Only this module knows status codes.
"""

import json
import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from logging import getLogger
from typing import Any

import redis
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    UnreadablePostError,
)
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import Resolver404, resolve
from rest_framework import exceptions
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from clinic.log import REQUEST_ID
from scheduling import doors, links
from scheduling.errors import ClinicError, Forbidden, NotFound, Refused

PROBLEM = "application/problem+json"
STATUS = {
    "malformed": HTTPStatus.BAD_REQUEST,
    "forbidden": HTTPStatus.FORBIDDEN,
    "not_found": HTTPStatus.NOT_FOUND,
    "stale_version": HTTPStatus.PRECONDITION_FAILED,
    "link_dead": HTTPStatus.NOT_FOUND,
    "key_reused": HTTPStatus.UNPROCESSABLE_ENTITY,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "clinic_error": HTTPStatus.CONFLICT,
}
"""By code; an error without its own entry takes that of the class it descends from."""

DRAIN_BYTES = 64 * 1024 * 1024
"""How much of an over-long body is read and thrown away, so that its sender sees the answer."""

AWAY = (InterfaceError, OperationalError, redis.ConnectionError, redis.TimeoutError)
"""What Django and redis-py raise when their server cannot be reached."""

FOREIGN_KEY_VIOLATION = "23503"

PATIENT_PATHS = tuple(
    f"/{path}" for path in (links.PATH, links.CARE_PATH, links.OFFER_PATH, doors.MY, "speak/")
)
"""Where patients read: in their language, and nothing of ours."""

STAFF_PATHS = ("/admin/", "/accounts/", "/api/")
"""Where no patient's form is sent to."""
LONG_BODIES = {"care": 25 * 2**20, "scheduling_intake_hand_in": 11 * 2**20}
"""Bytes that a body may have on the routes, by name, that take a photo or another system's file: the
file (`photos.LARGEST` twice over, `tables.MOST_BYTES`) and the form around it."""

STAFF = "/admin/"
"""Where the staff's forms are."""

NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

UNLOGGED = frozenset({"livez", "readyz", "scheduling_appointment_news"})
"""Names of routes that are asked every second or so, and tell nothing."""

log = getLogger(__name__)


def status_of(error: ClinicError) -> HTTPStatus:
    """Find the status for the error's class or the nearest one above it."""
    codes = (getattr(kind, "code", "") for kind in type(error).__mro__)
    return next(STATUS[code] for code in codes if code in STATUS)


def body_of(error: ClinicError) -> dict[str, Any]:
    """Spell the error as problem details (RFC 9457), with every reason of a refusal."""
    status = status_of(error)
    body = dict(error.facts) | details(status, error.code, error.sentence)
    if isinstance(error, Refused):
        found = error.earliest
        body["refusals"] = [reason.as_dict() for reason in error.reasons]
        body["earliest"] = found and {
            "start": found.start.isoformat(),
            "resources": {kind: list(ids) for kind, ids in found.resources.items()},
        }
    return body


def details(status: int, code: str, detail: str) -> dict[str, Any]:
    """Write the members that every problem has; `request_id` finds it in the log."""
    return {
        "type": f"urn:fallow:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "code": code,
        "detail": detail,
        "request_id": REQUEST_ID.get(),
    }


def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer the API's errors as problem+json (DRF's EXCEPTION_HANDLER).

    None means a fault of ours: Django answers 500 and the log keeps where it happened.
    """
    if isinstance(error, ClinicError):
        body = body_of(error)
        # 503 asks for patience; a client without a figure hammers.
        headers = {"Retry-After": "1"} if body["status"] == HTTPStatus.SERVICE_UNAVAILABLE else None
        return Response(body, status=body["status"], content_type=PROBLEM, headers=headers)
    if isinstance(error, AWAY):
        return Response(away(error), status=503, content_type=PROBLEM, headers={"Retry-After": "5"})
    if is_gone(error):
        return Response(gone(error), status=404, content_type=PROBLEM)
    answer = exception_handler(error, context)
    if answer is None:
        return None
    body = details(answer.status_code, *wording(error))
    if isinstance(error, ValidationError):
        body["errors"] = answer.data
    answer.data = body
    answer.content_type = PROBLEM
    return answer


def away(error: Exception) -> dict[str, Any]:
    """Log and spell that the database or the cache does not answer; nothing was stored."""
    log.error("a server is away", exc_info=error)
    sentence = "Part of the house does not answer just now. Please try again in a minute."
    return details(HTTPStatus.SERVICE_UNAVAILABLE, "away", sentence)


def is_gone(error: Exception) -> bool:
    """Tell whether a row was to name another that went a moment ago (SQLSTATE 23503)."""
    return isinstance(error, IntegrityError) and (
        getattr(error.__cause__, "sqlstate", "") == FOREIGN_KEY_VIOLATION
    )


def gone(error: Exception) -> dict[str, Any]:
    """Log and spell that what this names is no more, as a patient joined with another; nothing was stored."""
    log.warning("a row that was to be named is gone", exc_info=error)
    sentence = "This was removed, or joined with another, a moment ago. Nothing was stored."
    return details(HTTPStatus.NOT_FOUND, NotFound.code, sentence)


def wording(error: Exception) -> tuple[str, str]:
    """Give code and sentence of an error that DRF raised."""
    if isinstance(error, ValidationError | exceptions.ParseError):
        sentence = "This could not be read." if isinstance(error, ValidationError) else error.detail
        return "malformed", str(sentence)
    if isinstance(error, APIException):
        return str(error.default_code), str(error.detail)
    # Http404 and PermissionDenied: their texts may name rows that the caller must not see.
    kind = NotFound if isinstance(error, Http404) else Forbidden
    return kind.code, kind.sentence


def wants_json(request: HttpRequest) -> bool:
    """Tell a program from a person."""
    return request.path_info.startswith("/api/") or not request.accepts("text/html")


def answer(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    """Show the problem: JSON to a program, a page with its sentence to a person.

    A patient reads it in their own language.
    """
    if wants_json(request):
        return JsonResponse(body, status=body["status"], content_type=PROBLEM)
    if request.path_info.startswith(PATIENT_PATHS):
        return doors.trouble(request, body["code"], body["status"])
    return render(request, "clinic/problem.html", body, status=body["status"])


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say what to do when a form was open for too long or came from elsewhere."""
    sentence = "This form was open for too long. Please go back, reload the page and try again."
    return answer(request, details(HTTPStatus.FORBIDDEN, "csrf", sentence))


def misread(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 where Django itself could make nothing of the request."""
    return answer(request, details(HTTPStatus.BAD_REQUEST, "malformed", "This could not be read."))


def turned_away(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403 without naming what is behind the door."""
    return answer(request, details(HTTPStatus.FORBIDDEN, Forbidden.code, Forbidden.sentence))


def nothing_here(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404, the same for what never was and what this person may not see."""
    return answer(request, details(HTTPStatus.NOT_FOUND, NotFound.code, NotFound.sentence))


def mark(request: HttpRequest) -> HttpResponse:
    """Lead to the picture that browsers ask for by themselves, whatever page they show."""
    return HttpResponseRedirect(static("clinic/mark.svg"))


def our_fault(request: HttpRequest) -> HttpResponse:
    """Answer 500 with a number to ask by; the page stands alone, whatever else is broken."""
    if wants_json(request):
        sentence = "This is our fault. Look whether your change is there before you try again."
        return answer(request, details(HTTPStatus.INTERNAL_SERVER_ERROR, "fault", sentence))
    return HttpResponse(render_to_string("500.html"), status=HTTPStatus.INTERNAL_SERVER_ERROR)


class RequestIds:
    """Give each request an id, shown in the answer, the log and every problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take a sensible id from the proxy, else make one; log one line without the path."""
        given = request.headers.get("X-Request-ID", "")
        known = re.fullmatch(r"[A-Za-z0-9-]{8,64}", given)
        token = REQUEST_ID.set(given if known else uuid.uuid4().hex)
        began = time.monotonic()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = REQUEST_ID.get()
            log_request(request, response, time.monotonic() - began)
        finally:
            REQUEST_ID.reset(token)
        return response


def log_request(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Write method, route, status and milliseconds; probes and files stay out of the log."""
    match = request.resolver_match
    if match and match.url_name not in UNLOGGED:
        facts = {"route": match.route, "status": response.status_code, "ms": round(seconds * 1000)}
        log.info("%s", request.method, extra={"facts": facts})


class ContentSecurity(CSPMiddleware):
    """Strict everywhere; only the admin's own pages get what Unfold cannot do without."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Widen the policy under /admin/ before the header is written."""
        if request.path_info.startswith("/admin/") and not hasattr(response, "_csp_update"):
            response._csp_update = settings.ADMIN_CONTENT_SECURITY  # type: ignore[attr-defined]  # noqa: SLF001 -- the seam that csp_update() uses
        answered: HttpResponseBase = super().process_response(request, response)
        return answered


class ReadableBodies:
    """Turn away what nothing behind could store: over-long bodies and NUL characters."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer 411, 413 or 400 before anything is parsed."""
        if unmeasured(request):
            sentence = "Say how long the body is: send a Content-Length."
            return answer(request, details(HTTPStatus.LENGTH_REQUIRED, "length_required", sentence))
        if length(request) > (most := limit(request)):
            drain(request)
            sentence = f"This is too large: at most {most // 1024} KiB can be taken at once."
            status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            return answer(request, details(status, "too_large", sentence))
        if has_nul(request):
            sentence = "This holds a NUL character, which no name or note can have."
            return answer(request, details(HTTPStatus.BAD_REQUEST, "malformed", sentence))
        return self.get_response(request)


def unmeasured(request: HttpRequest) -> bool:
    """Tell whether a body comes in chunks: Django would read none of it, and obey the rest."""
    return bool(request.META.get("HTTP_TRANSFER_ENCODING")) and not length(request)


def length(request: HttpRequest) -> int:
    """Read the announced length of the body in bytes; 0 when there is none."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    return int(announced) if announced.isascii() and announced.isdigit() else 0


def limit(request: HttpRequest) -> int:
    """Answer how many bytes a body may have here; only the pages that take a file take more."""
    usual: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if length(request) <= usual:
        return usual
    try:
        page = resolve(request.path_info).url_name
    except Resolver404:
        return usual
    return LONG_BODIES.get(page or "", usual)


def drain(request: HttpRequest) -> None:
    """Read the rest of the body and forget it, up to DRAIN_BYTES."""
    left = min(length(request), DRAIN_BYTES)
    while left > 0 and (piece := request.read(min(left, 65536))):
        left -= len(piece)


def has_nul(request: HttpRequest) -> bool:
    """Find a NUL in path, query, a text body or a field; files may hold what they like.

    Of forms that come in parts only those of the staff are read here: API and webhooks read their
    body themselves, and patients' pages leave a NUL out of what is typed.
    """
    if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    kind = request.content_type or ""
    if kind == "application/x-www-form-urlencoded":
        return b"%00" in request.body or b"\x00" in request.body
    if kind == "multipart/form-data" and request.path_info.startswith(STAFF):
        return field_has_nul(request)
    if kind.endswith("json"):
        return b"\x00" in request.body or NUL_ESCAPE.search(request.body) is not None
    return False


def field_has_nul(request: HttpRequest) -> bool:
    """Find a NUL in a field of a form that comes in parts."""
    try:
        fields = list(request.POST.lists())
    except UnreadablePostError:  # whoever sent it is gone
        return False
    return any("\x00" in said for name, values in fields for said in (name, *values))


class NamelessForms:
    """Let the patients' own forms in, which browsers send as `Origin: null`.

    A page that asks for no referrer sends its forms without a name (Fetch, “append a request
    Origin header”), and Django's check for forged forms would refuse every one of them. What the
    browser says itself, Sec-Fetch-Site, cannot be set by any page: only `same-origin` is let on,
    or a browser too old to say. The token of the form is compared in any case. Staff's pages send
    a referrer, so that a form without a name was never theirs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Name the origin that the browser has vouched for."""
        nameless = request.META.get("HTTP_ORIGIN") == "null"
        ours = request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        if nameless and ours and not request.path_info.startswith(STAFF_PATHS):
            request.META["HTTP_ORIGIN"] = f"{request.scheme}://{request.get_host()}"
        return self.get_response(request)


class ClinicErrors:
    """Answer the anticipated errors of plain views; a fault of the API is never a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Wrap the view."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn a ClinicError into its answer; leave everything else to Django."""
        if isinstance(error, ClinicError):
            return answer(request, json.loads(json.dumps(body_of(error), default=str)))
        if isinstance(error, AWAY):
            return answer(request, away(error))
        return answer(request, gone(error)) if is_gone(error) else None

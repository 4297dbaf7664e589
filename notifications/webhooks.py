"""What providers tell us: Twilio's status and inbound hooks; for e-mail, anymail's signals.

A hook believes nothing before the signature. Whatever a stranger sends, the answer is one of 400,
403, 405, 413, 415 and 429; a genuine request that comes twice, late or out of order does no harm.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from logging import getLogger
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.urls import URLPattern, include, path, re_path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import inbox
from notifications.core.policy import Channel
from notifications.core.receipts import RANKS
from notifications.inbox import Event, Incoming
from scheduling.doors import asker

LARGEST = 64 * 1024
"""Bytes; Twilio's longest request, a text of 1,600 characters with its media, has a tenth of it."""

MOST_REFUSED = 30
"""Forged requests from one address in a minute, before its requests are no longer looked at."""

FORM = "application/x-www-form-urlencoded"
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
"""TwiML that answers nothing: our answers go through the outbox."""

STOPPED = frozenset({"complained", "unsubscribed"})
ASIDE = STOPPED | {"subscribed", "autoresponded"}
"""E-mail events that are kept though they say nothing of a message's way; opens and clicks are not."""

log = getLogger(__name__)
View = Callable[..., HttpResponseBase]


def genuine(view: View) -> View:
    """Let only POSTs through that Twilio signed with our token, of a sensible size and sort."""

    @csrf_exempt  # a signature stands in for the token: no cookie is read here
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refused = _refused(request)
        if refused:
            return HttpResponse(status=refused)
        return view(request, *args, **kwargs)

    return guarded


def _refused(request: HttpRequest) -> int:
    """Give the status with which a request is turned away; 0 when it is genuine."""
    if len(request.body) > LARGEST:
        return 413
    if request.content_type != FORM:
        return 415
    if _too_often(request):
        return 429
    if signed(request):
        return 0
    _count(request)
    return 403


def _too_often(request: HttpRequest) -> bool:
    """Tell whether this minute has brought enough of what was forged from there."""
    return int(cache.get(_counter(request), 0)) >= MOST_REFUSED


def _count(request: HttpRequest) -> None:
    """Count a forged request; genuine ones are never counted, for they come in bursts."""
    cache.add(_counter(request), 0, 120)
    try:
        cache.incr(_counter(request))
    except ValueError:
        log.debug("the count of refused requests has just lapsed")
    log.warning("a request to a hook bears no signature of ours")


def _counter(request: HttpRequest) -> str:
    return f"webhooks:refused:{asker(request)}:{int(timezone.now().timestamp()) // 60}"


def signed(request: HttpRequest) -> bool:
    """Tell whether Twilio signed this request for us, with one of our tokens."""
    given = request.headers.get("X-Twilio-Signature", "")
    tokens = [t for t in (settings.TWILIO_AUTH_TOKEN, settings.TWILIO_OTHER_TOKEN) if t]
    if not given or not tokens:
        return False
    how = request.headers.get("X-Twilio-Webhooks-Signature-Settings", "")
    return any(
        valid(token=token, url=url, params=request.POST, signature=given, how=how)
        for token in tokens
        for url in _urls(request)
    )


def valid(*, token: str, url: str, params: Any, signature: str, how: str = "") -> bool:
    """Ask Twilio's own library about a signature; `how` is the header that names the algorithm."""
    try:
        # an extra: a clinic without SMS need not install it
        from twilio.request_validator import (  # noqa: PLC0415
            RequestValidator,
            get_signature_algorithm,
        )
    except ImportError:
        return False
    algorithm = get_signature_algorithm(how)  # type: ignore[no-untyped-call]
    validator = RequestValidator(token)  # type: ignore[no-untyped-call]
    return bool(validator.validate(url, params, signature, algorithm))  # type: ignore[no-untyped-call]


def _urls(request: HttpRequest) -> Iterator[str]:
    """Spell the address that Twilio may have signed.

    It is the public one that we give Twilio; or, for a hook set up by hand under another of our
    names, the host asked for, with https where a proxy that FALLOW_PROXIES counts says so. The
    query is taken as it was sent, for any other spelling of it has another signature.
    """
    query = request.META.get("QUERY_STRING", "")
    rest = f"{request.path}?{query}" if query else request.path
    yield f"{settings.PUBLIC_URL}{rest}"
    yield f"{request.scheme}://{request.get_host()}{rest}"


# ---------------------------------------------------------------- Twilio


@genuine
def status(request: HttpRequest, ref: str = "") -> HttpResponse:
    """Note what became of one of our texts; `ref` is our own id, which came along."""
    posted = request.POST
    word = _first(posted, "MessageStatus", "SmsStatus").lower()
    if word in RANKS:
        code = _first(posted, "ErrorCode")
        event = Event(
            provider="twilio",
            provider_id=_first(posted, "MessageSid", "SmsSid"),
            status=word,
            ref=ref,
            code=code,
            address=_first(posted, "To"),
            stops=_opted_out(code),
        )
        inbox.record_receipt(event=event, now=timezone.now())
    return HttpResponse(status=204)


def _opted_out(code: str) -> bool:
    from notifications.providers.twilio import classify_receipt  # noqa: PLC0415 - an extra

    number = int(code) if code.isascii() and code.isdigit() else None
    return classify_receipt(number) == "opt_out"


@genuine
def inbound(request: HttpRequest) -> HttpResponse:
    """Take a text that somebody sent us."""
    posted = request.POST
    sid = _first(posted, "MessageSid", "SmsMessageSid", "SmsSid")
    pictures = _first(posted, "NumMedia")
    if sid:
        incoming = Incoming(
            provider="twilio",
            provider_id=sid,
            channel=Channel.SMS,
            sender=_first(posted, "From"),
            sent_to=_first(posted, "To"),
            body=posted.get("Body", ""),
            pictures=int(pictures) if re.fullmatch(r"[0-9]{1,2}", pictures) else 0,
            network_answered=bool(_first(posted, "OptOutType")),
        )
        inbox.act_on_reply(incoming=incoming, now=timezone.now())
    return HttpResponse(NOTHING, content_type="text/xml")


def _first(posted: QueryDict, *names: str) -> str:
    """Give the first of these that was sent, shortened to what a column holds."""
    return next((said.strip()[:250] for name in names if (said := posted.get(name, ""))), "")


# ---------------------------------------------------------------- e-mail, by anymail's signals


def tracked(*, event: Any, esp_name: str, **_: Any) -> None:
    """Note what became of one of our e-mails (the receiver of `anymail.signals.tracking`)."""
    word = str(event.event_type)
    if word not in RANKS and word not in ASIDE:
        return
    receipt = Event(
        provider=esp_name.lower(),
        provider_id=str(event.message_id or "").strip("<>"),
        status=word,
        ref=_ref(event),
        code=str(event.reject_reason or ""),
        said_at=_utc(event.timestamp),
        address=str(event.recipient or ""),
        stops=word in STOPPED,
    )
    inbox.record_receipt(event=receipt, now=timezone.now())


def _ref(event: Any) -> str:
    """Find our own id: sent along as metadata, else within the Message-ID that we made."""
    said = event.metadata.get("ref", "") if isinstance(event.metadata, dict) else ""
    found = re.search(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", f"{said} {event.message_id or ''}")
    return found[0] if found else ""


def _utc(at: object) -> datetime | None:
    return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else None


def received(*, event: Any, esp_name: str, **_: Any) -> None:
    """Take an e-mail that somebody sent us (the receiver of `anymail.signals.inbound`)."""
    message = event.message
    if message is None or message.from_email is None:
        return
    identity = str(message.get("Message-ID", "") or event.event_id or "").strip()
    incoming = Incoming(
        provider=esp_name.lower(),
        provider_id=identity[:250] or f"unnamed {event.timestamp}",
        channel=Channel.EMAIL,
        sender=message.from_email.addr_spec,
        sent_to=str(message.envelope_recipient or ""),
        body=str(message.stripped_text or message.text or ""),
        pictures=len(message.attachments),
        automatic=_automatic(message),
    )
    inbox.act_on_reply(incoming=incoming, now=timezone.now())


def _automatic(message: Any) -> bool:
    """Tell whether a machine wrote an e-mail: a notice of absence, or of a letter that came back.

    RFC 3834 (5) names such messages by a header; bounces have an empty or a daemon's sender.
    """
    submitted = str(message.get("Auto-Submitted", "") or "no").split(";")[0].strip().casefold()
    machine = submitted != "no" or bool(message.get("X-Autoreply") or message.get("X-Autorespond"))
    return machine or message.from_email.username.casefold() in {"mailer-daemon", "postmaster"}


def _careful(view: View) -> View:
    """Answer 403 without the secret, 400 where the request has no sense: its library would fail."""

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if _too_often(request):
            return HttpResponse(status=429)
        try:
            return view(request, *args, **kwargs)
        except SuspiciousOperation:
            _count(request)
            return HttpResponse(status=403)
        except (ValueError, TypeError, LookupError, AttributeError):
            log.warning("a provider's report could not be read", exc_info=True)
            return HttpResponse(status=400)

    return guarded


def _of_anymail() -> list[URLPattern]:
    """Open anymail's own hooks, where it is installed and a secret guards them."""
    if not settings.EMAIL_WEBHOOKS:
        return []
    from anymail.urls import urlpatterns as theirs  # noqa: PLC0415 - an extra

    return [
        re_path(each.pattern.regex.pattern, _careful(each.callback), name=each.name)
        for each in theirs
    ]


urlpatterns = [
    re_path(r"^twilio/status(?:/(?P<ref>[0-9a-f]{32}))?/?$", status, name="twilio-status"),
    re_path(r"^twilio/inbound/?$", inbound, name="twilio-inbound"),
    path("email/", include(_of_anymail())),
]

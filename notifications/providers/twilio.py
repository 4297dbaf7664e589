"""SMS by Twilio, through its own library (`pip install fallow[twilio]`).

Twilio has no idempotency key: what it may have accepted is never handed over again, and is looked
up by recipient, day and text instead.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from types import TracebackType
from typing import Any, Self

from requests.exceptions import ConnectTimeout, RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.base.values import unset
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from notifications.core.resting import Trouble
from notifications.providers import (
    CannotTell,
    OutcomeUnknown,
    Outgoing,
    Permit,
    ProviderDown,
    ProviderId,
    RecipientOptedOut,
    SendFailed,
    Trace,
    Withheld,
    at_once,
    delay_of,
    text_hash,
)

HOME = "https://api.twilio.com"
LONGEST_VALIDITY = 36_000
"""Seconds; Twilio refuses more with error 90007, and lives by this figure without one."""

_BOOK: dict[str, Any] = json.loads(
    files("notifications.providers").joinpath("twilio_codes.json").read_text("utf-8")
)
_CLASSES: dict[str, str] = _BOOK["codes"]
_BLOCKS: list[tuple[int, int, str, str]] = _BOOK["ranges"]
_ONE_NUMBER = frozenset(_BOOK["one_number"])
_TROUBLES = {
    "account": Trouble.ACCOUNT,
    "sender_config": Trouble.SENDER,
    "rate_limit": Trouble.PACE,
}
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_NEVER_CONNECTED = (ConnectTimeoutError, NameResolutionError, NewConnectionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to reach Twilio, and as whom.

    `sender` is an E.164 number, an alphanumeric name or a messaging service's id, for sites that
    have none of their own.
    `callback` is the address of our status hook, to which the message's own id is added.
    """

    sid: str
    token: str = field(repr=False)
    sender: str = ""
    callback: str = ""
    base_url: str = HOME
    timeout: float = 15


class _Elsewhere(TwilioHttpClient):
    """Twilio's own HTTP client, talking to `base_url`; a stand-in server can sit there."""

    def __init__(self, base_url: str, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.base_url = base_url.rstrip("/")
        self.retry_after = ""

    def request(self, method: str, uri: str, *args: Any, **more: Any) -> Response:  # type: ignore[override]
        answer = super().request(method, uri.replace(HOME, self.base_url, 1), *args, **more)
        # the library's errors do not carry headers
        self.retry_after = str((answer.headers or {}).get("Retry-After", ""))
        return answer


class Twilio:
    """One HTTP session for a batch."""

    name = "twilio"

    def __init__(self, account: Account) -> None:
        """Take the account; nothing is contacted yet."""
        self.account = account
        self._http = _Elsewhere(account.base_url, account.timeout)
        client = Client(account.sid, account.token, http_client=self._http)  # type: ignore[no-untyped-call]
        self._messages = client.messages

    def __enter__(self) -> Self:
        """Leave the connection for the first message."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the session's sockets."""
        if self._http.session is not None:
            self._http.session.close()

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        """Hand one text over, valid only as long as it is of use.

        Raises:
            ProviderDown: no connection, wrong account or sender, too many requests.
            RecipientOptedOut: the number said STOP to this sender.
            SendFailed: refused.
            OutcomeUnknown: anything after the request had left that is not a clear answer.
            Withheld: it may no longer be sent.

        """
        if not permit():
            raise Withheld
        try:
            taken = self._messages.create(**self._parameters(outgoing))
        except TwilioException as error:
            raise self._meaning(error, outgoing.at) from error
        except RequestException as error:
            raise _broken(error) from error
        except Exception as error:
            raise OutcomeUnknown(f"an answer without sense: {type(error).__name__}") from error
        if not taken.sid:
            raise OutcomeUnknown("accepted, but the answer carries no id")
        return ProviderId(str(taken.sid), str(taken.status))

    def prepare(self, outgoing: Outgoing) -> None:
        """Leave it to its turn."""

    def foretold(self, outgoing: Outgoing) -> str:
        """Leave it to the answer."""
        return ""

    def find(self, trace: Trace) -> ProviderId | None:
        """Look for our text among the newest messages to this number.

        Raises:
            CannotTell: Twilio cannot be asked now.

        """
        try:
            # no filter by date: Twilio's is by the day of sending, which a queued text has not got,
            # and a text that only waits there would pass for one that never arrived
            listed = self._messages.list(to=trace.to, limit=200)
        except (TwilioException, RequestException, ValueError) as error:
            raise CannotTell(f"Twilio cannot be asked: {type(error).__name__}") from error
        # each text carries a link of its own, so equal bodies are the same message
        same = (m for m in listed if text_hash(m.body or "") == trace.text_hash)
        return next((ProviderId(str(m.sid), str(m.status)) for m in same), None)

    def _meaning(self, error: TwilioException, at: datetime) -> SendFailed | OutcomeUnknown:
        if not isinstance(error, TwilioRestException | TwilioServiceException):
            return OutcomeUnknown(f"an answer without sense: {type(error).__name__}")
        return meaning(
            error.status, error.code, retry_after=delay_of(self._http.retry_after, at=at)
        )

    def _parameters(self, outgoing: Outgoing) -> dict[str, Any]:
        account = self.account
        sender = outgoing.sender or account.sender
        service = bool(_SERVICE.fullmatch(sender))
        left = int((outgoing.not_after - outgoing.at).total_seconds())
        return {
            "to": outgoing.to,
            "body": outgoing.text,
            "from_": unset if service else sender,
            "messaging_service_sid": sender if service else unset,
            "validity_period": max(1, min(left, LONGEST_VALIDITY)),
            "status_callback": f"{account.callback}{outgoing.ref}/" if account.callback else unset,
        }


def classify(status: int, code: int | None) -> str:
    """Name the class of an error, by Twilio's code, else by the HTTP status.

    Codes that are not listed fall under their status: 401, 403 are the account's, 429 the
    pace's, 408 and 5xx ambiguous. Any other 4xx falls under the block of its code, and outside
    all blocks it is the request's own.
    """
    listed = _CLASSES.get(str(code))
    if listed is not None:
        return listed
    if status in {401, 403}:
        return "account"
    if status == 429:  # noqa: PLR2004 - RFC 6585
        return "rate_limit"
    if not 400 <= status < 500 or status == 408:  # noqa: PLR2004 - RFC 9110
        return "ambiguous"
    return _block_of(code, otherwise="request_bug")


def classify_receipt(code: int | None) -> str:
    """Name the class of an error that a status callback brings, which has no HTTP status.

    What no block knows is ambiguous: it may have arrived all the same.
    """
    return _CLASSES.get(str(code)) or _block_of(code, otherwise="ambiguous")


def _block_of(code: int | None, *, otherwise: str) -> str:
    blocks = (kind for first, last, kind, _ in _BLOCKS if code and first <= code <= last)
    return next(blocks, otherwise)


def meaning(
    status: int, code: int | None, *, retry_after: timedelta | None = None
) -> SendFailed | OutcomeUnknown:
    """Turn an answer that is no success into what follows from it."""
    kind, spelt = classify(status, code), str(code)
    # the vendor's sentence may repeat the number, so only its code is kept
    said = f"Twilio: HTTP {status}, error {code} ({kind})"
    if kind == "ambiguous":
        return OutcomeUnknown(said)
    if kind == "opt_out":
        return RecipientOptedOut(said, provider_code=spelt)
    if kind in _TROUBLES and spelt not in _ONE_NUMBER:
        return ProviderDown(
            said, provider_code=spelt, trouble=_TROUBLES[kind], retry_after=retry_after
        )
    return SendFailed(said, permanent=kind != "transient", provider_code=spelt)


def _broken(error: RequestException) -> SendFailed | OutcomeUnknown:
    never_left = isinstance(error, ConnectTimeout) or any(
        isinstance(cause, _NEVER_CONNECTED) for cause in _causes(error)
    )
    if never_left:
        return ProviderDown("Twilio cannot be reached")
    return OutcomeUnknown(f"broken off: {type(error).__name__}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk what `requests` wraps: its first argument, and urllib3's `reason` inside that."""
    inner: object = error
    for _ in range(4):
        inner = getattr(inner, "reason", None) or next(iter(getattr(inner, "args", ())), None)
        if not isinstance(inner, BaseException):
            return
        yield inner

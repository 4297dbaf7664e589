"""E-mail by the API of an e-mail service, through django-anymail (`pip install fallow[esp]`).

Any service that anymail knows. Few of them have an idempotency key: where one does, it is our own
id; everywhere else, what may have been accepted is never handed over again.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import formataddr, parseaddr
from types import TracebackType
from typing import Any, Self

from anymail.exceptions import (
    AnymailAPIError,
    AnymailCancelSend,
    AnymailConfigurationError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.core.mail import EmailMultiAlternatives, get_connection
from requests.exceptions import ConnectTimeout, RequestException
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from notifications.core.resting import Trouble
from notifications.providers import (
    CannotTell,
    OutcomeUnknown,
    Outgoing,
    Permit,
    ProviderDown,
    ProviderId,
    SendFailed,
    Trace,
    Withheld,
    at_once,
    delay_of,
)

Mark = Callable[[EmailMultiAlternatives, Any, str], None]


def _in_the_request(message: EmailMultiAlternatives, connection: Any, ref: str) -> None:
    connection.session.headers["Idempotency-Key"] = ref


def _among_the_headers(message: EmailMultiAlternatives, connection: Any, ref: str) -> None:
    message.extra_headers["idempotencyKey"] = ref


KEYS: dict[str, Mark] = {
    # resend.com/docs/dashboard/emails/idempotency-keys: kept for 24 hours
    "Resend": _in_the_request,
    # developers.brevo.com/changelog/email-api-now-supports-idempotency: kept for 15 minutes
    "Brevo": _among_the_headers,
}
"""How each service that has one is given an idempotency key; SendGrid, Postmark, Mailgun and
Amazon SES have none."""

WITHOUT_METADATA = frozenset({"MailerSend", "Postal"})
"""Services that do not echo our id in their webhooks (anymail's table of supported features)."""

_BEFORE_THE_CALL = (AnymailInvalidAddress, AnymailUnsupportedFeature, AnymailSerializationError)
_NEVER_CONNECTED = (ConnectTimeoutError, NameResolutionError, NewConnectionError)


class Anymail:
    """One HTTP session for a batch."""

    name = "anymail"

    def __init__(self, *, backend: str, sender: str) -> None:
        """Take the service (`resend`, or the path of a backend) and the From address."""
        path = backend if "." in backend else f"anymail.backends.{backend}.EmailBackend"
        self._name, self._address = parseaddr(sender)
        self._path = path
        self._backend: Any = None

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
        if self._backend is not None:
            self._backend.close()

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        """Hand one e-mail over.

        Raises:
            ProviderDown: no connection, wrong account, too many requests.
            SendFailed: refused.
            OutcomeUnknown: anything after the request had left that is not a clear answer.
            Withheld: it may no longer be sent.

        """
        connection = self._connection()
        message = self._written(outgoing, connection)
        if not permit():
            raise Withheld
        try:
            taken = connection.send_messages([message])
        except AnymailError as error:
            raise _meaning(error, outgoing.at) from error
        except Exception as error:
            raise OutcomeUnknown(f"an answer without sense: {type(error).__name__}") from error
        return _id_of(message, taken)

    def prepare(self, outgoing: Outgoing) -> None:
        """Leave it to its turn."""

    def foretold(self, outgoing: Outgoing) -> str:
        """Leave it to the answer."""
        return ""

    def find(self, trace: Trace) -> ProviderId | None:
        """Refuse: what services keep of a message differs, and webhooks bring it sooner.

        Raises:
            CannotTell: always.

        """
        raise CannotTell("the service tells by its webhooks")

    def _connection(self) -> Any:
        try:
            if self._backend is None:
                self._backend = get_connection(self._path)
            self._backend.open()
        except (AnymailConfigurationError, ImportError, OSError) as error:
            said = f"the service is not set up: {type(error).__name__}"
            raise ProviderDown(said, trouble=Trouble.ACCOUNT) from error
        return self._backend

    def _written(self, outgoing: Outgoing, connection: Any) -> EmailMultiAlternatives:
        sender = (outgoing.sender_name or self._name, outgoing.sender or self._address)
        message = EmailMultiAlternatives(
            subject=" ".join(outgoing.subject.split()),
            body=outgoing.text,
            from_email=formataddr(sender),
            to=[outgoing.to],
            headers={
                "Auto-Submitted": "auto-generated",
                "X-Fallow-Kind": outgoing.kind,
                **outgoing.headers,
            },
        )
        if outgoing.html:
            message.attach_alternative(outgoing.html, "text/html")
        # as a file: most services take no third alternative, and no parameters of a type; the
        # iTIP method stands in the file itself
        if outgoing.calendar:
            message.attach("visit.ics", outgoing.calendar, "text/calendar")
        for entry in outgoing.attachments:
            message.attach(entry.name, entry.text, "text/calendar")
        if connection.esp_name not in WITHOUT_METADATA:
            message.metadata = {"ref": outgoing.ref}  # type: ignore[attr-defined]
        if mark := KEYS.get(connection.esp_name):
            mark(message, connection, outgoing.ref)
        return message


def _id_of(message: EmailMultiAlternatives, taken: int) -> ProviderId:
    status = message.anymail_status  # type: ignore[attr-defined]
    if not taken:
        raise SendFailed("a program of the house stopped it", permanent=True)
    ids = status.message_id
    if not ids or not isinstance(ids, str):
        raise OutcomeUnknown("accepted, but the answer carries no id")
    return ProviderId(ids, ", ".join(sorted(str(word) for word in status.status or ())))


def _meaning(error: AnymailError, at: datetime) -> SendFailed | OutcomeUnknown:
    """Tell what certainly was not sent from what may have been.

    The service's own sentence may repeat the address, so only its HTTP status is kept.
    """
    name = type(error).__name__
    if isinstance(error, (*_BEFORE_THE_CALL, AnymailCancelSend)):
        return SendFailed(f"the service cannot carry it: {name}", permanent=True)
    if isinstance(error, AnymailRecipientsRefused):
        return SendFailed("the service refuses the recipient", permanent=True)
    if not isinstance(error, AnymailAPIError):
        return OutcomeUnknown(f"an answer without sense: {name}")
    if error.status_code is not None:
        response: Any = getattr(error, "response", None)
        wait = response.headers.get("Retry-After", "") if response is not None else ""
        return of_status(error.status_code, retry_after=wait, at=at)
    return _broken(error)


def of_status(status: int, *, retry_after: str, at: datetime) -> SendFailed | OutcomeUnknown:
    """Turn an HTTP status that is no clear success into what follows from it.

    409 is unclear too: services answer it while an earlier call with the same key still runs.
    """
    said, code = f"the service answered HTTP {status}", str(status)
    if status in {401, 402, 403}:
        return ProviderDown(said, provider_code=code, trouble=Trouble.ACCOUNT)
    if status == 429:  # noqa: PLR2004 - RFC 6585
        wait = delay_of(retry_after, at=at)
        return ProviderDown(said, provider_code=code, trouble=Trouble.PACE, retry_after=wait)
    if 400 <= status < 500 and status not in {408, 409}:  # noqa: PLR2004 - RFC 9110
        return SendFailed(said, permanent=True, provider_code=code)
    return OutcomeUnknown(said)


def _broken(error: AnymailError) -> SendFailed | OutcomeUnknown:
    cause = error.__cause__
    if isinstance(cause, ConnectTimeout) or any(
        isinstance(inner, _NEVER_CONNECTED) for inner in _causes(cause)
    ):
        return ProviderDown("the service cannot be reached")
    kind = "broken off" if isinstance(cause, RequestException) else "an answer without sense"
    return OutcomeUnknown(f"{kind}: {type(cause or error).__name__}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk what `requests` wraps: its first argument, and urllib3's `reason` inside that."""
    inner: object = error
    for _ in range(4):
        inner = getattr(inner, "reason", None) or next(iter(getattr(inner, "args", ())), None)
        if not isinstance(inner, BaseException):
            return
        yield inner

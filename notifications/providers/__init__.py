"""How words leave the house: one protocol, one file a provider.

A provider answers a send in exactly one of three ways: it returns the id under which the other
side has the message, it raises `SendFailed` (certainly not sent), or it raises `OutcomeUnknown`
(it may have been sent). What it cannot classify is unknown: a doubt is never resent.
"""

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Protocol, Self

from notifications.core.policy import Channel
from notifications.core.resting import Trouble
from scheduling.errors import ClinicError


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One of several calendar entries, as a file: an iCalendar body with its iTIP method."""

    name: str
    text: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message as it leaves: everything a provider needs and nothing clinical.

    `sender` is the site's own From address or SMS sender, empty for the house's;
    `sender_name` is shown beside it; `ref` is our own id, the same at every attempt. `at` is the moment of this attempt and
    `not_after` when the message stops being of use (both UTC). `calendar` is an iCalendar body with its iTIP method, `attachments` are those of several visits; e-mail only.
    """

    ref: str
    kind: str
    channel: Channel
    to: str
    text: str
    at: datetime
    not_after: datetime
    subject: str = ""
    sender: str = ""
    sender_name: str = ""
    html: str = ""
    calendar: str = ""
    calendar_method: str = ""
    attachments: Sequence[Attachment] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What is kept of a message to recognise it by: our id, its reader, its text's SHA-256.

    `since` (UTC) is when it was handed over.
    """

    ref: str
    kind: str
    to: str
    text_hash: bytes
    since: datetime


def text_hash(text: str) -> bytes:
    """Hash a text, so that it can be recognised without being kept."""
    return hashlib.sha256(text.encode("utf-8")).digest()


@dataclass(frozen=True, slots=True)
class ProviderId:
    """The id by which the provider knows the message, and what it said when it took it."""

    value: str
    said: str = ""


class SendFailed(ClinicError):
    """The message was certainly not sent.

    `permanent`: the same message to the same address will fail again. `code` in the facts is the
    provider's own.
    """

    code = "send_failed"
    sentence = "The message was not sent."

    def __init__(self, said: str, *, permanent: bool, provider_code: str = "") -> None:
        """Keep what the provider said; it is shown to staff, never to patients."""
        super().__init__(said, permanent=permanent, provider_code=provider_code)
        self.permanent = permanent
        self.provider_code = provider_code


class RecipientOptedOut(SendFailed):
    """The recipient told the provider to stop; nothing more goes there on this channel."""

    code = "recipient_opted_out"

    def __init__(self, said: str, *, provider_code: str = "") -> None:
        """Stop for good."""
        super().__init__(said, permanent=True, provider_code=provider_code)


class ProviderDown(SendFailed):
    """Nothing can be sent to anybody just now: no connection, wrong password, too many requests.

    The sender stops its batch instead of trying every message against a closed door, and a
    breaker keeps the other processes from it too (`notifications.breakers`). `retry_after` is
    what the provider asks for.
    """

    code = "provider_down"

    def __init__(
        self,
        said: str,
        *,
        provider_code: str = "",
        trouble: Trouble = Trouble.DOWN,
        retry_after: timedelta | None = None,
    ) -> None:
        """Such a failure is never the message's own."""
        super().__init__(said, permanent=False, provider_code=provider_code)
        self.trouble = trouble
        self.retry_after = retry_after


def delay_of(value: str, *, at: datetime) -> timedelta | None:
    """Read a `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3); None when it is neither.

    `at` is now, UTC.
    """
    if value.strip().isascii() and value.strip().isdigit():
        return timedelta(seconds=min(int(value), 10**6))
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(until - at, timedelta()) if until.tzinfo else None


class OutcomeUnknown(ClinicError):
    """The message may or may not have been sent; it must not be sent again blindly."""

    code = "outcome_unknown"
    sentence = "Nobody can say whether the message was sent."


class Withheld(ClinicError):
    """The message may no longer be sent; nothing was."""

    code = "withheld"


class CannotTell(ClinicError):
    """The provider has no way of looking a message up."""

    code = "cannot_tell"


Permit = Callable[[], bool]
"""Asked right before a message can leave; False means that it must not."""


def at_once() -> bool:
    """Permit everything."""
    return True


class Provider(Protocol):
    """A way out of the house; entered once for a batch, so that a connection is shared."""

    name: str

    def __enter__(self) -> Self:
        """Make ready; nothing is contacted before the first send."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the connection go."""
        ...

    def send(self, outgoing: Outgoing, permit: Permit = at_once) -> ProviderId:
        """Hand the message over and return the provider's id.

        `permit` is asked once, before the message can leave: what comes before it sends nothing.

        Raises:
            Withheld: the permit was refused; nothing was sent.
            SendFailed: it was certainly not sent.
            OutcomeUnknown: it may have been sent.

        """
        ...

    def prepare(self, outgoing: Outgoing) -> None:
        """Do beforehand what sends nothing; `send` does what this did not.

        Raises:
            SendFailed: it cannot be sent at all.

        """
        ...

    def foretold(self, outgoing: Outgoing) -> str:
        """Spell the id by which it will know this message; empty where only its answer tells."""
        ...

    def find(self, trace: Trace) -> ProviderId | None:
        """Look up whether a message that was handed over arrived there; None = certainly not.

        Raises:
            CannotTell: this provider keeps no record, or cannot be asked now.

        """
        ...


def mask(recipient: str) -> str:
    """Show enough of an address to recognise, not enough to use: ``p***@example.com``."""
    name, at, domain = recipient.partition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    return f"{recipient[:3]}***{recipient[-3:]}"


def announce(outgoing: Outgoing, provider_id: ProviderId) -> None:
    """Say on the terminal that a message reached a sink, without saying to whom."""
    line = f"sent {outgoing.channel} {outgoing.kind} {mask(outgoing.to)} {provider_id.value}\n"
    # straight to the file descriptor: Celery swaps sys.stdout for its log
    os.write(1, line.encode("ascii", "replace"))

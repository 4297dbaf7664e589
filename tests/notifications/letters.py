"""Messages for tests of the providers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from notifications.core.policy import Channel
from notifications.providers import Outgoing, Trace, text_hash

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def email(**more: Any) -> Outgoing:
    """Write an e-mail."""
    said = {
        "ref": "0a1b2c3d",
        "kind": "reminder",
        "channel": Channel.EMAIL,
        "to": "maria@example.com",
        "subject": "Your visit",
        "text": "Dear Mar\u00eda,\n.a line that starts with a dot\n",
        "html": "<p>Dear Mar\u00eda</p>",
        "at": NOW,
        "not_after": NOW + timedelta(days=1),
    }
    return Outgoing(**(said | more))


def sms(**more: Any) -> Outgoing:
    """Write a text."""
    said = {
        "ref": "0a1b2c3d",
        "kind": "reminder",
        "channel": Channel.SMS,
        "to": "+447700900123",
        "text": "Your visit is tomorrow",
        "at": NOW,
        "not_after": NOW + timedelta(hours=2),
    }
    return Outgoing(**(said | more))


def trace() -> Trace:
    """Keep what is kept of `sms()`."""
    written = sms()
    return Trace(
        ref=written.ref,
        kind=written.kind,
        to=written.to,
        text_hash=text_hash(written.text),
        since=written.at,
    )

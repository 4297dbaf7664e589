"""The way out of e-mail that every e-mail brings with it: List-Unsubscribe in one click.

The token is the message's own id, signed for this purpose alone: it opens nothing, it lives as long
as the clinic's keys, and it costs no row for each e-mail. RFC 8058 (3.1) asks that it be hard to
forge and that it name the reader by itself, for mail programs send no cookies. The same address stands
below the letter, for whoever's mail program shows no button.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.conf import settings
from django.core import signing
from django.db import transaction

from notifications.core.policy import Channel
from notifications.models import Message, OptOut
from scheduling import links, trail
from scheduling.core.words import Actor
from scheduling.errors import NotFound

PATH = "stop/"
"""Below the patients' pages; the token is the last word of the path."""

FIELD, ANSWER = "List-Unsubscribe", "One-Click"
"""What a mail program posts, and what the page's own form posts (RFC 8058, 3.2)."""


def way_out(ref: str) -> str:
    """Spell the address of the page for the message of this id (32 hexadecimal digits)."""
    return f"{settings.PUBLIC_URL}/{links.PATH}{PATH}{_signer().sign(ref)}/"


def headers(where: str) -> dict[str, str]:
    """Write the two headers that let a mail program show a button for a way out."""
    return {"List-Unsubscribe": f"<{where}>", "List-Unsubscribe-Post": f"{FIELD}={ANSWER}"}


def foot(language: str) -> str:
    """Say, below an e-mail, what the way out is for; in English where the language is unknown."""
    every = _feet()
    return every.get(language, every["en"])


@cache
def _feet() -> Mapping[str, str]:
    text = files("notifications").joinpath("data", "foot.json").read_text("utf-8")
    every: Mapping[str, str] = json.loads(text)
    return every


def message_of(token: str) -> Message:
    """Find the e-mail that a token came with; looking changes nothing.

    Raises:
        NotFound: nobody was ever given this token, or its message is no longer kept.

    """
    try:
        ref = _signer().unsign(token)
    except signing.BadSignature as error:
        raise NotFound("This link does not exist.") from error
    found = Message.objects.filter(ref=ref, channel=Channel.EMAIL.value)
    message = found.select_related("patient", "site").first()
    if message is None:
        raise NotFound("This link does not exist.")
    return message


@transaction.atomic
def unsubscribe(*, token: str, now: datetime) -> Message:
    """Send no more e-mails to the address that this one went to; twice is as good as once.

    The opt-out keeps when it was asked for and by which message.

    Raises: see `message_of`.
    """
    message = message_of(token)
    asked = OptOut(
        channel=Channel.EMAIL.value,
        address=message.recipient,
        at=now,
        source="link",
        message=message,
    )
    already = OptOut.objects.filter(
        channel=asked.channel, address=asked.address, ended_at__isnull=True
    )
    if not already.exists():
        # two at once write one row: `opted_out_once`
        OptOut.objects.bulk_create([asked], ignore_conflicts=True)
        by = Actor(name=f"patient {message.patient_id} by link", patient_id=message.patient_id)
        trail.write([trail.entry(subject=message, verb="opt-out", by=by, now=now)])
    return message


def is_out(message: Message) -> bool:
    """Tell whether the address that a message went to gets no more e-mails."""
    return OptOut.objects.filter(
        channel=Channel.EMAIL.value, address=message.recipient, ended_at__isnull=True
    ).exists()


def _signer() -> signing.Signer:
    # made each time: the keys are settings, and tests change those
    return signing.Signer(salt="notifications.unsubscribe", algorithm="sha256")

"""What a provider's code means, as a sentence for the desk."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

SENTENCES = {
    "permanent_recipient": "This number takes no texts: it is wrong, a landline, or no longer in use.",
    "transient": "The telephone could not be reached: it may be off or without signal.",
    "opt_out": "The person has told the network to stop our texts.",
    "content": "The network would not carry this text.",
    "sender_config": "The network refuses the clinic’s sender; somebody must look at the provider’s settings.",
    "account": "The provider refuses the clinic’s account; somebody must look at it.",
    "rate_limit": "Too many messages at once.",
    "request_bug": "The provider could not read what was handed over.",
    "ambiguous": "The network could not say what became of it.",
}
"""A sentence for each class of `twilio_codes.json`."""


def sentence_of(code: str) -> str:
    """Say what a code of Twilio's means; empty for what is no code of its."""
    kind = _class_of(code) if code.isascii() and code.isdecimal() else ""
    return SENTENCES.get(kind, "")


def _class_of(code: str) -> str:
    book = _book()
    blocks = (kind for first, last, kind, _ in book["ranges"] if first <= int(code) <= last)
    return str(book["codes"].get(code) or next(blocks, ""))


@cache
def _book() -> dict[str, Any]:
    text = files("notifications.providers").joinpath("twilio_codes.json").read_text("utf-8")
    book: dict[str, Any] = json.loads(text)
    return book

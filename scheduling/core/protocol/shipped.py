"""The product's own default protocol."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from scheduling.core.protocol.parse import parse
from scheduling.core.protocol.values import Protocol


def shipped_document() -> dict[str, Any]:
    """Read the default protocol as its JSON document, a fresh copy each time."""
    text = files("scheduling").joinpath("data/protocol.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@cache
def shipped() -> Protocol:
    """Read the default protocol as the rules use it; parsed once a process."""
    return parse(shipped_document())

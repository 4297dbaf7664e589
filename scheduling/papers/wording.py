"""The words of the forms as data, for papers that are made without a page."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _read() -> Mapping[str, Mapping[str, Any]]:
    text = files("scheduling").joinpath("data", "forms_page.json").read_text("utf-8")
    words: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return words


def words_in(language: str) -> Mapping[str, Any]:
    """Read the words of a language, English where it is unknown."""
    return _read().get(language) or _read()["en"]

"""How many short messages a text costs, and how to make it cost fewer."""

import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from scheduling.core.languages import RTL_LETTER

_ALPHABET = json.loads(files("notifications.core").joinpath("gsm7.json").read_text("utf-8"))
_BASIC: frozenset[str] = frozenset(_ALPHABET["basic"])
_EXTENSION: frozenset[str] = frozenset(_ALPHABET["extension"])
_PLAIN: dict[str, str] = _ALPHABET["plain"]
_PLAIN_RTL = {c: by for c, by in _PLAIN.items() if c not in _ALPHABET["direction"]}

MOST_SEGMENTS = 2
"""How many parts a text may have, unless the clinic's settings say otherwise."""

ALPHABET = {name: _ALPHABET[name] for name in ("basic", "extension", "plain", "direction")} | {
    "rtl": RTL_LETTER.pattern
}
"""The alphabet as data, for the counter in the browser."""


class Encoding(StrEnum):
    """The two alphabets of a short message (3GPP TS 23.038)."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"

    @property
    def single(self) -> int:
        """Units in a message that stands alone."""
        return 160 if self is Encoding.GSM7 else 70

    @property
    def joined(self) -> int:
        """Units in each part of a longer message, whose header takes the rest."""
        return 153 if self is Encoding.GSM7 else 67


class CostClass(StrEnum):
    """What a text costs, in the clinic's words."""

    NOTHING = "nothing"
    ONE = "one message"
    SEVERAL = "several messages"
    TOO_LONG = "too long"


@dataclass(frozen=True, slots=True)
class Size:
    """A text measured: septets (GSM-7) or 16-bit units (UCS-2), and parts billed."""

    encoding: Encoding
    units: int
    segments: int

    def cost(self, most: int = MOST_SEGMENTS) -> CostClass:
        """Class the text by what the network will bill, where at most `most` parts are allowed."""
        if self.segments > most:
            return CostClass.TOO_LONG
        return (CostClass.NOTHING, CostClass.ONE, CostClass.SEVERAL)[min(self.segments, 2)]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A character that was swapped for a plain one, `times` over."""

    character: str
    by: str
    times: int

    def __str__(self) -> str:
        return f"{spelt(self.character)} → {spelt(self.by) or 'nothing'}"


def spelt(character: str) -> str:
    """Name a character that cannot be seen, such as a no-break space; others stand for themselves."""
    unseen = len(character) == 1 and unicodedata.category(character)[0] in "CZ"
    return unicodedata.name(character, "?").lower() if unseen else character


def measure(text: str) -> Size:
    """Count what the network will count; one character outside GSM-7 makes it all UCS-2."""
    if _BASIC.union(_EXTENSION).issuperset(text):
        return _size(Encoding.GSM7, [2 if c in _EXTENSION else 1 for c in text])
    # a surrogate pair, like an extension character, is two units that stay together
    return _size(Encoding.UCS2, [2 if ord(c) > 0xFFFF else 1 for c in text])  # noqa: PLR2004


def _size(encoding: Encoding, widths: list[int]) -> Size:
    units = sum(widths)
    if units <= encoding.single:
        return Size(encoding, units, min(units, 1))
    return Size(encoding, units, _parts(widths, encoding.joined))


def _parts(widths: Iterable[int], room: int) -> int:
    parts, used = 1, 0
    for width in widths:
        if used + width > room:
            parts, used = parts + 1, 0
        used += width
    return parts


def plain(text: str) -> tuple[str, tuple[Replaced, ...]]:
    """Swap typographic characters for their plain forms, and list what was swapped.

    Curly quotes, dashes and no-break spaces turn a text into UCS-2 and can double its price.
    Letters stay as they are: a patient's name is not ours to respell. Marks of direction stay in
    a text that runs from right to left, which is UCS-2 with or without them.
    """
    table = _PLAIN_RTL if RTL_LETTER.search(text) else _PLAIN
    swapped = tuple(Replaced(c, table[c], text.count(c)) for c in dict.fromkeys(text) if c in table)
    return "".join(table.get(c, c) for c in text), swapped

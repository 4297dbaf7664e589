"""What a language asks of a text: its direction, its plurals, and order kept among foreign words."""

import re
from collections.abc import Mapping
from typing import Self

RIGHT_TO_LEFT = frozenset({"ar"})
"""Languages written from right to left."""

LEFT_TO_RIGHT_MARK = "\u200e"
_ISOLATE, _ISOLATE_LEFT_TO_RIGHT, _END = "\u2068", "\u2066", "\u2069"
_MARKS = dict.fromkeys(map(ord, (_ISOLATE, _ISOLATE_LEFT_TO_RIGHT, _END)))

RTL_LETTER = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
"""A letter of a script that runs from right to left."""


class Called(str):
    """A name as a page shows it, and its own language where that is not the page's."""

    __slots__ = ("lang",)

    lang: str

    def __new__(cls, text: str, *, spoken: str, page: str) -> Self:
        """Note in which language a name is spoken, unless the page is in that one; both ISO 639-1."""
        name = super().__new__(cls, text)
        name.lang = spoken if text and spoken != page else ""
        return name


def direction(language: str) -> str:
    """Answer ``rtl`` or ``ltr``, as HTML spells it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def isolated(text: str, language: str) -> str:
    """Keep a name or an address together in a text that runs from right to left.

    Without it, “12 Harley Street” reads “Harley Street 12” there (Unicode UAX #9, 2.4).
    """
    return f"{_ISOLATE}{text}{_END}" if text and language in RIGHT_TO_LEFT else text


def number(text: str, language: str) -> str:
    """Keep a telephone's groups in order in a text that runs from right to left."""
    rtl = text and language in RIGHT_TO_LEFT
    return f"{_ISOLATE_LEFT_TO_RIGHT}{text}{_END}" if rtl else text


def bare(text: str) -> str:
    """Take the isolates out again, for a subject: some lists of mail draw them as boxes."""
    return text.translate(_MARKS)


def plural(language: str, n: int) -> str:
    """Name the plural category of a whole number (Unicode CLDR 46, cardinal plurals)."""
    if language != "ar":
        return "one" if n == 1 else "other"
    exact = {0: "zero", 1: "one", 2: "two"}
    few, many = range(3, 11), range(11, 100)
    if n in exact:
        return exact[n]
    return "few" if n % 100 in few else "many" if n % 100 in many else "other"


def counted(forms: Mapping[str, str], language: str, n: int) -> str:
    """Choose the form for a number; ``other`` where a language has no form of that category."""
    return forms.get(plural(language, n), forms["other"])

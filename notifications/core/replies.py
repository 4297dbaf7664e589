"""What a patient's text message means: "YES 4417", "STOP", "can't come".

A text is first made plain: compatibility forms folded (NFKC), case and accents removed, every
decimal digit written as ASCII, everything else but letters and digits read as a blank.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import takewhile

LONGEST_READ = 160
"""Characters beyond which a text is a letter, not a keyword; it is read by a person."""


class Intent(StrEnum):
    """What is to be done about a message.

    opt_out, opt_in, help: a network's keyword, honoured at once. confirm, cancel: a visit named by
    its code. unclear: it seems to speak of a visit and names none. other: for a person to read.
    nothing: empty. clinical: somebody says that something is wrong with them.
    """

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    CONFIRM = "confirm"
    CANCEL = "cancel"
    UNCLEAR = "unclear"
    CLINICAL = "clinical"
    OTHER = "other"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A message read. `code` is the visit's, empty without one.

    `of_a_visit`: it may mean a visit, so a person must look where one is coming. The bare words
    YES and CANCEL do, beside what they are to the network.
    """

    intent: Intent
    code: str = ""
    of_a_visit: bool = False


_DATA = json.loads(files("notifications.core").joinpath("keywords.json").read_text("utf-8"))
_WORDS: dict[str, frozenset[str]] = {
    name: frozenset(words) for name, words in _DATA["words"].items()
}
_CODE = re.compile(r"([^\W\d]*)(\d{4})")
_THUMBS = dict.fromkeys("\U0001f44d\u2714\u2705\U0001f44c", "ok")


def read(body: str) -> Reading:
    """Read a message.

    Only a text that is a keyword, with or without courtesies, is acted upon; whatever says more
    than that is left to a person, at once where it speaks of something wrong (`signs_in`).
    """
    reading = _read(body)
    if reading.intent in {Intent.UNCLEAR, Intent.OTHER} and signs_in(body):
        return replace(reading, intent=Intent.CLINICAL)
    return reading


def _read(body: str) -> Reading:
    words = plain(body).split() if len(body) <= LONGEST_READ else []
    if not words:
        return Reading(intent=Intent.OTHER if body.strip() else Intent.NOTHING)
    codes = [found[2] for word in words if (found := _CODE.fullmatch(word))]
    if codes:
        return _coded(words, codes)
    return _bare(words)


def plain(body: str) -> str:
    """Write a text as lower-case words of letters and ASCII digits, one blank between them."""
    spelt = "".join(f" {_THUMBS[c]} " if c in _THUMBS else c for c in body)
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", spelt).casefold())
    kept = (
        c for c in folded if unicodedata.category(c) not in {"Mn", "Cf"} and c not in "'\u2019`"
    )
    return " ".join("".join(_letter(c) for c in kept).split())


def yes_or_no(body: str) -> bool:
    """Tell whether a text is a bare yes, no or cancel, of a visit that it does not name."""
    if len(body) > LONGEST_READ:
        return False
    said = plain(body)
    return any(_is(said, name) for name in ("yes", "cancel", "no"))


def signs_in(body: str) -> tuple[str, ...]:
    """List the words of a text by which somebody says that something is wrong with them.

    Of any length; what a letter quotes of ours is no word of theirs. The words, and why each is
    among them, stand in `distress.json`.
    """
    own = "\n".join(takewhile(_of_their_own, body.splitlines()))
    padded = f" {plain(own)} "
    return tuple(word for word, known in _signs() if f" {known} " in padded)


def _of_their_own(line: str) -> bool:
    return not _QUOTED.match(line)


_QUOTED = re.compile(
    r"\s*>|\s*-{2,}\s*(original|mensaje)|\s*(on|el)\b.*\b(wrote|escribi.)\s*:", re.IGNORECASE
)
"""The line at which a letter begins to quote what it answers."""


@cache
def _signs() -> tuple[tuple[str, str], ...]:
    text = files("notifications.core").joinpath("distress.json").read_text("utf-8")
    said = {
        word: plain(word)
        for sign in json.loads(text)["signs"]
        for language in _LANGUAGES
        for word in sign[language]
    }
    return tuple(said.items())


_LANGUAGES = ("en", "es", "ar")


def _letter(c: str) -> str:
    digit = unicodedata.decimal(c, None)
    if digit is not None:
        return str(digit)
    return c if c.isalnum() else " "


def _coded(words: list[str], codes: list[str]) -> Reading:
    """Read a text that holds at least one code: acted upon when it says one thing of one visit."""
    rest = [found[1] if (found := _CODE.fullmatch(word)) else word for word in words]
    said = " ".join(word for word in rest if word)
    code = codes[0] if len(set(codes)) == 1 else ""
    if _is(said, "stop"):
        return Reading(intent=Intent.OPT_OUT)
    if code and _is(said, "yes"):
        return Reading(intent=Intent.CONFIRM, code=code, of_a_visit=True)
    if code and (_is(said, "cancel") or _is(said, "cancel_with_code")):
        return Reading(intent=Intent.CANCEL, code=code, of_a_visit=True)
    return Reading(intent=Intent.UNCLEAR, code=code, of_a_visit=True)


def _bare(words: list[str]) -> Reading:
    said = " ".join(words)
    readings = (
        (said in _WORDS["network_opt_out_of_a_visit"], Intent.OPT_OUT, True),
        (said in _WORDS["network_opt_in_of_a_visit"], Intent.OPT_IN, True),
        (said in _WORDS["opt_out"] or _is(said, "stop"), Intent.OPT_OUT, False),
        (said in _WORDS["opt_in"], Intent.OPT_IN, False),
        (_is(said, "help"), Intent.HELP, False),
        (_speaks_of_a_visit(said), Intent.UNCLEAR, True),
    )
    found = ((intent, of_a_visit) for fits, intent, of_a_visit in readings if fits)
    intent, of_a_visit = next(found, (Intent.OTHER, False))
    return Reading(intent=intent, of_a_visit=of_a_visit)


def _is(said: str, name: str) -> bool:
    """Tell whether a text is one of these keywords and courtesies, nothing else."""
    if said in _WORDS[name]:
        return True
    without = " ".join(_without(said.split(), _WORDS["courtesy"]))
    return without in _WORDS[name]


def _without(words: Iterable[str], dropped: frozenset[str]) -> list[str]:
    return [word for word in words if word not in dropped]


def _speaks_of_a_visit(said: str) -> bool:
    """Find a yes or a no, or a phrase in which people speak of not coming, or another time."""
    if any(_is(said, name) for name in ("yes", "cancel", "no")):
        return True
    padded = f" {said} "
    return any(f" {phrase} " in padded for phrase in _WORDS["of_a_visit"])

"""A text with blanks: parsed once, checked, and filled as plain text or HTML."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from string import Formatter

from notifications.core.policy import ADVICE, TO_STAFF, TOGETHER, Channel, Kind
from scheduling.errors import Malformed

BLANKS: Mapping[str, str] = {
    "clinic": "the site's name",
    "name": "the patient's given name",
    "date": "the day, in full: Monday 14 December 2026",
    "short_date": "the day, short: Mon 14 Dec",
    "time": "the time to be there, preparation included: 14:00",
    "address": "the site's address",
    "phone": "the site's telephone",
    "link": "the page of this visit, made anew for each message",
}
"""The blanks that every text may have; nothing clinical is among them."""

OF_SEVERAL: Mapping[str, str] = {
    "count": "how many visits it tells of; date and time are those of the first",
    "visits": "all of them with their times and places, a line each",
}
"""What a text about several visits may have besides; the list is for e-mail only."""

OF_ADVICE: Mapping[str, str] = {
    "note": "the advice itself; empty where the site sends only a link to it",
}
"""What an e-mail of the care timeline may have besides."""

UNDATED = ADVICE | TO_STAFF | {Kind.RECALL}
"""Kinds that name no visit's time."""

_KNOWN = frozenset({*BLANKS, *OF_SEVERAL, *OF_ADVICE})

_BLOCKS = re.compile(r"\n[ \t]*\n")
_BUTTON = re.compile(r"\s*(?P<label>[^{}\n]+?)\s*:?\s*\{link\}\s*")


class BadWording(Malformed):
    """A text cannot be used; the sentence says why."""

    code = "bad_wording"


@dataclass(frozen=True, slots=True)
class Blanks:
    """A text cut at its blanks: literal, blank, literal, blank ... literal."""

    pieces: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        """The blanks used."""
        return frozenset(self.pieces[1::2])

    def fill(self, values: Mapping[str, str]) -> str:
        """Put the values in."""
        filled = list(self.pieces)
        filled[1::2] = [values[name] for name in filled[1::2]]
        return "".join(filled)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One message's words: the subject (e-mail only), the text, and the text as HTML."""

    subject: Blanks
    body: Blanks
    html: Blanks


def cut(text: str) -> Blanks:
    """Cut a text at its ``{blanks}``.

    Raises:
        BadWording: a brace stands alone, or a blank is unknown.

    """
    pieces = [""]
    try:
        for literal, name, spec, conversion in Formatter().parse(text):
            pieces[-1] += literal
            if name is not None:
                if name not in _KNOWN or spec or conversion:
                    raise BadWording(f"“{{{name}}}” is not a blank that can be filled.")
                pieces += [name, ""]
    except ValueError as error:
        raise BadWording("A brace { or } stands alone.") from error
    return Blanks(tuple(pieces))


def worded(*, subject: str, body: str) -> Wording:
    """Parse a text and its subject.

    Raises: see `cut`.
    """
    flat = " ".join(subject.split())
    return Wording(subject=cut(flat), body=cut(body.strip()), html=cut(as_html(body.strip())))


def check(*, kind: Kind, channel: Channel, subject: str, body: str) -> Wording:
    """Parse an edited text, and see that it says what every message must.

    Raises:
        BadWording: it says too little, or cannot be parsed.

    """
    wording = worded(subject=subject, body=body)
    said = wording.subject.names | wording.body.names
    if foreign := sorted(said - blanks_of(kind, channel).keys()):
        raise BadWording(f"{_listed(foreign)} cannot be filled in this text.")
    missing = sorted(_needed(kind, channel) - said)
    if kind not in TOGETHER | UNDATED and not said & {"date", "short_date"}:
        missing.insert(0, "date")
    if missing:
        raise BadWording(f"The text must contain {_listed(missing)}.")
    if channel is Channel.EMAIL and not subject.strip():
        raise BadWording("An e-mail needs a subject.")
    return wording


def blanks_of(kind: Kind, channel: Channel) -> Mapping[str, str]:
    """List the blanks that a text may have, each with what it stands for."""
    if kind in ADVICE and channel is Channel.EMAIL:
        return {**BLANKS, **OF_ADVICE}
    if kind not in TOGETHER:
        return BLANKS
    few = [name for name in OF_SEVERAL if channel is Channel.EMAIL or name != "visits"]
    return {**BLANKS, **{name: OF_SEVERAL[name] for name in few}}


def _needed(kind: Kind, channel: Channel) -> frozenset[str]:
    if kind in UNDATED:
        note = {"note"} if kind in ADVICE and channel is Channel.EMAIL else set()
        return frozenset({"clinic", "link"} | note)
    needed = frozenset({"clinic", "phone"})
    if kind in TOGETHER:
        return needed | {"link", "visits" if channel is Channel.EMAIL else "count"}
    return needed | ({"time"} if kind is Kind.CANCELLED else {"time", "link"})


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def as_html(body: str) -> str:
    """Write a text's paragraphs as HTML, blanks kept.

    A paragraph that ends in ``{link}`` becomes a button; one that begins with ``{date}`` or
    ``{visits}`` stands out.
    """
    return "\n".join(_paragraph(block) for block in _BLOCKS.split(body))


def _paragraph(block: str) -> str:
    button = _BUTTON.fullmatch(block)
    if button:
        label = escape(button["label"])
        return f'<p><a class="button" href="{{link}}">{label}</a></p>'
    lines = "<br>\n".join(escape(line) for line in block.splitlines())
    stands_out = ' class="when"' if block.startswith(("{date}", "{visits}")) else ""
    return f"<p{stands_out}>{lines}</p>"

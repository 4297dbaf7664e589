"""A text with blanks: parsed once, checked, and filled as plain text or HTML."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from string import Formatter

from notifications.core.kinds import OF_OFFERS
from notifications.core.policy import ADVICE, ANSWERS, BUNDLED, TO_STAFF, TOGETHER, Channel, Kind
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
    "book": "the page where patients book a visit by themselves",
    "code": "the four digits by which a text names this visit: 4417",
    "reply": "how to answer by text, with that code; nothing where the site takes no texts",
}
"""The blanks that every text may have; nothing clinical is among them."""

OF_SEVERAL: Mapping[str, str] = {
    "count": "how many visits it tells of; date and time are those of the first",
    "how_many": "the same with the word: 3 visits",
    "visits": "all of them with their times and places, a line each",
}
"""What a text about several visits may have besides; the list is for e-mail only."""

OF_ANSWERS: Mapping[str, str] = {
    "answer": "what is answered: a shipped sentence, or what reception wrote",
}
"""What the text around an answer must have besides."""

OF_A_DAY: Mapping[str, str] = {
    "times": "the times of all of them, with first names where several people are meant",
}
"""What a reminder of several visits on one day may have besides."""

OF_ADVICE: Mapping[str, str] = {
    "note": "the advice itself; empty where the site sends only a link to it",
}
"""What an e-mail of the care timeline may have besides."""

OF_AN_OFFER: Mapping[str, str] = {
    "answer_by": "until when the answer is waited for: 14:30, with the day where it is another",
}
"""What the offer of a free time must say besides."""

UNDATED = ADVICE | TO_STAFF | OF_OFFERS | {Kind.RECALL}
"""Kinds that name no visit's time."""

BRIEFEST = "{clinic}: {short_date} {time} {link}"
BRIEF: Mapping[Kind, str] = {
    Kind.SEVERAL: "{clinic} ({count}): {short_date} {time} {link}",
    Kind.DAY: "{clinic}: {short_date}: {times} {phone}",
    Kind.FAMILY: "{clinic}: {short_date}: {times} {phone}",
    Kind.REPLY: "{clinic} {phone}: {answer}",
    Kind.ANSWER: "{clinic} {phone}: {answer}",
    **dict.fromkeys(UNDATED, "{clinic}: {link}"),
    Kind.OFFER: "{clinic}: {short_date} {time} {link} ({answer_by})",
}
"""What an SMS says in any language where the names in it leave no room for words; that a visit is
off cannot be said without."""

_OF_ONE_PERSON = frozenset({"name", "time", "link"})
"""What a text to several people on one telephone has not: nobody's page opens for the others."""

_OF_A_TIME = {n: said for n, said in BLANKS.items() if n not in {"code", "reply"}} | {**OF_AN_OFFER}
"""The blanks of an offer: there is no visit yet that a text could name."""

_KNOWN = (*BLANKS, *OF_SEVERAL, *OF_A_DAY, *OF_ANSWERS, *OF_ADVICE, *OF_AN_OFFER)

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


def cut(text: str, known: Collection[str] = _KNOWN) -> Blanks:
    """Cut a text at its ``{blanks}``, which must be `known`.

    Raises:
        BadWording: a brace stands alone, or a blank is unknown.

    """
    pieces = [""]
    try:
        for literal, name, spec, conversion in Formatter().parse(text):
            pieces[-1] += literal
            if name is not None:
                if name not in known or spec or conversion:
                    raise BadWording(
                        f"“{{{name}}}” is not a blank that can be filled."
                        f" Known are {_listed(known)}."
                    )
                pieces += [name, ""]
    except ValueError as error:
        raise BadWording("A brace { or } stands alone.") from error
    return Blanks(tuple(pieces))


def worded(*, subject: str, body: str, known: Collection[str] = _KNOWN) -> Wording:
    """Parse a text and its subject.

    Raises: see `cut`.
    """
    flat, text = " ".join(subject.split()), body.strip()
    return Wording(subject=cut(flat, known), body=cut(text, known), html=cut(as_html(text), known))


def check(*, kind: Kind, channel: Channel, subject: str, body: str) -> Wording:
    """Parse an edited text, and see that it says what every message must.

    Raises:
        BadWording: it says too little, or cannot be parsed.

    """
    wording = worded(subject=subject, body=body, known=list(blanks_of(kind, channel)))
    said = wording.subject.names | wording.body.names
    missing = sorted(_needed(kind, channel) - said)
    if kind not in TOGETHER | ANSWERS | UNDATED and not said & {"date", "short_date"}:
        missing.insert(0, "date")
    if missing:
        raise BadWording(f"The text must contain {_listed(missing)}.")
    if channel is Channel.EMAIL and not subject.strip():
        raise BadWording("An e-mail needs a subject.")
    return wording


def blanks_of(kind: Kind, channel: Channel) -> Mapping[str, str]:
    """List the blanks that a text may have, each with what it stands for."""
    if kind in ANSWERS:
        return {**BLANKS, **OF_ANSWERS}
    if kind in ADVICE and channel is Channel.EMAIL:
        return {**BLANKS, **OF_ADVICE}
    if kind in OF_OFFERS:
        return _OF_A_TIME
    return _of_visits(kind, channel)


def _of_visits(kind: Kind, channel: Channel) -> Mapping[str, str]:
    several = {
        n: said for n, said in OF_SEVERAL.items() if n != "visits" or channel is Channel.EMAIL
    }
    if kind in TOGETHER:
        return {**BLANKS, **several}
    if kind in BUNDLED:
        said = {**BLANKS, **several, **OF_A_DAY}
        left_out = _OF_ONE_PERSON if kind is Kind.FAMILY else frozenset()
        return {name: meaning for name, meaning in said.items() if name not in left_out}
    return BLANKS


_NEEDED_BY_SMS = {
    Kind.CANCELLED: {"clinic", "phone", "time"},
    Kind.SEVERAL: {"clinic", "count", "link"},
    Kind.ALL_OFF: {"clinic", "count", "link"},
    Kind.DAY: {"clinic", "link", "times"},
    Kind.FAMILY: {"clinic", "phone", "times"},
    Kind.REPLY: {"clinic", "phone", "answer"},
    Kind.ANSWER: {"clinic", "phone", "answer"},
}


def _needed(kind: Kind, channel: Channel) -> set[str]:
    """List what a text must say; an SMS with a link may leave the telephone to the page."""
    if kind in UNDATED:
        note = {"note"} if kind in ADVICE and channel is Channel.EMAIL else set()
        return {"clinic", "link"} | note | ({"answer_by"} if kind in OF_OFFERS else set())
    if channel is Channel.SMS:
        return _NEEDED_BY_SMS.get(kind, {"clinic", "link", "time"})
    return {"clinic", "phone"} | ({"answer"} if kind in ANSWERS else _needed_by_email(kind))


def _needed_by_email(kind: Kind) -> set[str]:
    if kind in BUNDLED:
        return {"visits"}
    if kind in TOGETHER:
        return {"link", "visits"}
    return {"time"} if kind is Kind.CANCELLED else {"link", "time"}


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

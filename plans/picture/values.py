"""What a picture is made of: whole numbers in units of the view box, and words. No markup."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A line of text; `anchor` is SVG's: start, middle or end."""

    x: int
    y: int
    text: str
    anchor: str = "start"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A month on the axis; `year` only where it begins or the axis does."""

    x: int
    label: str = ""
    year: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """A stretch of time on a lane: `least`, `most` (the skin rests), `due`, or `away`.

    `open` at the right: nothing ends it.
    """

    kind: str
    x: int
    y: int
    width: int
    height: int
    title: str
    open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A session on its lane; `kind` is its state, or `was` for where a visit would leave."""

    kind: str
    x: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A lag: from the earlier session (`x`, `top`) to what it allows of the later one, at `y`.

    `most` is where it ends; `open` tells that nothing ends it.
    """

    x: int
    top: int
    y: int
    least: int
    most: int
    open: bool
    target: int | None
    title: str
    words: Words | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """From where a visit is to where it would go, on one lane."""

    x: int
    to: int
    y: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One session: its place on the sheet, and all that is drawn of it."""

    seq: int
    title: str
    y: int
    height: int
    lane: int
    name: tuple[Words, ...] = ()
    said: Words | None = None
    shades: tuple[Shade, ...] = ()
    marks: tuple[Mark, ...] = ()
    brackets: tuple[Bracket, ...] = ()
    arrow: Arrow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One sign explained below the picture; `kind` names the sign, centred at (`x`, `y`)."""

    kind: str
    x: int
    y: int
    words: Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A whole sheet. `id` is unique on a page as long as a plan is drawn once in each frame."""

    id: str
    frame: str
    width: int
    height: int
    font: int
    radius: int
    title: str
    desc: str
    left: int
    right: int
    top: int
    bottom: int
    months: tuple[Tick, ...]
    weeks: tuple[int, ...]
    today: int | None
    today_words: Words | None
    away: tuple[Shade, ...]
    rows: tuple[Row, ...]
    keys: tuple[Key, ...]

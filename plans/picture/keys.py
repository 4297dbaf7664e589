"""What the signs of a picture mean: only those that it uses, in lines below it."""

from collections.abc import Iterator, Sequence

from plans.courses import PlanView
from plans.picture.frames import Frame
from plans.picture.values import Key, Row, Words

MEANINGS = {
    "least": "skin rests at least",
    "most": "skin may rest until",
    "due": "should lie here",
    "bracket": "may lie here, by the time since an earlier one",
    "target": "best",
    "was": "where it is now",
    "away": "patient away",
}
EDGE = 4
LINE = 18
SIGN = 22
"""Units that a sign takes before its words."""


def keys(rows: Sequence[Row], plan: PlanView, frame: Frame, top: int) -> tuple[Key, ...]:
    """Explain the signs in use, one beside the other as far as there is room."""
    x, y, found = EDGE, top, list[Key]()
    for kind in _used(rows, plan):
        room = SIGN + frame.width_of(MEANINGS[kind]) + 10
        if x > EDGE and x + room > frame.width:
            x, y = EDGE, y + LINE
        text = Words(x=x + SIGN, y=y + 4, text=MEANINGS[kind])
        found.append(Key(kind=kind, x=x + SIGN // 2, y=y, words=text))
        x += room
    return tuple(found)


def _used(rows: Sequence[Row], plan: PlanView) -> Iterator[str]:
    kinds = {shade.kind for row in rows for shade in row.shades}
    kinds |= {mark.kind for row in rows for mark in row.marks}
    kinds |= {"bracket" for row in rows if row.brackets}
    kinds |= {"target" for row in rows for each in row.brackets if each.target is not None}
    kinds |= {"away"} if plan.blocked else set()
    yield from (kind for kind in MEANINGS if kind in kinds)

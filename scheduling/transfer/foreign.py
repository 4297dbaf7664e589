"""What another system calls its columns, and what they are called here.

Names are matched only as somebody said. What is guessed is put before them, and never taken.
"""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from scheduling.errors import Malformed
from scheduling.models import Intake
from scheduling.transfer.tables import LEFT_OUT, plain

_USUAL = Path(__file__).parents[1] / "data" / "foreign_columns.json"
_ALIKE = 0.8
"""How alike two spellings of one name are (`difflib`'s ratio): “e_mail” and “email” are, at 0.91."""

Called = Mapping[str, str]
"""Names there, as `tables.plain` spells them, to names here or `LEFT_OUT`."""


def read(text: str) -> dict[str, str]:
    """Read one pair a line: “Vorname = given_name”; “Card no = -” leaves a column out.

    Raises:
        Malformed: a line without “=”, without a name on either side, or a name said twice.

    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        there, _, here = line.rpartition("=")
        if not there.strip() or not here.strip():
            raise Malformed(
                f"Line {number} of the names: write “their name = our name”, or “their name = -” to"
                " leave the column out."
            )
        if plain(there) in found:
            raise Malformed(f"Line {number} of the names says “{there.strip()}” once more.")
        found[plain(there)] = LEFT_OUT if here.strip() == LEFT_OUT else plain(here)
    return found


def told(called: Called) -> str:
    """Write the pairs as `read` reads them."""
    return "\n".join(f"{there} = {here}" for there, here in called.items())


def fits(called: Called, columns: Sequence[str]) -> None:
    """Refuse names that no column here has.

    Raises:
        Malformed: with the names that there are.

    """
    wrong = [here for here in called.values() if here not in {*columns, LEFT_OUT}]
    if wrong:
        raise Malformed(
            f"No column here is called “{wrong[0]}”; the columns are {', '.join(columns)}."
        )


def proposed(names: Sequence[str], columns: Sequence[str], *, known: int) -> str:
    """Guess what some columns of a file are, each of ours once; the rest would be left out.

    Empty for a file of which no column is known or guessed: it holds something else.
    """
    free = list(columns)
    found = {}
    for name in names:
        found[name] = here = _guess(name, free)
        if here != LEFT_OUT:
            free.remove(here)
    return told(found) if known or len(free) < len(columns) else ""


def _guess(name: str, columns: Sequence[str]) -> str:
    usual = [here for here, there in _usual().items() if name in there and here in columns]
    alike = get_close_matches(name, columns, n=1, cutoff=_ALIKE)
    return next(iter([*usual, *alike]), LEFT_OUT)


@cache
def _usual() -> dict[str, list[str]]:
    data: dict[str, list[str]] = json.loads(_USUAL.read_text("utf-8"))["names"]
    return data


def before(*, source: str, kind: str) -> dict[str, str]:
    """Give the names of the last file of this kind from there; none when there was no other."""
    rows = Intake.objects.filter(source=source, kind=kind).order_by("-created_at", "-pk")
    said = rows.values_list("declared__called", flat=True).first()
    return dict(said or {})

"""One row of a file, its cells read as what they stand for; what is unclear is refused, not guessed."""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from scheduling import register
from scheduling.errors import Malformed
from scheduling.walltime import LATEST, LIVING, instant_of

DATES: Mapping[str, tuple[str, str]] = {
    "ymd": (r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})", "2027-03-28"),
    "dmy": (r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4})", "28/03/2027"),
    "mdy": (r"(?P<m>\d{1,2})[-/.](?P<d>\d{1,2})[-/.](?P<y>\d{4})", "03/28/2027"),
}
"""The orders of day, month and year that a file may declare, with an example of each."""

_TIME = re.compile(
    r"(?P<h>\d{1,2})[:.](?P<m>\d{2})(?::\d{2})?\s*(?P<half>[ap]\.?m\.?)?", re.IGNORECASE
)
_TRUTHS = {
    "": False, "no": False, "n": False, "0": False, "false": False,
    "yes": True, "y": True, "1": True, "true": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Declared:
    """What was said of a file: the order of its dates, and the countries of its phone numbers.

    `since` is the date from which it holds in place of what stands; None where it adds.
    """

    dates: str = ""
    countries: tuple[str, ...] = ("GB",)
    since: date | None = None


AS_WRITTEN = Declared()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file: texts by the names of their columns, and how the file is to be read."""

    line: int
    cells: Mapping[str, str]
    declared: Declared = AS_WRITTEN

    def text(self, name: str, *, most: int = 0) -> str:
        """Read a text without the blanks around it; a column that the file has not is empty.

        Raises:
            Malformed: it is longer than `most` characters.

        """
        said = self.cells.get(name, "").strip()
        if most and len(said) > most:
            raise Malformed(f"{name}: {len(said)} characters; at most {most} have room.")
        return said

    def needed(self, name: str, *, most: int = 0) -> str:
        """Read a text that has to be there.

        Raises:
            Malformed: it is empty, or too long.

        """
        if said := self.text(name, most=most):
            return said
        raise Malformed(f"{name}: this is empty.")

    def choice(self, name: str, among: Collection[str], default: str = "") -> str:
        """Read one of some words, whatever the case; `default` where nothing is said.

        Raises:
            Malformed: another word.

        """
        said = self.text(name)
        found = {each.casefold(): each for each in among}
        if not said:
            return default
        if said.casefold() not in found:
            raise Malformed(f"{name}: “{said}” is none of {', '.join(sorted(among))}.")
        return found[said.casefold()]

    def words(self, name: str) -> list[str]:
        """Read a list whose parts stand between vertical bars."""
        return [word for part in self.text(name).split("|") if (word := part.strip())]

    def truth(self, name: str) -> bool:
        """Read yes or no; empty is no.

        Raises:
            Malformed: neither.

        """
        said = self.text(name).casefold()
        if said not in _TRUTHS:
            raise Malformed(f"{name}: “{said}” is neither yes nor no.")
        return _TRUTHS[said]

    def number(self, name: str, *, least: int = 0, most: int = 32_000) -> int | None:
        """Read a whole number; None where nothing is said.

        Raises:
            Malformed: no whole number, or outside of its limits.

        """
        said = self.text(name)
        if not said:
            return None
        if not re.fullmatch(r"-?\d{1,9}", said, re.ASCII) or not least <= int(said) <= most:
            raise Malformed(f"{name}: “{said}” is no whole number from {least} to {most}.")
        return int(said)

    def day(self, name: str) -> date | None:
        """Read a date in the order that the file declares; None where nothing is said.

        Without a declared order only a date that can be read in one way is read: 2027-03-28.

        Raises:
            Malformed: 03/04/2027 without a declared order, another order, or no such day.

        """
        said = self.text(name)
        return day_of(name, said, self.declared.dates) if said else None

    def clock(self, name: str) -> time | None:
        """Read a time of day, 24 hours or with am and pm; None where nothing is said.

        Raises:
            Malformed: no such time.

        """
        said = self.text(name)
        return clock_of(name, said) if said else None

    def moment(self, day: str, clock: str, zone: ZoneInfo) -> datetime | None:
        """Read a date and a time of day by the clocks of a zone, as an instant in UTC.

        Raises:
            Malformed: no such day or time, one that the clocks skip, or that they show twice.

        """
        on, at = self.day(day), self.clock(clock)
        if on is None or at is None:
            return None
        offset = self.text("offset")
        if offset and not re.fullmatch(r"Z|[+-]\d{2}:\d{2}", offset):
            raise Malformed("offset: write it as +01:00.")
        return instant_of(f"{on.isoformat()}T{at:%H:%M}{offset}", zone)

    def phone(self, name: str) -> str:
        """Read a phone number as E.164; national ones as the clinic's countries dial them.

        Raises:
            Malformed: no number, or a different one in two of the countries.

        """
        said = self.text(name)
        if not said:
            return ""
        try:
            return str(register.phone_of(said, countries=self.declared.countries).as_e164)
        except Malformed as error:
            raise Malformed(f"{name}: {error.sentence}") from error

    @property
    def digest(self) -> str:
        """The SHA-256 of what the row says, whatever the order of its columns."""
        said = {name: cell.strip() for name, cell in sorted(self.cells.items()) if cell.strip()}
        return sha(json.dumps(said, ensure_ascii=False))


def day_of(name: str, said: str, order: str) -> date:
    """Read a date in a declared order of year, month and day.

    Raises:
        Malformed: the order is not declared and not plain, is another, or there is no such day.

    """
    if not order and not re.fullmatch(DATES["ymd"][0], said):
        raise Malformed(
            f"{name}: “{said}” can be read in two ways. Say in which order the file writes day, month"
            " and year."
        )
    pattern, example = DATES[order or "ymd"]
    match = re.fullmatch(pattern, said)
    if match is None:
        raise Malformed(f"{name}: “{said}” is not written as the file declares, like {example}.")
    try:
        read = date(int(match["y"]), int(match["m"]), int(match["d"]))
    except ValueError as error:
        raise Malformed(f"{name}: there is no day “{said}”, read like {example}.") from error
    if not LIVING <= read <= LATEST:
        raise Malformed(f"{name}: a date lies between {LIVING.year} and {LATEST.year}.")
    return read


def clock_of(name: str, said: str) -> time:
    """Read a time of day.

    Raises:
        Malformed: no such time.

    """
    match = _TIME.fullmatch(said)
    if match is None:
        raise Malformed(f"{name}: “{said}” is no time of day, such as 14:30.")
    hour, half = int(match["h"]), (match["half"] or "")[:1].casefold()
    if half:
        hour = hour % 12 + 12 * (half == "p") if 1 <= hour <= 12 else 24  # noqa: PLR2004
    try:
        return time(hour, int(match["m"]))
    except ValueError as error:
        raise Malformed(f"{name}: there is no time “{said}”.") from error


def sha(text: str) -> str:
    """Answer the SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def spelt(value: object) -> str:
    """Spell a value as a cell: dates as 2027-03-28, lists between bars, nothing as empty."""
    if isinstance(value, list | tuple):
        return "|".join(spelt(each) for each in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    words = {None: "", True: "yes", False: "no"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def listed(values: Iterable[object]) -> Sequence[str]:
    """Spell the cells of one row."""
    return [spelt(value) for value in values]

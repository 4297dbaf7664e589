"""A JSON document read with a finger on the line: each refusal names the path."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

Word = TypeVar("Word", bound=StrEnum)
Day = TypeVar("Day", bound=date)

YEARS = range(1800, 2301)
"""Years in which people here are born, are treated and will be."""


class Unreadable(ValueError):
    """A document that is not understood; `path` says where, such as `$.rules[3].tiers[0]`."""

    def __init__(self, path: str, problem: str) -> None:
        """Keep the path and the problem apart, for screens that point at the field."""
        self.path = path
        self.problem = problem
        super().__init__(f"{path}: {problem}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands in its document."""

    value: Any
    path: str = "$"

    def refuse(self, problem: str) -> Unreadable:
        """Make the error to raise at this place."""
        return Unreadable(self.path, problem)

    def object(self) -> Mapping[str, Any]:
        """Read a JSON object."""
        if not isinstance(self.value, dict):
            raise self.refuse("an object is expected here")
        return self.value

    def get(self, key: str) -> "Node | None":
        """Read a member; None when it is absent or null."""
        value = self.object().get(key)
        return None if value is None else Node(value, f"{self.path}.{key}")

    def need(self, key: str) -> "Node":
        """Read a member that must be there."""
        found = self.get(key)
        if found is None:
            raise Unreadable(f"{self.path}.{key}", "this is missing")
        return found

    def members(self) -> Iterator[tuple[str, "Node"]]:
        """Go through an object's members."""
        for key, value in self.object().items():
            yield key, Node(value, f"{self.path}.{key}")

    def items(self) -> "list[Node]":
        """Go through a list."""
        if not isinstance(self.value, list):
            raise self.refuse("a list is expected here")
        return [Node(value, f"{self.path}[{at}]") for at, value in enumerate(self.value)]

    def list_of(self, count: int, problem: str) -> "list[Node]":
        """Go through a list of an exact length."""
        items = self.items()
        if len(items) != count:
            raise self.refuse(problem)
        return items

    def only(self, keys: Collection[str]) -> None:
        """Refuse a member that nobody here understands."""
        for key, node in self.members():
            if key not in keys:
                raise node.refuse("this is not known here")

    def text(self) -> str:
        """Read a text that says something."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.refuse("a text is expected here")
        return self.value

    def whole(self, least: int = 0) -> int:
        """Read a whole number, at least `least`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.refuse("a whole number is expected here")
        if self.value < least:
            raise self.refuse(f"this is at least {least}")
        return self.value

    def flag(self) -> bool:
        """Read true or false."""
        if not isinstance(self.value, bool):
            raise self.refuse("true or false is expected here")
        return self.value

    def word(self, words: type[Word]) -> Word:
        """Read one of a closed list of words."""
        text = self.text()
        try:
            return words(text)
        except ValueError:
            known = ", ".join(word.value for word in words)
            raise self.refuse(f"“{text}” is none of {known}") from None

    def one_of(self, known: Collection[str], what: str) -> str:
        """Read a name that is defined elsewhere in the document."""
        text = self.text()
        if text not in known:
            raise self.refuse(f"unknown {what} “{text}”")
        return text

    def texts(self) -> tuple[str, ...]:
        """Read a text, or a list of texts."""
        if isinstance(self.value, str):
            return (self.text(),)
        return tuple(node.text() for node in self.items())

    def day(self) -> date:
        """Read a date, YYYY-MM-DD."""
        try:
            read = date.fromisoformat(self.text())
        except ValueError:
            raise self.refuse("a date such as 2026-03-09 is expected here") from None
        return self._of_our_time(read)

    def moment(self) -> datetime:
        """Read a date with a time, YYYY-MM-DDTHH:MM; naive is wall time."""
        text = self.text()
        if "T" not in text:
            raise self.refuse("a time such as 2026-03-09T10:00 is expected here")
        try:
            read = datetime.fromisoformat(text)
        except ValueError:
            raise self.refuse("a time such as 2026-03-09T10:00 is expected here") from None
        return self._of_our_time(read)

    def _of_our_time(self, read: Day) -> Day:
        # A slip of a digit; and no rule counts days or birthdays beyond the end of the calendar.
        if read.year not in YEARS:
            raise self.refuse(f"a year from {YEARS[0]} to {YEARS[-1]} is expected here")
        return read

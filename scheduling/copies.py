"""What upper floors put into the copy of their data that a patient asks for.

Registered from their `apps.py`, as panels are; nobody imports upward to read something.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scheduling.models import Patient

Lines = Sequence[Mapping[str, Any]]
"""Rows of one part, each a flat mapping of plain names to values that JSON can spell."""

Read = Callable[[Patient], Lines]

_parts: dict[str, Read] = {}


def add(name: str, read: Read) -> None:
    """Put a part into every copy; the same name again replaces it."""
    _parts[name] = read


def parts_of(patient: Patient) -> dict[str, list[dict[str, Any]]]:
    """Read every part for a patient, by name, in the order of their names."""
    return {name: [dict(row) for row in read(patient)] for name, read in sorted(_parts.items())}

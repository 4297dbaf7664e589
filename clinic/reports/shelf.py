"""Every report there is: its name, who may read it, and what composes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clinic.reports import adherence, attendance, messages, overrides, refusals, utilisation, waits
from clinic.reports.asking import READ, READ_CLINICAL, Ask
from clinic.reports.shapes import Listing, Report


@dataclass(frozen=True, slots=True)
class Entry:
    """One report; `build` makes the page, `rows` what a figure opens to."""

    slug: str
    title: str
    icon: str
    summary: str
    permissions: tuple[str, ...]
    build: Callable[[Ask], Report]
    rows: Callable[[Ask], Listing]

    def open_to(self, user: Any) -> bool:
        """Tell whether somebody may read it."""
        return any(user.has_perm(permission) for permission in self.permissions)


_CLINICAL = (READ, READ_CLINICAL)

SHELF = (
    Entry(
        "utilisation", "Utilisation", "grid_on",
        "How full practitioners, rooms and devices are, by hour of the week.",
        (READ,), utilisation.build, utilisation.rows,
    ),
    Entry(
        "attendance", "No-shows and late cancellations", "person_off",
        "By treatment, by reminder and by lead time.",
        (READ,), attendance.build, attendance.rows,
    ),
    Entry(
        "waits", "Third next appointment", "hourglass_top",
        "How many days ahead the third free appointment of each treatment lies.",
        (READ,), waits.build, waits.rows,
    ),
    Entry(
        "overrides", "Overrides", "gavel",
        "Which rules were booked against, and by whom.",
        _CLINICAL, overrides.build, overrides.rows,
    ),
    Entry(
        "refusals", "Refusals", "block",
        "What the skin's rest, other rules and the diary refused.",
        _CLINICAL, refusals.build, refusals.rows,
    ),
    Entry(
        "messages", "Reminders and texts", "sms",
        "How reminders fared, and what texts cost.",
        (READ,), messages.build, messages.rows,
    ),
    Entry(
        "adherence", "Plan adherence", "route",
        "Sessions done within their windows, overdue, dropped out.",
        _CLINICAL, adherence.build, adherence.rows,
    ),
)  # fmt: skip


def open_to(user: Any) -> list[Entry]:
    """List the reports that somebody may read."""
    return [entry for entry in SHELF if entry.open_to(user)]

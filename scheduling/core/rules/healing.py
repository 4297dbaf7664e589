"""How long skin recovers: by modality, size of the area and depth."""

from datetime import date, timedelta
from typing import NamedTuple

from scheduling.core.protocol.values import SIZES, Protocol

_SMALLER = {"medium": "face"}


class Recovery(NamedTuple):
    """Local dates on which recovery is over: at best, as a rule, at worst."""

    least: date
    typical: date
    most: date


def size_class(size: str, depth: str) -> str:
    """Give the size class that recovery is read by.

    Deep treatment takes the next size up, deep and large stays large. A size that is not said
    is large, a depth that is not `superficial` is deep.
    """
    known = _SMALLER.get(size, size)
    at = SIZES.index(known) if known in SIZES else len(SIZES) - 1
    if depth != "superficial":
        at = min(at + 1, len(SIZES) - 1)
    return SIZES[at]


def recovery_days(
    procedure: str, size: str, depth: str, protocol: Protocol
) -> tuple[int, int, int] | None:
    """Give the recovery in days (minimum, typical, maximum); None for what needs none."""
    modality = protocol.modalities.get(procedure)
    return modality.recovery[size_class(size, depth)] if modality else None


def recovery(
    procedure: str, size: str, depth: str, end_date: date, protocol: Protocol
) -> Recovery | None:
    """Give the dates on which the skin has recovered from a session that ended on a local date.

    None for a procedure without a recovery window, such as a consultation or filler. Figures and
    their sources: the protocol's `modalities`.
    """
    days = recovery_days(procedure, size, depth, protocol)
    if days is None:
        return None
    least, typical, most = (end_date + timedelta(days=figure) for figure in days)
    return Recovery(least, typical, most)

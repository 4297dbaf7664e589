"""What other rooms ask besides the protocol's rules when a patient is checked in."""

from collections.abc import Callable, Sequence
from datetime import datetime

from scheduling.core.words import Reason
from scheduling.models import Appointment

Ask = Callable[[Appointment, datetime], Sequence[Reason]]
"""Takes the locked visit and `now`; answers what stands against checking it in."""

_asks: dict[str, Ask] = {}


def ask_at_check_in(ask: Ask) -> None:
    """Ask this too at every check-in; adding it again replaces it."""
    _asks[f"{ask.__module__}.{ask.__qualname__}"] = ask


def asked(visit: Appointment, now: datetime) -> tuple[Reason, ...]:
    """Collect what all of them answer."""
    return tuple(reason for ask in _asks.values() for reason in ask(visit, now))

"""What upper floors ask of a visit that takes a free time: registered from their `apps.py`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime

from scheduling.models import WaitingEntry

Guard = Callable[[WaitingEntry, datetime], AbstractContextManager[None]]
"""Takes who waits and `now`; stands around the booking, and raises Refused when it must not be."""

_guards: dict[str, Guard] = {}


def guard(watch: Guard) -> None:
    """Let `watch` stand around every booking from the list; adding it again replaces it."""
    _guards[f"{watch.__module__}.{watch.__qualname__}"] = watch


@contextmanager
def guarded(entry: WaitingEntry, now: datetime) -> Iterator[None]:
    """Book within every guard."""
    with ExitStack() as standing:
        for watch in _guards.values():
            standing.enter_context(watch(entry, now))
        yield

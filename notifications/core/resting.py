"""How long a sender rests after trouble that is not the message's own."""

from datetime import timedelta
from enum import StrEnum


class Trouble(StrEnum):
    """Why nothing can be sent to anybody just now; shown on the first page as a sentence."""

    PACE = "pace"
    ACCOUNT = "account"
    SENDER = "sender"
    DOWN = "down"
    SILENT = "silent"

    @property
    def sentence(self) -> str:
        """Say it on the screen."""
        return _SENTENCES[self]


_SENTENCES = {
    Trouble.PACE: "The provider asked us to slow down.",
    Trouble.ACCOUNT: "The provider refuses our account: somebody must look at it.",
    Trouble.SENDER: "The provider refuses the sender's number or address: somebody must look at it.",
    Trouble.DOWN: "The provider cannot be reached.",
    Trouble.SILENT: "The provider gives no clear answers.",
}

_RESTS: dict[Trouble, tuple[timedelta, timedelta]] = {
    Trouble.PACE: (timedelta(seconds=30), timedelta(minutes=10)),
    Trouble.ACCOUNT: (timedelta(minutes=5), timedelta(minutes=15)),
    Trouble.SENDER: (timedelta(minutes=5), timedelta(minutes=15)),
    Trouble.DOWN: (timedelta(seconds=30), timedelta(minutes=5)),
    Trouble.SILENT: (timedelta(minutes=1), timedelta(minutes=10)),
}
"""First rest and longest one. Their figures are our judgement: an account is mended by a person in
minutes, and a message that waits a quarter of an hour longer is still of use."""

LONGEST = timedelta(hours=1)
"""A `Retry-After` beyond this is not believed: one message an hour harms nobody."""


def rest(trouble: Trouble, *, trips: int, retry_after: timedelta | None = None) -> timedelta:
    """Choose how long to rest after the `trips`th failure in a row, counted from 1.

    What the provider asks for goes first (RFC 9110, 10.2.3); else the rest doubles up to a cap.
    """
    first, most = _RESTS[trouble]
    ours = min(most, first * 2 ** min(max(trips, 1) - 1, 10))
    return ours if retry_after is None else min(max(retry_after, timedelta(seconds=1)), LONGEST)

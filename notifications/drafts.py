"""The next message, decided on and written while the provider still thinks about the one before.

Nothing is written down and nothing leaves: a draft is a text in memory. When its turn comes, the
mark asks the database whether visit, reader and opt-outs are still the rows that the draft was made
of, as it does for every message; and a draft that had to wait is made anew, for time goes on too.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications import rendering
from notifications.core.letters import Letter
from notifications.core.policy import Send, look_again
from notifications.desks import Desk
from notifications.providers import Outgoing

FRESH = timedelta(seconds=1)
"""For so long a decision made ahead holds: a call takes milliseconds, and its limit is 20 s."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it would have left at its own moment `outgoing.at`."""

    letter: Letter
    outgoing: Outgoing

    def of(self, letter: Letter, *, now: datetime) -> Outgoing | None:
        """Give the message if it is this letter's and still fresh at `now` (UTC)."""
        same = letter is self.letter
        return self.outgoing if same and now - self.outgoing.at <= FRESH else None


def ahead(letter: Letter, *, link: str, words: rendering.Words, desk: Desk) -> Draft | None:
    """Write a message before its turn; None for what is better left to it.

    That is whatever must not go now, or needs to read or write rows. Whatever is wrong with it is
    found again when its turn comes: the message before has left, and must be accounted for first.
    """
    if letter.kin or letter.visits:
        return None
    with suppress(Exception):
        now = desk.clock()
        if look_again(letter.circumstances, now=now, policy=desk.policy) == Send():
            wording = words.of(letter.worded_as, letter.channel, letter.facts.language)
            return Draft(letter, rendering.write(letter, wording=wording, link=link, at=now))
    return None

"""The next messages, decided on and written before their turn, one right after another.

A draft is a text in memory: nothing is written down, and nothing of it leaves. When its turn comes
it is decided on again, for time goes on; and the mark asks the database whether visit, reader and
opt-outs are still the rows that the text was made of, as it does for every message.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from notifications import rendering
from notifications.core.letters import Letter
from notifications.core.policy import Send, look_again
from notifications.desks import Desk
from notifications.providers import Outgoing


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as it would have left a moment ago."""

    letter: Letter
    outgoing: Outgoing

    def of(self, letter: Letter, desk: Desk) -> Outgoing | None:
        """Give the text if it is this letter's, and the letter may still go now."""
        return self.outgoing if letter is self.letter and _may_go(letter, desk) else None


def ahead(
    letter: Letter,
    *,
    link: str,
    words: rendering.Words,
    desk: Desk,
    prepare: Callable[[Outgoing], None],
) -> Draft | None:
    """Write a message before its turn; None for what is better left to it.

    That is whatever must not go now, or needs to read or write rows. Whatever is wrong with it is
    found again when its turn comes, and must not hold up those before it.
    """
    if letter.kin or letter.visits:
        return None
    with suppress(Exception):
        if _may_go(letter, desk):
            wording = words.of(letter.worded_as, letter.channel, letter.facts.language)
            outgoing = rendering.write(letter, wording=wording, link=link, at=desk.clock())
            prepare(outgoing)
            return Draft(letter, outgoing)
    return None


def _may_go(letter: Letter, desk: Desk) -> bool:
    return look_again(letter.circumstances, now=desk.clock(), policy=desk.policy) == Send()

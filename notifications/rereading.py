"""What a message says, written once more for staff to read: the text that left is not kept.

Only a hash of it stays, so that nobody who gets at the database reads what patients were told. What
is shown here is made of the wording and the facts of this moment, and has no link that opens anything.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from notifications import leases, rendering
from notifications.core.letters import Letter
from notifications.core.policy import TO_STAFF

LINK = "[link]"
"""What stands for the address of a page; each message has one of its own, which nobody can read back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A message as it reads now; `changed`: its visit is at another version than it told of."""

    subject: str
    text: str
    changed: bool


def as_they_read_now(ids: Sequence[int], *, now: datetime) -> dict[int, Reading]:
    """Write messages anew, by id; one that cannot be written is left out. `now` is aware UTC."""
    found: dict[int, Reading] = {}
    words = rendering.words()
    for letter in _letters(ids) if ids else ():
        # a zone that is no more, an answer whose message was erased: the page stands without it
        with suppress(Exception):
            found[letter.id] = _reading(letter, words, now)
    return found


_ANY = "(SELECT * FROM notifications_message WHERE id = ANY(%(ids)s))"


def _letters(ids: Sequence[int]) -> list[Letter]:
    """Read messages with the facts of this moment; nothing is leased."""
    sql = leases.READ.format(rows=_ANY, sent="NULL", kin="NULL", more="")
    return leases.with_all(leases.letters(sql, {"ids": list(ids)}))


def _reading(letter: Letter, words: rendering.Words, now: datetime) -> Reading:
    changed = letter.facts.told_version != letter.told_version
    letter = letter.as_of(now)
    wording = words.of(letter.worded_as, letter.channel, letter.facts.language)
    link = rendering.staff_link(letter) if letter.kind in TO_STAFF else LINK
    outgoing = rendering.write(letter, wording=wording, link=link, at=now)
    # below the line stands the reader's own way out of e-mail
    text, _, _ = outgoing.text.partition("\n\n-- \n")
    return Reading(subject=outgoing.subject, text=text.strip(), changed=changed)

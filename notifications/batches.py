"""One channel's messages of one lease on their way: which come next, and which were taken."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from notifications import drafts, leases, rendering
from notifications.core.letters import Letter
from notifications.desks import Desk
from notifications.drafts import Draft
from notifications.leases import Mark, Outcome
from notifications.providers import Outgoing, Provider

AHEAD = 20
"""So many messages are written at once, while as many that were taken are written down. One right
after another they take a fraction of the time that each would between two calls."""

AT_MOST_UNTOLD = timedelta(seconds=5)
"""For so long a message may be known to be taken by the mark of the next alone: far within the lease
of a call, and no longer than staff would notice."""


@dataclass(slots=True)
class Batch:
    """The messages of one channel on one connection; those `taken_in` are sent and not yet settled.

    `answered`: the provider took or refused one, so its door is open. `silences` counts unclear
    answers in a row.
    """

    desk: Desk
    provider: Provider
    words: rendering.Words
    trying: bool = False
    taken_in: list[Outcome] = field(default_factory=list)
    down: bool = False
    answered: bool = False
    silences: int = 0
    waiting: list[Letter] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)
    drafts: dict[int, Draft] = field(default_factory=dict)

    def take(self, outcome: Outcome, wanted: Mark) -> None:
        """Keep the account of a message that was taken, to be written down with some others.

        Only where the mark itself foretold the provider's id, and not for long: the lease runs.
        """
        self.taken_in.append(outcome)
        waited = outcome.at - self.taken_in[0].at >= AT_MOST_UNTOLD
        if waited or wanted.provider_id != outcome.provider_id:
            self.settle()

    def settle(self) -> None:
        """Write down what was taken."""
        with self._settling():
            pass

    def go_on(self, turns: Iterable[tuple[Letter, str]]) -> None:
        """Write down what was taken, and meanwhile the messages whose turns are next."""
        with self._settling():
            self._write_ahead(turns)

    @contextmanager
    def _settling(self) -> Iterator[None]:
        outcomes, self.taken_in = self.taken_in, []
        under_way = leases.settling(outcomes) if outcomes else None
        try:
            yield
        finally:
            if under_way:
                under_way.found()

    def _write_ahead(self, turns: Iterable[tuple[Letter, str]]) -> None:
        if not self.down:
            self.drafts = {
                letter.id: draft
                for letter, link in turns
                if letter.id not in self.taken and (draft := self._draft(letter, link))
            }

    def _draft(self, letter: Letter, link: str) -> Draft | None:
        return drafts.ahead(
            letter, link=link, words=self.words, desk=self.desk, prepare=self.provider.prepare
        )

    def drafted(self, letter: Letter) -> Outgoing | None:
        """Give what was written ahead of this letter's turn, if that still holds."""
        draft = self.drafts.pop(letter.id, None)
        return draft.of(letter, self.desk) if draft else None

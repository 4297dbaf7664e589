"""Where the order of a patient's sessions is open: what they cost at least one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plans.core.holding import Node
from plans.core.narrowing import State
from plans.core.sequence import MOST_SESSIONS, Turn, in_turns
from plans.core.visits import Level, Visits

NEVER = 1 << 60
"""What sessions cost that do not fit one after another."""

_TRIALS, _SHARE = 8, 4
"""A sequence is asked for this often, and then where one in so many has helped."""
_MOST_STARTS = 40_000
"""Starts of all sessions together up to which a sequence takes some tens of milliseconds."""


@dataclass(slots=True)
class Turns:
    """Asks for sequences while that helps; whoever asks counts the times that it did."""

    visits: Visits
    asked: int = 0
    helped: int = 0

    def fit(self, state: State) -> Mapping[int, int] | None:
        """Return starts at which open sessions fit one after another, empty where they do not.

        None where it was not asked.
        """
        some = self._open(state)
        if not some:
            return None
        self.asked += 1
        _, starts = in_turns([self._turn(state, at, some, [(0, state.lines[at])]) for at in some])
        self.helped += not starts
        return dict(zip(some, starts, strict=True)) if starts else {}

    def least(self, node: Node, levels: Sequence[Level]) -> tuple[int, Mapping[int, int]] | None:
        """Return the least that all sessions cost, and starts of the open ones that cost so much.

        `levels` say what each costs alone. None where it was not asked.
        """
        some = self._open(node.state)
        if not some:
            return None
        self.asked += 1
        state = node.state
        cost, starts = in_turns(
            [self._turn(state, at, some, self._levels(node, at)) for at in some]
        )
        if not starts:
            return NEVER, {}
        others = sum(own for at, (own, _) in enumerate(levels) if at not in some)
        return int(cost) + others, dict(zip(some, starts, strict=True))

    def _open(self, state: State) -> list[int]:
        """Return the sessions whose order is open, where asking for their sequence may pay."""
        if not self.visits.frame.one_place or self.asked > _TRIALS + _SHARE * self.helped:
            return []
        members = 0
        for choice in state.choices:
            members |= choice.members
        some = [at for at in range(len(self.visits.frame.steps)) if members >> at & 1]
        starts = sum(state.lines[at].bit_count() for at in some)
        return some if 1 < len(some) <= MOST_SESSIONS and starts <= _MOST_STARTS else []

    def _levels(self, node: Node, at: int) -> list[Level]:
        """Return all starts of a session by what they cost alone."""
        origin, rest, levels = node.state.origins[at], node.state.lines[at], list[Level]()
        while rest:
            level = self.visits.level(at, origin, rest, node.needs[at])
            levels.append(level)
            rest &= ~level[1]
        return levels

    def _turn(self, state: State, at: int, some: Sequence[int], levels: Sequence[Level]) -> Turn:
        before = sum(1 << number for number, one in enumerate(some) if state.after[one][at] > 0)
        return Turn.of(self.visits.lengths[at], levels, state.origins[at], before)

"""The waiting list: who would like a time that came free, under every rule, in a stated order.

* `join`, `leave`: on and off the list;
* `matches(*, opening, now) -> list[Match]`: for whom a stretch of free time is legal, ranked;
  `survey` says besides, for reception, who cannot have it and why;
* `offer`, `accept`, `decline`, `withdraw`, `expire`: one start, offered to one, answered in time.
  It is not held meanwhile: reception may need it, and a lost race is told kindly;
* `came_free`, `hours_added`, `taken_again`, `offer_next`: offers that go out by themselves, one after another, where a site
  wants that.

An accepted offer books through `scheduling.booking`, as everything does. Upper floors may guard it
with `guard`: plans see to it that the later sessions of a course stay valid.
"""

from scheduling.waiting.added import hours_added
from scheduling.waiting.guarding import guard
from scheduling.waiting.listing import Want, join, leave
from scheduling.waiting.matching import Gap, Look, Match, matches, survey
from scheduling.waiting.offering import (
    OfferLost,
    OfferOver,
    accept,
    decline,
    expire,
    offer,
    withdraw,
)
from scheduling.waiting.openings import came_free, offer_next, put_aside, taken_again

__all__ = [
    "Gap",
    "Look",
    "Match",
    "OfferLost",
    "OfferOver",
    "Want",
    "accept",
    "came_free",
    "decline",
    "expire",
    "guard",
    "hours_added",
    "join",
    "leave",
    "matches",
    "offer",
    "offer_next",
    "put_aside",
    "survey",
    "taken_again",
    "withdraw",
]

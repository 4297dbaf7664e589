"""How each way out of the house fares: what rests and why, and what lately left."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from notifications.core.policy import Channel
from notifications.core.states import State
from notifications.models import CHANNELS, STATES, Attempt, Breaker, Message
from notifications.providers import chosen
from scheduling.models import Site

RECENT = 200
"""Calls to providers that are looked at, newest first; the primary key finds them."""

LONG = timedelta(minutes=5)
"""A rest of this length is worth waking somebody: shorter ones end by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One channel: its provider by its name in the settings, its newest calls, and what keeps it from sending, if anything does.

    `last` is when a message was last taken, aware UTC; `states` counts what came of the newest
    calls; `waiting` counts what is due and held.
    """

    channel: str
    name: str
    provider: str
    rests: Sequence[Breaker]
    last: datetime | None
    states: dict[str, int]
    waiting: int


def ways(*, sites: Sequence[Site] | None, now: datetime) -> list[Way]:
    """Look at every channel, for those who work at `sites` (None: everywhere); four queries at most."""
    rests = resting(sites=sites)
    recent = list(
        Attempt.objects.order_by("-pk").values_list("message__channel", "outcome", "at")[:RECENT]
    )
    return [
        Way(
            channel=channel,
            name=name,
            provider=chosen.provider_of(Channel(channel)),
            rests=[row for row in rests if row.channel == channel],
            last=max((at for c, o, at in recent if c == channel and o in _TAKEN), default=None),
            states=_counted([o for c, o, _ in recent if c == channel]),
            waiting=_held(channel, now) if any(r.channel == channel for r in rests) else 0,
        )
        for channel, name in CHANNELS
    ]


_TAKEN = {State.ACCEPTED.value, State.DELIVERED.value}


def _counted(outcomes: Sequence[str]) -> dict[str, int]:
    found = Counter(outcomes)
    words = {**dict(STATES), State.PENDING.value: "to be tried again"}
    return {words[state]: found[state] for state, _ in STATES if found[state]}


def _held(channel: str, now: datetime) -> int:
    due = Message.objects.filter(open=True, due_at__lte=now, state=State.PENDING.value)
    return due.filter(channel=channel).count()


def resting(*, sites: Sequence[Site] | None = None) -> list[Breaker]:
    """List the senders that rest: the whole channels', and those of these sites."""
    rows = Breaker.objects.filter(since__isnull=False).select_related("site")
    mine = rows if sites is None else rows.filter(Q(site__isnull=True) | Q(site__in=sites))
    return list(mine.order_by("channel", "pk"))


def long_rests(now: datetime) -> list[str]:
    """Name the channels that have rested for long, with the reason; for whoever is to be woken."""
    return [
        f"{Channel(row.channel)} rests: {row.trouble}"
        for row in resting()
        if row.since is not None and now - row.since >= LONG
    ]

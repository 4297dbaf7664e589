"""The news of several visits of one patient, told at once by each channel."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from notifications.core.policy import (
    AT_ONCE,
    Channel,
    Kind,
    Planned,
    Policy,
    Visit,
    dedupe_key,
    plan,
)


def plan_together(
    *, news: Sequence[tuple[Kind, Visit]], now: datetime, policy: Policy
) -> tuple[Planned, ...]:
    """List the messages that one change of several visits of one patient calls for, soonest first.

    They are those of each visit by itself, save that by each channel one message tells all the
    news at once. News that would be dropped stays by itself, so that reception can see it.
    """
    apart = [
        p for kind, visit in news for p in plan(kind=kind, visit=visit, now=now, policy=policy)
    ]
    kept = [p for p in apart if p.offset != AT_ONCE or p.drop]
    for channel in Channel:
        told = [p for p in apart if p.channel is channel and p.offset == AT_ONCE and not p.drop]
        kept += _in_one(told) if len(told) > 1 else told
    return tuple(sorted(kept, key=lambda p: (p.due_at, p.dedupe_key)))


def _in_one(told: Sequence[Planned]) -> list[Planned]:
    """Put the news of several visits into one message, of use until the last of them begins.

    The earliest visit that is on leads: its page is the one that the link opens.
    """
    ordered = sorted(told, key=lambda p: (p.kind is Kind.CANCELLED, p.visits[0].be_there))
    lead = ordered[0]
    kind = Kind.ALL_OFF if lead.kind is Kind.CANCELLED else Kind.SEVERAL
    key = dedupe_key(visit=lead.visits[0], kind=kind, offset=AT_ONCE, channel=lead.channel)
    last = max(p.not_after for p in told)
    visits = tuple(p.visits[0] for p in ordered)
    return [replace(lead, visits=visits, kind=kind, not_after=last, dedupe_key=key)]

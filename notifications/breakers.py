"""Breakers: what keeps all processes from a door that is closed, and from crowding one that opens.

A sender is a channel, at one site where the trouble is the site's own number or address. Trouble
that is not a message's own opens its breaker: from then on nothing is leased for it, so that no
message loses an attempt. When the rest is over, one message tries; the first that goes through
closes the breaker, and the backlog is taken up at a pace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from logging import getLogger
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from notifications.core.policy import Channel
from notifications.core.resting import Trouble, rest
from notifications.models import Breaker, Pace
from notifications.providers import ProviderDown
from scheduling import statements, trail
from scheduling.core.words import Actor
from scheduling.errors import NotFound, WrongState

TRYING = timedelta(minutes=4)
"""How long one try may take before another process may try: longer than the slowest call."""

SKEW = timedelta(minutes=5)
"""How far two machines' clocks may lie apart and still mean the same minute of a pace."""

HOUSE = Actor(name="the house")

log = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sender:
    """A channel, at one site or (None) at all."""

    channel: Channel
    site_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that met a closed door: for which site's message, at which provider, and why.

    `trying`: it was a try whether the door is open again.
    """

    channel: Channel
    site_id: int
    provider: str
    error: ProviderDown
    trying: bool = False


@transaction.atomic
def trip(failure: Failure, *, now: datetime) -> None:
    """Let a sender rest, longer with each try that fails.

    Processes that meet the same door while it is closed add nothing: one trouble, one rest.
    """
    error, channel = failure.error, failure.channel.value
    site = failure.site_id if error.trouble is Trouble.SENDER else None
    Breaker.objects.bulk_create(
        [Breaker(channel=channel, site_id=site, until=now)], ignore_conflicts=True
    )
    row = _of(Sender(failure.channel, site)).select_for_update().get()
    fresh = row.since is None
    row.trips = 1 if fresh else row.trips + failure.trying
    until = now + rest(error.trouble, trips=row.trips, retry_after=error.retry_after)
    row.until = until if fresh or failure.trying else max(row.until, until)
    row.since, row.provider, row.trouble = row.since or now, failure.provider, error.trouble.value
    row.code, row.said = error.provider_code[:16], error.sentence[:300]
    row.save()
    if fresh:
        log.warning("%s by %s rests: %s", channel, row.provider, error.trouble)
        _note(row, "rest", HOUSE, now, {"trouble": [None, row.trouble], "code": [None, row.code]})


_TAKE_TRIES = """
    UPDATE notifications_breaker b SET until = %s
    WHERE b.since IS NOT NULL AND b.until <= %s
        AND NOT EXISTS (
            SELECT FROM notifications_breaker w
            WHERE w.channel = b.channel AND w.since IS NOT NULL
                AND w.site_id IS NULL AND b.site_id IS NOT NULL)
        AND EXISTS (
            SELECT FROM notifications_message m
            WHERE m.open AND m.due_at <= %s AND m.state = 'pending' AND m.channel = b.channel
                AND (b.site_id IS NULL OR b.site_id = m.site_id))
    RETURNING b.channel, b.site_id"""


def take_tries(*, now: datetime) -> list[Sender]:
    """Take the senders whose rest is over and for whom a message waits; nobody else gets them."""
    rows = statements.rows(_TAKE_TRIES, [now + TRYING, now, now])
    return [Sender(Channel(channel), site_id) for channel, site_id in rows]


def give_back(sender: Sender, *, now: datetime) -> None:
    """Let others try: no message was there to try with after all."""
    _open(sender).update(until=now)


@transaction.atomic
def close(sender: Sender, *, now: datetime) -> None:
    """End a sender's rest: a message went through."""
    for row in _open(sender).select_for_update():
        what = {"since": [row.since.isoformat() if row.since else None, None]}
        row.since, row.trips, row.ended_at = None, 0, now
        row.save(update_fields=["since", "trips", "ended_at"])
        log.warning("%s by %s works again", row.channel, row.provider)
        _note(row, "work_again", HOUSE, now, what)


@transaction.atomic
def try_now(*, breaker_id: int, by: Actor, now: datetime) -> Breaker:
    """Let the next tick try a sender that rests, because somebody has mended what was wrong.

    Raises:
        NotFound: no such sender, or one of a site where the actor does not work.
        WrongState: it does not rest.

    """
    row = Breaker.objects.select_for_update().filter(pk=breaker_id).first()
    if row is None or (row.site_id is not None and not by.works_at(row.site_id)):
        raise NotFound
    if row.since is None:
        raise WrongState("It does not rest: messages leave.")
    what = {"until": [row.until.isoformat(), now.isoformat()]}
    row.until = now
    row.save(update_fields=["until"])
    _note(row, "try_now", by, now, what)
    return row


@contextmanager
def pace(channel: Channel, *, most: int, now: datetime) -> Iterator["Share"]:
    """Open a channel's share of this minute's backlog; what is `taken` from it is remembered.

    At most `most` at once. The row is locked while messages are leased, never while any is sent.
    """
    minute = now.replace(second=0, microsecond=0)
    with transaction.atomic():
        fresh = [Pace(channel=channel.value, minute=minute)]
        Pace.objects.bulk_create(fresh, ignore_conflicts=True)
        row = Pace.objects.select_for_update().get(pk=channel.value)
        if not minute <= row.minute <= minute + SKEW:
            row.minute, row.taken = minute, 0
        left = settings.CATCH_UP_A_MINUTE[channel.value] - row.taken
        share = Share(left=max(0, min(most, left)))
        yield share
        row.taken += share.taken
        row.save()


@dataclass(slots=True)
class Share:
    """How many messages may still be taken up, and how many were."""

    left: int
    taken: int = 0


def _of(sender: Sender) -> QuerySet[Breaker]:
    here = Q(site__isnull=True) if sender.site_id is None else Q(site=sender.site_id)
    return Breaker.objects.filter(here, channel=sender.channel.value)


def _open(sender: Sender) -> QuerySet[Breaker]:
    return _of(sender).filter(since__isnull=False)


def _note(row: Breaker, verb: str, by: Actor, now: datetime, what: dict[str, Any]) -> None:
    trail.write([trail.entry(subject=row, verb=verb, by=by, now=now, what=what)])

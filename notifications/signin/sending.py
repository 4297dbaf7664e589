"""Codes on their way: by the outbox's own providers, at most once each, and never a stale one.

A code's row goes from `pending` to `sending` in one guarded, committed statement, asked in the very
moment before the provider may let the message go: of two senders one gets it, and a code that was
replaced or is over gets none. What may have left is never sent again; who waits asks for a new one.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from logging import getLogger
from urllib.parse import urlsplit

from django.conf import settings

from notifications import breakers, outbox, rendering, rounds
from notifications.breakers import Failure, Sender
from notifications.core import passcodes
from notifications.core.policy import Channel
from notifications.core.states import State
from notifications.core.wording import Wording, worded
from notifications.desks import Clock, Desk
from notifications.leases import CALL
from notifications.models import Challenge
from notifications.providers import (
    OutcomeUnknown,
    Outgoing,
    Provider,
    ProviderDown,
    SendFailed,
    Withheld,
)
from scheduling import statements
from scheduling.core import languages

KIND = "code"
BATCH = 100
KEPT = timedelta(days=1)
"""How long a code's row is kept after its end: it holds a telephone number or an address."""

# a breaker whose rest is over lets codes through: the first of them tries the door
_DUE = """
    SELECT c.id, EXISTS (
        SELECT FROM notifications_breaker b
        WHERE b.since IS NOT NULL AND b.channel = c.channel
            AND (b.site_id IS NULL OR b.site_id = c.site_id)) AS trying
    FROM notifications_challenge c
    WHERE c.state = 'pending' AND c.ended_at IS NULL AND c.expires_at > %s AND NOT EXISTS (
        SELECT FROM notifications_breaker b
        WHERE b.since IS NOT NULL AND b.until > %s AND b.channel = c.channel
            AND (b.site_id IS NULL OR b.site_id = c.site_id))
    ORDER BY c.id LIMIT %s"""

GUARD = "state = 'pending' AND ended_at IS NULL AND expires_at > %s"
"""What makes sending at most once, and never stale."""

_TIDY = """
    WITH lost AS (
        UPDATE notifications_challenge SET state = 'unknown', settled_at = %s
        WHERE state = 'sending' AND sending_at < %s
    ), late AS (
        UPDATE notifications_challenge SET state = 'dropped', settled_at = %s
        WHERE state = 'pending' AND expires_at <= %s
    )
    DELETE FROM notifications_challenge WHERE expires_at < %s"""

log = getLogger(__name__)


def send(*, clock: Clock, using: Desk | None = None) -> int:
    """Send every code that waits, oldest first, and tidy up; answer how many were handed over."""
    work = using or outbox.desk(clock)
    sent = 0
    rows = statements.rows(_DUE, [clock(), clock(), BATCH])
    trying = dict(rows)
    found = Challenge.objects.select_related("site").in_bulk(list(trying))
    for channel in Channel:
        mine = [found[pk] for pk in trying if pk in found and found[pk].channel == channel.value]
        if mine:
            sent += _by(channel, mine, work, trying)
    _tidy(clock())
    return sent


def _by(channel: Channel, waiting: list[Challenge], work: Desk, trying: Mapping[int, bool]) -> int:
    sent = 0
    with work.carriers(channel) as provider:
        for challenge in waiting:
            try:
                sent += _one(challenge, provider, work)
            except ProviderDown as error:
                _rest(challenge, provider, error, trying=trying[challenge.pk], now=work.clock())
                break
            if sent and trying[challenge.pk]:
                for site_id in (None, challenge.site_id):
                    breakers.close(Sender(channel, site_id), now=work.clock())
    return sent


def _one(challenge: Challenge, provider: Provider, work: Desk) -> int:
    """Send one code; 1 when its provider has it.

    Raises:
        ProviderDown: nobody can be written to just now; the code waits.

    """
    now = work.clock()
    outgoing = _made(challenge, now)
    if outgoing is None:
        return 0
    try:
        taken = provider.send(outgoing, permit=lambda: _marked(challenge, provider.name, now))
    except Withheld:
        return 0
    except OutcomeUnknown:
        _settle(challenge, State.UNKNOWN, work.clock())
        return 0
    except SendFailed as error:
        again = State.REJECTED if error.permanent else State.PENDING
        _settle(challenge, again, work.clock(), provider_code=error.provider_code[:16])
        if isinstance(error, ProviderDown):
            raise
        return 0
    _settle(challenge, State.ACCEPTED, work.clock(), provider_id=taken.value)
    return 1


def _made(challenge: Challenge, now: datetime) -> Outgoing | None:
    try:
        return written(challenge, at=now)
    except rounds.UNWRITABLE:
        log.exception("code %s cannot be written", challenge.ref.hex)
        _settle(challenge, State.DROPPED, now)
        return None


def _marked(challenge: Challenge, provider: str, now: datetime) -> bool:
    """Say, committed, that this code is being sent; False when it must not be."""
    sql = f"""UPDATE notifications_challenge SET state = 'sending', sending_at = %s, provider = %s
        WHERE id = %s AND {GUARD}"""  # noqa: S608 - made of constants
    return bool(statements.run(sql, [now, provider, challenge.pk, now]))


def _settle(challenge: Challenge, state: State, now: datetime, **facts: str) -> None:
    """Write down what came of the call; one that was certainly not sent waits again."""
    # a mail server may refuse at the recipient's name, before the code is marked
    early = [State.PENDING.value] * (state in {State.REJECTED, State.DROPPED})
    rows = Challenge.objects.filter(pk=challenge.pk, state__in=[State.SENDING.value, *early])
    if state is State.PENDING:
        rows.update(state=state.value, sending_at=None, **facts)
        return
    rows.update(state=state.value, settled_at=now, **facts)
    if state is not State.ACCEPTED:
        log.info("code %s: %s", challenge.ref.hex, state)


def _rest(
    challenge: Challenge, provider: Provider, error: ProviderDown, *, trying: bool, now: datetime
) -> None:
    failure = Failure(
        channel=Channel(challenge.channel),
        site_id=challenge.site_id,
        provider=provider.name,
        error=error,
        trying=trying,
    )
    breakers.trip(failure, now=now)


def _tidy(now: datetime) -> None:
    """Settle what dead senders left, drop what is over, and forget what is long over."""
    statements.run(_TIDY, [now, now - CALL, now, now, now - KEPT])


# ---------------------------------------------------------------- its words


def written(challenge: Challenge, *, at: datetime) -> Outgoing:
    """Write the message of a code, in the language of the page on which it was asked for."""
    channel, language = Channel(challenge.channel), challenge.language
    wording, site = wording_of(channel, language), challenge.site
    values = {
        "clinic": languages.isolated(site.name, language),
        "code": passcodes.code_of(bytes(challenge.nonce), key=settings.SECRET_KEY),
    }
    if channel is Channel.SMS:
        return _envelope(challenge, at, text=_text(wording, values | {"clinic": site.name}))
    answers = {"Reply-To": site.email} if site.email else {}
    return _envelope(
        challenge,
        at,
        subject=languages.bare(wording.subject.fill(values)),
        text=wording.body.fill(values) + "\n",
        html=rendering.page(wording, values, language),
        sender_name=site.name,
        headers=answers,
    )


def _envelope(challenge: Challenge, at: datetime, **said: object) -> Outgoing:
    site, texts = challenge.site, challenge.channel == Channel.SMS.value
    facts: dict[str, object] = {
        "ref": challenge.ref.hex,
        "kind": KIND,
        "channel": Channel(challenge.channel),
        "to": challenge.address,
        "sender": site.sms_sender if texts else site.email_from,
        "at": at,
        "not_after": challenge.expires_at,
    }
    return Outgoing(**(facts | said))  # type: ignore[arg-type]


def _text(wording: Wording, values: Mapping[str, str]) -> str:
    """Say it in one segment where the clinic's name allows, and let telephones fill it in."""
    text = rendering.short_text(wording, values)
    host = urlsplit(settings.PUBLIC_URL).netloc
    return passcodes.with_origin(text, host=host, code=values["code"])


@cache
def wording_of(channel: Channel, language: str) -> Wording:
    """Read the shipped words of a code; they are not the clinic's to edit, for they must be safe."""
    text = files("notifications").joinpath("data", "codes.json").read_text("utf-8")
    every: Mapping[str, Mapping[str, str]] = json.loads(text)
    said = every.get(language, every[rendering.DEFAULT_LANGUAGE])
    if channel is Channel.SMS:
        return worded(subject="", body=said["sms"], known=("clinic", "code"))
    return worded(subject=said["subject"], body=said["email"], known=("clinic", "code"))

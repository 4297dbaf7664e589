"""One reminder for all the visits of one day that one address is to be reminded of.

Each visit keeps the row of its own reminder. Whoever sends one takes the others of that day with it:
they are claimed and marked as `told_in`, told of in the same message, and closed by what came of it.
What changes meanwhile drops out, and what was certainly not told goes back to wait for its own time.
So a move or a cancellation of one of them needs nothing special, and nobody is reminded twice.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifications import kin, leases
from notifications.core.letters import Letter, Part
from notifications.core.policy import DropReason, Policy, Send, look_again
from scheduling import statements

HELD = timedelta(minutes=10)
"""Longer than a lease and a call together: the leader's row has told what came of it by then."""

YIELD = timedelta(seconds=5)

# All rows are locked in the order of their ids, and judged as they are then. Of two senders that
# hold reminders of one day, the one with the lower id takes the other's; the other lets go.
_GATHER = f"""
    WITH held AS (
        SELECT id, state, token, told_in_id FROM notifications_message
        WHERE id = ANY(%(all)s) ORDER BY id FOR UPDATE
    ), lead AS (
        SELECT id, EXISTS (
            SELECT FROM held o WHERE o.id < held.id AND o.state = 'claimed'
                AND o.token <> held.token AND o.told_in_id IS NULL) AS yields
        FROM held WHERE id = %(id)s AND state = 'claimed' AND token = %(token)s
            AND told_in_id IS NULL
    ), let_go AS (
        UPDATE notifications_message m
        SET state = 'pending', token = NULL, leased_until = NULL, due_at = %(later)s
        FROM lead WHERE m.id = lead.id AND lead.yields
    ), taken AS (
        UPDATE notifications_message m
        SET state = 'claimed', token = %(token)s, told_in_id = %(id)s,
            leased_until = now() + %(held)s
        FROM held, lead
        WHERE m.id = held.id AND m.id <> lead.id AND NOT lead.yields
            AND held.state IN ('pending', 'claimed')
            AND (held.told_in_id IS NULL OR held.told_in_id = lead.id)
        RETURNING m.*
    ) {leases.READ.format(rows="taken", sent="NULL", kin="NULL", more="")}"""  # noqa: S608 - made of constants

_LEAVE = """
    UPDATE notifications_message
    SET state = 'pending', token = NULL, leased_until = NULL, told_in_id = NULL
    WHERE id = ANY(%s) AND token = %s AND state = 'claimed'"""

_CLOSE = f"""
    UPDATE notifications_message m
    SET state = CASE WHEN {kin.TOLD} THEN 'dropped' ELSE 'pending' END,
        open = NOT {kin.TOLD},
        drop_reason = CASE WHEN {kin.TOLD} THEN '{DropReason.TOLD_TOGETHER}' ELSE '' END,
        settled_at = CASE WHEN {kin.TOLD} THEN %s::timestamptz END,
        told_in_id = CASE WHEN {kin.TOLD} THEN m.told_in_id END,
        token = NULL, leased_until = NULL
    FROM notifications_message l
    WHERE l.id = m.told_in_id AND m.told_in_id = %s AND m.token = %s AND m.state = 'claimed'"""  # noqa: S608 - made of constants


def gather(letter: Letter, *, now: datetime, policy: Policy) -> tuple[Letter, list[Letter]]:
    """Take the other reminders of the day with this one, whatever their own time.

    Answers the letter with its `parts`, whose links are still empty, and all that was taken; what
    may not be told now, or not at this address, is left to itself.
    """
    asked = {
        "id": letter.id,
        "all": sorted([letter.id, *letter.kin]),
        "token": letter.token,
        "held": HELD,
        "later": now + YIELD,
    }
    taken = leases.letters(_GATHER, asked)
    fit = [x for x in taken if _belongs(x, letter) and _may_go(x, now, policy)]
    if left := [x.id for x in taken if x not in fit]:
        statements.run(_LEAVE, [left, letter.token])
    if not fit:
        return replace(letter, parts=(), seen_too=""), taken
    parts = sorted((_part(x) for x in (letter, *fit)), key=lambda p: p.facts.be_there)
    seen = " ".join(x.seen for x in sorted(fit, key=lambda x: x.id))
    return replace(letter, parts=tuple(parts), seen_too=seen), taken


def close(letter: Letter, *, now: datetime) -> None:
    """Settle what went along by what came of its leader: told, or free to go by itself."""
    statements.run(_CLOSE, [now, letter.id, letter.token])


def _part(letter: Letter) -> Part:
    return Part(facts=letter.facts, patient_id=letter.patient_id, message_id=letter.id)


def _belongs(other: Letter, letter: Letter) -> bool:
    """Tell whether both go to one address, now, and are of one local date."""
    same = other.facts.address == letter.facts.address and other.channel is letter.channel
    return same and _date(other) == _date(letter)


def _date(letter: Letter) -> object:
    return letter.facts.start.astimezone(ZoneInfo(letter.facts.zone)).date()


def _may_go(letter: Letter, now: datetime, policy: Policy) -> bool:
    # in one message with the others, it adds nothing to what the address gets
    alone = replace(letter.circumstances, sent=())
    return look_again(alone, now=now, policy=policy) == Send()

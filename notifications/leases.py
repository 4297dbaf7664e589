"""Who is sending what: leases, marks and settlements, each one guarded statement.

A lease is a token and an end, both set by the database's clock. Nothing is sent before its row
says `sending` in a committed transaction, and only the holder of the token may say so; a guard
that finds no row means "stop". `docs/architecture.md` tells the story.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection

from notifications import carenotes, counting, kin, offered, reading
from notifications.core.caps import Room
from notifications.core.letters import Letter, Told
from notifications.core.policy import ADVICE, ANSWERS, TOGETHER, Channel, DropReason
from notifications.core.states import OPEN, State, before
from notifications.marking import Marking

LATE = timedelta(minutes=15)
"""A message that waits for so long is backlog: it is taken up at a pace (`notifications.breakers`).
Longer than a retry after a passing failure is likely to wait, shorter than any reminder's use."""

LEASE = timedelta(minutes=5)
"""How long a batch may wait for its turn; each message's own call has `CALL` from its mark."""

CALL = timedelta(minutes=3)
"""Longer than the slowest call: SMTP has four steps with a time limit of 20 s each."""

# an alert goes to the clinic's own people: their number was written down with it
_ADDRESS = """CASE WHEN m.kind = 'alert' THEN m.recipient
        WHEN m.channel = 'email' THEN COALESCE(NULLIF(p.email, ''), g.email, '')
        ELSE COALESCE(NULLIF(p.phone, ''), g.phone, '') END"""

# an opt-out that came in a list is kept in small letters: patients write one address in many ways
# only what the provider blocks holds a call to the clinician, who may share a patient's telephone
_OPTED_OUT = f"""EXISTS (
        SELECT FROM notifications_optout o
        WHERE o.channel = m.channel AND o.ended_at IS NULL AND o.address IN ({_ADDRESS}, lower({_ADDRESS})) AND (m.kind <> 'alert' OR o.source = 'provider'))"""

# xmin and ctid are PostgreSQL's own marks of a row's version: equal means that nothing touched it
_VISIT_SEEN = "ROW(a.xmin, a.ctid)::text"
_SEEN = "ROW(a.xmin, a.ctid, p.xmin, p.ctid, g.xmin, g.ctid)::text"


def _moment(column: str) -> str:
    """Read a moment as microseconds: each of four a message took longer to parse than its row."""
    return f"(extract(epoch FROM {column}) * 1000000)::bigint"


READ = f"""
    SELECT m.id, m.ref, m.token, m.kind, m.channel, m.told_version, {_moment("m.not_after")},
        {_moment("m.first_due_at")},
        m.attempts, m.patient_id, m.site_id, {_SEEN},
        a.id, a.uid, a.told_version, a.status, {_moment("a.start")}, {_moment('a."end"')},
        a.prep_minutes, a.zone,
        p.given_name, p.language, p.zone, p.channel, {_ADDRESS}, {_OPTED_OUT}, p.do_not_contact,
        p.deceased_on, s.name, s.address, s.phone, s.email, s.country,
        CASE m.channel WHEN 'email' THEN s.email_from ELSE s.sms_sender END,
        m.instead_of_id IS NOT NULL, {{sent}}, {{kin}} {{more}}
    FROM {{rows}} m
    LEFT JOIN scheduling_appointment a ON a.id = m.appointment_id
    JOIN scheduling_patient p ON p.id = m.patient_id
    LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
    JOIN scheduling_site s ON s.id = COALESCE(a.site_id, m.site_id)
    ORDER BY m.due_at, m.id"""  # noqa: S608 - made of constants

_LEASE = f"""
    WITH due AS (
        SELECT m.id FROM notifications_message m
        WHERE m.open AND m.due_at > %(after)s AND m.due_at <= %(now)s AND m.state = 'pending'
            AND {{which}}
        ORDER BY m.due_at, m.id LIMIT %(limit)s FOR UPDATE OF m SKIP LOCKED
    ), leased AS (
        UPDATE notifications_message m
        SET state = 'claimed', token = %(token)s, leased_until = now() + %(lease)s
        FROM due WHERE m.id = due.id RETURNING m.*
    ) {READ.format(rows="leased", kin=kin.KIN, sent=counting.SENT_LATELY.format(address=_ADDRESS), more="")}"""  # noqa: S608 - made of constants

# a few rows at most, and none while all is well
_NOT_HELD = """NOT EXISTS (
        SELECT FROM notifications_breaker b
        WHERE b.since IS NOT NULL AND b.channel = m.channel
            AND (b.site_id IS NULL OR b.site_id = m.site_id))"""

_OF_CHANNEL = "m.channel = %(channel)s AND (%(site)s::bigint IS NULL OR m.site_id = %(site)s)"

_LEASE_FRESH = _LEASE.format(which=_NOT_HELD)
_LEASE_BACKLOG = _LEASE.format(which=f"{_OF_CHANNEL} AND {_NOT_HELD}")
_LEASE_HELD = _LEASE.format(which=_OF_CHANNEL)

_READ_AGAIN = READ.format(
    rows="(SELECT * FROM notifications_message WHERE id = %(id)s AND token = %(token)s)",
    sent=counting.SENT_LATELY.format(address=_ADDRESS),
    kin=kin.KIN,
    more="",
)

# each visit that a message about several mentions, as if it were the only one
_READ_VISITS = READ.format(
    rows="""(SELECT o.id, o.ref, o.token, o.kind, o.channel, n.told_version, o.not_after,
            o.first_due_at, o.attempts, o.patient_id, o.site_id, o.due_at, o.instead_of_id,
            o.recipient,
            n.appointment_id, n.was
        FROM notifications_message o JOIN notifications_mention n ON n.message_id = o.id
        WHERE o.id = ANY(%(ids)s))""",
    sent="NULL",
    kin="NULL",
    more=f", m.was, {_VISIT_SEEN}",
)

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_READ_ANSWERS = """SELECT w.message_id, w.said, r.provider_id FROM notifications_answer w
    JOIN notifications_reply r ON r.id = w.reply_id WHERE w.message_id = ANY(%(ids)s)"""

GUARD = """m.state = 'claimed' AND m.token = %(token)s AND m.leased_until > now()"""
"""What makes sending at most once: without it two holders of one message both send it."""

VISITS_STILL = f"""(
        SELECT string_agg({_VISIT_SEEN}, ' ' ORDER BY a.id)
        FROM notifications_mention n JOIN scheduling_appointment a ON a.id = n.appointment_id
        WHERE n.message_id = m.id) = %(seen_too)s"""  # noqa: S608 - made of constants
"""What keeps the news of several visits from being sent when another than the first changed."""

_AS_SEEN = f"""EXISTS (
        SELECT FROM scheduling_appointment a
        JOIN scheduling_patient p ON p.id = m.patient_id
        LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
        WHERE a.id = m.appointment_id AND {_SEEN} = %(seen)s AND NOT {_OPTED_OUT})"""

_AS_SEEN_OFFER = f"""EXISTS (
        SELECT FROM scheduling_patient p
        LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
        LEFT JOIN scheduling_appointment a ON a.id = m.appointment_id
        WHERE p.id = m.patient_id AND {_SEEN} = %(seen)s AND NOT {_OPTED_OUT})"""

_MAY_BE_MARKED = "m.id = %(id)s AND {guard} AND {as_seen}"

_MARK = """
    UPDATE notifications_message m
    SET state = 'sending', leased_until = now() + %(call)s::interval, attempts = m.attempts + 1,
        sending_at = %(now)s::timestamptz, recipient = %(to)s::text, look_up_at = NULL,
        text_hash = %(text_hash)s::bytea, segments = %(segments)s::smallint,
        provider = %(provider)s::text,
        provider_id = COALESCE(%(provider_id)s::text, m.provider_id), after_id = %(after)s::bigint
    WHERE {allowed}
    RETURNING m.id"""

# One UPDATE for all: PostgreSQL reads a table's checks anew from their text for every UPDATE of a
# statement, which is a fifth of all that one row costs it.
_SETTLE = """
    WITH step AS (
        SELECT * FROM json_to_recordset(%(outcomes)s::json) AS step (
            id bigint, state text, open boolean, provider_id text, due_at timestamptz,
            look_up_at timestamptz, at timestamptz, provider text, code text, said text)
    ), moved AS (
        UPDATE notifications_message m
        SET state = step.state, open = step.open,
            token = CASE WHEN step.state <> 'pending' THEN m.token END, leased_until = NULL,
            provider_id = step.provider_id, due_at = COALESCE(step.due_at, m.due_at),
            look_up_at = step.look_up_at,
            settled_at = CASE WHEN step.state <> 'pending' THEN step.at END
        FROM step
        WHERE m.id = step.id AND m.token = %(token)s::uuid AND m.state = ANY(%(from)s::text[])
        RETURNING m.id
    ), tried AS (
        INSERT INTO notifications_attempt (message_id, at, provider, outcome, provider_code, said)
        SELECT id, at, provider, state, code, said FROM step WHERE id IN (SELECT id FROM moved)
    )
    SELECT id FROM moved"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one call, and what follows from it."""

    letter: Letter
    provider: str
    at: datetime
    state: State
    provider_id: str = ""
    code: str = ""
    said: str = ""
    due_at: datetime | None = None
    look_up_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What a row must say before its call: to whom, by whom, and a hash of the text.

    `room` bounds what may have gone to the address before, `segments` are a text's. `provider_id` is the id that the
    provider will know it by, where that is known; `after` is the message of the same lease that was
    taken before this one, and whose settlement is not written down yet.
    """

    letter: Letter
    provider: str
    text_hash: bytes
    at: datetime
    room: Room | None = None
    provider_id: str = ""
    after: int | None = None
    segments: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Only:
    """The messages of one channel, at one site or at all; the backlog among them too.

    `held` leases in spite of a breaker: to try whether the channel works again.
    """

    channel: Channel
    site_id: int | None = None
    held: bool = False


def lease(
    *, now: datetime, limit: int, capped: Sequence[str] = (), only: Only | None = None
) -> list[Letter]:
    """Take up to `limit` due messages that nobody else holds, with all that is true of them.

    Without `only`, the backlog is left, and what a breaker holds. What was sent to an address
    lately is read for the channels that are `capped`.
    """
    asked = {"now": now, "limit": limit, "token": uuid.uuid4(), "lease": LEASE, "capped": [*capped]}
    if only is None:
        rows = _rows(_LEASE_FRESH, asked | {"after": now - LATE})
    else:
        chosen = {"channel": only.channel.value, "site": only.site_id, "after": _EVER}
        rows = _rows(_LEASE_HELD if only.held else _LEASE_BACKLOG, asked | chosen)
    return with_all([reading.letter(row) for row in rows])


def read_again(letter: Letter) -> Letter | None:
    """Read a held message's facts afresh; None when it is held no longer."""
    capped = [] if letter.facts.sent is None else [letter.channel.value]
    rows = _rows(_READ_AGAIN, {"id": letter.id, "token": letter.token, "capped": capped})
    return next(iter(with_all([reading.letter(row) for row in rows])), None)


def mark(wanted: Mark) -> Marking:
    """Begin to say, in a transaction of its own, that a message is being sent.

    The answer is to be read before the message can leave; no other statement may run meanwhile.
    Not granted: the lease was lost, or the visit, its reader or an opt-out changed since.
    """
    guard = f"{GUARD} AND {VISITS_STILL}" if wanted.letter.visits else GUARD
    guard += f" AND {kin.STILL.format(seen=_SEEN)}" if wanted.letter.parts else ""
    guard += f" AND {counting.ROOM}" if wanted.room else ""
    as_seen = _AS_SEEN
    if wanted.letter.offered:
        guard, as_seen = f"{guard} AND {offered.STILL}", _AS_SEEN_OFFER
    return Marking(_statement(guard, as_seen), _mark_values(wanted))


@cache
def _statement(guard: str, as_seen: str) -> str:
    return _MARK.format(allowed=_MAY_BE_MARKED.format(guard=guard, as_seen=as_seen))


def settle(outcome: Outcome) -> bool:
    """Write down what came of a call; False when somebody else has settled it."""
    return settling([outcome]).granted()


def settling(outcomes: Sequence[Outcome]) -> Marking:
    """Begin to write down what came of some calls of one lease, all alike.

    No other statement may run before its answer is read. Several may wait for this only while each
    of them is known to have been taken by the mark of the next, which names it (`Mark.after`): see
    `notifications.recovery`.
    """
    first = outcomes[0]
    asked = {
        "outcomes": json.dumps([_settled(x) for x in outcomes], default=datetime.isoformat),
        "token": first.letter.token,
        "from": [s.value for s in before(first.state) if s is not State.CLAIMED],
    }
    return Marking(_SETTLE, asked)


def drop(letter: Letter, *, reason: DropReason, now: datetime) -> None:
    """Note that a held message is never to be sent, and why."""
    _rows(
        """UPDATE notifications_message
        SET state = 'dropped', open = FALSE, drop_reason = %(reason)s, settled_at = %(now)s, leased_until = NULL
        WHERE id = %(id)s AND token = %(token)s AND state = 'claimed' RETURNING id""",
        {"id": letter.id, "token": letter.token, "reason": reason.value, "now": now},
    )


def put_back(letters: Iterable[Letter], *, until: datetime) -> None:
    """Let held messages go, to be looked at again at `until`; an attempt is not counted."""
    held = list(letters)
    if not held:
        return
    _rows(
        """UPDATE notifications_message
        SET state = 'pending', token = NULL, leased_until = NULL, due_at = %(until)s
        WHERE id = ANY(%(ids)s) AND token = %(token)s AND state = 'claimed' RETURNING id""",
        {"ids": [x.id for x in held], "token": held[0].token, "until": until},
    )


def _mark_values(wanted: Mark) -> dict[str, Any]:
    return {
        "id": wanted.letter.id,
        "token": wanted.letter.token,
        "seen": wanted.letter.seen,
        "seen_too": wanted.letter.seen_too,
        "to": wanted.letter.facts.address,
        "text_hash": wanted.text_hash,
        "segments": wanted.segments,
        "provider": wanted.provider,
        "provider_id": wanted.provider_id or None,
        "after": wanted.after,
        "now": wanted.at,
        "call": CALL,
        **counting.values(wanted.room),
    }


def _settled(outcome: Outcome) -> dict[str, Any]:
    """List the columns of `_SETTLE`; no server's words may hold a NUL there."""
    return {
        "id": outcome.letter.id,
        "state": outcome.state.value,
        "open": outcome.state in OPEN,
        "provider_id": outcome.provider_id,
        "due_at": outcome.due_at,
        "look_up_at": outcome.look_up_at,
        "at": outcome.at,
        "provider": outcome.provider,
        "code": outcome.code[:16].replace("\0", " "),
        "said": outcome.said[:300].replace("\0", " "),
    }


def _rows(sql: str, asked: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, asked)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def with_all(letters: list[Letter]) -> list[Letter]:
    """Read what only some kinds of messages tell of; for the others it costs nothing."""
    return offered.with_offers(_with_advice(_with_answers(_with_visits(letters))))


def _with_visits(letters: list[Letter]) -> list[Letter]:
    """Read, for messages about several visits, each of them; the others cost nothing."""
    several = [x.id for x in letters if x.kind in TOGETHER]
    if not several:
        return letters
    found: dict[int, list[tuple[Told, str]]] = {}
    for row in _rows(_READ_VISITS, {"ids": several}):
        one, (was, seen) = reading.letter(row), row[-2:]
        told = Told(facts=one.facts, told_version=one.told_version, was=was)
        found.setdefault(one.id, []).append((told, seen))
    return [_together(x, found[x.id]) if x.id in found else x for x in letters]


def _with_answers(letters: list[Letter]) -> list[Letter]:
    """Read, for answers to patients' texts, what they say."""
    answers = [x.id for x in letters if x.kind in ANSWERS]
    if not answers:
        return letters
    found = {pk: (said, of) for pk, said, of in _rows(_READ_ANSWERS, {"ids": answers})}
    told = ((x, *found.get(x.id, (x.said, x.answers_to))) for x in letters)
    return [replace(x, said=said, answers_to=of) for x, said, of in told]


def _with_advice(letters: list[Letter]) -> list[Letter]:
    """Read, for messages of the care timeline, what they say; the others cost nothing."""
    asked = [x.id for x in letters if x.kind in ADVICE]
    if not asked:
        return letters
    said = carenotes.said_in(asked)
    return [replace(x, advice=said.get(x.id)) if x.kind in ADVICE else x for x in letters]


def _together(letter: Letter, found: Sequence[tuple[Told, str]]) -> Letter:
    by_id = sorted(found, key=lambda pair: pair[0].facts.appointment_id)
    return replace(
        letter,
        visits=tuple(sorted((told for told, _ in by_id), key=lambda v: v.facts.be_there)),
        seen_too=" ".join(seen for _, seen in by_id),
    )


def letters(sql: str, asked: dict[str, Any]) -> list[Letter]:
    """Read what a statement that ends in `READ` answers."""
    return [reading.letter(row) for row in _rows(sql, asked)]

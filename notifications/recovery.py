"""What every tick does first: free what dead senders held, drop what is over, see what is to be done.

One statement, however many messages wait.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from notifications import kin
from notifications.leases import LATE

ALARM_LATE = timedelta(minutes=10)
"""How long a call to the clinician may wait before people are told: a breaker's first rests are over."""

# A sender goes on to its next message only when the last was taken, or when it has written down that
# it was not; and the next one's mark names the last. So of what a dead sender was sending, only the
# last may be unknown. Rows of one lease run out in the order in which they were marked.
_TAKEN = """provider_id <> '' AND EXISTS (
            SELECT FROM notifications_message n
            WHERE n.open AND n.due_at <= %(now)s AND n.state IN ('sending', 'unknown')
                AND n.token = c.token AND n.after_id = c.id)"""

_RECOVER = f"""
    WITH lost AS (
        SELECT id, state, EXISTS (
            SELECT FROM notifications_message l WHERE l.id = c.told_in_id AND {kin.TOLD}) AS told,
            state = 'sending' AND {_TAKEN} AS taken
        FROM notifications_message c
        WHERE open AND (due_at <= %(now)s OR told_in_id IS NOT NULL)
            AND state IN ('claimed', 'sending') AND leased_until <= now()
        FOR UPDATE SKIP LOCKED
    ), over AS (
        SELECT id FROM notifications_message
        WHERE open AND due_at <= %(now)s AND state = 'pending' AND not_after < %(now)s
        FOR UPDATE SKIP LOCKED
    ), dropped AS (
        UPDATE notifications_message m
        SET state = 'dropped', open = FALSE, drop_reason = 'too_late', settled_at = %(now)s
        FROM over WHERE m.id = over.id
    ), settled AS (
        UPDATE notifications_message m
        SET state = CASE WHEN lost.taken THEN 'accepted'
                WHEN lost.state = 'sending' THEN 'unknown'
                WHEN lost.told THEN 'dropped' ELSE 'pending' END,
            open = NOT (lost.told OR lost.taken),
            drop_reason = CASE WHEN lost.told THEN 'told_together' ELSE '' END,
            settled_at = CASE WHEN lost.told OR lost.taken THEN %(now)s ELSE m.settled_at END,
            told_in_id = CASE WHEN lost.told THEN m.told_in_id END,
            token = CASE lost.state WHEN 'claimed' THEN NULL ELSE m.token END,
            look_up_at = CASE WHEN lost.state = 'sending' AND NOT lost.taken
                THEN %(look_up_at)s::timestamptz END,
            leased_until = NULL
        FROM lost WHERE m.id = lost.id RETURNING m.id, m.state, m.provider
    ), tried AS (
        INSERT INTO notifications_attempt (message_id, at, provider, outcome, provider_code, said)
        SELECT id, %(now)s, provider, state, '', CASE state
            WHEN 'unknown' THEN 'the sender died in the call'
            ELSE 'taken; the sender died before it wrote down the answer' END
        FROM settled WHERE state IN ('unknown', 'accepted')
    )
    SELECT count(*) FILTER (WHERE state = 'pending'), count(*) FILTER (WHERE state = 'unknown'),
        EXISTS (
            SELECT FROM notifications_message
            WHERE open AND due_at <= %(now)s AND state = 'unknown' AND look_up_at <= %(now)s),
        EXISTS (
            SELECT FROM notifications_message
            WHERE open AND due_at <= %(late)s AND state = 'pending' AND not_after >= %(now)s),
        EXISTS (
            SELECT FROM notifications_breaker WHERE since IS NOT NULL AND until <= %(now)s),
        ARRAY(
            SELECT id FROM notifications_message
            WHERE open AND due_at <= %(now)s AND kind = 'alert' AND created_at <= %(alarm)s
            ORDER BY id)
    FROM settled"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Recovered:
    """What dead senders left: messages back in the queue, messages of unknown outcome.

    `to_look_up` tells whether any unknown outcome is due to be looked up, `backlog` whether any
    message is late, `to_try` whether a channel that rests should be tried. `alarms` are the calls
    to a clinician that have waited too long.
    """

    back: int
    unknown: int
    to_look_up: bool
    backlog: bool
    to_try: bool
    alarms: list[int]


def recover(*, look_up_at: datetime, now: datetime) -> Recovered:
    """Free what dead senders held.

    A lease that ended before the call goes back. One that ended in the call may have been sent:
    it becomes unknown, to be looked up at `look_up_at`, and is never sent again blindly. What has
    waited past its use is dropped.
    """
    asked = {"look_up_at": look_up_at, "now": now, "late": now - LATE, "alarm": now - ALARM_LATE}
    return _asked(asked)


def _asked(values: dict[str, datetime]) -> Recovered:
    with connection.cursor() as cursor:
        cursor.execute(_RECOVER, values)
        return Recovered(*cursor.fetchone())

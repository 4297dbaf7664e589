"""What went to an address lately, read with the lease; and the guard that keeps its cap."""

from typing import Any

from notifications.core.caps import Room

# what really went to the address, or may have; what is on its way is counted by the guard
_WENT = """x.state IN ('sending', 'unknown', 'accepted', 'delivered', 'undelivered')
        OR x.state = 'dead' AND EXISTS (
            SELECT FROM notifications_attempt t WHERE t.message_id = x.id AND t.outcome = 'unknown')"""

SENT_LATELY = f"""CASE WHEN m.channel = ANY(%(capped)s) THEN ARRAY(
        SELECT x.sending_at FROM notifications_message x
        WHERE x.recipient = {{address}} AND x.channel = m.channel AND x.id <> m.id
            AND x.told_in_id IS NULL AND x.sending_at > now() - interval '9 days' AND ({_WENT})) END"""  # noqa: S608 - made of constants
"""A column of the lease: an array of moments, NULL for a channel of which nobody counts."""

ROOM = f"""(
        SELECT count(*) FILTER (WHERE x.state = 'claimed' OR x.sending_at >= %(day_from)s)
                < %(day_most)s AND count(*) < %(week_most)s
        FROM notifications_message x
        WHERE x.recipient = %(to)s AND x.channel = m.channel AND x.id <> m.id AND x.told_in_id IS NULL
            AND (x.state = 'claimed' AND (x.token <> m.token OR (x.due_at, x.id) < (m.due_at, m.id))
                OR x.sending_at >= %(week_from)s AND ({_WENT})))"""  # noqa: S608 - made of constants
"""What keeps an address from getting more than its cap, however many senders there are.

Whatever another sender has claimed counts as if it were sent. Each sender's claim is committed
before it looks here, so of two at least one sees the other: too few may go, never too many. Of one
sender's own claims only those count whose turn comes before.
"""


def values(room: Room | None) -> dict[str, Any]:
    """Give the guard its blanks; none where nobody counts."""
    if room is None:
        return {}
    return {
        "day_from": room.day_from,
        "day_most": room.day,
        "week_from": room.week_from,
        "week_most": room.week,
    }

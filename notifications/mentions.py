"""Which visits a message about several tells of, and what their patient was told of them before."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q

from notifications.core.policy import Kind
from notifications.core.states import State
from notifications.models import Mention, Message
from scheduling import statements
from scheduling.models import Appointment


class Mentioned(NamedTuple):
    """A visit to be mentioned in the message `ref`; times are aware UTC, see `Mention`."""

    ref: UUID
    appointment_id: int
    told_version: int
    channel: str
    be_there: datetime | None
    was: datetime | None


# by `ref`, for a message that was written once already keeps the mentions that it has
_WRITE = """
INSERT INTO notifications_mention
    (message_id, appointment_id, told_version, channel, be_there, was)
SELECT m.id, visit, version, by, asked.be_there, asked.was
FROM unnest(%s::uuid[], %s::bigint[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS asked (ref, visit, version, by, be_there, was)
JOIN notifications_message m ON m.ref = asked.ref
ON CONFLICT DO NOTHING
"""

LEFT = [s.value for s in (State.SENDING, State.UNKNOWN, State.ACCEPTED, State.DELIVERED)]
"""States of a message that its reader may have seen."""

_EARLIER = """
WITH left_the_house AS (
    SELECT m.appointment_id AS visit, m.told_version,
        CASE WHEN m.kind <> 'cancelled' THEN m.not_after END AS be_there
    FROM notifications_message m
    WHERE m.appointment_id = ANY(%s) AND m."offset" = 'now'
        AND m.kind IN ('booked', 'changed', 'cancelled') AND m.state = ANY(%s)
    UNION ALL
    SELECT n.appointment_id, n.told_version, n.be_there
    FROM notifications_mention n JOIN notifications_message m ON m.id = n.message_id
    WHERE n.appointment_id = ANY(%s) AND m.state = ANY(%s)
)
SELECT DISTINCT ON (visit) visit, be_there FROM left_the_house
ORDER BY visit, told_version DESC
"""


def write(mentioned: Iterable[Mentioned]) -> None:
    """Write down which visits a message tells of, in one statement; each version once a channel."""
    rows = list(mentioned)
    if rows:
        statements.run(_WRITE, [list(column) for column in zip(*rows, strict=True)])


def told_before(visits: Iterable[int]) -> dict[int, datetime | None]:
    """Find when the patients were to be there by the last news that left, None where it was off.

    Visits of which no news has left are not among the answers.
    """
    ids = list(visits)
    return dict(statements.rows(_EARLIER, [ids, LEFT, ids, LEFT])) if ids else {}


def about(visit_id: int) -> Q:
    """Choose the messages that tell of a visit, alone or among others."""
    # asked first: an OR with a subquery would read the whole table
    among = Mention.objects.filter(appointment=visit_id).values_list("message", flat=True)
    return Q(appointment=visit_id) | Q(pk__in=list(among))


def together_with(*, visit_id: int, told_version: int) -> list[Appointment]:
    """List all the visits that one message told of together with this one, as they are now.

    They are in order of their start; none when it was told alone.
    """
    messages = Mention.objects.filter(appointment=visit_id, told_version=told_version)
    mentioned = Mention.objects.filter(message__in=messages.values("message"))
    ids = {*mentioned.values_list("appointment", flat=True), *_of_one_day(visit_id, told_version)}
    found = Appointment.objects.filter(pk__in=ids).select_related("site", "patient")
    return list(found.order_by("start", "pk"))


def _of_one_day(visit_id: int, told_version: int) -> set[int]:
    """Find the visits of which one reminder of a day told, this one among them; none if it was alone."""
    own = Message.objects.filter(
        appointment=visit_id, told_version=told_version, kind=Kind.REMINDER
    )
    leaders = {told_in or pk for pk, told_in in own.values_list("pk", "told_in_id")}
    along = Message.objects.filter(told_in__in=leaders) if leaders else Message.objects.none()
    told = {(leader, visit) for leader, visit in along.values_list("told_in_id", "appointment")}
    if not told:
        return set()
    first = Message.objects.filter(pk__in={leader for leader, _ in told})
    return {visit for _, visit in told} | set(first.values_list("appointment", flat=True))

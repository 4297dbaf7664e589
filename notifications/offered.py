"""What a message about an offer of the waiting list tells, read with its lease."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import connection

from notifications.core.kinds import OF_OFFERS
from notifications.core.letters import Letter, Offered
from scheduling.core.words import Status

_SEEN = "ROW(o.xmin, o.ctid, w.xmin, w.ctid)::text"

# an offer's treatment says by its widest need how long before its start the patient is to be there
_READ = f"""
    SELECT m.id, o.id, o.start, o.answer_by, o.state = 'open' AND w.closed_at IS NULL, s.zone,
        COALESCE((SELECT max(-n.from_min) FROM scheduling_need n
            WHERE n.treatment_id = w.treatment_id AND n.from_min < 0), 0), {_SEEN}
    FROM notifications_message m
    JOIN scheduling_offer o ON o.id = m.offer_id
    JOIN scheduling_waitingentry w ON w.id = o.entry_id
    JOIN scheduling_site s ON s.id = w.site_id
    WHERE m.id = ANY(%s)"""  # noqa: S608 - made of constants

STILL = f"""EXISTS (
        SELECT FROM scheduling_offer o JOIN scheduling_waitingentry w ON w.id = o.entry_id
        WHERE o.id = m.offer_id AND {_SEEN} = %(seen_too)s)"""
"""What keeps an offer from being sent that was answered or taken back since it was read."""

_Row = tuple[int, int, datetime, datetime, bool, str, int, str]


def with_offers(letters: list[Letter]) -> list[Letter]:
    """Read, for messages about offers, the time that is offered; the others cost nothing."""
    asked = [x.id for x in letters if x.kind in OF_OFFERS]
    if not asked:
        return letters
    found = {row[0]: row for row in _rows(asked)}
    return [_told(x, found[x.id]) if x.id in found else x for x in letters]


def _told(letter: Letter, row: _Row) -> Letter:
    _, offer, start, answer_by, is_open, zone, preparation, seen = row
    facts = replace(
        letter.facts,
        status=Status.BOOKED if is_open else Status.CANCELLED,
        start=start,
        end=start,
        prep_minutes=preparation,
        zone=zone,
    )
    told = Offered(id=offer, answer_by=answer_by)
    return replace(letter, facts=facts, offered=told, seen_too=seen)


def _rows(ids: Sequence[int]) -> list[_Row]:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [list(ids)])
        rows: list[_Row] = cursor.fetchall()
    return rows

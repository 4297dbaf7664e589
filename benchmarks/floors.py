"""What each measurement is a ratio to: the least that anybody would have to do.

* FETCH: the busy rows of the asked resources and days as plain tuples, by the covering btree,
  in binary by a plain cursor, prepared, and nothing done with them.
* The rows of a booking written through Django without locks, rules or constraint.
* The same e-mails over the same number of SMTP connections, without a database.
"""

import smtplib
import uuid
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import UTC, datetime
from typing import TypeVar

from django.db import connection, models, transaction
from psycopg import Cursor

from benchmarks.stations import timed
from scheduling.models import Allocation, Appointment, Change

Row = TypeVar("Row", bound=models.Model)

BUSY_ROWS = """
SELECT resource_id, start_q, end_q FROM scheduling_allocation
WHERE active AND resource_id = ANY(%s::bigint[]) AND start_q >= %s AND start_q < %s
"""


def fetch(resources: Sequence[int], q0: int, q1: int) -> int:
    """Read busy rows as binary integer tuples; give their number."""
    connection.ensure_connection()
    with Cursor(connection.connection) as cursor:
        cursor.execute(BUSY_ROWS, [list(resources), q0, q1], binary=True, prepare=True)
        return len(cursor.fetchall())


def fetch_timed(resources: Sequence[int], q0: int, q1: int) -> float:
    """Take the milliseconds of `fetch` by the covering btree.

    Where most of a small table is asked for, the planner would rather scan it, which is slower
    (a list of 36 ids is compared with every row); a floor takes the faster way.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        try:
            return timed(lambda: fetch(resources, q0, q1))
        finally:
            cursor.execute("RESET enable_seqscan; RESET enable_bitmapscan")


def ping() -> None:
    """Make one round trip."""
    with Cursor(connection.connection) as cursor:
        cursor.execute("SELECT 1", binary=True)
        cursor.fetchall()


def unguard() -> None:
    """Drop the exclusion constraints of the connected database, which is a copy."""
    with connection.schema_editor() as editor:
        for model in (Allocation, Appointment):
            for constraint in model._meta.constraints:
                editor.remove_constraint(model, constraint)


class Rows:
    """All rows that one booking wrote, to be written again for other times and resources."""

    def __init__(self, appointment: Appointment) -> None:
        from notifications.models import Message

        self.appointment = appointment
        self.messages = list(Message.objects.filter(appointment=appointment))
        self.changes = list(Change.objects.filter(subject="appointment", subject_id=appointment.pk))
        self.message = Message

    def write(self, *, patient: int, start_q: int, held: Iterable[int]) -> None:
        """Write a like booking: no lock, no rule, no constraint, one transaction."""
        length = self.appointment.end_q - self.appointment.start_q
        with transaction.atomic():
            visit = _fresh(self.appointment)
            visit.uid, visit.patient_id = uuid.uuid4(), patient
            visit.start_q, visit.end_q = start_q, start_q + length
            visit.start = datetime.fromtimestamp(start_q * 300, UTC)
            visit.end = datetime.fromtimestamp((start_q + length) * 300, UTC)
            visit.save(force_insert=True)
            Allocation.objects.bulk_create(
                Allocation(
                    appointment=visit, resource_id=one, start_q=start_q, end_q=start_q + length
                )
                for one in held
            )
            Change.objects.bulk_create(self._changes(visit))
            if self.messages:
                self.message.objects.bulk_create(self._messages(visit))

    def _changes(self, visit: Appointment) -> list[Change]:
        changes = [_fresh(change) for change in self.changes]
        for change in changes:
            change.subject_id = visit.pk
        return changes

    def _messages(self, visit: Appointment) -> list[models.Model]:
        messages = [_fresh(message) for message in self.messages]
        for message in messages:
            message.appointment, message.patient_id = visit, visit.patient_id
            message.ref, message.dedupe_key = uuid.uuid4(), uuid.uuid4().hex
        return messages


def _fresh(row: Row) -> Row:
    made = copy(row)
    made._state = copy(row._state)
    made._state.adding = True
    made._state.fields_cache = {}
    made.pk = None
    return made


def deliver(port: int, letters: Sequence[bytes]) -> None:
    """Send letters over one SMTP connection."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        for letter in letters:
            server.sendmail("clinic@example.org", ["ada@example.org"], letter)

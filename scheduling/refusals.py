"""What was refused, kept for counting: one statement after the rollback, which locks nothing."""

from collections.abc import Sequence
from datetime import datetime
from uuid import uuid4

from django.db import connection

from scheduling import catalogue, statements
from scheduling.core.protocol import values
from scheduling.core.refusals import WORDINGS
from scheduling.core.words import Actor, Reason, Severity, Wish
from scheduling.models import Refusal

_REST = (values.RecoveryWindow, values.MinGap, values.Interval)
"""The kinds of rule that ask for rest of the skin between two treatments."""

_ADD = """
INSERT INTO scheduling_refusal (ask, at, site_id, treatment_id, code, family, severity, by)
SELECT %s, %s, %s, %s, reason.code, reason.family, reason.severity, %s
FROM unnest(%s::text[], %s::text[], %s::text[]) AS reason (code, family, severity)
"""

_ADD_SOON = f"""{_ADD}, (SELECT set_config('synchronous_commit', 'off', true) AS said) AS soon
WHERE soon.said IS NOT NULL
"""
"""The same in a transaction of its own, whose commit nobody waits for: a crash may lose a count."""


def note(*, wish: Wish, reasons: Sequence[Reason], by: Actor, now: datetime) -> None:
    """Keep the reasons that blocked one ask; cautions are none."""
    blocking = {r.code: r.severity for r in reasons if r.severity is not Severity.ADVISORY}
    if not blocking:
        return
    facts = (
        uuid4(),
        now,
        wish.site_id,
        wish.treatment_id,
        "patient" if by.patient_id is not None else by.name,
        list(blocking),
        [family_of(code).value for code in blocking],
        [severity.value for severity in blocking.values()],
    )
    statements.run(_ADD if connection.in_atomic_block else _ADD_SOON, facts)


def family_of(code: str) -> Refusal.Family:
    """Tell whether the diary, the skin's rest or another clinical rule speaks under a code."""
    if code in WORDINGS:
        return Refusal.Family.DIARY
    protocol = catalogue.current().active_protocol
    try:
        rule = protocol.rule(code) if protocol else None
    except KeyError:
        rule = None
    return Refusal.Family.REST if isinstance(rule, _REST) else Refusal.Family.CLINICAL

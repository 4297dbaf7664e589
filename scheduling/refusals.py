"""What was refused, kept for counting: one statement after the rollback, which locks nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from django.db import connection

from scheduling import catalogue, statements
from scheduling.core.protocol import values
from scheduling.core.refusals import WORDINGS
from scheduling.core.words import Actor, Reason, Severity
from scheduling.errors import ClinicError
from scheduling.models import Refusal

_REST = (values.RecoveryWindow, values.MinGap, values.Interval)
"""The kinds of rule that ask for rest of the skin between two treatments."""

_ADD = """
INSERT INTO scheduling_refusal (ask, at, site_id, treatment_id, verb, by, code, family, severity)
SELECT %s, %s, %s, %s::bigint, %s, %s, reason.code, reason.family, reason.severity
FROM unnest(%s::text[], %s::text[], %s::text[]) AS reason (code, family, severity)
"""

_ADD_SOON = f"""{_ADD}, (SELECT set_config('synchronous_commit', 'off', true) AS said) AS soon
WHERE soon.said IS NOT NULL
"""
"""The same in a transaction of its own, whose commit nobody waits for: a crash may lose a count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for and where; without a treatment, a course as a whole.

    `own` are codes that speak of the plan of a course, and not of diary or skin.
    """

    verb: Refusal.Verb
    site_id: int
    treatment_id: int | None = None
    own: frozenset[str] = frozenset()


def note(error: ClinicError, *, asked: Asked, by: Actor, now: datetime) -> None:
    """Keep the reasons that blocked one ask; cautions are none.

    To be called after the verb's own transaction was rolled back.
    """
    reasons: Sequence[Reason] = getattr(error, "reasons", ())
    blocking = {r.code: r.severity for r in reasons if r.severity is not Severity.ADVISORY}
    if not blocking:
        return
    error.noted = (
        uuid4(),
        now,
        asked.site_id,
        asked.treatment_id,
        asked.verb.value,
        "patient" if by.patient_id is not None else by.name,
        list(blocking),
        [_family(code, asked).value for code in blocking],
        [severity.value for severity in blocking.values()],
    )
    _write(error)


def note_again(error: ClinicError) -> None:
    """Keep once more what was rolled back with the savepoint in which the verb had run."""
    if error.noted:
        _write(error)


def _write(error: ClinicError) -> None:
    statements.run(_ADD if connection.in_atomic_block else _ADD_SOON, error.noted)


def _family(code: str, asked: Asked) -> Refusal.Family:
    return Refusal.Family.COURSE if code in asked.own else family_of(code)


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

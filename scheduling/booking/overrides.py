"""Overrides: a named clinician's reason for booking against a refusal that allows it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import Q

from scheduling.core.words import Actor, Reason, Severity
from scheduling.errors import Forbidden, Malformed, Refused
from scheduling.models import Appointment, Override

DIARY_OVERRIDABLE = frozenset({"outside_hours", "too_soon", "too_late", "off_step"})
"""Diary codes that named staff may book against, as for an urgent review after closing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideAsk:
    """A reason in the clinician's words, and the codes that it covers."""

    reason: str
    codes: frozenset[str]


def blocking(reasons: Iterable[Reason]) -> list[Reason]:
    """Keep the reasons that stop a booking."""
    return [r for r in reasons if r.severity is not Severity.ADVISORY]


def settle(
    *,
    reasons: Sequence[Reason],
    ask: OverrideAsk | None,
    by: Actor,
    covered: frozenset[tuple[str, str]] = frozenset(),
) -> list[Reason]:
    """Answer the reasons that a new override has to cover; none when nothing blocks.

    `covered` holds (code, other visit's id) pairs that live overrides cover already.

    Raises:
        Refused: something blocks that no override covers.
        Forbidden: the actor may not override.
        Malformed: the override gives no reason in words.

    """
    left = [r for r in blocking(reasons) if (r.code, r.other) not in covered]
    if not left:
        return []
    if ask is None:
        raise Refused(reasons)
    if not by.may_override or by.user_id is None:
        raise Forbidden("Only a named clinician may book against a refusal.")
    if not ask.reason.strip():
        raise Malformed("An override needs a reason.")
    if any(r.severity is Severity.HARD or r.code not in ask.codes for r in left):
        raise Refused(reasons)
    return left


def write(
    *,
    appointment: Appointment,
    reasons: Iterable[Reason],
    ask: OverrideAsk | None,
    by: Actor,
    now: datetime,
) -> None:
    """Keep one override a reason, each bound to the pair of sessions it is between."""
    rows = list(reasons)
    if not rows or ask is None or by.user_id is None:
        return
    others = Appointment.objects.in_bulk([int(r.other) for r in rows if r.other.isdecimal()])
    Override.objects.bulk_create(
        Override(
            appointment=appointment,
            other=(other := others.get(int(r.other)) if r.other.isdecimal() else None),
            code=r.code,
            reason=ask.reason.strip(),
            sentence=r.sentence,
            arithmetic=r.arithmetic,
            gap_days=gap_days(appointment, other) if other else None,
            protocol_id=appointment.protocol_id,
            by_id=by.user_id,
            by_name=by.name,
            at=now,
        )
        for r in rows
    )


def live(appointment_id: int) -> list[Override]:
    """Read the overrides that stand on either side of this visit."""
    return list(
        Override.objects.filter(
            Q(appointment_id=appointment_id) | Q(other_id=appointment_id), lapsed_at=None
        ).select_related("appointment", "other")
    )


def covered_by(
    overrides: Iterable[Override], appointment: Appointment
) -> frozenset[tuple[str, str]]:
    """Answer the (code, other id) pairs that stand for the visit as it lies now."""
    pairs = set()
    for given in overrides:
        if given.other is None:
            pairs.add((given.code, ""))
            continue
        other = given.other if given.appointment_id == appointment.pk else given.appointment
        if given.gap_days is not None and gap_days(appointment, other) >= given.gap_days:
            pairs.add((given.code, str(other.pk)))
    return frozenset(pairs)


def lapse(
    *, overrides: Iterable[Override], appointment: Appointment, now: datetime
) -> list[Override]:
    """End the overrides that a move of this visit outruns; answer those that still stand.

    A pair's override lives while the local-day gap stays or grows; an override without a pair
    (age, prerequisite, hours) ends with its own visit's move.
    """
    kept: list[Override] = []
    gone: list[Override] = []
    standing = covered_by([o for o in overrides if o.other_id], appointment)
    for given in overrides:
        other = given.other_id if given.appointment_id == appointment.pk else given.appointment_id
        alive = given.other_id is not None and (given.code, str(other)) in standing
        (kept if alive else gone).append(given)
    Override.objects.filter(pk__in=[o.pk for o in gone]).update(lapsed_at=now)
    return kept


def gap_days(one: Appointment, two: Appointment) -> int:
    """Count local days from the earlier's end date to the later's start date (D1, D2)."""
    first, second = sorted((one, two), key=lambda a: a.start)
    return (second.local_date - end_date(first)).days


def end_date(appointment: Appointment) -> date:
    """Read the local date of a visit's end; an end at exactly 00:00 is the day before (D2)."""
    ended = (appointment.actual_end or appointment.end).astimezone(ZoneInfo(appointment.zone))
    days = ended.date().toordinal() - (ended.time() == ended.time().min)
    return date.fromordinal(days)

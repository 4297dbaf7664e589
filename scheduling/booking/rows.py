"""How a decided visit is written: the appointment, what it holds, and the news of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scheduling import catalogue, statements, trail
from scheduling.core.timeline import ceil_q
from scheduling.core.words import Actor, Choice, Status, Wish
from scheduling.models import Allocation, Appointment, Change
from scheduling.signals import appointment_changed

QUANTUM_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change of one visit: the verb, what it changed, and whether the patient is told."""

    verb: str
    told: bool
    by: Actor
    now: datetime


def instant(q: int) -> datetime:
    """Read a quantum as an aware UTC instant."""
    return datetime.fromtimestamp(q * QUANTUM_SECONDS, UTC)


def place(appointment: Appointment, wish: Wish, choice: Choice) -> None:
    """Set the visit's time, and its wall time, which is the promise, from the choice."""
    ground = catalogue.current()
    site, treatment = ground.site(wish.site_id), ground.treatment(wish.treatment_id)
    start = instant(choice.start_q)
    local = start.astimezone(ZoneInfo(site.zone))
    appointment.start, appointment.end = start, instant(choice.end_q)
    appointment.start_q, appointment.end_q = choice.start_q, choice.end_q
    appointment.local_date, appointment.local_time = local.date(), local.time()
    appointment.fold, appointment.zone = local.fold, site.zone
    appointment.prep_minutes = choice.prep_minutes
    appointment.site_id, appointment.treatment_id = wish.site_id, wish.treatment_id
    appointment.procedure = treatment.procedure
    appointment.protocol_id = ground.protocol_id
    set_recovery(appointment)


def place_when_done(appointment: Appointment, ended: datetime) -> None:
    """Set a visit that was done before its time to when it was done, and free what it held.

    The skin rests from the real end, so the truth is written rather than refused.
    """
    end_q = ceil_q(ended)
    set_time(appointment, end_q - (appointment.end_q - appointment.start_q), end_q)
    free_resources([appointment.pk])


def set_time(appointment: Appointment, start_q: int, end_q: int) -> None:
    """Set a visit's quanta, its instants, and its wall time, in the zone that it has."""
    appointment.start_q, appointment.end_q = start_q, end_q
    appointment.start, appointment.end = instant(start_q), instant(end_q)
    local = appointment.start.astimezone(ZoneInfo(appointment.zone))
    appointment.local_date, appointment.local_time = local.date(), local.time()
    appointment.fold = local.fold


def describe(appointment: Appointment, wish: Wish) -> None:
    """Set what is to be done, for whom, and where it belongs."""
    appointment.areas = list(wish.areas)
    appointment.size, appointment.depth = wish.size, wish.depth
    appointment.indication, appointment.encounter = wish.indication, wish.encounter
    appointment.series_id, appointment.seq = wish.series_id, wish.seq
    appointment.not_before, appointment.not_after = wish.not_before, wish.not_after
    appointment.note = wish.note


def set_recovery(appointment: Appointment) -> None:
    """Set the dates until which the skin rests, from the procedure, size and depth at hand."""
    windows = catalogue.current().recovery(
        procedure=appointment.procedure,
        size=appointment.size,
        depth=appointment.depth,
        end=appointment.actual_end or appointment.end,
        zone=appointment.zone,
    )
    appointment.recovery_least = windows.least if windows else None
    appointment.recovery_typical = windows.typical if windows else None
    appointment.recovery_most = windows.most if windows else None


_HOLD = """
WITH held AS (
  INSERT INTO scheduling_allocation (appointment_id, resource_id, start_q, end_q, active)
  SELECT %s, resource_id, start_q, end_q, true
  FROM unnest(%s::bigint[], %s::int[], %s::int[]) AS held (resource_id, start_q, end_q)
)
UPDATE scheduling_resource SET diary_version = diary_version + 1 WHERE id = ANY(%s::bigint[])
"""


def hold_resources(appointment: Appointment, choice: Choice) -> None:
    """Write what the visit holds, resources in order of their ids, and turn their diaries' page."""
    held = sorted(choice.held, key=lambda h: h.resource_id)
    ids = [h.resource_id for h in held]
    starts, ends = [h.start_q for h in held], [h.end_q for h in held]
    statements.write(_HOLD, [appointment.pk, ids, starts, ends, ids])


def free_resources(appointment_ids: Sequence[int]) -> None:
    """Let go of what the visits hold; their allocations stay, inactive, as history."""
    freed = Allocation.objects.filter(appointment_id__in=appointment_ids, active=True)
    turn_page(list(freed.values_list("resource_id", flat=True)))
    freed.update(active=False)


def drop_resources(appointment_id: int) -> None:
    """Forget what a visit holds, for it goes elsewhere; the trail keeps where it was."""
    held = Allocation.objects.filter(appointment_id=appointment_id)
    turn_page(list(held.filter(active=True).values_list("resource_id", flat=True)))
    held.delete()


_TURN = """
UPDATE scheduling_resource SET diary_version = diary_version + 1 WHERE id = ANY(%s::bigint[])
"""


def turn_page(resource_ids: Iterable[int]) -> None:
    """Raise the diary version of each resource, so that every memo of its timeline ends."""
    statements.run(_TURN, [sorted(set(resource_ids))])


FIELDS_OF_A_VISIT = (
    "site_id", "treatment_id", "start", "end", "areas", "size", "depth", "indication", "status",
)  # fmt: skip


def picture(appointment: Appointment) -> dict[str, Any]:
    """Take what the trail compares: a visit's time, place, treatment and status."""
    return {
        name: value.isoformat()
        if isinstance(value := getattr(appointment, name), datetime)
        else value
        for name in FIELDS_OF_A_VISIT
    }


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Name what differs, each field as [old, new]."""
    return {k: [before.get(k), v] for k, v in after.items() if before.get(k) != v}


def announce(appointments: Sequence[Appointment], step: Step, entries: Sequence[Change]) -> None:
    """Write the trail and send the news upward, inside the transaction."""
    trail.write(entries)
    appointment_changed.send(
        sender=Appointment,
        appointments=list(appointments),
        verb=step.verb,
        told=step.told,
        by=step.by,
        now=step.now,
    )


def finish(
    appointment: Appointment, step: Step, what: dict[str, Any], *, fields: Sequence[str] = ()
) -> Appointment:
    """Save an existing visit at its next version, and announce it.

    `fields` limits the statement to what the verb changed; empty saves the whole row.
    """
    appointment.version += 1
    versions = ["version"]
    if step.told:
        appointment.told_version += 1
        versions.append("told_version")
    appointment.save(update_fields=[*fields, *versions] if fields else None, force_update=True)
    entry = trail.entry(subject=appointment, verb=step.verb, by=step.by, now=step.now, what=what)
    announce([appointment], step, [entry])
    return appointment


def end_as(appointment: Appointment, status: Status) -> None:
    """Set a status that no longer holds anything."""
    appointment.status = status.value
    appointment.expires_at = None

"""Locks, taken once a transaction and in one order: patients, resources, appointments.

The exclusion constraint alone is correct but deadlocks under load (up to 9 s waits measured);
the rows locked first, by pk, remove that. The patient's lock also stops two bookings that would
each pass the clinical rules alone. `FOR NO KEY UPDATE` does not stop inserts that only reference
the row.
"""

from collections.abc import Collection, Iterable

from scheduling import diary, statements
from scheduling.core.words import Actor, Held
from scheduling.diary import Known
from scheduling.errors import NotFound, StaleVersion
from scheduling.models import Appointment

_PATIENTS = """
SELECT id FROM scheduling_patient WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
# Who waits for a row that changes loses its place in the queue; who waits for an advisory lock keeps
# it. So all queue there first, in the same order and the same round trip, and find the rows free.
_RESOURCES = """
WITH queue AS MATERIALIZED (
  SELECT pg_advisory_xact_lock(%s, id::int) FROM (SELECT unnest(%s::bigint[]) AS id ORDER BY 1) AS ids
)
SELECT r.id, r.diary_version FROM scheduling_resource r CROSS JOIN (SELECT count(*) FROM queue) AS queued
WHERE r.id = ANY(%s::bigint[]) ORDER BY r.id FOR NO KEY UPDATE OF r
"""
_OF_RESOURCES = 73
"""Namespace of the resources' advisory locks."""

# A statement of its own sees what those who were before us have committed.
_STILL_FREE = """
SELECT scheduling_still_free(%s::bigint[], %s::int[], %s::int[], %s::bigint[], %s::bigint)
"""
_KEYS = """
SELECT nextval(pg_get_serial_sequence('scheduling_appointment', 'id')) FROM generate_series(1, %s)
"""


def lock(*, patients: Iterable[int], resources: Iterable[int]) -> dict[int, int]:
    """Lock the rows and answer the diary version of each resource, as it stands under the lock.

    Raises:
        NotFound: a patient or a resource does not exist.

    """
    lock_patients(patients)
    return lock_resources(resources)


def lock_patients(patients: Iterable[int]) -> None:
    """Lock patients; the first half of `lock`, for who reads their rows in between.

    Raises:
        NotFound: a patient does not exist.

    """
    wanted = sorted(set(patients))
    if [pk for (pk,) in statements.rows(_PATIENTS, [wanted])] != wanted:
        raise NotFound("There is no such patient.")


def known(patients: Iterable[int], *, visits: int) -> tuple[dict[int, Known], list[int]]:
    """Lock patients and read their rows, a round trip each; draw keys for visits on the way.

    Raises:
        NotFound: a patient does not exist.

    """
    read: dict[int, Known] = {}
    keys: list[int] = []
    for patient in sorted(set(patients)):
        first: list[statements.Asked] = [
            (_PATIENTS, [[patient]]),
            (_KEYS, [visits - len(keys)]),
        ]
        read[patient], (_, drawn) = diary.known_after(first, patient)
        keys += [key for (key,) in drawn]
    return read, keys


def lock_resources(resources: Iterable[int]) -> dict[int, int]:
    """Lock resources, after the patients, and answer their diary versions.

    Everybody wants the same few devices: what can be read before is not read under this lock.

    Raises:
        NotFound: a resource does not exist.

    """
    needed = sorted(set(resources))
    if not needed:
        return {}
    versions: dict[int, int] = dict(statements.rows(_RESOURCES, [_OF_RESOURCES, needed, needed]))
    if len(versions) != len(needed):
        raise NotFound("There is no such resource.")
    return versions


def hold_fast(*, held: Collection[Held], moving: Iterable[int], grounds: int) -> None:
    """Lock the resources of what was chosen, while it is free still and the catalogue at `grounds`.

    What the visits `moving` hold does not count. Nothing is answered: in a block of
    `statements.gathered` it waits for the writes, and goes before them in the same round trip.

    Raises:
        ResourceTaken, GroundsMoved: through the names of the constraints, when it is said.

    """
    needed = sorted({one.resource_id for one in held})
    wanted = [[getattr(h, name) for h in held] for name in ("resource_id", "start_q", "end_q")]
    statements.write(_RESOURCES, [_OF_RESOURCES, needed, needed])
    statements.write(_STILL_FREE, [*wanted, list(moving), grounds])


def seen(*, appointment_id: int, by: Actor) -> Appointment:
    """Read a visit without a lock, to learn what must be locked.

    Raises:
        NotFound: there is none, or it is at a site where the actor does not work, or it is
            somebody else's.

    """
    found = Appointment.objects.filter(pk=appointment_id).first()
    if found is None or not may_change(found, by):
        raise NotFound("There is no such visit that you can change.")
    return found


def may_change(appointment: Appointment, by: Actor) -> bool:
    """Tell whether this actor may change this visit at all."""
    if by.patient_id is not None:
        return appointment.patient_id == by.patient_id
    return by.works_at(appointment.site_id)


def locked(
    *, appointment_id: int, by: Actor, version: int | None, resources: Iterable[int] = ()
) -> Appointment:
    """Lock a visit's patient, its resources with `resources`, and the visit itself; read it anew.

    Raises:
        NotFound: see `seen`.
        StaleVersion: the visit is not at `version` (None: whatever it is).

    """
    glimpse = seen(appointment_id=appointment_id, by=by)
    held = glimpse.allocations.values_list("resource_id", flat=True)
    lock(patients=[glimpse.patient_id], resources={*held, *resources})
    appointment = (
        Appointment.objects.select_for_update(no_key=True).filter(pk=appointment_id).first()
    )
    if appointment is None:
        raise NotFound("There is no such visit that you can change.")
    if version is not None and appointment.version != version:
        raise StaleVersion(version=appointment.version)
    return appointment

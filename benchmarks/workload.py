"""Workload W: a busy clinic, and ten or a hundred of them side by side in the same tables.

20 practitioners, 10 rooms, 6 devices, Monday to Saturday 09:00-18:00 Europe/London, one hour of
lunch each, 15,000 visits of 30, 35, 40 or 45 minutes over 120 days from a Monday. 15,000 visits
do not fit into 10 rooms, so 6,540 carry a room, and 2,898 of those a device: 24,438 busy rows.
Every clinic of a scale has the same visits, the first through
COPY and the others copied from it by the server; ids and patients are its own.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import product
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, models, transaction

import scheduling
from scheduling.models import (
    Allocation,
    Appointment,
    Capability,
    Need,
    OpeningHours,
    Patient,
    ProtocolVersion,
    Resource,
    Site,
    Skill,
    Treatment,
)

LONDON = ZoneInfo("Europe/London")
_MEANT = date(2026, 11, 30)
_LATE = (date.today() - _MEANT).days + 1  # noqa: DTZ011 -- a REST request reads the clock itself
FIRST = _MEANT + timedelta(weeks=max(-(-_LATE // 7), 0))
"""A Monday that lies ahead: the one meant, or as many weeks later as it takes."""

DAYS = 120
NOW = datetime.combine(FIRST - timedelta(days=1), time(20), UTC)
"""The clock of every measurement: the Sunday evening before the first visit."""

PRACTITIONERS, ROOMS, DEVICES = 20, 10, 6
VISITS, WITH_ROOM, WITH_DEVICE = 15_000, 6_540, 2_898
PATIENTS = 5_000
LUNCHES = (time(12), time(12, 30), time(13), time(13, 30))
OPENS_Q, CLOSES_Q = 9 * 12, 18 * 12
SEED = 45
UNGUARDED = 100


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of W: quanta since the epoch, and indexes of what it holds (-1: nothing)."""

    start_q: int
    end_q: int
    practitioner: int
    room: int = -1
    device: int = -1


@dataclass(frozen=True, slots=True)
class Clinic:
    """What the measurements need to know of one clinic: ids."""

    site: int
    practitioners: tuple[int, ...]
    rooms: tuple[int, ...]
    devices: tuple[int, ...]
    hands: int
    """The treatment that needs any practitioner for its 45 minutes."""
    full: int
    """The treatment that needs any practitioner, room and device for its 45 minutes."""

    @property
    def everything(self) -> tuple[int, ...]:
        """All 36 resources."""
        return (*self.practitioners, *self.rooms, *self.devices)


def midnight_q(day: date) -> int:
    """Count quanta from the epoch to a local midnight."""
    return int(datetime.combine(day, time(), LONDON).timestamp()) // 300


def open_days() -> list[int]:
    """List the local midnights, in quanta, of the days of W on which the clinic is open."""
    days = (FIRST + timedelta(days=n) for n in range(DAYS))
    return [midnight_q(day) for day in days if day.weekday() < 6]


def lunch_of(practitioner: int) -> time:
    """Give each practitioner one of the four lunch hours."""
    return LUNCHES[practitioner % len(LUNCHES)]


@cache
def visits() -> tuple[Visit, ...]:
    """Draw the visits of W: uniformly random free places, the same ones every time."""
    dice = random.Random(SEED)
    taken: dict[tuple[str, int, int], int] = {}
    days = open_days()
    lunch = [
        ((1 << 12) - 1) << (lunch_of(n).hour * 12 + lunch_of(n).minute // 5)
        for n in range(PRACTITIONERS)
    ]
    drawn: list[tuple[int, int, int, int]] = []
    while len(drawn) < VISITS:
        day, who, length = (
            dice.choice(days),
            dice.randrange(PRACTITIONERS),
            dice.choice((6, 7, 8, 9)),
        )
        at = dice.randrange(OPENS_Q, CLOSES_Q - length + 1)
        span = ((1 << length) - 1) << at
        key = ("practitioner", who, day)
        if not taken.get(key, lunch[who]) & span:
            taken[key] = taken.get(key, lunch[who]) | span
            drawn.append((day, at, length, who))
    return tuple(_furnished(drawn, taken, dice))


def _furnished(
    drawn: Sequence[tuple[int, int, int, int]],
    taken: dict[tuple[str, int, int], int],
    dice: random.Random,
) -> Iterator[Visit]:
    """Give rooms, and then devices, to the first visits that find a free one."""
    rooms, devices = WITH_ROOM, WITH_DEVICE
    for day, at, length, who in drawn:
        span = ((1 << length) - 1) << at
        room = _free("room", ROOMS, day, span, taken, dice) if rooms else -1
        rooms -= room >= 0
        device = _free("device", DEVICES, day, span, taken, dice) if devices and room >= 0 else -1
        devices -= device >= 0
        yield Visit(day + at, day + at + length, who, room, device)


def _free(
    kind: str,
    count: int,
    day: int,
    span: int,
    taken: dict[tuple[str, int, int], int],
    dice: random.Random,
) -> int:
    for index in dice.sample(range(count), count):
        key = (kind, index, day)
        if not taken.get(key, 0) & span:
            taken[key] = taken.get(key, 0) | span
            return index
    return -1


def build(clinics: int) -> list[Clinic]:
    """Fill the connected, migrated and empty database with clinics of W; return their ids.

    With `UNGUARDED` clinics and more the exclusion constraints stay away: no read uses them, and
    they take minutes to build.
    """
    _protocol()
    made = [_grounds(number) for number in range(clinics)]
    _guards(Patient, back=False, constraints=False)
    _patients(clinics)
    _guards(Patient, back=True, constraints=False)
    for model in (Allocation, Appointment):
        _guards(model, back=False, constraints=True)
    _diary(made[0])
    _settle()
    if clinics > 1:
        _copies(made)
    for model in (Allocation, Appointment):
        _guards(model, back=True, constraints=clinics < UNGUARDED)
    _settle()
    return made


def _protocol() -> None:
    """Activate the shipped protocol."""
    document = (Path(scheduling.__file__).parent / "data" / "protocol.json").read_text("utf-8")
    ProtocolVersion.objects.create(
        number=1, name="Default", state="active", document=json.loads(document), created_at=NOW,
        created_by="W", activated_at=NOW, activated_by="W",
    )  # fmt: skip


def _copies(made: Sequence[Clinic]) -> None:
    """Copy the first clinic's diary for each of the others, ids moved along."""
    things = len(made[0].everything)
    last = made[-1]
    if (last.site, last.practitioners[0]) != (
        made[0].site + len(made) - 1, made[0].practitioners[0] + things * (len(made) - 1)
    ):  # fmt: skip
        raise RuntimeError("ids are not in a row: build in a fresh database")
    moved = {
        "id": f"id + k * {VISITS}", "patient_id": f"patient_id + k * {PATIENTS}",
        "site_id": "site_id + k", "uid": "gen_random_uuid()",
        "appointment_id": f"appointment_id + k * {VISITS}",
        "resource_id": f"resource_id + k * {things}",
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        # what is copied refers to rows that are there: 10 million look-ups would say the same
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in (Appointment, Allocation):
            columns = [f.column for f in model._meta.concrete_fields]
            if model is Allocation:
                columns.remove("id")
            names = ", ".join(f'"{column}"' for column in columns)
            values = ", ".join(moved.get(column, f'"{column}"') for column in columns)
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({names}) "
                f"SELECT {values} FROM {model._meta.db_table}, generate_series(1, %s) k",
                [len(made) - 1],
            )


def _grounds(number: int) -> Clinic:
    site = Site.objects.create(
        name=f"Clinic {number}", zone="Europe/London", country="GB", subdivision="ENG",
        closed_on_holidays=False, horizon_days=730,
    )  # fmt: skip
    _open(site, None, None)
    laser, safe, beam = (
        Skill.objects.get_or_create(code=code, defaults={"name": code})[0]
        for code in ("laser", "laser-safe", "beam")
    )
    practitioners = _resources(Resource.Kind.PRACTITIONER, PRACTITIONERS, laser, None)
    for index, one in enumerate(practitioners):
        _open(site, one, lunch_of(index))
    return Clinic(
        site=site.pk,
        practitioners=tuple(r.pk for r in practitioners),
        rooms=tuple(r.pk for r in _resources(Resource.Kind.ROOM, ROOMS, safe, site)),
        devices=tuple(r.pk for r in _resources(Resource.Kind.DEVICE, DEVICES, beam, site)),
        hands=_treatment("Hands only", practitioner=laser),
        full=_treatment("Resurfacing", practitioner=laser, room=safe, device=beam),
    )


def _resources(kind: str, count: int, skill: Skill, site: Site | None) -> list[Resource]:
    made = Resource.objects.bulk_create(
        Resource(kind=kind, name=f"{kind} {n}", site=site, follows_site_hours=site is not None)
        for n in range(count)
    )
    Capability.objects.bulk_create(Capability(resource=one, skill=skill) for one in made)
    return made


def _open(site: Site, resource: Resource | None, lunch: time | None) -> None:
    rows = [
        OpeningHours(site=site, resource=resource, weekday=day, opens=time(9), closes=time(18))
        for day in range(6)
    ]
    if lunch is not None:
        ends = lunch.replace(hour=lunch.hour + 1)
        rows += [
            OpeningHours(site=site, resource=resource, weekday=day, opens=lunch, closes=ends, purpose="lunch")
            for day in range(6)
        ]  # fmt: skip
    OpeningHours.objects.bulk_create(rows)


def _treatment(name: str, **needs: Skill) -> int:
    treatment, fresh = Treatment.objects.get_or_create(
        name=name,
        defaults={
            "procedure": "fractional_ablative",
            "minutes_least": 30,
            "minutes_default": 45,
            "minutes_most": 45,
        },
    )
    if fresh:
        Need.objects.bulk_create(
            Need(treatment=treatment, kind=kind, skill=skill) for kind, skill in needs.items()
        )
    return treatment.pk


def _patients(clinics: int) -> None:
    """Register the patients of W, ids from 1, through COPY."""
    facts = {
        "birth_date": date(1985, 4, 12), "phone": "+447700900123", "other_phone": "",
        "language": "en", "zone": "", "channel": "both", "fitzpatrick": 2, "do_not_contact": False,
        "note": "", "version": 1, "created_at": NOW,
    }  # fmt: skip
    rows = (
        {"id": n, "given_name": f"Ada {n}", "family_name": "Pine", "email": f"ada{n}@example.org",
         "search_key": f"ada {n} pine"}
        for n in range(1, clinics * PATIENTS + 1)
    )  # fmt: skip
    copy_rows(Patient, facts, rows)


def _guards(model: type[models.Model], *, back: bool, constraints: bool) -> None:
    """Take the exclusion constraints and indexes away while rows pour in, and set them back."""
    with connection.schema_editor() as editor:
        for constraint in model._meta.constraints if constraints else ():
            (editor.add_constraint if back else editor.remove_constraint)(model, constraint)
        for index in model._meta.indexes:
            (editor.add_index if back else editor.remove_index)(model, index)


def _diary(clinic: Clinic) -> None:
    """Write the first clinic's visits and what they hold, through COPY."""
    order = sorted(visits(), key=lambda visit: visit.start_q)
    copy_rows(
        Appointment,
        facts_of_a_visit(clinic),
        (
            {"id": n, "patient_id": n % PATIENTS + 1, **times(visit),
             "uid": UUID(int=n)}
            for n, visit in enumerate(order, 1)
        ),
    )  # fmt: skip
    copy_rows(
        Allocation,
        {"active": True},
        (
            {"appointment_id": n, "resource_id": held, "start_q": visit.start_q,
             "end_q": visit.end_q}
            for n, visit in enumerate(order, 1)
            for held in _held(clinic, visit)
        ),
    )  # fmt: skip


def facts_of_a_visit(clinic: Clinic) -> dict[str, object]:
    """Give the columns that all visits of a clinic share."""
    return {
        "site_id": clinic.site, "treatment_id": clinic.hands, "procedure": "fractional_ablative",
        "areas": ["face"], "size": "face", "depth": "superficial", "indication": "",
        "encounter": "", "fold": 0, "zone": "Europe/London", "prep_minutes": 0, "status": "booked",
        "version": 1, "told_version": 0, "cancel_reason": "", "note": "", "booked_by": "W",
        "created_at": NOW,
    }  # fmt: skip


def times(visit: Visit) -> dict[str, object]:
    """Give the columns that say when a visit is."""
    start = datetime.fromtimestamp(visit.start_q * 300, UTC)
    local = start.astimezone(LONDON)
    return {
        "start": start, "end": datetime.fromtimestamp(visit.end_q * 300, UTC),
        "start_q": visit.start_q, "end_q": visit.end_q,
        "local_date": local.date(), "local_time": local.time(),
    }  # fmt: skip


def _held(clinic: Clinic, visit: Visit) -> Iterator[int]:
    yield clinic.practitioners[visit.practitioner]
    if visit.room >= 0:
        yield clinic.rooms[visit.room]
    if visit.device >= 0:
        yield clinic.devices[visit.device]


def copy_rows(
    model: type[models.Model], facts: dict[str, object], rows: Iterator[dict[str, object]]
) -> None:
    """Pour rows into a model's table; `facts` are the columns that are alike in all of them."""
    connection.ensure_connection()
    first = next(rows)
    columns = [*first, *facts]
    alike = tuple(facts.values())
    names = ", ".join(f'"{column}"' for column in columns)
    with (
        connection.connection.cursor() as cursor,
        cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as copy,
    ):
        copy.write_row((*first.values(), *alike))
        for row in rows:
            copy.write_row((*row.values(), *alike))


def _settle() -> None:
    """Set the sequences behind the ids that were copied, and let the planner know the tables."""
    with connection.cursor() as cursor:
        for model in (Patient, Appointment):
            table = model._meta.db_table
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
        cursor.execute("VACUUM (ANALYZE)")


def busy_rows() -> int:
    """Count the busy rows of one clinic; 24,438 by its recipe."""
    return sum(1 + (v.room >= 0) + (v.device >= 0) for v in visits())


def cases() -> Iterator[tuple[str, int, int]]:
    """List what is searched: who, step in minutes, days."""
    yield from product(("one", "any", "full"), (5, 15), (1, 7, 30, 90))

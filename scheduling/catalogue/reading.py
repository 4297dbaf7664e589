"""The catalogue read from its rows, once a version."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC

from django.conf import settings

from scheduling import statements
from scheduling.catalogue.ground import Ground
from scheduling.catalogue.values import Able, Abroad, Absent, Asked, Offer, Place, Thing, Timetable
from scheduling.core.hours import WeeklyHours
from scheduling.core.protocol import Protocol, parse
from scheduling.core.timeline import ceil_q, floor_q
from scheduling.models import (
    Absence,
    Capability,
    Grounds,
    Need,
    OpeningHours,
    ProtocolVersion,
    Resource,
    Site,
    Treatment,
)

_TRIES = 3
COUNTER = f"SELECT version FROM {Grounds._meta.db_table} WHERE id = 1"  # noqa: S608
"""The query that says whether what is remembered still stands; other reads carry it along."""

_memo: dict[str, Ground] = {}
_still: ContextVar[Ground | None] = ContextVar("the catalogue held still", default=None)
_protocols: dict[int, Protocol] = {}
"""Parsed protocols by id: an activated document never changes (trigger `protocol_is_immutable`)."""


def current(counter: int | None = None) -> Ground:
    """Answer the catalogue as it stands, from memory while its counter stands.

    `counter` is its counter where that was just read. The counter is drawn from a sequence, so a version that was rolled back never comes again and
    reading within a transaction is safe.
    """
    if (still := _still.get()) is not None:
        return still
    version = _version() if counter is None else counter
    known = _memo.get("ground")
    if known is not None and known.version == version:
        return known
    ground = _read(version)
    for _ in range(_TRIES):
        again = _version()
        if again == ground.version:
            break
        ground = _read(again)
    _memo["ground"] = ground
    return ground


@contextmanager
def steady(counter: int | None = None) -> Iterator[Ground]:
    """Hold the catalogue still for a block: its counter is asked once, at the beginning.

    `counter` is the counter where that was just read: then nothing is asked.

    For one verb's many questions; what changes meanwhile counts from the next block on, also
    from one within.
    """
    token = _still.set(None)
    try:
        ground = current(counter)
        _still.set(ground)
        yield ground
    finally:
        _still.reset(token)


def remembered() -> Ground | None:
    """Answer the catalogue as this process last read it, unasked; None when it never did.

    Only for those who compare its version with the counter before they answer.
    """
    return _still.get() or _memo.get("ground")


def forget() -> None:
    """Drop what this process remembers of the catalogue."""
    _memo.clear()
    _protocols.clear()


def _version() -> int:
    # Read with every search, so without the mapper.
    found = statements.rows(COUNTER, [])
    return found[0][0] if found else 0


def _read(version: int) -> Ground:
    active = ProtocolVersion.objects.filter(state=ProtocolVersion.State.ACTIVE).first()
    site_hours, own_hours = _hours()
    site_absences, own_absences = _absences()
    skills = _skills()
    return Ground(
        version=version,
        sites={
            site.pk: _place(site, site_hours[site.pk], site_absences[site.pk])
            for site in Site.objects.order_by("pk")
        },
        resources={
            row.pk: Thing(
                id=row.pk,
                kind=row.kind,
                name=row.name,
                site_id=row.site_id,
                follows_site_hours=row.follows_site_hours,
                active=row.active,
                hours=own_hours[row.pk],
                absences=tuple(own_absences[row.pk]),
                skills=tuple(skills[row.pk]),
            )
            for row in Resource.objects.order_by("pk")
        },
        treatments=_offers(),
        protocol_id=active.pk if active else None,
        active_protocol=_parsed(active) if active else None,
    )


def _parsed(active: ProtocolVersion) -> Protocol:
    if active.pk not in _protocols:
        _protocols.clear()
        _protocols[active.pk] = parse(active.document)
    return _protocols[active.pk]


def _place(site: Site, table: Timetable, absences: Iterable[Absent]) -> Place:
    return Place(
        id=site.pk,
        name=site.name,
        zone=site.zone,
        country=site.country,
        subdivision=site.subdivision,
        closed_on_holidays=site.closed_on_holidays,
        step_minutes=site.step_minutes,
        notice_minutes=site.notice_minutes,
        horizon_days=site.horizon_days,
        cancel_notice_hours=site.cancel_notice_hours,
        phone=str(site.phone or ""),
        active=site.active,
        hours=table,
        absences=tuple(absences),
    )


def _hours() -> tuple[defaultdict[int, Timetable], defaultdict[int, dict[int, Timetable]]]:
    """Return the timetables of sites, and of resources by site; equal ones are one object."""
    rows: dict[tuple[int | None, int], list[WeeklyHours]] = defaultdict(list)
    for row in OpeningHours.objects.order_by("weekday", "opens", "pk"):
        rows[row.resource_id, row.site_id].append(
            WeeklyHours(
                weekday=row.weekday,
                opens=row.opens.replace(microsecond=0),
                closes=row.closes.replace(microsecond=0),
                valid_from=row.valid_from,
                valid_until=row.valid_until,
                lunch=row.purpose == OpeningHours.Purpose.LUNCH,
            )
        )
    sites: defaultdict[int, Timetable] = defaultdict(tuple)
    resources: defaultdict[int, dict[int, Timetable]] = defaultdict(dict)
    same: dict[Timetable, Timetable] = {}
    for (resource_id, site_id), found in rows.items():
        table = same.setdefault(tuple(found), tuple(found))
        if resource_id is None:
            sites[site_id] = table
        else:
            resources[resource_id][site_id] = table
    return sites, resources


def _absences() -> tuple[defaultdict[int, list[Absent]], defaultdict[int, list[Absent]]]:
    sites: defaultdict[int, list[Absent]] = defaultdict(list)
    resources: defaultdict[int, list[Absent]] = defaultdict(list)
    for row in Absence.objects.order_by("start", "pk"):
        start, end = row.start.astimezone(UTC), row.end.astimezone(UTC)
        absent = Absent(start, end, floor_q(start), ceil_q(end), row.cause, row.note)
        if row.resource_id is not None:
            resources[row.resource_id].append(absent)
        elif row.site_id is not None:
            sites[row.site_id].append(absent)
    return sites, resources


def _skills() -> defaultdict[int, list[Able]]:
    skills: defaultdict[int, list[Able]] = defaultdict(list)
    rows = Capability.objects.order_by("skill__code", "valid_from", "pk")
    for resource_id, code, valid_from, valid_until in rows.values_list(
        "resource_id", "skill__code", "valid_from", "valid_until"
    ):
        skills[resource_id].append(Able(code, valid_from, valid_until))
    return skills


def _offers() -> dict[int, Offer]:
    needs: defaultdict[int, dict[tuple[int, int], list[Asked]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for row in Need.objects.select_related("skill").order_by("choice", "kind", "pk"):
        asked = Asked(
            kind=row.kind,
            skill=row.skill.code if row.skill else "",
            skill_name=row.skill.name if row.skill else "",
            from_q=row.from_min // 5,
            until_q=row.until_min // 5,
        )
        # Rows that share a number above 0 are alternatives; every other row stands alone.
        needs[row.treatment_id][row.choice, 0 if row.choice else row.pk].append(asked)
    return {
        row.pk: Offer(
            id=row.pk,
            name=row.name,
            procedure=row.procedure,
            minutes_least=row.minutes_least,
            minutes_default=row.minutes_default,
            minutes_most=row.minutes_most,
            active=row.active,
            self_booking=row.self_booking,
            asks_area=row.asks_area,
            summary=row.summary,
            spoken=settings.LANGUAGE_CODE[:2],
            needs=tuple(tuple(options) for options in needs[row.pk].values()),
            abroad=tuple(
                Abroad(language=text.language, name=text.name, summary=text.summary)
                for text in row.texts.all()
            ),
        )
        for row in Treatment.objects.order_by("pk").prefetch_related("texts")
    }

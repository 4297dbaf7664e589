"""The status board: who of a site's day stands where, read in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, QuerySet

from scheduling import diary, protocols
from scheduling.flow import standing
from scheduling.flow.standing import Count, Place
from scheduling.models import Allocation, Appointment, Change, Resource, Stage

STEPS = ("arrive", "check_in", "numbing", "treatment", "complete", "left", "no_show", "reinstate")
"""Verbs of the trail that the board shows as stamps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One step of a visit: which, when on the site's clock (naive), and by whom."""

    verb: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One visit on the board; `arrive` and `start` are naive, on the site's clock."""

    visit: Appointment
    place: Place
    arrive: datetime
    start: datetime
    who: str
    room: str
    device: str
    spent: Count | None
    late: Count | None
    is_late: bool
    spent_words: str
    late_words: str
    missing: tuple[str, ...]
    stamps: tuple[Stamp, ...]
    steps: tuple[str, ...]


def day_of(*, site_id: int, day: date, resources: Sequence[int] = ()) -> QuerySet[Appointment]:
    """Select the visits of a site's local date that hold all of these resources (or held them)."""
    rows = Appointment.objects.filter(
        site=site_id, local_date=day, status__in=sorted(standing.SHOWN)
    )
    for resource in resources:
        held = Allocation.objects.filter(appointment=OuterRef("pk"), resource=resource)
        rows = rows.filter(Exists(held))
    return rows


def pulse(*, site_id: int, day: date) -> str:
    """Answer a token that changes when anything of the day does; one query of one index."""
    rows = Appointment.objects.filter(site=site_id, local_date=day).order_by("pk")
    told = ",".join(f"{pk}:{version}" for pk, version in rows.values_list("pk", "version"))
    return sha256(told.encode()).hexdigest()[:16]


def cards(visits: QuerySet[Appointment], now: datetime) -> list[Card]:
    """Read visits as cards, in order of their start."""
    found = list(visits.select_related("patient", "treatment").order_by("start", "pk"))
    held = names_held(found)
    stages, stamps = _stages(found), _stamps(found)
    lacking = diary.lacking(visits=found, now=now)
    titles = protocols.in_force().titles
    return [
        _card(
            visit,
            stages.get(visit.pk),
            now,
            held=held.get(visit.pk, {}),
            stamps=stamps.get(visit.pk, ()),
            missing=tuple(titles.of("records", need) for need in lacking.get(visit.pk, ())),
        )
        for visit in found
    ]


def _card(
    visit: Appointment,
    stage: Stage | None,
    now: datetime,
    *,
    held: Mapping[str, str],
    stamps: tuple[Stamp, ...],
    missing: tuple[str, ...],
) -> Card:
    zone, place = ZoneInfo(visit.zone), standing.place_of(visit, stage)
    spent, late = standing.spent(visit, place, stage), standing.lateness(visit, place)
    start = visit.start.astimezone(zone).replace(tzinfo=None)
    return Card(
        visit=visit,
        place=place,
        start=start,
        arrive=start - timedelta(minutes=visit.prep_minutes),
        who=held.get(Resource.Kind.PRACTITIONER, ""),
        room=held.get(Resource.Kind.ROOM, ""),
        device=held.get(Resource.Kind.DEVICE, ""),
        spent=spent,
        late=late,
        is_late=late is not None and now - late.since >= timedelta(minutes=1),
        spent_words=spent.words(now) if spent else "",
        late_words=late.words(now) if late else "",
        missing=missing,
        stamps=stamps,
        steps=standing.next_steps(visit, place, now),
    )


def names_held(visits: Sequence[Appointment]) -> dict[int, dict[str, str]]:
    """Name what each visit holds, or held last, by kind."""
    rows = Allocation.objects.filter(appointment__in=[v.pk for v in visits]).order_by("pk")
    found: dict[int, dict[str, str]] = {}
    for pk, kind, name in rows.values_list("appointment_id", "resource__kind", "resource__name"):
        mine = found.setdefault(pk, {})
        mine[kind] = f"{mine[kind]}, {name}" if kind in mine else name
    return found


def _stages(visits: Sequence[Appointment]) -> dict[int, Stage]:
    """Read the last stamp of each visit since its present check-in."""
    since = {visit.pk: visit.checked_in_at for visit in visits if visit.checked_in_at}
    rows = Stage.objects.filter(appointment__in=since).order_by("pk")
    return {row.appointment_id: row for row in rows if row.since == since[row.appointment_id]}


def _stamps(visits: Sequence[Appointment]) -> dict[int, tuple[Stamp, ...]]:
    """Read from the trail who moved each visit on, and when, since it was last put back."""
    zones = {visit.pk: ZoneInfo(visit.zone) for visit in visits}
    rows = Change.objects.filter(subject="appointment", subject_id__in=zones, verb__in=STEPS)
    found: dict[int, tuple[Stamp, ...]] = {}
    for row in rows.order_by("at", "pk"):
        at = row.at.astimezone(zones[row.subject_id]).replace(tzinfo=None)
        stamp = Stamp(verb=row.verb, at=at, by=row.by)
        before = found.get(row.subject_id, ())
        found[row.subject_id] = () if row.verb == "reinstate" else (*before, stamp)
    return found

"""The day on paper: who comes when to whom and into which room, as it stands at one moment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from phonenumber_field.phonenumber import PhoneNumber

from scheduling import diary, protocols
from scheduling.core.words import Status
from scheduling.flow import standing
from scheduling.models import Allocation, Appointment, Resource, Site

KINDS = (Resource.Kind.PRACTITIONER, Resource.Kind.ROOM)
"""What has a sheet of its own, in their order on paper."""

WORDS: Mapping[str, str] = {
    Status.BOOKED: "",
    Status.ARRIVED: "is here",
    Status.CHECKED_IN: "checked in",
    Status.FULFILLED: "done",
    Status.NOSHOW: "did not come",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One visit on paper; times naive, on the site's clock. `beside` is who and what else it holds."""

    arrive: datetime
    start: datetime
    end: datetime
    patient: str
    born: date | None
    phone: str
    what: str
    beside: str
    note: str
    missing: tuple[str, ...]
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The day of one practitioner or one room."""

    kind: str
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A site's day: a page a practitioner and a room that has visits; `made_at` as times above."""

    site: Site
    day: date
    made_at: datetime
    count: int
    pages: tuple[Page, ...]


def sheet(*, site: Site, day: date, now: datetime, only: str = "") -> Sheet:
    """Read a site's local date as pages; `only` keeps to one kind of resource, or to one by id."""
    rows = Appointment.objects.filter(
        site=site, local_date=day, status__in=sorted(standing.SHOWN)
    ).select_related("patient", "treatment")
    visits = list(rows.order_by("start", "pk"))
    held = _held(visits)
    lacking = diary.lacking(visits=visits, now=now)
    pages = [
        _page(resource, [v for v in visits if resource in held.get(v.pk, ())], held, lacking)
        for resource in _resources(held.values(), only)
    ]
    alone = [v for v in visits if not any(r.kind in KINDS for r in held.get(v.pk, ()))]
    if alone and not only:
        pages.append(_page(None, alone, held, lacking))
    made = now.astimezone(ZoneInfo(site.zone)).replace(tzinfo=None)
    return Sheet(site=site, day=day, made_at=made, count=len(visits), pages=tuple(pages))


def _resources(held: Iterable[Sequence[Resource]], only: str) -> list[Resource]:
    every = {resource for some in held for resource in some if resource.kind in KINDS}
    kept = [r for r in every if only in ("", r.kind, str(r.pk))]
    return sorted(kept, key=lambda r: (KINDS.index(Resource.Kind(r.kind)), r.name, r.pk))


def _held(visits: Iterable[Appointment]) -> dict[int, tuple[Resource, ...]]:
    """Read what each visit holds, or held last."""
    rows = Allocation.objects.filter(appointment__in=[v.pk for v in visits])
    found: dict[int, tuple[Resource, ...]] = {}
    for row in rows.select_related("resource").order_by("pk"):
        found[row.appointment_id] = (*found.get(row.appointment_id, ()), row.resource)
    return found


def _page(
    resource: Resource | None,
    visits: Sequence[Appointment],
    held: Mapping[int, tuple[Resource, ...]],
    lacking: Mapping[int, tuple[str, ...]],
) -> Page:
    titles = protocols.in_force().titles
    lines = []
    for visit in visits:
        zone, patient = ZoneInfo(visit.zone), visit.patient
        start, end = (at.astimezone(zone).replace(tzinfo=None) for at in (visit.start, visit.end))
        areas = ", ".join(titles.of("areas", area) for area in visit.areas)
        beside = [each.name for each in held.get(visit.pk, ()) if each != resource]
        phone = patient.phone
        lines.append(
            Line(
                arrive=start - timedelta(minutes=visit.prep_minutes),
                start=start,
                end=end,
                patient=str(patient),
                born=patient.birth_date,
                phone=str(phone.as_international) if isinstance(phone, PhoneNumber) else "",
                what=f"{visit.treatment}: {areas}" if areas else str(visit.treatment),
                beside=", ".join(beside),
                note=visit.note,
                missing=tuple(titles.of("records", need) for need in lacking.get(visit.pk, ())),
                word=WORDS.get(visit.status, visit.status),
            )
        )
    kind = str(Resource.Kind(resource.kind).label) if resource else ""
    name = resource.name if resource else "Without practitioner or room"
    return Page(kind=kind, name=name, lines=tuple(lines))

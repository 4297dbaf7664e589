"""The lines of the day list: everything spelled once, so that 200 of them are drawn at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.urls import reverse
from phonenumber_field.phonenumber import PhoneNumber

from scheduling import diary, panels, protocols
from scheduling.admin import signs
from scheduling.admin.visit import steps_for
from scheduling.booking.rows import instant
from scheduling.core.words import Status
from scheduling.models import Allocation, Appointment, Resource
from scheduling.screens.skin import SIZES, said
from scheduling.screens.times import wall

NOTE = 80
"""Characters of a note on the list; the rest is on the visit's own page."""

_READ = [
    "areas",
    "cancelled_at",
    "confirmed_at",
    "indication",
    "local_date",
    "note",
    "patient_id",
    "prep_minutes",
    "procedure",
    "site_id",
    "size",
    "start",
    "start_q",
    "status",
    "treatment_id",
    "version",
    "zone",
    "patient__birth_date",
    "patient__family_name",
    "patient__fitzpatrick",
    "patient__given_name",
    "patient__phone",
    "treatment__name",
]
"""What a line needs; the rest of the rows is not read 200 times over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One visit on the list, times on the site's clock."""

    visit: Appointment
    page: str
    card: str
    arrive: str
    start: str
    born: str
    phone: str
    what: str
    note: str
    who: str
    room: str
    device: str
    sign: signs.Sign
    late: bool
    missing: tuple[str, ...]
    marks: tuple[str, ...]
    step: str
    step_word: str


def lines_of(visits: QuerySet[Appointment], moment: datetime) -> list[Line]:
    """Read visits as lines, in a number of queries that does not grow with them."""
    found = list(visits.select_related("patient", "treatment").only(*_READ).order_by("start", "pk"))
    held = _held(found)
    around: dict[str, Any] = {
        "marks": panels.marks(found),
        "titles": protocols.in_force().titles,
        "lacking": diary.lacking(visits=found, now=moment),
        "root": reverse("admin:scheduling_appointment_changelist"),
    }
    return [_line(visit, held.get(visit.pk, {}), moment, **around) for visit in found]


def _line(visit: Appointment, held: Mapping[str, str], moment: datetime, **around: Any) -> Line:
    zone, titles, patient = ZoneInfo(visit.zone), around["titles"], visit.patient
    born, phone, size = patient.birth_date, patient.phone, _SIZES.get(visit.size, "")
    step, word = signs.NEXT.get(visit.status, ("", ""))
    offered = step in steps_for(visit, moment)
    return Line(
        visit=visit,
        page=f"{around['root']}{visit.pk}/change/",
        card=f"{around['root']}patient/{visit.patient_id}/",
        arrive=f"{wall(instant(visit.start_q - visit.prep_minutes // 5), zone):%H:%M}",
        start=f"{wall(visit.start, zone):%H:%M}",
        born=f"{born.day} {born:%b %Y}" if born else "",
        # Asking a number for its truth validates it, which costs more than the rest of the line.
        phone=str(phone.as_international) if isinstance(phone, PhoneNumber) else "",
        what=", ".join(word for word in (said(visit.areas, titles), size) if word),
        note=visit.note if len(visit.note) <= NOTE else f"{visit.note[: NOTE - 1]}…",
        who=held.get(Resource.Kind.PRACTITIONER, ""),
        room=held.get(Resource.Kind.ROOM, ""),
        device=held.get(Resource.Kind.DEVICE, ""),
        sign=signs.sign_of(visit),
        late=visit.status == Status.BOOKED and visit.start < moment,
        missing=tuple(titles.of("records", n) for n in around["lacking"].get(visit.pk, ())),
        marks=tuple(around["marks"].get(visit.pk, ())),
        step=f"{around['root']}{visit.pk}/step/{step}/" if offered else "",
        step_word=word,
    )


_SIZES = {code: word for code, word in SIZES if code}


def _held(visits: Sequence[Appointment]) -> dict[int, dict[str, str]]:
    """Name what each visit holds, or held last, by kind."""
    rows = (
        Allocation.objects.filter(appointment__in=[visit.pk for visit in visits])
        .order_by("appointment_id", "pk")
        .values_list("appointment_id", "resource__kind", "resource__name")
    )
    names: dict[int, dict[str, str]] = {}
    for pk, kind, name in rows:
        mine = names.setdefault(pk, {})
        mine[kind] = f"{mine[kind]}, {name}" if kind in mine else name
    return names

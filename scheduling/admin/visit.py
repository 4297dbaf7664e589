"""One visit on one page: its facts, what may be done with it, and what became of it so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from scheduling import catalogue, diary, protocols
from scheduling.admin import signs
from scheduling.booking.rows import instant
from scheduling.core.protocol.values import Titles
from scheduling.core.words import Status
from scheduling.models import Allocation, Appointment, Change, Override, Treatment
from scheduling.screens.skin import SIZES, said
from scheduling.screens.times import wall


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFor:
    """A resource and the wall time for which it is held."""

    kind: str
    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One change of the visit in words."""

    at: datetime
    by: str
    did: str
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that the page of a visit shows of the ground floor."""

    visit: Appointment
    sign: signs.Sign
    arrive: datetime
    start: datetime
    end: datetime
    held: tuple[HeldFor, ...]
    overrides: tuple[Override, ...]
    history: tuple[Line, ...]
    steps: frozenset[str]
    beside: tuple[Appointment, ...]
    missing: tuple[str, ...]
    missing_consent: bool
    areas: str
    size: str
    indication: str
    procedure: str


def facts_of(visit: Appointment, now: datetime) -> Facts:
    """Read a visit with what it holds, its overrides, its history and its sisters."""
    zone, titles = ZoneInfo(visit.zone), protocols.in_force().titles
    lacking = diary.lacking(visits=[visit], now=now).get(visit.pk, ())
    return Facts(
        visit=visit,
        sign=signs.sign_of(visit),
        start=wall(visit.start, zone),
        arrive=wall(instant(visit.start_q - visit.prep_minutes // 5), zone),
        end=wall(visit.end, zone),
        held=_held(visit, zone),
        overrides=tuple(visit.overrides.order_by("pk")),
        history=_history(visit, zone, titles),
        steps=steps_for(visit, now),
        beside=_beside(visit),
        missing=tuple(titles.of("records", need) for need in lacking),
        missing_consent="consent" in lacking,
        areas=said(visit.areas, titles),
        size=dict(SIZES)[visit.size] if visit.size else "",
        indication=titles.of("indications", visit.indication) if visit.indication else "",
        procedure=titles.of("procedures", visit.procedure),
    )


def _held(visit: Appointment, zone: ZoneInfo) -> tuple[HeldFor, ...]:
    rows = Allocation.objects.filter(appointment=visit).select_related("resource")
    return tuple(
        HeldFor(
            kind=row.resource.get_kind_display(),
            name=row.resource.name,
            start=wall(instant(row.start_q), zone),
            end=wall(instant(row.end_q), zone),
        )
        for row in sorted(rows, key=lambda row: (row.resource.kind != "practitioner", row.pk))
    )


def _beside(visit: Appointment) -> tuple[Appointment, ...]:
    """Read the other visits of the same encounter."""
    if not visit.encounter:
        return ()
    same = Appointment.objects.filter(patient_id=visit.patient_id, encounter=visit.encounter)
    return tuple(same.exclude(pk=visit.pk).select_related("treatment").order_by("start", "pk"))


_STEPS: Mapping[str, frozenset[str]] = {
    Status.PENDING: frozenset({"cancel"}),
    Status.BOOKED: frozenset({"arrive", "check-in", "move", "cancel"}),
    Status.ARRIVED: frozenset({"check-in", "cancel", "reinstate"}),
    Status.CHECKED_IN: frozenset({"complete", "cancel", "reinstate"}),
    Status.FULFILLED: frozenset({"reinstate"}),
    Status.CANCELLED: frozenset({"reinstate"}),
    Status.NOSHOW: frozenset({"reinstate"}),
}


def steps_for(visit: Appointment, now: datetime) -> frozenset[str]:
    """Name the steps worth a button at this moment; the verbs still decide."""
    steps = _STEPS.get(visit.status, frozenset())
    if visit.status != Status.BOOKED:
        return steps
    if visit.start <= now:
        return steps | {"no-show"}
    if visit.local_date > wall(now, ZoneInfo(visit.zone)).date():
        # Nobody arrives on another day; the button would only be pressed by mistake.
        steps -= {"arrive", "check-in"}
    return steps if visit.confirmed_at else steps | {"confirm"}


def _history(visit: Appointment, zone: ZoneInfo, titles: Titles) -> tuple[Line, ...]:
    rows = list(Change.objects.filter(subject="appointment", subject_id=visit.pk)[:100])
    names = _treatments(rows)
    return tuple(
        Line(
            at=wall(row.at, zone),
            by=row.by,
            did=signs.VERBS.get(row.verb, row.verb.replace("_", " ")),
            what=tuple(_words(row.what, zone, names, titles)),
        )
        for row in rows
    )


def _treatments(rows: Sequence[Change]) -> Mapping[int, str]:
    ids = {pk for row in rows for pk in row.what.get("treatment_id", ()) if pk}
    return dict(Treatment.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}


def _words(
    what: Mapping[str, Any], zone: ZoneInfo, treatments: Mapping[int, str], titles: Titles
) -> list[str]:
    """Say what changed; a new visit says only when and what it is."""
    out = []
    if "start" in what:
        before, after = (_moment(value, zone) for value in what["start"])
        out.append(f"from {before} to {after}" if before else f"for {after}")
    if "treatment_id" in what:
        out.append(treatments.get(what["treatment_id"][1], ""))
    if "resources" in what:
        known = catalogue.current().resources
        out.append(
            f"with {', '.join(known[pk].name for pk in what['resources'][1] if pk in known)}"
        )
    if "areas" in what and what["areas"][1]:
        out.append(said(what["areas"][1], titles).lower())
    out += [
        f"{name} {what[name][1] or 'not said'}"
        for name in ("size", "depth")
        if name in what and any(what[name])
    ]
    return [words for words in out if words]


def _moment(value: str | None, zone: ZoneInfo) -> str:
    if not value:
        return ""
    local = datetime.fromisoformat(value).astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y %H:%M}"

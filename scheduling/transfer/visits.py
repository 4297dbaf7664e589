"""Visits: those done feed the rules, those to come are held, with what speaks against them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from scheduling import booking
from scheduling.booking import Ask, Past
from scheduling.core.words import Status, Wish
from scheduling.errors import Malformed
from scheduling.models import Allocation, Appointment, Resource, Site, Todo, Treatment
from scheduling.transfer import people
from scheduling.transfer.cells import Row, listed
from scheduling.transfer.kinds import (
    Column,
    Desk,
    Kind,
    Outcome,
    Verdict,
    row_by_row,
    said,
    same_or_none,
)
from scheduling.walltime import instant_of

SUBJECT = "visits"
SERIES = "series"
BREAKS_A_RULE = "imported-visit-breaks-rule"
NOT_PLACED = "imported-visit-not-placed"
STILL_BOOKED = "imported-visit-still-booked"

STATUSES = tuple(
    s.value for s in Status if s not in (Status.PENDING, Status.PROPOSED, Status.WAITLIST)
)
COLUMNS = (
    Column("external_id", "the other system's own number of the visit", "V-1", required=True),
    Column("patient", "external id of the patient", "P-1001", required=True),
    Column("site", "name of the site here", "Harley House", required=True),
    Column("treatment", "name of the treatment here", "Consultation", required=True),
    Column("date", "local date", "2027-02-15", required=True),
    Column("time", "local start of the visit itself, without preparation", "10:30", required=True),
    Column("offset", "the site's offset, only where the clocks show a time twice: +01:00"),
    Column("minutes", "length; empty takes the treatment's", "45"),
    Column("status", f"one of {', '.join(STATUSES)}; empty is booked", "booked"),
    Column("areas", "body areas, between bars", "face|neck"),
    Column("size", "small, face or large", "face"),
    Column("depth", "superficial or deep", "superficial"),
    Column("indication", "what it is for, as the protocol calls it"),
    Column("encounter", "what visits of one coming share"),
    Column("practitioner", "name, or names between bars", "Dr Amara Lind"),
    Column("room", "name of the room"),
    Column("device", "name of the device"),
    Column("plan", "external id of the course that it belongs to"),
    Column("session", "which session of the course, from 1"),
    Column("not_before", "the first date on which its course lets it lie"),
    Column("not_after", "and the last"),
    Column("ended", "when it truly ended, if otherwise than planned: 2027-02-15T11:40"),
    Column("cancel_reason", "why it was cancelled"),
    Column("note", "the clinic's own note"),
)
SAME = (
    "areas", "size", "depth", "indication", "encounter", "not_before", "not_after", "status",
    "cancel_reason", "note",
)  # fmt: skip
"""Columns that are called as the fields of a visit are."""
KINDS = {"practitioner": "practitioner", "room": "room", "device": "device"}


def _one(row: Row, desk: Desk) -> Outcome:
    external = desk.once(row)
    if same := same_or_none(row, desk, SUBJECT, external):
        return same
    if (known := desk.known(SUBJECT).get(external)) is not None:
        raise Malformed(
            f"This visit was taken in before (number {known[0]}) and the file now says otherwise."
            " Change it in the diary, where patients are told."
        )
    ask = _ask(row, desk)
    status = Status(row.choice("status", STATUSES, Status.BOOKED.value))
    if status is Status.BOOKED and ask.start > desk.now:
        return _to_come(row, desk, ask)
    return _past(row, desk, ask, status)


def _to_come(row: Row, desk: Desk, ask: Ask) -> Outcome:
    brought = booking.bring_in(ask=ask, by=desk.by, now=desk.now)
    codes = tuple(sorted({reason.code for reason in brought.against}))
    if brought.appointment is None:
        what = f"The visit {_in_words(row)} could not be held: {said(brought.against)}"
        _ask_reception(desk, ask, NOT_PLACED, f"{what} The row: {_whole(row)}")
        # kept in mind, so that the file taken in again does not ask a second time
        desk.remember(SUBJECT, row, row.text("external_id"), 0)
        return Outcome(Verdict.FLAGGED, f"Not written, on the work list: {what}", codes)
    visit = brought.appointment
    desk.remember(SUBJECT, row, row.text("external_id"), visit.pk)
    if not codes:
        return Outcome(Verdict.NEW, subject_id=visit.pk)
    what = f"The visit {_in_words(row)} came in against a rule: {said(brought.against)}"
    _ask_reception(desk, ask, BREAKS_A_RULE, what, visit)
    return Outcome(Verdict.FLAGGED, f"Held, on the work list: {what}", codes, visit.pk)


def _past(row: Row, desk: Desk, ask: Ask, status: Status) -> Outcome:
    zone = ZoneInfo(_site(row, desk).zone)
    ended = row.text("ended")
    past = Past(
        status=status,
        ended_at=instant_of(ended, zone) if ended else None,
        cancel_reason=row.text("cancel_reason", most=200),
    )
    visit = booking.note_past(ask=ask, past=past, by=desk.by, now=desk.now)
    desk.remember(SUBJECT, row, row.text("external_id"), visit.pk)
    if status is not Status.BOOKED:
        return Outcome(Verdict.NEW, subject_id=visit.pk)
    what = f"The visit {_in_words(row)} is past and still says “booked”: say whether it took place."
    _ask_reception(desk, ask, STILL_BOOKED, what, visit)
    return Outcome(Verdict.FLAGGED, what, (STILL_BOOKED,), visit.pk)


def _ask_reception(
    desk: Desk, ask: Ask, kind: str, text: str, visit: Appointment | None = None
) -> None:
    Todo.objects.create(
        site_id=ask.wish.site_id,
        patient_id=ask.wish.patient_id,
        appointment=visit,
        kind=kind,
        text=text,
        urgent=visit is None,
        created_at=desk.now,
    )


def _in_words(row: Row) -> str:
    return f"on {row.text('date')} at {row.text('time')} ({row.text('treatment')})"


def _whole(row: Row) -> str:
    return "; ".join(
        f"{name} {cell.strip()}"
        for name, cell in row.cells.items()
        if cell.strip() and name != "note"
    )


# ---------------------------------------------------------------- cells that name rows here


def _ask(row: Row, desk: Desk) -> Ask:
    site = _site(row, desk)
    treatment = _treatment(row, desk)
    start = row.moment("date", "time", ZoneInfo(site.zone))
    if start is None:
        raise Malformed("A visit needs its date and its time.")
    series, seq = _session(row, desk)
    wish = Wish(
        site_id=site.pk,
        treatment_id=treatment.pk,
        patient_id=desk.find(people.SUBJECT, row.needed("patient"), "patient"),
        minutes=row.number("minutes", least=5, most=1440),
        areas=tuple(row.words("areas")),
        size=row.choice("size", ("small", "face", "large")),
        depth=row.choice("depth", ("superficial", "deep")),
        indication=row.text("indication", most=40),
        encounter=row.text("encounter", most=40),
        resources=_resources(row, desk),
        series_id=series,
        seq=seq,
        not_before=row.day("not_before"),
        not_after=row.day("not_after"),
        note=row.text("note"),
    )
    return Ask(wish=wish, start=start)


def _session(row: Row, desk: Desk) -> tuple[int | None, int | None]:
    plan, seq = row.text("plan"), row.number("session", least=1, most=60)
    if not plan:
        return None, None
    if seq is None:
        raise Malformed("session: say which session of the course this visit is.")
    return desk.find(SERIES, plan, "plan"), seq


def _resources(row: Row, desk: Desk) -> Mapping[str, tuple[int, ...]]:
    found, site = {}, _site(row, desk)
    for column, kind in KINDS.items():
        ids = [_resource(kind, name, site, desk) for name in row.words(column)]
        if ids:
            found[kind] = tuple(ids)
    return found


def _resource(kind: str, name: str, site: Site, desk: Desk) -> int:
    """Find who or what is called so at a site; every site may have its “Room 1”."""
    memo: dict[tuple[str, str], list[tuple[int | None, int]]] = desk.memo.setdefault(
        "resources", {}
    )
    if not memo:
        for k, n, at, pk in Resource.objects.values_list("kind", "name", "site", "pk"):
            memo.setdefault((k, n.casefold()), []).append((at, pk))
    found = memo.get((kind, name.casefold()), [])
    here = [pk for at, pk in found if at in (None, site.pk)]
    if not here:
        raise Malformed(f"{kind}: there is none called “{name}” here.")
    if len(here) > 1:
        raise Malformed(f"{kind}: more than one is called “{name}” here.")
    return here[0]


def _site(row: Row, desk: Desk) -> Site:
    found: dict[str, Site] = desk.memo.setdefault("sites", {})
    if not found:
        found.update({site.name.casefold(): site for site in Site.objects.all()})
    return _among(found, row.needed("site"), "site")


def _treatment(row: Row, desk: Desk) -> Treatment:
    found: dict[str, Treatment] = desk.memo.setdefault("treatments", {})
    if not found:
        found.update({each.name.casefold(): each for each in Treatment.objects.all()})
    return _among(found, row.needed("treatment"), "treatment")


T = TypeVar("T")


def _among(found: Mapping[str, T], name: str, column: str) -> T:
    if name.casefold() not in found:
        raise Malformed(f"{column}: there is none called “{name}” here.")
    return found[name.casefold()]


def bodies() -> Iterator[Sequence[str]]:
    """Give every visit but holds, in the order in which they lie."""
    held = Allocation.objects.filter(active=True).select_related("resource").order_by("pk")
    visits = (
        Appointment.objects.exclude(status=Status.PENDING.value)
        .select_related("site", "treatment")
        .prefetch_related(Prefetch("allocations", held, to_attr="holding"))
        .order_by("start", "pk")
    )
    for visit in visits.iterator(chunk_size=500):
        yield _cells(visit)


def _cells(visit: Appointment) -> Sequence[str]:
    zone = ZoneInfo(visit.zone)
    holding: list[Allocation] = getattr(visit, "holding", [])
    names = {
        kind: [a.resource.name for a in holding if a.resource.kind == kind]
        for kind in KINDS.values()
    }
    start = visit.start.astimezone(zone)
    twice = start.replace(fold=0).utcoffset() != start.replace(fold=1).utcoffset()
    facts = {
        **{name: getattr(visit, name) for name in SAME},
        **names,
        "external_id": visit.pk,
        "patient": visit.patient_id,
        "site": visit.site.name,
        "treatment": visit.treatment.name,
        "date": visit.local_date,
        "time": visit.local_time,
        "offset": start.isoformat()[-6:] if twice else "",
        "minutes": (visit.end_q - visit.start_q) * 5,
        "plan": visit.series_id,
        "session": visit.seq,
        "ended": visit.actual_end and visit.actual_end.astimezone(zone),
    }
    return listed(facts[column.name] for column in COLUMNS)


KIND = Kind("visits", "Visits, done and to come", 50, COLUMNS, row_by_row(_one), bodies)

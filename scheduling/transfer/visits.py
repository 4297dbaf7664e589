"""Visits: those done feed the rules, those to come are held, with what speaks against them."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from django.db.models import Prefetch

from scheduling import booking
from scheduling.booking import Ask, Past
from scheduling.core.words import Status
from scheduling.models import Allocation, Appointment
from scheduling.transfer import changed, worklist
from scheduling.transfer.cells import Row, listed
from scheduling.transfer.kinds import (
    Apply,
    Column,
    Desk,
    Kind,
    Outcome,
    Verdict,
    row_by_row,
    said,
    same_or_none,
)
from scheduling.transfer.naming import KINDS, SERIES, ask_of, site_of
from scheduling.transfer.worklist import ask_reception, in_words, whole
from scheduling.walltime import instant_of

__all__ = ["KIND", "SERIES", "SUBJECT"]

SUBJECT = changed.SUBJECT
NOT_HERE = 0
"""Stands for the visit of a row that could not be held."""

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


def _one(row: Row, desk: Desk) -> Outcome:
    external = desk.once(row)
    if same := same_or_none(row, desk, SUBJECT, external):
        return same
    ask = ask_of(row, desk)
    status = Status(row.choice("status", STATUSES, Status.BOOKED.value))
    known = desk.known(SUBJECT).get(external)
    if known is not None and known[0] != NOT_HERE:
        return changed.follow(row, desk, ask, status)
    worklist.no_longer_asked(row, desk)
    if status is Status.BOOKED and ask.start > desk.now:
        return _to_come(row, desk, ask)
    return _past(row, desk, ask, status)


def _to_come(row: Row, desk: Desk, ask: Ask) -> Outcome:
    brought = booking.bring_in(ask=ask, by=desk.by, now=desk.now)
    codes = tuple(sorted({reason.code for reason in brought.against}))
    external, visit = row.text("external_id"), brought.appointment
    if visit is None:
        what = f"The visit {in_words(row)} could not be held: {said(brought.against)}"
        task = ask_reception(desk, ask, worklist.NOT_PLACED, f"{what} The row: {whole(row)}")
        # kept in mind, so that the file taken in again does not ask a second time
        desk.remember(SUBJECT, row, external, NOT_HERE)
        desk.remember(worklist.WAITING, row, external, task.pk)
        return Outcome(Verdict.FLAGGED, f"Not written, on the work list: {what}", codes)
    desk.remember(SUBJECT, row, external, visit.pk)
    if not codes:
        return Outcome(Verdict.NEW, subject_id=visit.pk)
    what = f"The visit {in_words(row)} came in against a rule: {said(brought.against)}"
    ask_reception(desk, ask, worklist.BREAKS_A_RULE, what, visit)
    return Outcome(Verdict.FLAGGED, f"Held, on the work list: {what}", codes, visit.pk)


def _past(row: Row, desk: Desk, ask: Ask, status: Status) -> Outcome:
    zone = ZoneInfo(site_of(row, desk).zone)
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
    what = f"The visit {in_words(row)} is past and still says “booked”: say whether it took place."
    ask_reception(desk, ask, worklist.STILL_BOOKED, what, visit)
    return Outcome(Verdict.FLAGGED, what, (worklist.STILL_BOOKED,), visit.pk)


_TAKE: Apply = row_by_row(_one)


def apply(rows: Sequence[Row], desk: Desk) -> list[Outcome]:
    """Take visits in one after another; one whose new place is still taken waits for the others.

    When a day was shifted there, each visit stands where the one before it goes. They are tried
    again in the other direction, as long as that helps; what then is in the way stays there.
    """
    found: dict[int, Outcome] = {}
    left = list(rows)
    desk.memo.pop(changed.LAST_TIME, None)
    while left:
        stuck = [row for row in left if not _tried(row, desk, found)]
        if len(stuck) == len(left):
            desk.memo[changed.LAST_TIME] = True
        left = stuck[::-1]
    return [found[row.line] for row in rows]


def _tried(row: Row, desk: Desk, found: dict[int, Outcome]) -> bool:
    try:
        [found[row.line]] = _TAKE([row], desk)
    except changed.StillTaken:
        desk.again(row)
        return False
    return True


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
    names = {kind: [a.resource.name for a in holding if a.resource.kind == kind] for kind in KINDS}
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


KIND = Kind("visits", "Visits, done and to come", 50, COLUMNS, apply, bodies)

"""Dated clinical facts: consultations, patch tests, consents, drugs, and sessions done elsewhere."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from scheduling import records
from scheduling.booking.ask import known_words
from scheduling.errors import Malformed
from scheduling.models import Record, Site
from scheduling.transfer import people
from scheduling.transfer.cells import Row, listed, zones
from scheduling.transfer.kinds import (
    Column,
    Desk,
    Kind,
    Outcome,
    Verdict,
    row_by_row,
    same_or_none,
)
from scheduling.walltime import instant_of

SUBJECT = "records"
COLUMNS = (
    Column("external_id", "the other system's own number of the record", "R-1", required=True),
    Column("patient", "external id of the patient", "P-1001", required=True),
    Column("type", f"one of {', '.join(Record.Kind.values)}", "prior_session", required=True),
    Column("date", "first day, or the day on which it was", "2026-11-02"),
    Column("until", "last day; empty while it goes on"),
    Column("start", "of consultation, consent and patch test, where the time is known: 2026-11-02T10:30"),
    Column("end", "and when that ended"),
    Column("zone", "IANA zone of these times; empty is the first site's"),
    Column("procedure", "which procedure, as the protocol calls it", "fractional_ablative"),
    Column("areas", "body areas, between bars", "face"),
    Column("size", "small, face or large", "face"),
    Column("depth", "superficial or deep", "superficial"),
    Column("result", "of a patch test: clear or reaction"),
    Column("adverse_event", f"one of {', '.join(Record.AdverseEvent.values)}"),
    Column("drug_class", f"one of {', '.join(Record.DrugClass.values)}"),
    Column("note", "the clinic's own note"),
    Column("withdrawn", "yes where it was entered in error"),
)  # fmt: skip
NOON = "T12:00"


def _one(row: Row, desk: Desk) -> Outcome:
    external = desk.once(row)
    if same := same_or_none(row, desk, SUBJECT, external):
        return same
    record = _read(row, desk)
    before = desk.known(SUBJECT).get(external)
    if before is not None:
        old = Record.objects.filter(pk=before[0], withdrawn_at=None).first()
        if old is not None:
            records.withdraw(record_id=old.pk, by=desk.by, now=desk.now)
    records.add(record=record, by=desk.by, now=desk.now)
    if row.truth("withdrawn"):
        records.withdraw(record_id=record.pk, by=desk.by, now=desk.now)
    desk.remember(SUBJECT, row, external, record.pk)
    if before is None:
        return Outcome(Verdict.NEW, subject_id=record.pk)
    return Outcome(
        Verdict.CHANGED, "The record as it was is withdrawn, this one added.", (), record.pk
    )


def _read(row: Row, desk: Desk) -> Record:
    kind = row.choice("type", Record.Kind.values)
    if not kind:
        raise Malformed("type: this is empty.")
    zone = row.choice("zone", zones()) or _home(desk)
    known_words(
        areas=row.words("areas"),
        size=row.text("size"),
        depth=row.text("depth"),
        procedures=filter(None, [row.text("procedure")]),
    )
    record = Record(
        patient_id=desk.find(people.SUBJECT, row.needed("patient"), "patient"),
        kind=kind,
        zone=zone,
        areas=row.words("areas"),
        procedure=row.text("procedure"),
        size=row.text("size"),
        depth=row.text("depth"),
        result=row.choice("result", Record.Result.values),
        code=row.choice("adverse_event", Record.AdverseEvent.values),
        drug_class=row.choice("drug_class", Record.DrugClass.values),
        note=row.text("note"),
    )
    _when(record, row, ZoneInfo(zone))
    return record


def _when(record: Record, row: Row, zone: ZoneInfo) -> None:
    """Set the days of a record or, of those that count hours, its moments.

    Where another system kept only the day of a consultation or a patch test, noon stands for it.
    """
    if "start" not in records.FIELDS[Record.Kind(record.kind)]:
        record.start_date, record.end_date = row.day("date"), row.day("until")
        return
    record.start, record.end = _moment(row, "start", zone), _moment(row, "end", zone)
    if record.start is None and (day := row.day("date")) is not None:
        record.start = instant_of(f"{day.isoformat()}{NOON}", zone)


def _moment(row: Row, name: str, zone: ZoneInfo) -> datetime | None:
    said = row.text(name)
    return instant_of(said, zone) if said else None


def _home(desk: Desk) -> str:
    found: str | None = desk.memo.get("home")
    if found is None:
        zones = Site.objects.order_by("name", "pk").values_list("zone", flat=True)
        found = desk.memo["home"] = zones.first() or "Etc/UTC"
    return found


def bodies() -> Iterator[Sequence[str]]:
    """Give every record, those withdrawn too."""
    for record in Record.objects.order_by("pk").iterator():
        yield _cells(record)


def _cells(record: Record) -> Sequence[str]:
    zone = ZoneInfo(record.zone or "Etc/UTC")
    same = ("areas", "procedure", "size", "depth", "result", "drug_class", "note")
    facts = {
        **{name: getattr(record, name) for name in same},
        "external_id": record.pk,
        "patient": record.patient_id,
        "type": record.kind,
        "date": record.start_date,
        "until": record.end_date,
        "start": record.start and record.start.astimezone(zone),
        "end": record.end and record.end.astimezone(zone),
        "zone": zone.key,
        "adverse_event": record.code,
        "withdrawn": record.withdrawn_at is not None,
    }
    return listed(facts[column.name] for column in COLUMNS)


KIND = Kind("records", "Records and sessions done elsewhere", 30, COLUMNS, row_by_row(_one), bodies)

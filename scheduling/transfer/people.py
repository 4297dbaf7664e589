"""Patients, taken in by the hundred and given out."""

from collections.abc import Iterator, Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from scheduling import register
from scheduling.errors import Malformed
from scheduling.models import Patient
from scheduling.transfer.cells import Row, listed, zones
from scheduling.transfer.kinds import (
    Column,
    Desk,
    Kind,
    Outcome,
    Verdict,
    refusing,
    same_or_none,
)

SUBJECT = "patients"
COLUMNS = (
    Column("external_id", "the other system's own number of the patient", "P-1001", required=True),
    Column("given_name", "given names", "Ada", required=True),
    Column("family_name", "family name", "Pine", required=True),
    Column("birth_date", "date of birth", "1985-04-12"),
    Column("phone", "phone, national or +44…", "+447700900123"),
    Column("other_phone", "a second phone"),
    Column("email", "e-mail", "ada@example.org"),
    Column("language", "en, es or ar", "en"),
    Column("zone", "IANA zone, only of those who live in another than the clinic"),
    Column("channel", "messages by: both, email, sms or none", "both"),
    Column("fitzpatrick", "skin type, 1 to 6", "2"),
    Column("guardian", "external id of who answers for this patient"),
    Column("do_not_contact", "yes where nobody is to write or ring", "no"),
    Column("deceased_on", "date of death"),
    Column("note", "the clinic's own note"),
)
FIELDS = tuple(c.name for c in COLUMNS if c.name not in ("external_id", "guardian"))


def _read(row: Row) -> dict[str, object]:
    """Read the facts of a row, without the guardian.

    Raises:
        Malformed: a cell that cannot be read.

    """
    facts: dict[str, object] = {
        "given_name": row.needed("given_name", most=80),
        "family_name": row.needed("family_name", most=80),
        "birth_date": row.day("birth_date"),
        "phone": row.phone("phone"),
        "other_phone": row.phone("other_phone"),
        "email": _mail(row.text("email", most=254)),
        "language": row.choice("language", Patient.Language.values, "en"),
        "zone": row.choice("zone", zones()),
        "channel": row.choice("channel", Patient.Channel.values, "both"),
        "fitzpatrick": row.number("fitzpatrick", least=1, most=6),
        "do_not_contact": row.truth("do_not_contact"),
        "deceased_on": row.day("deceased_on"),
        "note": row.text("note"),
    }
    return facts


def _mail(said: str) -> str:
    try:
        if said:
            validate_email(said)
    except ValidationError as error:
        raise Malformed(f"email: “{said}” is no e-mail address.") from error
    return said


Likely = dict[tuple[str, date | None], int]
"""Who is in the register, by folded name and birth date."""


def apply(rows: Sequence[Row], desk: Desk) -> list[Outcome]:
    """Take patients in: new ones together, changed ones through the register.

    A guardian has to come from the same source, in an earlier file or anywhere in this one.
    """
    found: dict[int, Outcome] = {}
    for turn in (0, 1):
        found |= _together([row for row in rows if has_guardian(row) == turn], desk)
    return [found[row.line] for row in rows]


def has_guardian(row: Row) -> int:
    """Let guardians be read before those for whom they answer."""
    return int(bool(row.text("guardian")))


def _together(rows: Sequence[Row], desk: Desk) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    fresh: list[tuple[Row, Patient]] = []
    here = _register(desk)
    for row in rows:
        outcomes: list[Outcome] = []
        with refusing(outcomes):
            outcomes.append(_one(row, desk, fresh))
        found[row.line] = outcomes[-1]
    register.enrol_many(patients=[who for _, who in fresh], by=desk.by, now=desk.now)
    for row, who in fresh:
        desk.remember(SUBJECT, row, row.text("external_id"), who.pk)
        found[row.line] = _entered(who, here)
    return found


def _one(row: Row, desk: Desk, fresh: list[tuple[Row, Patient]]) -> Outcome:
    external = desk.once(row)
    if same := same_or_none(row, desk, SUBJECT, external):
        return same
    facts = _read(row)
    known = desk.known(SUBJECT).get(external)
    if known is not None:
        return _amended(row, desk, known[0], facts)
    who = Patient(**facts)
    for sentence in register.impossible(who, today=desk.now.date()).values():
        raise Malformed(sentence)
    if guardian := row.text("guardian"):
        who.guardian_id = desk.find(SUBJECT, guardian, "guardian")
    fresh.append((row, who))
    return Outcome(Verdict.NEW)


def _amended(row: Row, desk: Desk, pk: int, facts: dict[str, object]) -> Outcome:
    """Change only what this row says otherwise than here, in the columns that the file has."""
    who = Patient.objects.filter(pk=pk).first()
    if who is None:
        raise Malformed("This patient was taken in before and is no longer in the register.")
    changed = [
        name
        for name, value in facts.items()
        if name in row.cells and str(getattr(who, name) or "") != str(value or "")
    ]
    for name in changed:
        setattr(who, name, facts[name])
    if guardian := row.text("guardian"):
        who.guardian_id = desk.find(SUBJECT, guardian, "guardian")
    register.amend(patient=who, by=desk.by, now=desk.now)
    desk.remember(SUBJECT, row, row.text("external_id"), pk)
    return Outcome(Verdict.CHANGED, f"Changed: {', '.join(changed) or 'nothing here'}.", (), pk)


def _register(desk: Desk) -> Likely:
    """Read once a file who is in the register."""
    memo: Likely = desk.memo.setdefault("register", {})
    if not memo:
        memo.update({(name, born): pk for pk, name, born in register.everybody()})
    return memo


def _entered(who: Patient, here: Likely) -> Outcome:
    name = register.fold(f"{who.given_name} {who.family_name}")
    other = here.setdefault((name, who.birth_date), who.pk)
    if other == who.pk:
        return Outcome(Verdict.NEW, subject_id=who.pk)
    return Outcome(
        Verdict.FLAGGED,
        "Somebody of this name and birth date is in the register or in this file already. Entered"
        " all the same; “Likely duplicates” joins the two if they are one.",
        ("likely_duplicate",),
        who.pk,
    )


def bodies() -> Iterator[Sequence[str]]:
    """Give every patient, guardians first, so that a file can be read from its top."""
    rows = Patient.objects.filter(provisional=False)
    for who in rows.filter(guardian=None).order_by("pk").iterator():
        yield _cells(who)
    for who in rows.exclude(guardian=None).order_by("pk").iterator():
        yield _cells(who)


def _cells(who: Patient) -> Sequence[str]:
    facts = {name: getattr(who, name) for name in FIELDS}
    named = {**facts, "external_id": who.pk, "guardian": who.guardian_id}
    return listed(named[column.name] for column in COLUMNS)


KIND = Kind("patients", "Patients", 20, COLUMNS, apply, bodies, has_guardian)

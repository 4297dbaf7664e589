"""The lines of the care timeline as they stand, and which of them concern a visit."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from notifications.core import care
from notifications.core.care import Condition, Note, Session, Text
from notifications.core.policy import Channel
from notifications.models import CareNote
from scheduling import catalogue, statements
from scheduling.models import Appointment, Site

_memo: dict[int, tuple[Note, ...]] = {}


@cache
def shipped() -> Mapping[str, Any]:
    """Read the timeline that comes with Fallow: lines with their texts and sources."""
    text = files("notifications").joinpath("data", "care.json").read_text("utf-8")
    data: Mapping[str, Any] = json.loads(text)
    return data


@cache
def shipped_texts(code: str) -> Mapping[str, Text]:
    """Give a shipped line's texts by language; none for a line of the clinic's own."""
    found = next((line for line in shipped()["notes"] if line["code"] == code), None)
    return {lang: Text(**text) for lang, text in found["texts"].items()} if found else {}


def lines() -> tuple[Note, ...]:
    """Give the active lines, from memory while the ground's counter stands."""
    version = catalogue.current().version
    if version not in _memo:
        rows = CareNote.objects.filter(active=True).prefetch_related("texts").order_by("pk")
        with statements.ahead():
            read = tuple(note_of(row) for row in rows)
        _memo.clear()
        if version:  # 0 is no version: there is no counter yet
            _memo[version] = read
        return read
    return _memo[version]


def note_of(row: CareNote) -> Note:
    """Read a row; what the clinic has not worded itself is said as shipped."""
    own = {text.language: Text(title=text.title, body=text.body) for text in row.texts.all()}
    texts = {**shipped_texts(row.code), **own}
    return Note(
        code=row.code,
        day=row.day,
        until=row.until,
        at=row.at,
        channels=_CHANNELS[row.channel],
        asks=row.asks,
        condition=Condition(
            procedures=frozenset(row.procedures),
            areas=frozenset(row.areas),
            depth=row.depth,
            record=row.record,
            fitzpatrick_least=row.fitzpatrick_least or 0,
        ),
        texts={"en": Text(title=row.name, body=""), **texts},
    )


_CHANNELS: dict[str, frozenset[Channel]] = {
    CareNote.By.EMAIL: frozenset({Channel.EMAIL}),
    CareNote.By.SMS: frozenset({Channel.SMS}),
    CareNote.By.BOTH: frozenset(Channel),
}


class Reader(NamedTuple):
    """A patient as a care message needs them: where they are reached, and what their skin is."""

    id: int
    email: str
    phone: str
    reach: str
    do_not_contact: bool
    deceased_on: object
    fitzpatrick: int | None
    records: list[str]

    def address(self, channel: Channel) -> str:
        """Where a channel reaches the patient, or the guardian of one who has no address."""
        return self.email if channel is Channel.EMAIL else self.phone

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that the patient wants and that lead somewhere."""
        if self.do_not_contact or self.deceased_on:
            return frozenset()
        return frozenset(c for c in Channel if self.reach in {"both", c.value} and self.address(c))


_RECORDS = """ARRAY(SELECT DISTINCT r.kind FROM scheduling_record r
    WHERE r.patient_id = p.id AND r.withdrawn_at IS NULL)"""

_READERS = f"""
SELECT p.id, COALESCE(NULLIF(p.email, ''), g.email, ''), COALESCE(NULLIF(p.phone, ''), g.phone, ''),
    p.channel, p.do_not_contact, p.deceased_on, p.fitzpatrick, {_RECORDS}
FROM scheduling_patient p LEFT JOIN scheduling_patient g ON g.id = p.guardian_id
WHERE p.id = ANY(%s::bigint[])
"""  # noqa: S608 - made of constants


def readers(patients: Iterable[int]) -> dict[int, Reader]:
    """Read patients, in one statement."""
    with statements.ahead():
        rows = statements.rows(_READERS, [list(patients)])
    return {row[0]: Reader(*row) for row in rows}


def session_of(visit: Appointment, reader: Reader) -> Session:
    """Read a visit as the timeline sees it."""
    return Session(
        procedure=visit.procedure,
        areas=tuple(visit.areas),
        depth=visit.depth,
        day=visit.local_date,
        zone=visit.zone,
        records=frozenset(reader.records),
        fitzpatrick=reader.fitzpatrick,
    )


def about(session: Session) -> tuple[Note, ...]:
    """List the lines that concern a session by the active protocol; none where there is none."""
    protocol = catalogue.current().active_protocol
    return care.about(lines(), session, protocol) if protocol else ()


def may_concern(procedure: str) -> bool:
    """Tell whether any line may concern a procedure, so that nothing more is read for the others."""
    protocol = catalogue.current().active_protocol
    return protocol is not None and care.names(lines(), procedure, protocol)


_SAID = f"""
SELECT m.id, m."offset", m.first_due_at, p.language, s.care_email,
    a.procedure, a.areas, a.depth, a.local_date, a.zone, p.fitzpatrick, {_RECORDS}
FROM notifications_message m
JOIN scheduling_appointment a ON a.id = m.appointment_id
JOIN scheduling_patient p ON p.id = m.patient_id
JOIN scheduling_site s ON s.id = a.site_id
WHERE m.id = ANY(%s::bigint[])
"""  # noqa: S608 - made of constants


def said_in(messages: Sequence[int]) -> dict[int, str]:
    """Read what care messages say: empty where the site sends only a link.

    A message of which no line holds any more is not among the answers: the record, the treatment
    or the timeline has changed since it was written down.
    """
    found = {}
    for pk, offset, due_at, language, by_email, *facts in statements.rows(_SAID, [list(messages)]):
        session = _session(facts)
        day = care.day_of(offset)
        today = max(day, session.days_since(due_at))
        shown = care.in_force(about(session), day=day, today=today)
        if shown:
            whole = by_email == Site.CareEmail.FULL
            found[pk] = written(shown, language) if whole else ""
    return found


def _session(facts: Sequence[Any]) -> Session:
    procedure, areas, depth, day, zone, fitzpatrick, records = facts
    return Session(
        procedure=procedure,
        areas=tuple(areas),
        depth=depth,
        day=day,
        zone=zone,
        records=frozenset(records),
        fitzpatrick=fitzpatrick,
    )


def written(shown: Sequence[Note], language: str) -> str:
    """Write lines as the plain text of a letter."""
    texts = (note.text(language) for note in shown)
    return "\n\n".join(f"{text.title}\n{text.body}".strip() for text in texts)

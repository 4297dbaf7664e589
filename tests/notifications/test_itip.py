"""Raw letters read as a calendar reads them: RFC 5545, 5546 and 6047 over a visit's whole life."""

import email
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.policy import default as default_policy
from typing import Any

import pytest
from icalendar import Calendar

from notifications.providers import Outgoing
from notifications.providers.mime import encoded
from scheduling.models import Appointment
from tests import facts
from tests.notifications import courses, stage
from tests.notifications.stage import DAYS_14, NOW, Carrier

pytestmark = pytest.mark.django_db

TABLES = facts.read("itip_rfc5546.json")


@dataclass(frozen=True)
class Entry:
    """One calendar part of a letter: its media type's parameters, and its properties."""

    parameters: dict[str, str]
    raw: bytes
    outer: dict[str, list[str]]
    event: dict[str, list[str]]

    def one(self, name: str) -> str:
        (value,) = self.event[name]
        return value


def entries(outgoing: Outgoing) -> list[Entry]:
    """Read every text/calendar part of the letter as it leaves."""
    raw = encoded(outgoing, sender="clinic@fallow.example", message_id="1@fallow.example")
    letter: Any = email.message_from_bytes(raw, policy=default_policy)
    return [
        _entry(part.get_payload(decode=True), dict(part["Content-Type"].params))
        for part in letter.walk()
        if part.get_content_type() == "text/calendar"
    ]


def _entry(raw: bytes, parameters: dict[str, str]) -> Entry:
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    # unfolded by hand, so that the checks do not lean on the library that wrote it
    lines = raw.decode().replace("\r\n ", "").split("\r\n")[:-1]
    begin, end = lines.index("BEGIN:VEVENT"), lines.index("END:VEVENT")
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    return Entry(
        parameters,
        raw,
        _properties(lines[1:begin] + lines[end + 1 : -1]),
        _properties(lines[begin + 1 : end]),
    )


def _properties(lines: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        head, value = re.fullmatch(r'((?:[^:"]|"[^"]*")+):(.*)', line).groups()  # type: ignore[union-attr]
        found.setdefault(head.partition(";")[0], []).append(value)
    return found


def obeys(entry: Entry) -> None:
    """Hold an entry to the restriction table of its method."""
    (method,) = entry.outer["METHOD"]
    assert entry.parameters["method"] == method
    assert entry.parameters["charset"].upper() == "UTF-8"
    assert entry.outer["VERSION"] == ["2.0"]
    assert len(entry.outer["PRODID"]) == 1
    for name, rule in TABLES[method.lower()].items():
        count = len(entry.event.get(name, []))
        if name in {"METHOD", "VEVENT", "VTIMEZONE", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM"}:
            continue
        if rule.startswith("0 or 1"):
            assert count <= 1, name
        else:
            assert count >= 1, name
            assert rule.startswith("1+") or count == 1 or name == "ATTENDEE", name
    assert "DURATION" not in entry.event
    # every time is in UTC, so no VTIMEZONE is called for
    times = [entry.one(n) for n in ("DTSTAMP", "DTSTART", "DTEND")]
    assert [bool(re.fullmatch(r"\d{8}T\d{6}Z", t)) for t in times] == [True] * 3
    assert "TZID" not in entry.raw.decode()
    (parsed,) = Calendar.from_ical(entry.raw).walk("VEVENT")
    assert not parsed.errors
    assert entry.one("ORGANIZER") == "mailto:clinic@localhost"
    assert entry.one("ATTENDEE") == "mailto:ada@example.org"


def news(now: datetime = NOW) -> Outgoing:
    carrier = Carrier()
    stage.sweep(carrier, now)
    (said,) = [x for x in carrier.sent if x.kind != "reminder"]
    return said


def test_a_visits_whole_life() -> None:
    at = stage.house(phone="")
    made, life = stage.booked(at), []
    life.append((news(), NOW))
    for n in (1, 2):
        now = NOW + timedelta(minutes=n)
        later = {"start": DAYS_14 + timedelta(days=n), "end": DAYS_14 + timedelta(days=n, hours=1)}
        stage.change(made, "move", now=now, **later)
        life.append((news(now), now))
    now = NOW + timedelta(minutes=3)
    stage.change(made, "cancel", now=now, status="cancelled")
    life.append((news(now), now))
    said = [(entries(x), at) for x, at in life]
    steps = [s for s in TABLES["lifecycle_vectors"] if "sequence" in s and "note" not in s["step"]]
    assert [len(found) for found, _ in said] == [1] * 4
    for (found, written), step in zip(said, steps, strict=True):
        (entry,) = found
        obeys(entry)
        assert entry.outer["METHOD"] == [step["method"]]
        assert int(entry.one("SEQUENCE")) == step["sequence"]
        assert entry.one("STATUS") == step.get("status", "CONFIRMED")
        assert entry.one("DTSTAMP") == f"{written:%Y%m%dT%H%M%SZ}"
    uids = {found[0].one("UID") for found, _ in said}
    assert len(uids) == 1
    # what is booked anew is another event
    stage.booked(at)
    assert entries(news())[0].one("UID") not in uids


def test_every_entry_of_several_visits_obeys_too() -> None:
    at = stage.house(phone="")
    visits = courses.booked(at, 3)
    news()
    courses.tell([courses.shift(visits[0]), courses.cancel(visits[1]), visits[2]])
    found = entries(news())
    for entry in found:
        obeys(entry)
    assert [e.outer["METHOD"] for e in found] == [["REQUEST"], ["CANCEL"]]


@pytest.mark.parametrize("hour", [0, 1], ids=["first", "second"])
def test_a_visit_in_the_repeated_hour_is_the_right_one(hour: int) -> None:
    """01:30 comes twice in London on 31 October 2027: at 00:30 and at 01:30 UTC."""
    at = stage.house(phone="")
    start = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
    stage.booked(at, start, prep_minutes=0, fold=hour)
    (entry,) = entries(news())
    obeys(entry)
    assert entry.one("DTSTART") == f"20271031T0{hour}3000Z"


def test_the_patient_is_asked_no_reply_that_nobody_would_read() -> None:
    stage.booked(stage.house(phone=""))
    raw = news().calendar.replace("\r\n ", "")
    assert "RSVP=FALSE" in raw
    assert "CLASS:PRIVATE" in raw
    assert "CALSCALE:GREGORIAN" in raw


def test_the_file_is_the_same_entry() -> None:
    stage.booked(stage.house(phone=""))
    said = news()
    raw = encoded(said, sender="clinic@fallow.example", message_id="1@fallow.example")
    letter: Any = email.message_from_bytes(raw, policy=default_policy)
    (copy,) = letter.iter_attachments()
    assert copy.get_payload(decode=True) == said.calendar.encode()


def test_reminders_change_no_calendar() -> None:
    made: Appointment = stage.booked(stage.house(phone=""))
    news()
    carrier = Carrier()
    stage.sweep(carrier, made.start - timedelta(days=6))
    assert [(x.kind, entries(x)) for x in carrier.sent] == [("reminder", [])]

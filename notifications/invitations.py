"""The calendar entry that comes with a message: iTIP (RFC 5546) by `icalendar`."""

from datetime import datetime

from icalendar import Calendar, Event, vCalAddress, vText

from notifications.core.letters import Facts
from notifications.core.policy import OFF, Kind

REQUEST = "REQUEST"
CANCEL = "CANCEL"
PUBLISH = "PUBLISH"

SUMMARIES = {"en": "Visit to {clinic}", "es": "Cita en {clinic}", "ar": "موعد في {clinic}"}
"""Shown in calendars that others may see: the place, and never what is done there."""


def method_of(kind: Kind) -> str:
    """Name the iTIP method of a kind of message; empty when it carries no calendar entry."""
    methods = {Kind.BOOKED: REQUEST, Kind.CHANGED: REQUEST, Kind.CANCELLED: CANCEL}
    return methods.get(kind, "")


def written(*, facts: Facts, kind: Kind, organiser: str, at: datetime) -> str:
    """Write the entry, with CRLF line ends; empty for a kind that has none.

    The UID stays the same for the visit's whole life and SEQUENCE is its `told_version`, so that
    a later message replaces an earlier one. Times are in UTC: exact in the repeated hour too.
    `organiser` is the sender's address: some calendars ignore news of a visit from anyone else; `at` (UTC) is when the message is written.
    """
    method = method_of(kind)
    return _calendar(_invitation(facts, method, organiser, at), method) if method else ""


def published(*, facts: Facts, organiser: str, at: datetime) -> str:
    """Write the entry for a calendar that the patient puts it into, from a page.

    UID and SEQUENCE are those of the messages', so that either replaces the other. PUBLISH names
    no attendee (RFC 5546, 3.2.1): nobody is invited, and the file says not whose visit it is.
    """
    return _calendar(_event(facts, off=facts.status in OFF, organiser=organiser, at=at), PUBLISH)


def _calendar(event: Event, method: str) -> str:
    calendar = Calendar()
    calendar.add("prodid", "-//Fallow//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(event)
    raw: bytes = calendar.to_ical()
    return raw.decode("utf-8")


def _invitation(facts: Facts, method: str, organiser: str, at: datetime) -> Event:
    event = _event(facts, off=method == CANCEL, organiser=organiser, at=at)
    event.add("attendee", _address(facts.address, **_ROLE))
    return event


def _event(facts: Facts, *, off: bool, organiser: str, at: datetime) -> Event:
    event = Event()
    # never the site's or the sender's domain: those may change while the visit stays the same
    event.add("uid", f"{facts.uid}@visits.fallow")
    event.add("dtstamp", at)
    event.add("dtstart", facts.be_there)
    event.add("dtend", facts.end)
    event.add("sequence", facts.told_version)
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    event.add("summary", SUMMARIES.get(facts.language, SUMMARIES["en"]).format(clinic=facts.clinic))
    event.add("location", ", ".join([facts.clinic, *facts.clinic_address.splitlines()]))
    event.add("organizer", _address(organiser, CN=facts.clinic))
    # in a calendar that others may look into it is a busy time and nothing else
    event.add("class", "PRIVATE")
    event.add("transp", "OPAQUE")
    return event


_ROLE = {
    "CUTYPE": "INDIVIDUAL",
    "ROLE": "REQ-PARTICIPANT",
    "PARTSTAT": "NEEDS-ACTION",
    "RSVP": "FALSE",
}
"""The patient comes in person, and answers by the link: nobody reads replies of calendars."""


def _address(email: str, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    for name, value in parameters.items():
        address.params[name] = vText(value)
    return address

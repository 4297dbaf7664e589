"""Every message in every language, filled and read."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from icalendar import Calendar

from notifications import invitations, rendering
from notifications.core import sms
from notifications.core.letters import Facts, Letter
from notifications.core.policy import Channel, Kind
from notifications.core.wording import check
from notifications.models import MessageText
from notifications.providers import Outgoing
from scheduling.core.words import Status

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
LINK = "https://book.harley.example/v/" + "x" * 43 + "/"
EVERY = list(product(Kind, Channel, rendering.LANGUAGES))
CLINICAL = ("laser", "resurfacing", "filler", "face", "skin", "treatment", "tratamiento", "piel")


def facts(**more: object) -> Facts:
    said: dict[str, object] = {
        "appointment_id": 42,
        "uid": "4918d009-40a7-40fa-8fd1-a58b545d9569",
        "told_version": 3,
        "status": Status.BOOKED,
        "start": datetime(2027, 1, 16, 14, tzinfo=UTC),
        "end": datetime(2027, 1, 16, 14, 45, tzinfo=UTC),
        "prep_minutes": 60,
        "zone": "Europe/London",
        "name": "Mar\u00eda <Jo>",
        "language": "en",
        "patient_zone": "",
        "reach": "both",
        "address": "maria@example.org",
        "opted_out": False,
        "do_not_contact": False,
        "deceased_on": None,
        "clinic": "Harley House",
        "clinic_address": "12 Harley Street\nLondon W1G 9QD",
        "clinic_phone": "+442079460000",
        "clinic_email": "desk@harley.example",
        "country": "GB",
    }
    return Facts(**(said | more))  # type: ignore[arg-type]


def letter(kind: Kind, channel: Channel, **more: object) -> Letter:
    return Letter(
        id=1,
        ref="0a1b",
        token="t",
        kind=kind,
        channel=channel,
        told_version=3,
        not_after=NOW + timedelta(days=9),
        first_due_at=NOW,
        attempts=0,
        patient_id=1,
        site_id=1,
        seen="",
        facts=facts(**more),
    )


def written(kind: Kind, channel: Channel, **more: object) -> Outgoing:
    made = letter(kind, channel, **more)
    wording = rendering.Words({}).of(kind, channel, made.facts.language)
    return rendering.write(made, wording=wording, link=LINK, at=NOW)


def test_the_link_leads_to_the_visits_page() -> None:
    there = urlsplit(rendering.link_to("kkk"))
    assert there.path == reverse("visit-link", args=["kkk"])
    assert f"{there.scheme}://{there.netloc}" == settings.PUBLIC_URL


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
def test_every_shipped_wording_passes_its_own_check(
    kind: Kind, channel: Channel, language: str
) -> None:
    subject, body = rendering.shipped(kind, channel, language)
    check(kind=kind, channel=channel, subject=subject, body=body)


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
def test_every_message_says_where_when_and_whom_to_phone(
    kind: Kind, channel: Channel, language: str
) -> None:
    said = written(kind, channel, language=language)
    phone = "+442079460000" if channel is Channel.SMS else "+44 20 7946 0000"
    wanted = ["Harley House", "13:00", phone]
    wanted += [] if kind is Kind.CANCELLED else [LINK]
    assert [w for w in wanted if w not in said.text] == []
    assert "14:00" not in said.text


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
def test_no_message_says_anything_clinical(kind: Kind, channel: Channel, language: str) -> None:
    said = written(kind, channel, language=language)
    everything = f"{said.subject} {said.text} {said.html} {said.calendar}".lower()
    assert [w for w in CLINICAL if w in everything] == []


@pytest.mark.parametrize(("kind", "language"), list(product(Kind, rendering.LANGUAGES)))
def test_every_short_message_is_one_gsm7_segment(kind: Kind, language: str) -> None:
    """On the longest short date, with a clinic's own address in the link."""
    saturday = {"start": datetime(2027, 9, 18, 14, tzinfo=UTC)}
    size = sms.measure(written(kind, Channel.SMS, language=language, **saturday).text)
    assert (size.encoding, size.segments) == (sms.Encoding.GSM7, 1)


def test_the_english_booking_reads_as_written() -> None:
    said = written(Kind.BOOKED, Channel.EMAIL)
    assert said.subject == "Your visit to Harley House: Sat 16 Jan, 13:00"
    assert said.text.splitlines()[:8] == [
        "Dear Mar\u00eda <Jo>,",
        "",
        "Your visit is booked. Please be here on",
        "",
        "Saturday 16 January 2027, 13:00",
        "Harley House",
        "12 Harley Street, London W1G 9QD",
        "",
    ]
    assert "<p>Dear Mar\u00eda &lt;Jo&gt;,</p>" in said.html
    assert (said.sender_name, said.headers) == ("Harley House", {"Reply-To": "desk@harley.example"})


def test_a_site_without_an_address_leaves_no_gap() -> None:
    said = written(Kind.BOOKED, Channel.EMAIL, clinic_address="")
    assert "13:00\nHarley House\n\nSee," in said.text
    assert "Harley House</p>" in said.html


def test_an_unknown_language_reads_english() -> None:
    words = rendering.Words({})
    assert words.of(Kind.BOOKED, Channel.SMS, "xx") == words.of(Kind.BOOKED, Channel.SMS, "en")


@pytest.mark.django_db
def test_the_clinics_own_wording_goes_before_the_shipped_one() -> None:
    MessageText.objects.update_or_create(
        kind="booked", channel="sms", language="en", defaults={"body": "Ours: {time}\u2026"}
    )
    wording = rendering.words().of(Kind.BOOKED, Channel.SMS, "en")
    made = rendering.write(letter(Kind.BOOKED, Channel.SMS), wording=wording, link=LINK, at=NOW)
    assert made.text == "Ours: 13:00..."


# ---------------------------------------------------------------- calendar entries


@pytest.mark.parametrize(
    ("kind", "method", "status"),
    [
        (Kind.BOOKED, "REQUEST", "CONFIRMED"),
        (Kind.CHANGED, "REQUEST", "CONFIRMED"),
        (Kind.CANCELLED, "CANCEL", "CANCELLED"),
    ],
)
def test_the_calendar_entry_is_itip(kind: Kind, method: str, status: str) -> None:
    said = written(kind, Channel.EMAIL)
    calendar = Calendar.from_ical(said.calendar)
    (event,) = calendar.walk("VEVENT")
    assert (calendar["METHOD"], said.calendar_method) == (method, method)
    assert {name: str(event[name]) for name in ("UID", "STATUS", "SUMMARY")} == {
        "UID": "4918d009-40a7-40fa-8fd1-a58b545d9569@visits.fallow",
        "STATUS": status,
        "SUMMARY": "Visit to Harley House",
    }
    assert (event["SEQUENCE"], event.decoded("DTSTAMP")) == (3, NOW)
    assert event.decoded("DTSTART") == datetime(2027, 1, 16, 13, tzinfo=UTC)
    assert event.decoded("DTEND") == datetime(2027, 1, 16, 14, 45, tzinfo=UTC)
    assert str(event["ATTENDEE"]) == "mailto:maria@example.org"
    assert str(event["ORGANIZER"]).startswith("mailto:")


def test_the_entry_keeps_its_uid_over_moves_and_its_sequence_rises() -> None:
    entries = [
        Calendar.from_ical(written(kind, Channel.EMAIL, told_version=n).calendar).walk("VEVENT")[0]
        for n, kind in enumerate([Kind.BOOKED, Kind.CHANGED, Kind.CHANGED, Kind.CANCELLED])
    ]
    assert len({str(e["UID"]) for e in entries}) == 1
    assert [e["SEQUENCE"] for e in entries] == [0, 1, 2, 3]


def test_the_entry_is_exact_in_the_repeated_hour() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 01:30 for the second time in London
    more = {"start": second, "end": second + timedelta(minutes=30), "prep_minutes": 0}
    entry = written(Kind.BOOKED, Channel.EMAIL, **more).calendar
    assert "DTSTART:20261025T013000Z" in entry.split("\r\n")


def test_the_entrys_lines_are_folded_and_end_in_crlf() -> None:
    address = "A very long street name indeed, 12345, Llanfairpwllgwyngyll, \u00d1and\u00fa\n" * 3
    raw = written(Kind.BOOKED, Channel.EMAIL, clinic_address=address).calendar.encode()
    lines = raw.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert all(b"\n" not in line for line in lines)


def test_reminders_carry_no_entry() -> None:
    assert written(Kind.REMINDER, Channel.EMAIL).calendar == ""
    assert invitations.method_of(Kind.REMINDER) == ""


def test_a_date_is_never_a_guess() -> None:
    """The year is there: a reminder for January is not read as this year's."""
    assert str(date(2027, 1, 16).year) in written(Kind.REMINDER, Channel.EMAIL).text

"""Every message in every language, filled and read."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse
from icalendar import Calendar

from notifications import invitations, rendering
from notifications.core import itinerary, sms
from notifications.core.kinds import OF_OFFERS
from notifications.core.letters import Facts, Letter, Offered, Part, Told
from notifications.core.policy import ANSWERS, BUNDLED, TO_STAFF, TOGETHER, Channel, Kind
from notifications.core.wording import UNDATED, check
from notifications.models import MessageText
from notifications.providers import Outgoing
from scheduling.core.words import Status

NOW = datetime(2027, 1, 4, 8, tzinfo=UTC)
LINK = "https://book.harley.example/v/" + "x" * 43 + "/"
NEWS = [kind for kind in Kind if kind not in ANSWERS]
EVERY = list(product(NEWS, Channel, rendering.LANGUAGES))
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
        kind=Kind.REMINDER if kind in BUNDLED else kind,
        channel=channel,
        told_version=3,
        not_after=NOW + timedelta(days=9),
        first_due_at=NOW,
        attempts=0,
        patient_id=1,
        site_id=1,
        seen="",
        facts=facts(**more),
        visits=visits(kind, **more) if kind in TOGETHER else (),
        parts=parts(kind, **more) if kind in BUNDLED else (),
        offered=Offered(id=7, answer_by=NOW + timedelta(minutes=30)) if kind in OF_OFFERS else None,
    )


def parts(kind: Kind, **more: object) -> tuple[Part, ...]:
    """Make two visits on one day, two hours apart: of one patient, or of two."""
    first = facts(**more)
    later = {"start": first.start + timedelta(hours=2), "end": first.end + timedelta(hours=2)}
    family = {"name": "Ben"} if kind is Kind.FAMILY else {}
    second = facts(**(more | later | family))
    return (
        Part(facts=first, patient_id=1, link=LINK),
        Part(facts=second, patient_id=2 if family else 1, link=LINK.replace("x", "y")),
    )


def visits(kind: Kind, **more: object) -> tuple[Told, ...]:
    """Make a change of three visits: one new, one moved, one cancelled; or all cancelled."""
    first = facts(**more)
    weeks = [timedelta(weeks=4 * n) for n in range(3)]
    told = [
        replace(first, uid=f"{n}", start=first.start + apart, end=first.end + apart)
        for n, apart in enumerate(weeks)
    ]
    off = told if kind is Kind.ALL_OFF else told[2:]
    moved = None if kind is Kind.ALL_OFF else told[1].be_there - timedelta(days=1)
    return tuple(
        Told(
            facts=replace(f, status=Status.CANCELLED) if f in off else f,
            told_version=3,
            was=moved if n == 1 else None,
        )
        for n, f in enumerate(told)
    )


def written(kind: Kind, channel: Channel, **more: object) -> Outgoing:
    made = letter(kind, channel, **more)
    wording = rendering.Words({}).of(made.worded_as, channel, made.facts.language)
    return rendering.write(made, wording=wording, link=LINK, at=NOW)


@pytest.mark.parametrize("kind", [Kind.CARE, Kind.AFTERCARE, Kind.RECALL])
def test_the_link_of_a_care_message_leads_to_the_page_of_advice(kind: Kind) -> None:
    there = urlsplit(rendering.link_of(letter(kind, Channel.SMS), "kkk"))
    assert there.path == reverse("care-link", args=["kkk"])


def test_the_link_of_an_alert_leads_to_a_page_that_asks_who_is_there() -> None:
    there = urlsplit(rendering.staff_link(letter(Kind.ALERT, Channel.SMS)))
    assert there.path == reverse("admin:scheduling_appointment_change", args=[42])


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
    wanted = ["Harley House"]
    # of cancelled visits an Arabic SMS has room for the day alone
    if kind not in UNDATED:
        wanted += (
            ["16 "] if (kind, channel, language) == (Kind.ALL_OFF, Channel.SMS, "ar") else ["13:00"]
        )
    by_phone_alone = kind is Kind.CANCELLED or (kind, channel) == (Kind.FAMILY, Channel.SMS)
    wanted += [] if by_phone_alone else [LINK]
    # an SMS in UCS-2 has half the room: there the page behind the link gives the telephone
    roomy = channel is Channel.EMAIL or language != "ar" or by_phone_alone
    wanted += [phone] if roomy and kind not in TO_STAFF else []
    assert [w for w in wanted if w not in said.text] == []
    assert "14:00" not in said.text
    assert kind not in OF_OFFERS or "08:30" in said.text


@pytest.mark.parametrize(("kind", "channel", "language"), EVERY)
def test_no_message_says_anything_clinical(kind: Kind, channel: Channel, language: str) -> None:
    said = written(kind, channel, language=language)
    attached = " ".join(f"{a.name} {a.text}" for a in said.attachments)
    everything = f"{said.subject} {said.text} {said.html} {said.calendar} {attached}".lower()
    assert [w for w in CLINICAL if w in everything] == []


@pytest.mark.parametrize(("kind", "language"), list(product(NEWS, ("en", "es"))))
def test_every_short_message_is_one_gsm7_segment(kind: Kind, language: str) -> None:
    """On the longest short date, with a clinic's own address in the link; of several visits two."""
    saturday = {"start": datetime(2027, 9, 18, 14, tzinfo=UTC), "name": "Ada"}
    size = sms.measure(written(kind, Channel.SMS, language=language, **saturday).text)
    most = 2 if kind in TOGETHER | {Kind.DAY} else 1
    assert size.encoding is sms.Encoding.GSM7
    assert size.segments <= most


@pytest.mark.parametrize("kind", NEWS)
@pytest.mark.parametrize("month", range(1, 13))
def test_every_short_message_in_arabic_is_two_ucs2_segments(kind: Kind, month: int) -> None:
    """In the shipped words, on every month's name."""
    day = {"start": datetime(2027, month, 26, 14, tzinfo=UTC), "name": "Ada", "language": "ar"}
    said = written(kind, Channel.SMS, **day).text
    size = sms.measure(said)
    assert (size.encoding, size.segments) == (sms.Encoding.UCS2, 1 if size.units <= 70 else 2)
    assert re.search("[\u0621-\u064a]{4}", said)


@pytest.mark.parametrize("kind", [k for k in NEWS if k is not Kind.FAMILY])
@pytest.mark.parametrize("language", rendering.LANGUAGES)
def test_long_names_cost_words_and_not_segments(kind: Kind, language: str) -> None:
    clinic = "\u0639\u064a\u0627\u062f\u0629 \u0627\u0644\u0646\u0648\u0631"
    said = written(kind, Channel.SMS, language=language, clinic=clinic).text
    assert sms.measure(said).segments <= 2
    assert clinic in said


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
    assert (said.sender_name, said.headers["Reply-To"]) == ("Harley House", "desk@harley.example")


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


# ---------------------------------------------------------------- several visits


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "3 of your visits have been booked or changed. Please be here on",
                "",
                "1. Saturday 16 January 2027, 13:00",
                "2. Saturday 13 February 2027, 13:00 (was Fri 12 Feb, 13:00)",
                "3. Cancelled: Saturday 13 March 2027, 13:00",
                "Harley House",
                "12 Harley Street, London W1G 9QD",
            ],
        ),
        (
            "es",
            [
                "Hemos reservado o cambiado 3 de sus citas. Le esperamos el",
                "",
                "1. s\u00e1bado 16 de enero de 2027, 13:00",
                "2. s\u00e1bado 13 de febrero de 2027, 13:00 (antes: vie 12 feb, 13:00)",
                "3. Anulada: s\u00e1bado 13 de marzo de 2027, 13:00",
                "Harley House",
                "12 Harley Street, London W1G 9QD",
            ],
        ),
    ],
)
def test_several_visits_are_listed_in_time_order(language: str, said: list[str]) -> None:
    made = written(Kind.SEVERAL, Channel.EMAIL, language=language)
    assert made.text.splitlines()[2:9] == said
    assert f'<p class="when">{said[2]}<br>\n{said[3]}<br>\n' in made.html


def test_the_short_message_counts_them_and_names_the_first() -> None:
    assert written(Kind.SEVERAL, Channel.SMS).text == (
        "Harley House: 3 visits booked or changed, the first now Sat 16 Jan, 13:00."
        f" Please see all times: {LINK} Tel +442079460000"
    )
    assert written(Kind.ALL_OFF, Channel.SMS).text == (
        "Harley House: 3 of your visits are cancelled, the first Sat 16 Jan, 13:00."
        f" See all: {LINK} Tel +442079460000"
    )


def test_visits_at_two_places_stand_above_their_own() -> None:
    here, there, again = visits(Kind.ALL_OFF)
    other = replace(there.facts, clinic="Southside", clinic_address="")
    made = itinerary.listed([here, replace(there, facts=other), again])
    assert made.splitlines() == [
        "1. Saturday 16 January 2027, 13:00",
        "Harley House",
        "12 Harley Street, London W1G 9QD",
        "",
        "2. Saturday 13 February 2027, 13:00",
        "Southside",
        "",
        "3. Saturday 13 March 2027, 13:00",
        "Harley House",
        "12 Harley Street, London W1G 9QD",
    ]


def test_a_cancelled_visit_is_named_by_the_time_that_the_patient_knows() -> None:
    *_, off = visits(Kind.SEVERAL)
    moved = replace(off, was=off.facts.be_there - timedelta(days=2))
    assert itinerary.line(moved) == "Cancelled: Thursday 11 March 2027, 13:00"


def test_another_clock_is_named_once_a_line() -> None:
    _, moved, _ = visits(Kind.SEVERAL, patient_zone="America/New_York")
    assert itinerary.line(moved) == (
        "Saturday 13 February 2027, 13:00 (London) (was Fri 12 Feb, 13:00)"
    )


def test_each_of_several_visits_has_an_entry_of_its_own() -> None:
    said = written(Kind.SEVERAL, Channel.EMAIL)
    entries = [Calendar.from_ical(a.text) for a in said.attachments]
    events = [c.walk("VEVENT") for c in entries]
    assert (said.calendar, [len(e) for e in events]) == ("", [1, 1, 1])
    assert [str(c["METHOD"]) for c in entries] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [a.method for a in said.attachments] == ["REQUEST", "REQUEST", "CANCEL"]
    assert [a.name for a in said.attachments] == [
        "visit-2027-01-16-1300.ics",
        "visit-2027-02-13-1300.ics",
        "visit-2027-03-13-1300.ics",
    ]


def test_it_arrives_before_the_first_of_them() -> None:
    assert written(Kind.SEVERAL, Channel.SMS).not_after == facts().be_there
    assert written(Kind.BOOKED, Channel.SMS).not_after == NOW + timedelta(days=9)


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

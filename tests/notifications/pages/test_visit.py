"""The visit in the patient's hand: what it says, where it leads, and the file for the calendar."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from urllib.parse import parse_qsl

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from notifications.models import CareNote
from scheduling.models import Appointment, Patient, Site, Treatment
from tests import cast
from tests.notifications import stage
from tests.notifications.pages.hands import filled, opened, signed_in, text_of
from tests.notifications.stage import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def test_the_address_leads_to_a_map_that_learns_nothing_of_the_page(client: Client) -> None:
    page = client.get(opened(client, stage.visit(stage.house()))).content.decode()
    href, rel = re.findall(r'<a href="(https://[^"]+)" rel="([^"]+)"', page)[0]
    assert href.startswith("https://www.openstreetmap.org/search?")
    assert dict(parse_qsl(unescape(href).partition("?")[2])) == {
        "query": "12 Harley Street, London W1G 9QD"
    }
    assert rel == "noreferrer noopener"


def test_nothing_on_the_page_comes_from_elsewhere(client: Client) -> None:
    page = client.get(opened(client, stage.visit(stage.house()))).content.decode()
    assert re.findall(r'(?:src|action)="https?://[^"]*', page) == []
    assert re.findall(r'<link[^>]+href="https?://', page) == []
    assert (len(page) < 50_000, "<script" in page, "style=" in page) == (True, False, False)


def test_it_names_the_treatment_and_what_to_bring(client: Client) -> None:
    at = stage.house()
    page = opened(client, stage.visit(at))
    said = text_of(client.get(page))
    assert "For Laser resurfacing" in said
    assert "A photo identity document" in said
    Treatment.objects.update(bring="A hat", preparation="Come without cream.", aftercare="Cool it.")
    said = text_of(client.get(page))
    assert [w in said for w in ("A hat", "Come without cream.", "Cool it.")] == [True] * 3
    assert "A photo identity document" not in said


def care_note(code: str, day: int, until: int) -> None:
    """Keep one shipped line of the care timeline, for any treatment."""
    CareNote.objects.create(
        code=code, name=code, day=day, until=until, at="10:00", channel="email", active=True
    )


def test_it_shows_the_care_notes_of_before_and_after(client: Client) -> None:
    cast.active_protocol()
    CareNote.objects.all().delete()
    for code, day, until in (
        ("no-sun", -28, -1),
        ("stop-retinoids", -7, -1),
        ("aftercare", 0, 3),
        ("check-7", 7, 13),
    ):
        care_note(code, day, until)
    said = text_of(client.get(opened(client, stage.visit(stage.house()))))
    assert "Keep out of the sun" in said
    assert "Stop retinoids and acids From Monday 11 January 2027" in said
    assert "Redness, warmth and some swelling are normal." in said
    assert "How is your skin after a week" not in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "After this visit your skin needs rest until Sunday 14 March 2027."),
        (
            "es",
            "Después de esta cita, su piel necesita descanso hasta el domingo 14 de marzo de 2027.",
        ),
        ("ar", "بعد هذا الموعد تحتاج بشرتك إلى الراحة حتى "),
    ],
)
def test_a_coming_visit_says_until_when_the_skin_will_rest(
    client: Client, language: str, said: str
) -> None:
    at = stage.house(language=language)
    visit = stage.visit(at, recovery_typical=date(2027, 3, 14), recovery_most=date(2027, 3, 21))
    assert said in text_of(client.get(opened(client, visit)))


TYPICAL = "Your skin needs rest until Sunday 14 March 2027."
MOST = "For some people it takes until Sunday 21 March 2027."


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (datetime(2027, 1, 19, 9, tzinfo=UTC), [TYPICAL, MOST]),
        (datetime(2027, 3, 14, 23, tzinfo=UTC), [TYPICAL, MOST]),
        (datetime(2027, 3, 15, 9, tzinfo=UTC), [MOST]),
        (datetime(2027, 3, 22, 9, tzinfo=UTC), []),
    ],
)
def test_a_done_visit_says_until_when_the_skin_rests(
    client: Client, now: datetime, said: list[str]
) -> None:
    at = stage.house()
    visit = stage.visit(
        at,
        status="fulfilled",
        recovery_typical=date(2027, 3, 14),
        recovery_most=date(2027, 3, 21),
    )
    with time_machine.travel(now, tick=False):
        signed_in(client, at.patient, now)
        page = text_of(client.get(f"/my/visits/{visit.pk}/"))
    assert [sentence for sentence in (TYPICAL, MOST) if sentence in page] == said


def entry(response: object) -> dict[str, str]:
    """Read the one event of a calendar file."""
    (event,) = Calendar.from_ical(response.content).walk("VEVENT")  # type: ignore[attr-defined]
    return {name: event[name].to_ical().decode() for name in event}


def test_the_calendar_file_is_the_entry_of_the_messages(client: Client) -> None:
    at = stage.house()
    Site.objects.update(email_from="visits@harley.example")
    at.site.refresh_from_db()
    made = stage.booked(at)
    stage.change(
        made, "move", start=made.start + timedelta(days=1), end=made.end + timedelta(days=1)
    )
    carrier = stage.Carrier()
    stage.sweep(carrier)
    mailed = next(m.calendar for m in carrier.sent if m.calendar)
    (invited,) = Calendar.from_ical(mailed).walk("VEVENT")
    response = client.get(opened(client, made) + "calendar.ics")
    mine = entry(response)
    same = ("UID", "SEQUENCE", "DTSTART", "DTEND", "ORGANIZER", "SUMMARY", "LOCATION")
    assert {n: mine[n] for n in same} == {n: invited[n].to_ical().decode() for n in same}
    assert mine["SEQUENCE"] == "1"
    assert response["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert "attachment" in response["Content-Disposition"]


def test_the_calendar_file_says_nothing_clinical_and_not_whose_it_is(client: Client) -> None:
    response = client.get(opened(client, stage.visit(stage.house())) + "calendar.ics")
    text = response.content.decode().replace("\r\n ", "")
    assert "METHOD:PUBLISH" in text
    assert [
        w
        for w in ("laser", "resurfacing", "Ada", "Pine", "ATTENDEE", "face")
        if w.lower() in text.lower()
    ] == []


def test_a_cancelled_visit_has_no_calendar_file(client: Client) -> None:
    at = stage.house()
    made = stage.visit(at, status="cancelled")
    signed_in(client, at.patient)
    assert client.get(f"/my/visits/{made.pk}/calendar.ics").status_code == 404


def test_who_signed_in_sees_the_same_page_and_confirms_there(client: Client) -> None:
    at = stage.house()
    made = stage.visit(at)
    signed_in(client, at.patient)
    page = f"/my/visits/{made.pk}/"
    said = text_of(client.get(page))
    assert "Please be here on Monday 18 January 2027, 13:00" in said
    response = client.post(page, filled(client.get(page)) | {"act": "confirm"})
    assert (response.status_code, response["Location"]) == (303, page)
    made.refresh_from_db()
    assert made.confirmed_at == NOW


def test_a_yes_on_a_page_that_is_older_than_the_visit_is_no_yes(client: Client) -> None:
    at = stage.house()
    made = stage.visit(at)
    signed_in(client, at.patient)
    page = f"/my/visits/{made.pk}/"
    seen = filled(client.get(page))
    later = made.start + timedelta(days=1)
    made.version += 1
    stage.change(made, "move", start=later, end=made.end + timedelta(days=1))
    for said in (seen, {}, {"version": "x"}):
        answer = text_of(client.post(page, said | {"act": "confirm"}))
        assert "Your visit was changed a moment ago. Please look again." in answer
        assert "Please be here on Tuesday 19 January 2027, 13:00" in answer
    made.refresh_from_db()
    assert made.confirmed_at is None
    client.post(page, filled(client.get(page)) | {"act": "confirm"})
    made.refresh_from_db()
    assert made.confirmed_at == NOW


def test_pages_that_no_floor_brings_are_not_linked(client: Client) -> None:
    page = opened(client, stage.visit(stage.house()))
    for address in re.findall(rf'href="({page}[^"]+)"', client.get(page).content.decode()):
        assert client.get(address).status_code == 200, address


def test_a_wish_for_another_time_is_not_taken_once_the_visit_has_begun(client: Client) -> None:
    from scheduling.models import Todo

    at = stage.house()
    made = stage.visit(at, status="fulfilled")
    signed_in(client, at.patient)
    client.post(f"/my/visits/{made.pk}/", {"act": "move", "wish": "Tuesday"})
    assert Todo.objects.count() == 0


def test_a_confirmation_that_comes_too_late_is_answered_on_the_page(client: Client) -> None:
    at = stage.house()
    made = stage.visit(at)
    page = opened(client, made)
    Appointment.objects.filter(pk=made.pk).update(status="arrived")
    response = client.post(page, {"act": "confirm"})
    assert (response.status_code, "That did not work just now" in text_of(response)) == (200, True)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
def test_a_reader_in_another_zone_is_told_which_clock(client: Client, zone: str) -> None:
    at = stage.house()
    Patient.objects.update(zone=zone)
    made = stage.visit(at)
    signed_in(client, at.patient)
    for page in (opened(client, made), f"/my/visits/{made.pk}/", "/my/"):
        assert "13:00 (London)" in text_of(client.get(page)), page


def test_json_of_words_has_no_empty_sentence() -> None:
    from importlib.resources import files

    for name in ("visit_page", "cancel_page", "messages_page"):
        words = json.loads(files("notifications").joinpath("data", f"{name}.json").read_text())
        assert [k for said in words.values() for k, v in said.items() if not v] == []

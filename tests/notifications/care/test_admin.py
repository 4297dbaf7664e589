"""The timeline on the staff's screens: lines to edit and to preview, answers to read."""

import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic import groups
from notifications import care, carenotes
from notifications.care.answering import Said
from notifications.core.care import Answer
from notifications.models import CareNote, CareText
from scheduling import records
from scheduling.core.words import Actor
from scheduling.models import Change, Record, Site
from tests import cast
from tests.notifications.care import bedside

pytestmark = pytest.mark.django_db

NOTES = "/admin/notifications/carenote/"
ANSWERS = "/admin/notifications/careanswer/"


@pytest.fixture
def clinic() -> cast.Clinic:
    return bedside.clinic()


def signed_in(group: str, *sites: Site, everywhere: bool = True) -> Client:
    groups.ensure()
    user = cast.staff_user(group, *sites, everywhere=everywhere)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def form_of(client: Client, url: str) -> dict[str, str]:
    """Read the form of a line as a browser would send it."""
    fields = client.get(url).context["adminform"].form
    said = {}
    for name, field in fields.fields.items():
        value = fields.get_initial_for_field(field, name)
        if value not in (None, False):
            said[name] = value
    return said


def page(client: Client, url: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(url).content.decode()).split())


def worse(clinic: cast.Clinic, words: str = "it burns") -> Record:
    visit = bedside.done(clinic)
    by = Actor(name="patient", patient_id=visit.patient_id)
    given = Said(answer=Answer.WORSE, source="link", words=words)
    care.answer(appointment_id=visit.pk, said=given, by=by, now=cast.at(cast.day(2), 12))
    return Record.objects.get(kind="adverse_event")


# ---------------------------------------------------------------- the lines


def test_the_list_says_when_whom_and_whose_words(clinic: cast.Clinic) -> None:
    text = page(signed_in("clinician"), NOTES)
    assert "day -7, 10:00" in text
    assert "ablative; on face; with a history of cold sore or infection" in text
    assert "Fitzpatrick IV and above" in text
    assert "as shipped" in text


def test_the_list_costs_the_same_for_few_lines_and_for_many(clinic: cast.Clinic) -> None:
    client = signed_in("clinician")
    client.get(NOTES)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get(NOTES)
        counts.append(len(queries))
        CareNote.objects.exclude(code="no-sun").delete()
    assert counts[0] == counts[1]


def test_a_clinician_changes_a_line_and_its_words(clinic: cast.Clinic) -> None:
    client, row = signed_in("clinician"), CareNote.objects.get(code="stop-retinoids")
    url = f"{NOTES}{row.pk}/change/"
    said = form_of(client, url) | {"day": "-10", "body_en": "Our own words."}
    response = client.post(url, said)
    assert response.status_code == 302
    row.refresh_from_db()
    assert (row.day, row.changed_by) == (-10, "clinician")
    # the words that are still those shipped stay so, and follow later releases
    assert list(row.texts.values_list("language", "body")) == [("en", "Our own words.")]
    (note,) = [n for n in carenotes.lines() if n.code == row.code]
    assert note.text("en").body == "Our own words."
    assert note.text("es").title == "Deje retinoides y ácidos"
    told = Change.objects.get(subject="carenote", verb="change")
    assert told.what == {"day": [-7, -10], "text en": []}


def test_a_clinician_adds_a_line(clinic: cast.Clinic) -> None:
    client = signed_in("clinician")
    said = {
        "code": "arnica", "name": "Arnica", "day": "-3", "until": "-1", "at": "09:30",
        "channel": "email", "procedures": ["resurfacing"], "areas": ["face"], "active": "on",
        "title_en": "Arnica", "body_en": "You may take arnica.",
    }  # fmt: skip
    assert client.post(f"{NOTES}add/", said).status_code == 302
    assert "0:care:-3d:email" in bedside.written(bedside.booked(clinic))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"day": "-3", "until": "-5"}, "It ends on or after its day"),
        ({"day": "-3", "until": "2"}, "before the session if sent before"),
        ({"asks": "on"}, "A check comes after the session"),
        ({"procedures": ["witchcraft"]}, "Select a valid choice"),
        ({"body_en": ""}, "This field is required"),
    ],
)
def test_a_line_without_sense_is_refused(
    clinic: cast.Clinic, change: dict[str, object], sentence: str
) -> None:
    client, row = signed_in("clinician"), CareNote.objects.get(code="stop-retinoids")
    url = f"{NOTES}{row.pk}/change/"
    response = client.post(url, form_of(client, url) | change)
    assert response.status_code == 200
    assert sentence in response.content.decode()
    row.refresh_from_db()
    assert row.changed_at is None


def test_a_line_is_shown_on_the_next_visit_that_it_concerns(clinic: cast.Clinic) -> None:
    bedside.booked(clinic, 35)
    row = CareNote.objects.get(code="stop-retinoids")
    client = signed_in("clinician")
    text = page(client, f"{NOTES}{row.pk}/change/")
    assert "On the next visit that it concerns, Ada Pine on 8 February 2027" in text
    assert "Monday 1 February 2027, 10:00" in text
    assert "Deje retinoides y ácidos" in text
    foreign = CareNote.objects.get(code="shave-only")
    assert "No visit of the coming ones meets its conditions." in page(
        client, f"{NOTES}{foreign.pk}/change/"
    )


def test_reception_reads_and_does_not_change(clinic: cast.Clinic) -> None:
    client, row = signed_in("reception"), CareNote.objects.get(code="stop-retinoids")
    assert client.get(f"{NOTES}{row.pk}/change/").status_code == 200
    assert client.post(f"{NOTES}{row.pk}/change/", {"day": "-9"}).status_code == 403
    assert client.get(f"{NOTES}add/").status_code == 403
    assert CareText.objects.count() == 0


# ---------------------------------------------------------------- answers


def test_answers_are_read_at_ones_own_sites_only(clinic: cast.Clinic) -> None:
    worse(clinic)
    mine = signed_in("reception", clinic.site, everywhere=False)
    assert "it burns" in page(mine, ANSWERS)
    elsewhere = signed_in("clinician", cast.site_named("Elsewhere"), everywhere=False)
    assert "it burns" not in page(elsewhere, ANSWERS)


def test_a_worse_stands_on_the_first_page_until_its_event_is_closed(clinic: cast.Clinic) -> None:
    event = worse(clinic)
    client = signed_in("clinician")
    text = page(client, "/admin/")
    assert "Worse after a visit, to be reviewed" in text
    assert "it burns" in text
    records.finish(
        record_id=event.pk, on=cast.day(9), by=cast.clinician(), now=cast.at(cast.day(9), 12)
    )
    assert "Worse after a visit" not in page(client, "/admin/")


def test_the_visit_and_the_patient_show_what_was_answered(clinic: cast.Clinic) -> None:
    event = worse(clinic, "<script>alert(1)</script>")
    client = signed_in("clinician")
    visit = event.appointment
    assert visit is not None
    shown = page(client, f"/admin/scheduling/appointment/{visit.pk}/change/")
    assert "Care timeline" in shown
    assert "event to be reviewed" in shown
    whole = client.get(f"/admin/scheduling/patient/{visit.patient_id}/change/").content.decode()
    assert "Answers to checks" in whole
    assert "<script>alert(1)" not in whole


def test_the_list_of_lines_speaks_in_words(clinic: cast.Clinic) -> None:
    text = page(signed_in("clinician"), "/admin/notifications/carenote/")
    assert "laser_except_excimer" not in text
    assert ">seed<" not in text

"""A copy of their data: all that is the patient's, nothing of others; erasure is asked for once."""

import json
from importlib.resources import files
from typing import Any

import pytest
from django.test import Client

from notifications.models import Message
from scheduling import copies
from scheduling.models import Appointment, Patient, Record, Todo
from tests import cast
from tests.notifications import stage
from tests.scheduling.pages import way

pytestmark = pytest.mark.django_db

FILE = "/my/data/my-data.json"


def copy_for(client: Client, patient: Patient) -> dict[str, Any]:
    way.sign_in(client, patient)
    read: dict[str, Any] = json.loads(client.get(FILE).content)
    return read


def test_languages_have_the_same_words() -> None:
    said = json.loads(files("scheduling").joinpath("data/data_page.json").read_text("utf-8"))
    assert said["en"].keys() == said["es"].keys() == said["ar"].keys()


def test_the_copy_holds_every_part(client: Client, clinic: cast.Clinic, visit: Appointment) -> None:
    way.hand_in(client, way.by_link(client, visit), pregnancy={"answer": "yes"})
    told = copy_for(client, clinic.patient)
    assert list(told) == [
        "made_at",
        "person",
        "visits",
        "records",
        "histories",
        "consents",
        "waiting",
        "answers",
        "messages",
        "plans",
        "replies",
    ]
    assert told["person"][0]["given_name"] == "Ada"
    assert told["visits"] == [
        {
            "date": "2027-01-14",
            "time": "11:00",
            "zone": "Europe/London",
            "site": "Harley House",
            "treatment": "Laser resurfacing",
            "areas": ["face"],
            "status": "booked",
        }
    ]
    assert [row["what"] for row in told["records"]] == ["Pregnancy", "Consultation"]
    assert told["records"][0]["from_you"] is True
    assert "Are you pregnant? · Yes" in told["histories"][0]["answers"]
    assert {row["channel"] for row in told["messages"]} == {"e-mail", "SMS"}


def test_nothing_of_others_and_no_staff_notes(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    guardian = cast.patient("Gertrude", "Elm", phone="+447700900199")
    Patient.objects.filter(pk=clinic.patient.pk).update(
        guardian=guardian, note="secret-of-the-desk"
    )
    Appointment.objects.filter(pk=visit.pk).update(note="secret-of-the-visit")
    Record.objects.update(note="secret-of-the-record")
    Message.objects.update(recipient="+447700900199")
    way.sign_in(client, clinic.patient)
    for page in (FILE, "/my/data/"):
        said = client.get(page).content.decode()
        assert [w for w in ("secret", "Gertrude", "Elm", "900199") if w in said] == []


def test_an_alarm_to_a_clinician_is_no_message_to_the_patient(clinic: cast.Clinic) -> None:
    house = stage.House(clinic.site, clinic.resurfacing, clinic.patient)
    stage.booked(house)
    Message.objects.update(kind="alert")
    assert copies.copy_of(clinic.patient)["messages"] == []


def test_another_patient_gets_their_own(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    told = copy_for(client, cast.patient("Ben", "Oak", phone="+447700900124"))
    assert (told["person"][0]["given_name"], told["visits"], told["records"]) == ("Ben", [], [])


@pytest.mark.urls("tests.scheduling.pages.with_sign_in")
def test_a_stranger_is_asked_to_sign_in(client: Client, clinic: cast.Clinic) -> None:
    client.cookies["patient"] = "nobody"
    for page in (FILE, "/my/data/", "/my/papers/", "/my/forms/"):
        response = client.get(page)
        assert response.status_code == 302
        assert b"Ada" not in response.content


def test_the_page_reads_as_the_file(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    way.sign_in(client, clinic.patient)
    response = client.get("/my/data/")
    said = way.text_of(response)
    assert "Visits (1) Date 2027-01-14 Time 11:00" in said
    assert "Free notes of the staff are not in this copy" in said
    assert len(response.content) < 50_000


def test_erasure_is_asked_for_once_and_erases_nothing(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    way.sign_in(client, clinic.patient)
    client.get("/my/data/?act=erase")
    assert Todo.objects.count() == 0
    for _ in range(2):
        assert client.post("/my/data/", {"act": "erase"}).status_code == 303
    todo = Todo.objects.get()
    assert (todo.kind, todo.patient, todo.site) == (
        "asks-for-erasure",
        clinic.patient,
        clinic.site,
    )
    assert "We have your request of Monday 4 January 2027." in way.text_of(client.get("/my/data/"))
    assert Patient.objects.filter(pk=clinic.patient.pk).exists()


def test_papers_are_the_patients_own(
    client: Client, clinic: cast.Clinic, visit: Appointment
) -> None:
    way.hand_in(client, way.by_link(client, visit))
    way.sign_in(client, clinic.patient)
    listed = client.get("/my/papers/").content.decode()
    address = listed.split('href="/my/papers/')[1].split('"')[0]
    response = client.get(f"/my/papers/{address}")
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
    way.sign_in(client, cast.patient("Ben", "Oak", phone="+447700900124"))
    assert client.get(f"/my/papers/{address}").status_code == 404

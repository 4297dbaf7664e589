"""One phone, several people: a link opens one of them, a guardian speaks for a child."""

from datetime import date, timedelta

import pytest
import time_machine
from django.test import Client

from scheduling.models import Appointment, Change, Patient
from tests import cast
from tests.notifications import stage
from tests.notifications.pages.hands import cancelling, opened, signed_in, text_of
from tests.notifications.stage import DAYS_14, NOW

pytestmark = pytest.mark.django_db

CHILD = date(2013, 6, 1)
PHONE = "+447700900123"


@pytest.fixture(autouse=True)
def _clock() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def child_of(at: stage.House, **facts: object) -> stage.House:
    """Register a child of the patient, reached through them."""
    known = {"birth_date": CHILD, "phone": "", "email": "", "guardian": at.patient}
    return stage.House(at.site, at.treatment, cast.patient("Kim", "Pine", **(known | facts)))


def test_a_guardian_is_addressed_and_told_whose_visit_it_is(client: Client) -> None:
    visit = stage.visit(child_of(stage.house()), recovery_typical=date(2027, 3, 14))
    said = text_of(client.get(opened(client, visit)))
    assert "Hello Ada, This page is about the visit of Kim." in said
    assert "After this visit the skin of Kim needs rest until Sunday 14 March 2027." in said


def test_the_page_speaks_the_guardians_language(client: Client) -> None:
    visit = stage.visit(child_of(stage.house(language="es")))
    assert "Hola, Ada: Esta página trata de la cita de Kim." in text_of(
        client.get(opened(client, visit))
    )


def test_a_guardian_confirms_and_cancels_in_their_own_name(client: Client) -> None:
    at = stage.house()
    kim = child_of(at)
    visit = stage.visit(kim)
    page = opened(client, visit)
    client.post(page, {"act": "confirm"})
    assert "The year Kim was born" in text_of(client.get(f"{page}cancel/"))
    cancelling(client, page, birth_year="1985")  # the guardian's own
    assert Appointment.objects.get().status == "booked"
    cancelling(client, page, birth_year="2013")
    assert Appointment.objects.get().status == "cancelled"
    name = f"guardian {at.patient.pk} for patient {kim.patient.pk} by link"
    said = Change.objects.filter(subject="appointment").order_by("pk").values_list("verb", "by")
    assert list(said) == [("confirm", name), ("cancel", name)]


@pytest.mark.parametrize(
    ("facts", "speaks"),
    [
        ({}, "guardian"),
        ({"phone": PHONE}, "guardian"),
        ({"birth_date": None}, "guardian"),
        ({"phone": "+447700900999"}, "patient"),
        ({"email": "kim@example.org"}, "patient"),
        ({"birth_date": date(2009, 1, 4)}, "patient"),
        ({"birth_date": date(2009, 1, 5)}, "guardian"),
        ({"guardian": None}, "patient"),
    ],
    ids=str,
)
def test_who_speaks_for_a_child(client: Client, facts: dict[str, object], speaks: str) -> None:
    visit = stage.visit(child_of(stage.house(), **facts))
    client.post(opened(client, visit), {"act": "confirm"})
    assert Change.objects.get(verb="confirm").by.split()[0] == speaks


@pytest.mark.parametrize(
    ("proved", "speaks"),
    [({"phone": PHONE}, "guardian"), ({"phone": "+447700900999"}, "patient")],
    ids=str,
)
def test_who_speaks_behind_a_code_is_whose_phone_it_went_to(
    client: Client, proved: dict[str, str], speaks: str
) -> None:
    kim = child_of(stage.house(), phone="+447700900999")
    visit = stage.visit(kim)
    signed_in(client, kim.patient, **proved)
    client.post(f"/my/visits/{visit.pk}/", {"act": "confirm", "version": visit.version})
    assert Change.objects.get(verb="confirm").by.split()[0] == speaks


def family() -> tuple[Appointment, Appointment]:
    """Book a visit each for two adults who share one phone."""
    at = stage.house()
    other = stage.House(at.site, at.treatment, cast.patient("Bo", "Pine", phone=PHONE))
    return stage.visit(at), stage.visit(other, DAYS_14 + timedelta(days=1))


BELOW = ("", "cancel/", "calendar.ics", "messages/", "cancelled/")


def bytes_of(client: Client, path: str, asked: int) -> tuple[int, bytes]:
    """Answer status and body, with the number that was asked for blotted out."""
    response = client.get(path)
    return response.status_code, response.content.replace(f"/{asked}/".encode(), b"/n/")


@pytest.mark.parametrize("below", BELOW)
def test_a_link_of_one_never_opens_anothers_visit(client: Client, below: str) -> None:
    mine, theirs = family()
    page, other = opened(client, mine), opened(Client(), theirs)
    my_id, their_id = (int(path.split("/")[3]) for path in (page, other))
    token = client.cookies[f"visit-{my_id}"].value
    for forged in (token, "not-a-token", ""):
        client.cookies[f"visit-{their_id}"] = forged
        client.cookies["visit-999999"] = forged
        found = bytes_of(client, f"/v/see/{their_id}/{below}", their_id)
        assert found == bytes_of(client, f"/v/see/999999/{below}", 999999)
        assert (found[0], b"Bo" in found[1]) == (404, False)


@pytest.mark.parametrize("below", [b for b in BELOW if b != "cancelled/"])
def test_a_code_of_one_never_opens_anothers_visit(client: Client, below: str) -> None:
    mine, theirs = family()
    signed_in(client, mine.patient)
    found = bytes_of(client, f"/my/visits/{theirs.pk}/{below}", theirs.pk)
    assert found == bytes_of(client, f"/my/visits/999999/{below}", 999999)
    assert (found[0], b"Bo" in found[1]) == (404, False)
    link = opened(client, theirs)
    client.cookies["visit-" + link.split("/")[3]] = client.cookies["patient"].value
    assert client.get(f"{link}{below}").status_code == 404


@pytest.mark.parametrize(
    ("below", "body"),
    [
        ("", {"act": "confirm", "version": "1"}),
        ("", {"act": "move", "wish": "now"}),
        ("cancel/", {"reason": "ill", "birth_year": "1985", "version": "1"}),
        ("messages/", {"by": "sms", "version": "1", "language": "ar"}),
    ],
    ids=str,
)
def test_no_form_of_one_changes_anything_of_another(
    client: Client, below: str, body: dict[str, str]
) -> None:
    mine, theirs = family()
    page, other = opened(client, mine), opened(Client(), theirs)
    client.cookies["visit-" + other.split("/")[3]] = client.cookies[
        "visit-" + page.split("/")[3]
    ].value
    signed_in(client, mine.patient)
    before = (
        Appointment.objects.filter(pk=theirs.pk).values().get(),
        list(Patient.objects.values()),
    )
    for path in (other, f"/my/visits/{theirs.pk}/"):
        assert client.post(path + below, body).status_code == 404
    after = (
        Appointment.objects.filter(pk=theirs.pk).values().get(),
        list(Patient.objects.values()),
    )
    assert (after, Change.objects.count()) == (before, 0)


def test_the_page_of_one_names_nobody_else_of_the_family(client: Client) -> None:
    mine, _ = family()
    said = text_of(client.get(opened(client, mine)))
    assert ("Ada" in said, "Bo" in said, "19 January" in said) == (True, False, False)

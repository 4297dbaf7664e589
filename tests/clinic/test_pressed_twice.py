"""A patient presses twice, at once: it is done once, and both answers say that it is done.

A browser shows the second answer only, so that “was changed, please look again” would be all they read.
"""

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from notifications.models import CarePhoto, Message, OptOut
from scheduling.core.words import Status
from scheduling.models import Appointment, Change
from tests import cast, neighbours
from tests.clinic.test_patients_doors import CANCEL, code_of, link_of
from tests.neighbours import ADA, Street
from tests.notifications.care.test_photos import picture
from tests.notifications.pages import door
from tests.plans.pages import scene

pytestmark = pytest.mark.django_db(transaction=True)

Press = tuple[Client, str, dict[str, Any]]


@pytest.fixture
def street() -> Any:
    with time_machine.travel(cast.NOW, tick=False):
        yield neighbours.built()


def twice(client: Client, path: str, said: dict[str, Any]) -> set[str]:
    """Press at one moment, twice; answer where that led, or the page that stands there instead."""
    gun = threading.Barrier(2)

    def press(_: int) -> str:
        phone = Client()
        phone.cookies = copy.deepcopy(client.cookies)
        files = {
            name: SimpleUploadedFile("skin.jpg", value, content_type="image/jpeg")
            for name, value in said.items()
            if isinstance(value, bytes)
        }
        try:
            gun.wait(20)
            response = phone.post(path, said | files)
        finally:
            connections.close_all()
        return response.headers.get("Location") or scene.text_of(response)

    with ThreadPoolExecutor(2) as pool:
        return set(pool.map(press, range(2)))


def confirming(street: Street) -> Press:
    home = f"/my/visits/{street.visit.pk}/"
    return code_of(street.ada, ADA), home, {"act": "confirm", "version": street.visit.version}


def confirming_by_link(street: Street) -> Press:
    return (
        link_of(street, "visit"),
        f"/v/see/{street.link('visit').pk}/",
        {"act": "confirm"},
    )


def choosing(street: Street) -> Press:
    said = {"by": "sms", "language": "es", "version": street.ada.version}
    return code_of(street.ada, ADA), "/my/messages/", said


def cancelling(street: Street) -> Press:
    home = f"/my/visits/{street.visit.pk}/"
    return (
        code_of(street.ada, ADA),
        f"{home}cancel/",
        CANCEL | {"version": str(street.visit.version)},
    )


def cancelling_by_link(street: Street) -> Press:
    home = f"/v/see/{street.link('visit').pk}/"
    return (
        link_of(street, "visit"),
        f"{home}cancel/",
        CANCEL | {"version": str(street.visit.version)},
    )


def accepting(street: Street) -> Press:
    plan = neighbours.with_proposal(street)
    proposal = plan.proposals.get()
    return code_of(street.ada, ADA), f"/my/plans/{plan.pk}/", {"proposal": str(proposal.pk)}


def proving(street: Street) -> Press:
    client = Client()
    return client, "/my/sign-in/code/", {"code": door.asked(client, ADA)}


@pytest.mark.parametrize(
    "press",
    [
        confirming,
        confirming_by_link,
        choosing,
        cancelling,
        cancelling_by_link,
        accepting,
        proving,
    ],
)
def test_whoever_presses_twice_reads_that_it_is_done(
    street: Street, press: Callable[[Street], Press]
) -> None:
    client, path, said = press(street)
    before, told = Change.objects.count(), Message.objects.count()
    [led] = twice(client, path, said)
    assert led.startswith("/")
    after = Change.objects.count(), Message.objects.count()
    assert client.post(path, said).headers.get("Location", led) == led
    assert (Change.objects.count(), Message.objects.count()) == after
    assert after >= (before, told)


def test_a_visit_that_is_moved_by_two_presses_is_said_to_be_moved(street: Street) -> None:
    client, home = link_of(street, "visit"), f"/v/see/{street.link('visit').pk}/"
    to = scene.later(street.visit, hours=1)
    page = f"{home}move/{scene.quantum(to)}/"
    before = Change.objects.count()
    led = twice(client, page, {"seen": scene.hidden(client.get(page), "seen")})
    assert {address.rpartition("/see/")[2].partition("/")[2] for address in led} == {"moved/"}
    street.visit.refresh_from_db()
    assert (street.visit.start, street.visit.version) == (to, 2)
    assert Change.objects.count() == before + 1


def test_a_photo_that_is_sent_twice_is_kept_once(street: Street) -> None:
    client, page = link_of(street, "care"), f"/c/see/{street.link('care').pk}/"
    client.post(page, {"answer": "same"})
    for sent, kept in ((picture(), 1), (picture(), 1), (picture(size=(60, 50)), 2)):
        assert twice(client, page, {"act": "photo", "photo": sent}) == {page}
        assert CarePhoto.objects.count() == kept


def test_a_yes_to_the_time_before_is_none_to_the_time_after(street: Street) -> None:
    """What is taken for a second press is not taken where the visit has moved meanwhile."""
    client, path, said = confirming(street)
    Appointment.objects.filter(pk=street.visit.pk).update(version=2)
    assert "was changed a moment ago" in scene.text_of(client.post(path, said))
    Appointment.objects.filter(pk=street.visit.pk).update(version=3, confirmed_at=cast.NOW)
    assert "was changed a moment ago" in scene.text_of(client.post(path, said))


def test_what_else_was_changed_meanwhile_is_shown(street: Street) -> None:
    client, path, said = choosing(street)
    type(street.ada).objects.filter(pk=street.ada.pk).update(version=9)
    assert client.post(path, said).status_code == 200
    assert not OptOut.objects.exists()
    client, path, said = cancelling(street)
    Appointment.objects.filter(pk=street.visit.pk).update(version=2)
    assert "was changed a moment ago" in scene.text_of(client.post(path, said))
    assert Appointment.objects.get(pk=street.visit.pk).status == Status.BOOKED

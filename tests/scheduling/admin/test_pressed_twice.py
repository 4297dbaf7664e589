"""A form that is sent twice, at once or from the page before, is done once, and says so."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from scheduling import records
from scheduling.admin.steps import STEPS
from scheduling.errors import Busy
from scheduling.models import Absence, Appointment, Change, ProtocolVersion, Record, Resource, Todo
from scheduling.screens import once
from tests import cast
from tests.scheduling.admin import screens
from tests.scheduling.admin.forms import shown, told

ADD = "/admin/scheduling/{}/add/"


@pytest.fixture
def root(clinic: cast.Clinic) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root", password="a-long-password"))
    return client


def opened(client: Client, url: str, **typed: Any) -> dict[str, Any]:
    """Open a form and type into it; what would be sent names the page, as a browser sends it."""
    page = client.get(url)
    form = shown(page) if "adminform" in page.context else {}
    said = form | typed | {"csrfmiddlewaretoken": str(page.context["csrf_token"])}
    return {key: value for key, value in said.items() if value is not None}


def rows_of(clinic: cast.Clinic) -> dict[str, tuple[str, dict[str, Any], Any]]:
    """Name forms that add a row which no constraint would keep from being added twice."""
    patient = clinic.patient.pk
    return {
        "record": (f"{ADD}?kind=pregnancy&patient={patient}", {"start_date": "2026-12-01"}, Record),
        "todo": (ADD, {"text": "Ring Bo", "site": clinic.site.pk}, Todo),
        "absence": (
            ADD,
            {"resource": clinic.doctor.pk, "cause": "leave", "first": "2027-06-07"},
            Absence,
        ),
        "room": (ADD, {"name": "Room 9", "site": clinic.site.pk}, Resource),
        "practitioner": (ADD, {"name": "Dr New", "active": "on"}, Resource),
    }


def test_a_row_is_added_once_however_often_its_form_is_sent(
    root: Client, clinic: cast.Clinic
) -> None:
    for name, (url, typed, model) in rows_of(clinic).items():
        address, before = url.format(name), model.objects.count()
        said, lines = opened(root, address, **typed), Change.objects.count()
        first = root.post(address, said)
        again = root.post(address, said, follow=True)
        assert (first.status_code, again.redirect_chain[0][0]) == (302, first["Location"]), name
        assert told(again)[-1] == once.SAID, name
        assert model.objects.count() - before == 1, name
        assert Change.objects.count() - lines == 1, name
        anew = opened(root, address, **typed)
        assert root.post(address, anew).status_code == 302
        assert model.objects.count() - before == 2, f"{name}: a form opened anew is another"


def test_what_was_refused_may_be_sent_again(root: Client, clinic: cast.Clinic) -> None:
    url = ADD.format("todo")
    said = opened(root, url, site=clinic.site.pk)
    assert root.post(url, said).status_code == 200
    assert root.post(url, said | {"text": "Ring Bo"}).status_code == 302
    assert root.post(url, said | {"text": "Ring Ada"}).status_code == 302
    assert Todo.objects.count() == 2


def test_what_was_refused_by_a_sentence_on_the_next_page_is_tried_again(
    root: Client, clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database was too busy: nothing came of the press, and the same press once more is done."""
    card = screens.card(clinic.patient.pk)
    said = opened(root, card, kind="consent")
    with monkeypatch.context() as rush:
        rush.setattr(records, "add", too_busy)
        assert told(root.post(card, said, follow=True)) == [Busy.sentence]
    assert told(root.post(card, said, follow=True)) == ["Consent is recorded."]
    assert Record.objects.filter(kind="consent").count() == 1


def test_a_consent_that_stands_is_not_recorded_again_where_letting_in_failed(
    root: Client, clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = screens.visit(clinic, 0)
    said = opened(root, reverse("admin:scheduling_appointment_board"))
    step = reverse("admin:scheduling_appointment_board_step", args=[visit.pk, "consent"])
    with monkeypatch.context() as rush:
        rush.setitem(STEPS, "check-in", too_busy)
        assert told(root.post(step, said, follow=True)) == [Busy.sentence]
    assert once.SAID in told(root.post(step, said, follow=True))
    assert Record.objects.filter(kind="consent").count() == 1


def too_busy(*_: Any, **__: Any) -> None:
    raise Busy


def test_a_draft_of_the_protocol_is_copied_once(root: Client, clinic: cast.Clinic) -> None:
    page = reverse("admin:scheduling_protocolversion_change", args=[clinic.protocol.pk])
    said = {"name": "Spring", "csrfmiddlewaretoken": str(root.get(page).context["csrf_token"])}
    copy = reverse("admin:protocol_copy", args=[clinic.protocol.pk])
    answers = [root.post(copy, said)["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert ProtocolVersion.objects.filter(state="draft").count() == 1


def test_a_consent_at_the_desk_is_recorded_once(root: Client, clinic: cast.Clinic) -> None:
    visit = screens.visit(clinic, 0, 11)
    marked = opened(root, screens.page(visit), version=visit.version)
    card = opened(root, screens.card(clinic.patient.pk), kind="consent")
    for address, said in (
        (screens.step(visit, "consent"), marked),
        (f"/admin/scheduling/appointment/board/{visit.pk}/consent/", marked),
        (screens.card(clinic.patient.pk), card),
    ):
        before = Record.objects.filter(kind="consent").count()
        assert [root.post(address, said).status_code for _ in range(2)] == [302, 302]
        assert Record.objects.filter(kind="consent").count() == before + 1, address


def walks_in(root: Client, clinic: cast.Clinic) -> Callable[[], Any]:
    """Open the walk-in page, and answer what presses Enter on it."""
    url = f"{reverse('admin:scheduling_appointment_walk_in')}?patient={clinic.patient.pk}"
    url = f"{url}&treatment={clinic.review.pk}&site={clinic.site.pk}"
    page = root.get(url)
    said = {
        "start": page.context["desk"].start.iso,
        "csrfmiddlewaretoken": str(page.context["csrf_token"]),
    }
    return lambda: root.post(url, said)


def test_enter_twice_books_who_walks_in_once_and_offers_no_second_start(
    root: Client, clinic: cast.Clinic
) -> None:
    enter = walks_in(root, clinic)
    answers = [enter(), enter(), enter()]
    assert {each.get("Location") for each in answers} == {answers[0]["Location"]}
    assert Appointment.objects.count() == 1


def test_without_the_mark_of_the_page_the_next_start_is_offered(
    root: Client, clinic: cast.Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a third Enter would book it."""
    monkeypatch.setattr(once, "_PAGE", "no such field")
    enter = walks_in(root, clinic)
    assert [enter().status_code, enter().status_code] == [302, 409]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("mark", "written"), [(once._PAGE, 1), ("no such field", 2)])
def test_two_presses_at_once_are_one_where_the_page_is_marked(
    monkeypatch: pytest.MonkeyPatch, mark: str, written: int
) -> None:
    monkeypatch.setattr(once, "_PAGE", mark)
    site = cast.site_named("Harley House")
    root = Client()
    root.force_login(User.objects.create_superuser("root", password="a-long-password"))
    url, gun = ADD.format("todo"), threading.Barrier(2)
    said = opened(root, url, text="Ring Bo", site=site.pk)

    def press(_: int) -> Any:
        try:
            gun.wait(20)
            return root.post(url, said).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(press, range(2))) == [302, 302]
    assert Todo.objects.count() == written
